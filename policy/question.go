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
)

// Question is what a decision hangs on and only the server can tell. It is comparable.
type Question struct {
	Kind      QuestionKind
	Statement int             // the index of the statement in the Request
	Table     sqlparse.Object // of AskKeys: with the schema that stands for the session's own
}

// Answer is what the server says to a Question.
type Answer struct {
	Question Question
	Rows     uint64 // to AskRows
	AtMost   bool   // Rows is no estimate: there may be fewer
	Keys     []Key  // to AskKeys; none where the table has none
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
	Columns []string // in any letter case
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

// pinned reports whether one of the keys, the primary one alone if so asked,
// lies in the columns, which are in lower case.
func pinned(keys []Key, columns []string, primary bool) bool {
	for _, k := range keys {
		if len(k.Columns) > 0 && (k.Primary || !primary) && !slices.ContainsFunc(k.Columns, func(c string) bool {
			return !slices.Contains(columns, strings.ToLower(c))
		}) {
			return true
		}
	}
	return false
}
