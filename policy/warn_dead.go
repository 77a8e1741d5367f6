package policy

import (
	"fmt"
	"time"
)

// liftedBy are the ids of the rules that exceptions lift, those that have ended left out.
func liftedBy(exceptions []line, now time.Time) []string {
	var ids []string
	for _, x := range exceptions {
		if x.lifts != "" && now.Before(x.Until) {
			ids = append(ids, x.lifts)
		}
	}
	return ids
}

// denied warns of what a grant holds and a deny takes away, and reports whether
// nothing is left of it.
func (w *warnings) denied(g *line, denies coverers, environments []string) bool {
	if d := denies.first(g, environments); d != nil {
		w.add(*g, "nothing can use this grant", fmt.Sprintf("%s:%d denies all of it", d.File, d.Line))
		return true
	}
	if len(g.clause.words) == 1 {
		return false
	}
	for _, word := range g.clause.words {
		one := *g
		one.clause.privileges = word.privileges
		if d := denies.first(&one, environments); d != nil {
			w.report.Add(g.at.text.PosAt(word.at), "nothing can use "+word.name+" of this grant", fmt.Sprintf("%s:%d denies all of it", d.File, d.Line))
		}
	}
	return false
}

var (
	// ofTag are the privileges that mean something on the environment tag.
	ofTag = only("SELECT").union(only("SHOW VIEW"))
	// ofRoutines are those that are about routines alone.
	ofRoutines = only("EXECUTE").union(only("ALTER ROUTINE")).union(only("SHOW CREATE ROUTINE"))
)

// dead warns of verbs of a grant or an exception that allow nothing on their
// object, whatever else is written.
func (w *warnings) dead(l *line) {
	on := l.clause.pattern
	if on.schema.prefix {
		return
	}
	for _, word := range l.clause.words {
		switch {
		case isTagSchema(on.schema.text) && word.privileges.and(ofTag).empty():
			w.report.Add(l.at.text.PosAt(word.at), word.name+" ON "+on.String()+" is refused whatever is granted", "guardrail tag alone changes the environment tag")
		case on.name.prefix && serverSchema([]byte(on.schema.text)) && word.privileges.without(ofRoutines).empty():
			w.report.Add(l.at.text.PosAt(word.at), word.name+" ON "+on.String()+" is about no routine", "those of "+on.schema.text+" are granted by their full names alone")
		}
	}
}

// idles reports whether a line that covers another one makes it idle. Of two that
// say the same the later one is.
func (l *line) idles(m *line, environments []string) bool {
	return !(l.after(m) && m.covers(l, environments))
}

// namesRoutine reports whether a grant is about one routine of the server's own,
// which no grant with a wildcard covers.
func (l *line) namesRoutine() bool {
	on := l.clause.pattern
	return !on.schema.prefix && !on.name.prefix && serverSchema([]byte(on.schema.text)) && !l.clause.privileges.and(ofRoutines).empty()
}
