package sqlparse

import (
	"strconv"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// Limit says how the LIMIT of an UPDATE or DELETE bounds it.
type Limit uint8

// The zero value promises nothing, so a rule that requires a LIMIT refuses it.
const (
	LimitNone      Limit = iota // no LIMIT
	LimitLarge                  // a number that bounds nothing: see SmallLimit
	LimitParameter              // a parameter, whose value decides
	LimitSmall                  // a number that bounds
)

// SmallLimit reports whether a number in a LIMIT bounds a statement: it is below
// a million, and not all nines (99999) as those are that mean no bound at all.
func SmallLimit(rows uint64) bool {
	switch weighNumber(strconv.AppendUint(nil, rows, 10)) {
	case weightZero, weightLow, weightPlain:
		return true
	}
	return false
}

// limit reads what stands behind LIMIT.
func (w *walk) limit(count ast.ExprNode) Limit {
	if _, marker := count.(ast.ParamMarkerExpr); marker {
		return LimitParameter
	}
	if n, ok := w.numeric(count); ok && n >= 0 && n < 1e6 && SmallLimit(uint64(n)) {
		return LimitSmall
	}
	return LimitLarge
}

// limited notes the LIMIT behind the condition of an UPDATE or DELETE that is read by its bones.
func (b *bones) limited() {
	at := b.f.find(b.i, "LIMIT") + 1
	if at == 0 || at >= b.end {
		return
	}
	b.w.st.Limit = LimitLarge
	switch rows, err := strconv.ParseUint(string(b.f.text(at)), 10, 64); {
	case b.f.at(at).Type == TokenParam:
		b.w.st.Limit = LimitParameter
	case b.f.at(at).Type == TokenInteger && err == nil && SmallLimit(rows):
		b.w.st.Limit = LimitSmall
	}
}

// RowLimit returns the number of the LIMIT that an UPDATE or DELETE, alone in
// its text, ends in. ok is false where there is none, and where it is a
// parameter or a variable.
func RowLimit(text []byte, m Mode) (rows uint64, ok bool) {
	f, at := endingLimit(text, m)
	if f.at(at).Type != TokenInteger {
		return 0, false
	}
	rows, err := strconv.ParseUint(string(f.text(at)), 10, 64)
	if err != nil {
		return 0, false
	}
	return rows, true
}

// LimitIsLastParameter reports whether that LIMIT is a parameter, and the last
// of the text's.
func LimitIsLastParameter(text []byte, m Mode) bool {
	f, at := endingLimit(text, m)
	return f.at(at).Type == TokenParam && parameters(f.slice(at+1, len(f.tokens))) == 0
}

// endingLimit returns the statement and the place behind LIMIT; past the
// statement's end where there is none.
func endingLimit(text []byte, m Mode) (f fragment, at int) {
	lexed := Lex(text, m, &Tokens{})
	list, reason := lexed.statements()
	if reason != "" || len(list) != 1 || !list[0].isAny(0, "UPDATE", "DELETE", "WITH") {
		return fragment{}, 0
	}
	f = list[0]
	at = f.find(0, "LIMIT") + 1
	if at == 0 || at+1 < len(f.tokens) && !f.is(at+1, "RETURNING") {
		return fragment{}, 0
	}
	return f, at
}

// parameters counts those in a run of tokens.
func parameters(f fragment) (n int) {
	for _, t := range f.tokens {
		if t.Type == TokenParam {
			n++
		}
	}
	return n
}
