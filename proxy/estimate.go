package proxy

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// explain stands before a text whose rows are asked for. Both servers take the
// words, and answer in the form that columns have names in.
const explain = "EXPLAIN FORMAT=TRADITIONAL "

// explained is a text's EXPLAIN, if the server will read it as one and no more.
func (s *session) explained(text []byte) ([]byte, bool) {
	out := append([]byte(explain), text...)
	if len(out)+maxExplainMore > s.longest() {
		return nil, false
	}
	planned := 0
	for _, st := range s.server.options.Reader.Read(out, s.state.mode).Statements {
		switch {
		case st.Kind == "empty_query":
		case !st.Explain || planned > 0:
			return nil, false
		default:
			planned++
		}
	}
	return out, planned == 1
}

// maxExplainMore is more than the headers of a message take, beside its text.
const maxExplainMore = 1 << 10

// estimate is the EXPLAIN of a text or of a prepared statement.
type estimate struct {
	reply
	command  []byte
	question policy.Question
	most     uint64 // the LIMIT of the statement
	binary   bool
	columns  []wire.Column // known from the prepare; what the answer says comes first
}

// textEstimate asks for the rows of a text, with the query attributes it came with.
type textEstimate struct{ body, text []byte }

func (e textEstimate) explain(s *session, q policy.Question) bool {
	text, ok := s.explained(e.text)
	if !ok {
		return false
	}
	attributes := e.body[:len(e.body)-len(e.text)]
	payload := append(append([]byte{mysql.COM_QUERY}, attributes...), text...)
	asked := s.newEstimate(q, e.text)
	asked.command, _ = wire.AppendPacket(nil, 0, payload)
	s.ask(asked)
	return true
}

// limit has no answer: a text binds nothing.
func (textEstimate) limit(*session) (rows uint64, ok bool) { return 0, false }

func (e textEstimate) texts(s *session, i int) (columns []string) {
	for _, pin := range s.server.options.Reader.TextPins(e.text, s.state.mode, i) {
		if len(pin.Parameters) == 0 {
			columns = append(columns, pin.Column)
		}
	}
	return columns
}

func (s *session) newEstimate(q policy.Question, text []byte) *estimate {
	e := &estimate{reply: s.newReply(answerFirst), question: q, most: math.MaxUint64}
	if limit, ok := sqlparse.RowLimit(text, s.state.mode); ok {
		e.most = limit
	}
	return e
}

func (e *estimate) commands() [][]byte { return [][]byte{e.command} }

// told gives the estimate to the command that waits for it.
func (e *estimate) told(s *session) error {
	rows, ok := uint64(0), false
	if e.failed == nil {
		rows, ok = e.rows()
	}
	if !ok {
		s.head.findings.missed(e.question, e.failed)
		return nil
	}
	s.head.findings.found(policy.Answer{Question: e.question, Rows: min(rows, e.most)})
	return nil
}

// rows reads the estimate out of the answer.
func (e *estimate) rows() (n uint64, ok bool) {
	if len(e.definitions) > 0 {
		e.columns = nil
		for _, d := range e.definitions {
			c, err := wire.DecodeColumn(d, e.answer.mariaDB)
			if err != nil {
				return 0, false
			}
			e.columns = append(e.columns, c)
		}
	}
	p := plan{at: map[string]int{}}
	for i, c := range e.columns {
		p.at[strings.ToLower(c.Name)] = i
	}
	for _, name := range []string{"id", "table", "rows", "extra"} {
		if _, ok := p.at[name]; !ok {
			return 0, false
		}
	}
	for _, raw := range e.reply.rows {
		row, err := e.decode(raw)
		if err != nil {
			return 0, false
		}
		p.lines = append(p.lines, row)
	}
	if len(p.lines) == 0 || len(p.lines) >= maxOwnRows {
		return 0, false
	}
	return p.rows(p.value(p.lines[0], "id"), maxNesting)
}

func (e *estimate) decode(raw []byte) ([][]byte, error) {
	if e.binary {
		return wire.DecodeBinaryRow(raw, e.columns)
	}
	return wire.DecodeTextRow(raw, len(e.columns))
}

// plan is what EXPLAIN says.
type plan struct {
	at    map[string]int // columns by name
	lines [][][]byte
}

// maxNesting bounds the subqueries that are read inside each other.
const maxNesting = 64

func (p plan) value(line [][]byte, column string) []byte { return line[p.at[column]] }

// rows is the product of the rows of all lines of a select. A line without rows
// stands for none only where the server says that nothing can match. Where it is
// a subquery that the server materializes first, it has as many as that.
func (p plan) rows(id []byte, depth int) (n uint64, ok bool) {
	n = 1
	for _, line := range p.lines {
		if !bytes.Equal(p.value(line, "id"), id) {
			continue
		}
		rows, known := p.rowsOf(line, depth)
		if !known {
			return 0, false
		}
		ok = true
		high, low := bits.Mul64(n, rows)
		if n = low; high > 0 {
			n = math.MaxUint64
		}
	}
	return n, ok
}

func (p plan) rowsOf(line [][]byte, depth int) (n uint64, ok bool) {
	if rows := p.value(line, "rows"); rows != nil {
		n, err := strconv.ParseUint(string(rows), 10, 64)
		return n, err == nil
	}
	if p.value(line, "table") == nil {
		return 0, matchesNothing(string(p.value(line, "extra")))
	}
	inner, found := bytes.CutPrefix(p.value(line, "table"), []byte("<subquery"))
	inner, closed := bytes.CutSuffix(inner, []byte(">"))
	if !found || !closed || depth == 0 {
		return 0, false
	}
	return p.rows(inner, depth-1)
}

// matchesNothing reports whether the word in the column Extra of a line without
// a table says that no row is touched.
func matchesNothing(extra string) bool {
	extra = strings.ToLower(extra)
	for _, word := range []string{"impossible where", "no matching row", "limit is zero", "zero limit"} {
		if strings.HasPrefix(extra, word) {
			return true
		}
	}
	return false
}
