package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// suggestions writes the grants of all environments, those on objects first.
func suggestions(in map[string]*least) []Suggestion {
	patterns := map[string]pattern{}
	for _, l := range in {
		for key, g := range l.grants {
			patterns[key] = g.on
		}
	}
	keys := slices.SortedFunc(maps.Keys(patterns), func(a, b string) int {
		return cmp.Or(-cmp.Compare(patterns[a].covers(), patterns[b].covers()), strings.Compare(a, b))
	})
	var out []Suggestion
	for _, key := range keys {
		grants := map[string]*leastGrant{}
		for environment, l := range in {
			if g := l.grants[key]; g != nil {
				grants[environment] = g
			}
		}
		out = append(out, suggestionsOn(patterns[key], grants, len(in))...)
	}
	return out
}

// suggestionsOn writes the grants on one pattern, by environment: what all of
// them need first.
func suggestionsOn(on pattern, grants map[string]*leastGrant, all int) []Suggestion {
	var out []Suggestion
	for _, p := range shares(grants) {
		s := Suggestion{Text: p.words(on) + " ON " + on.String(), Environments: p.environments}
		if len(p.environments) == all {
			s.Environments = nil
		}
		for _, environment := range p.environments {
			for _, u := range grants[environment].uses {
				if !u.privileges.and(p.privileges).empty() {
					s.Requests = append(s.Requests, u.request)
				}
			}
		}
		slices.Sort(s.Requests)
		s.Requests = slices.Compact(s.Requests)
		out = append(out, s)
	}
	return out
}

// share is what the same environments need of an object.
type share struct {
	environments []string
	privileges   privileges
	held         privileges // with what is needed elsewhere, too
}

// shares groups the privileges of an object by the environments that need them,
// those of most environments first.
func shares(grants map[string]*leastGrant) []*share {
	byNames := map[string]*share{}
	for bit := range catalogue {
		var names []string
		for environment, g := range grants {
			if g.privileges.has(uint(bit)) {
				names = append(names, environment)
			}
		}
		if len(names) == 0 {
			continue
		}
		slices.Sort(names)
		key := strings.Join(names, "\n")
		if byNames[key] == nil {
			byNames[key] = &share{environments: names, held: heldIn(grants, names)}
		}
		byNames[key].privileges.add(uint(bit))
	}
	return slices.SortedFunc(maps.Values(byNames), func(a, b *share) int {
		return cmp.Or(len(b.environments)-len(a.environments), slices.Compare(a.environments, b.environments))
	})
}

// heldIn are the privileges that each of some environments needs.
func heldIn(grants map[string]*leastGrant, environments []string) privileges {
	held := grants[environments[0]].privileges
	for _, e := range environments[1:] {
		held = held.and(grants[e].privileges)
	}
	return held
}

// usual are the verbs that everybody writes first.
var usual = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// words are the verbs, in the order in which people write them.
func (p *share) words(on pattern) string {
	rest := p.privileges
	var words []string
	if all := ofClasses(groups["ALL"]).and(those(func(v verb) bool { return on.covers() <= v.level })); all.without(p.held).empty() {
		words, rest = append(words, "ALL"), rest.without(all)
	}
	var others []string
	for bit, p := range catalogue {
		switch {
		case !rest.has(uint(bit)):
		case slices.Contains(usual, string(p)):
			words = append(words, string(p))
		default:
			others = append(others, string(p))
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(slices.Index(usual, a), slices.Index(usual, b)) })
	return strings.Join(append(words, others...), ", ")
}
