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
	// AskValues asks of what sort the values are, those that are bound to parameters
	// included, that the statement holds its pinned columns to.
	AskValues
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
	Rows     uint64 // to AskRows and AskLimit
	AtMost   bool   // Rows is no estimate: there may be fewer
	Keys     []Key  // to AskKeys; none where the table has none
	// Values are, to AskValues, of what sort those are that each column, in lower
	// case, is held to.
	Values map[string]sqlparse.Values
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
	Kind ColumnKind
}

// ColumnKind says what a column of a key must be compared with to be held to one
// value: servers convert the column, too.
type ColumnKind uint8

// The zero value asks for the most.
const (
	TextColumn   ColumnKind = iota // texts
	NumberColumn                   // anything but dates
	ExactColumn                    // anything: a column of dates, or one that is taken to be of the type of what it is compared with
)

// least is the sort of values that a column of the kind must be compared with.
func (k ColumnKind) least() sqlparse.Values {
	switch k {
	case ExactColumn:
		return sqlparse.AnyValues
	case NumberColumn:
		return sqlparse.NoDates
	}
	return sqlparse.Texts
}

// ExactKey is a key of columns that are taken to be of the type of what they are
// compared with.
func ExactKey(primary bool, columns ...string) Key {
	k := Key{Primary: primary}
	for _, c := range columns {
		k.Columns = append(k.Columns, KeyColumn{Name: c, Kind: ExactColumn})
	}
	return k
}

// heldTo reports whether the values that each column is held to hold the key.
func (k Key) heldTo(values func(column string) sqlparse.Values) bool {
	return !slices.ContainsFunc(k.Columns, func(c KeyColumn) bool { return values(strings.ToLower(c.Name)) < c.Kind.least() })
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
