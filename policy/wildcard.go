package policy

import "strings"

// wildcards warns of names between backticks with wildcards, which are none there:
// SHOW GRANTS writes `shop\_%`.
func (w *warnings) wildcards(p *Policy) {
	for l := range p.eachLine {
		on := l.clause.pattern
		if len(l.demand.kinds) > 0 {
			on = l.demand.on
		}
		for _, name := range []string{on.schema.text, on.name.text} {
			if strings.Contains(name, "%") || strings.Contains(name, `\_`) || strings.Contains(name, "*") {
				w.add(l, "this is about what is called `"+name+"`, wildcards and all", "write "+plainWildcard(name)+" for all names that begin so")
			}
		}
	}
}

// plainWildcard writes a name with wildcards as a policy does.
func plainWildcard(name string) string {
	begin, _, _ := strings.Cut(strings.NewReplacer(`\_`, "_", "%", "*").Replace(name), "*")
	return namePattern{text: begin, prefix: true}.String()
}
