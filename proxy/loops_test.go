package proxy

import (
	"slices"
	"testing"
)

func TestFewSessionsShareALoop(t *testing.T) {
	ls := &Loops{sessions: make([]int, 3)}
	for range 2*together + 1 {
		ls.place(false)
	}
	if want := []int{together, together, 1}; !slices.Equal(ls.sessions, want) {
		t.Errorf("few sessions: %v, want %v", ls.sessions, want)
	}
	for range 4 * together {
		ls.place(false)
	}
	if least, most := slices.Min(ls.sessions), slices.Max(ls.sessions); most > least+1 {
		t.Errorf("many sessions are not spread evenly: %v", ls.sessions)
	}
	ls.sessions = []int{together, 0, together}
	ls.leave(0)
	if got := ls.place(false); got != 0 {
		t.Errorf("what has left makes no room: place %d", got)
	}
	if got := ls.place(true); got != 1 {
		t.Errorf("a session with TLS was given to loop %d of %v", got, ls.sessions)
	}
	none := &Loops{}
	none.leave(none.place(false))
}
