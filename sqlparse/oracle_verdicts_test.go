package sqlparse_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// verdicts collect what a server says against the needs.
type verdicts struct {
	server               string
	asked, run, excused  int
	lines                []string // everything, for ORACLE_DUMP
	missing, superfluous []string
}

func newVerdicts(server string) *verdicts { return &verdicts{server: server} }

// take notes the answer about one statement.
func (v *verdicts) take(q asking, a answer) {
	v.asked++
	line := fmt.Sprintf("%s\t%s\t%v\t%q", q.st.Kind, needs(q.st), a.exact, q.text)
	switch {
	case a.missing() || a.ungrantable != nil:
		if a.ungrantable != nil {
			line += fmt.Sprintf("\t%v", a.ungrantable)
		}
		answers := func(part string) bool { return strings.Contains(fmt.Sprint(a.exact), part) }
		v.differs(&v.missing, "missing", line, excused(lacking, v.server, q.st, answers, q.text))
	case a.exact == nil:
		v.run++
		v.lines = append(v.lines, "ok\t"+line)
	default:
		v.lines = append(v.lines, fmt.Sprintf("fails\t%s\t%v", line, a.admin))
	}
	for _, n := range a.superfluous {
		names := func(list string) bool { return slices.Contains(strings.Split(list, ","), string(n.Privilege)) }
		v.differs(&v.superfluous, "superfluous", fmt.Sprintf("%s %s\t%s", n.Privilege, n.Object, line),
			excused(beyond, v.server, q.st, names, q.text))
	}
}

// differs notes a difference from the server.
func (v *verdicts) differs(list *[]string, what, line string, excused bool) {
	if excused {
		v.excused++
		v.lines = append(v.lines, "excused "+what+"\t"+line)
		return
	}
	*list = append(*list, line)
	v.lines = append(v.lines, what+"\t"+line)
}

// report fails for each need that the server asks for and we do not, and for
// each that it does not ask for, but for those that are listed.
func (v *verdicts) report(t *testing.T) {
	t.Helper()
	t.Logf("%d statements asked about, %d of them executed or prepared with exactly their needs; %d differences are excused", v.asked, v.run, v.excused)
	if name := os.Getenv("ORACLE_DUMP"); name != "" {
		if err := os.WriteFile(name+"-"+v.server+".txt", []byte(strings.Join(v.lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if v.run == 0 {
		t.Error("no statement ran")
	}
	show := func(what string, list []string) {
		if len(list) > 0 {
			slices.Sort(list)
			t.Errorf("%d %s:\n%s", len(list), what, strings.Join(list[:min(len(list), 40)], "\n"))
		}
	}
	show("statements whose needs are not enough", v.missing)
	show("needs that the server does not ask for", v.superfluous)
}
