package policy

import (
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// QuestionKind is what a Question asks.
type QuestionKind uint8

// The questions.
const (
	// AskRows asks how many rows the statement would touch: the estimate of the
	// server's EXPLAIN on the session's own connection.
	AskRows QuestionKind = iota + 1
	// AskKeys asks for the primary key and the unique keys of Table.
	AskKeys
	// AskLimit asks for the number that is bound to the statement's LIMIT, the
	// parameter of a prepared statement.
	AskLimit
	// AskTexts asks which of the columns that the statement pins are held to
	// nothing but texts: literals, or parameters that are bound as such.
	AskTexts
)

// Question is what a decision hangs on and its text does not tell. It is comparable.
type Question struct {
	Kind      QuestionKind
	Statement int             // the index of the statement in the Request
	Table     sqlparse.Object // of AskKeys: with the schema that stands for the session's own
}

// Answer is what the server says to a Question, or what the client has bound.
type Answer struct {
	Question Question
	Rows     uint64   // to AskRows and AskLimit
	AtMost   bool     // Rows is no estimate: there may be fewer
	Keys     []Key    // to AskKeys; none where the table has none
	Texts    []string // to AskTexts, in lower case
}

// AnswerRows is the answer to AskRows about a text that is alone in its request: the
// server's estimate, or the LIMIT in which the text ends where that is smaller.
// Servers estimate without regard to it.
func (q Question) AnswerRows(estimate uint64, text []byte, m sqlparse.Mode) Answer {
	if limit, ok := sqlparse.RowLimit(text, m); ok {
		estimate = min(estimate, limit)
	}
	return Answer{Question: q, Rows: estimate}
}

// AnswerLimit is what the LIMIT alone, in which a text ends, says to AskRows.
func (q Question) AnswerLimit(text []byte, m sqlparse.Mode) (Answer, bool) {
	limit, ok := sqlparse.RowLimit(text, m)
	return Answer{Question: q, Rows: limit, AtMost: true}, ok
}

// Key is a unique key of a table.
type Key struct {
	Primary bool
	Columns []KeyColumn
}

// KeyColumn is a column of a key.
type KeyColumn struct {
	Name string // in any letter case
	// Exact columns equal one value of theirs at most, whatever they are compared
	// with: numbers, dates and times do. Of texts many equal the number 0.
	Exact bool
}

// ExactKey is a key whose columns are taken to be of the type of what they are
// compared with.
func ExactKey(primary bool, columns ...string) Key {
	k := Key{Primary: primary}
	for _, c := range columns {
		k.Columns = append(k.Columns, KeyColumn{Name: c, Exact: true})
	}
	return k
}

// exact reports whether all columns of the key are.
func (k Key) exact() bool { return k.heldTo(nil) }

// heldTo reports whether the key is held to one row by columns that are held to texts.
func (k Key) heldTo(texts []string) bool {
	return !slices.ContainsFunc(k.Columns, func(c KeyColumn) bool {
		return !c.Exact && !slices.Contains(texts, strings.ToLower(c.Name))
	})
}

// answer returns the answer that a request brings to a question, or nil.
func (r *Request) answer(q Question) *Answer {
	for i := range r.Answers {
		if r.Answers[i].Question == q {
			return &r.Answers[i]
		}
	}
	return nil
}
