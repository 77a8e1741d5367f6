package sqlparse

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// hint is a session variable that an optimizer hint sets for its statement.
type hint struct {
	at   uint32 // where the hint's comment begins in the text
	name string // in lower case
}

// mostHints bounds the hints of a text that set variables.
const mostHints = 64

// hinted looks for the hints that set variables: SET_VAR(name = value) and
// MAX_EXECUTION_TIME(n). They are part of the shape, since a policy may forbid them.
func (x *lexer) hinted(inside []byte) {
	for rest := bytes.ToLower(inside); ; {
		i := bytes.Index(rest, []byte("set_var"))
		if i < 0 {
			break
		}
		rest = rest[i+len("set_var"):]
		x.takeHint(hintedName(rest))
	}
	if bytes.Contains(bytes.ToLower(inside), []byte("max_execution_time")) {
		x.takeHint("max_execution_time")
	}
}

func (x *lexer) takeHint(name string) {
	if len(x.hints) >= mostHints {
		x.reason = "too many hints set variables"
		return
	}
	x.hints = append(x.hints, hint{at: uint32(x.pos), name: name})
	x.norm = binary.AppendUvarint(append(x.norm, normHint), uint64(len(name)))
	x.norm = append(x.norm, name...)
}

// hintedName reads "(name" at the start of a text.
func hintedName(text []byte) string {
	text = bytes.TrimLeft(text, " \t\r\n\f\v")
	if !bytes.HasPrefix(text, []byte("(")) {
		return AnyVariable
	}
	text = bytes.TrimLeft(text[1:], " \t\r\n\f\v")
	n := 0
	for n < len(text) && (text[n] == '_' || isDigit(text[n]) || 'a' <= text[n] && text[n] <= 'z') {
		n++
	}
	if n == 0 || n > 64 {
		return AnyVariable
	}
	return string(text[:n])
}

// hinted adds the variables that hints inside the statement set.
func (w *walk) hinted(f fragment) {
	if len(f.lexed.hints) == 0 {
		return
	}
	from, to := f.tokens[0].Start, f.tokens[len(f.tokens)-1].End
	for _, h := range f.lexed.hints {
		if from <= h.at && h.at <= to {
			w.sets(h.name)
		}
	}
}

// sets notes that the statement sets a session variable.
func (w *walk) sets(name string) {
	name = strings.ToLower(name)
	if len(w.st.Sets) >= mostSets {
		name = AnyVariable
	}
	if !slices.Contains(w.st.Sets, name) {
		w.st.Sets = append(w.st.Sets, name)
	}
}

// mostSets bounds the variables that are told one by one.
const mostSets = 64
