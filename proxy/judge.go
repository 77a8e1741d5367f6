package proxy

import (
	"slices"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/metrics"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// verdict is a decision about a text and what it rests on. It is immutable
// once it is remembered.
type verdict struct {
	decision   policy.Decision
	statements []sqlparse.Statement
	shape      string // of the text, in hexadecimal; empty where there is none
	effect     sqlparse.Effect
	expects    expectation // of what the server reports, where effect sets state
	unread     bool        // one of the statements cannot be read
	files      int         // that the server may ask the client for: one for each LOAD DATA LOCAL
	destroys   bool        // a statement takes something away when it runs
	unseen     bool        // a statement may, and nobody knows
	names      bool        // a statement prepares or executes by name, or may
	redefines  bool        // a statement may change a table's keys
	seen       *shapeSeen  // where it is counted, or nil
	until      time.Time   // when the decision may be another one; zero for never
	told       *wire.Err   // the answer in the place of any decision

	countedFor string // the app that counters count for
	counters   []metrics.Counter
}

// judgeText reads a text as the server will and asks the policy. A shape that
// was seen before costs one lexing pass. It returns nil when the command has to
// wait: for a long text to be read, or for the session's state. Where that could
// have changed unseen, only a text that reads the same whatever it is may be judged.
func (s *session) judgeText(text []byte) *verdict {
	if s.readsAside(text) {
		return nil
	}
	b := s.server.benches.Get().(*bench)
	defer s.server.benches.Put(b)
	start := b.begin()
	lexed := s.lex(text, b)
	if s.state.uncertain() && s.state.doubtful(lexed.ModeFree()) {
		s.askState()
		return nil
	}
	if v := s.misdeclared(&lexed); v != nil {
		v.shape = shapeID(lexed.Shape)
		return v
	}
	if s.state.sandboxed && !lexed.ModeFree() {
		return &verdict{told: &errMustChangePassword}
	}
	key := shapeKey{shape: lexed.Shape, mode: s.state.mode, schema: s.state.schema, lowerCaseNames: s.state.lowerCaseNames}
	v := s.verdicts.get(s.app, key)
	if v == nil || !s.server.holds(v) {
		v = s.judge(s.state.schema, s.read(lexed)).after(v)
		v.shape, v.expects = shapeID(lexed.Shape), expected(v.statements, text)
		if lexed.Ambiguous == "" && s.app != nil {
			s.verdicts.remember(s.app, key, v, text)
		}
	}
	if s.state.doubtful(false) && (v.effect&sqlparse.SetsState != 0 || slices.ContainsFunc(v.statements, holdsText)) {
		s.askState() // what it changes must be reported, and reported to the client as it wants; a text inside it has modes of its own
		return nil
	}
	if !start.IsZero() {
		s.server.options.Metrics.Decision(time.Since(start))
	}
	return v
}

// bench is what a text is judged on.
type bench struct {
	tokens *sqlparse.Tokens
	judged uint
}

// sampling is how many decisions there are to each that is timed: the two looks
// at the clock cost a tenth of what they measure.
const sampling = 16

// begin is the time where the decision that begins is to be timed, or zero.
func (b *bench) begin() (start time.Time) {
	if b.judged%sampling == 0 {
		start = time.Now()
	}
	b.judged++
	return start
}

// read reads what was cut into tokens. It takes a copy, so that nothing is
// allocated where that is not needed.
func (s *Server) read(lexed sqlparse.Lexed) []sqlparse.Statement {
	return s.options.Reader.ReadLexed(&lexed).Statements
}

// errMustChangePassword is the server's own answer to nearly all that an account
// may say whose password has expired. What the server would read differently in
// a mode that it does not tell gets it too.
var errMustChangePassword = wire.Err{
	Code: mysql.ER_MUST_CHANGE_PASSWORD, SQLState: "HY000",
	Message: "You must reset your password using ALTER USER statement before executing this statement.",
}

// judge asks the policy about statements that stand in a schema.
func (s *session) judge(schema string, statements []sqlparse.Statement) *verdict {
	return s.judgeKnowing(schema, statements, nil)
}

// judgeKnowing is judge with what the server has answered to the questions of
// an earlier decision.
func (s *session) judgeKnowing(schema string, statements []sqlparse.Statement, answers []policy.Answer) *verdict {
	now := s.server.options.Now()
	v := &verdict{
		statements: statements,
		decision: s.app.Decide(policy.Request{
			Schema:         schema,
			LowerCaseNames: s.state.lowerCaseNames,
			Statements:     statements,
			Answers:        answers,
			Now:            now,
		}),
	}
	if s.app != nil {
		v.until = s.app.HoldsUntil(now)
	}
	for i := range statements {
		v.effect |= statements[i].Effect
		if slices.ContainsFunc(statements[i].Needs, func(n sqlparse.Need) bool { return n.Privilege == sqlparse.LoadDataLocal }) {
			v.files++
		}
		v.destroys = v.destroys || destroys(statements[i])
		v.unseen = v.unseen || statements[i].Unseen()
		v.names = v.names || statements[i].ByName() || unknown(statements[i]) || calls(statements[i])
		v.unread = v.unread || statements[i].Kind == sqlparse.Unknown
		v.redefines = v.redefines || redefines(&statements[i])
	}
	v.countedFor, v.counters = s.name, s.counters(v)
	return v
}

// holds reports whether a decision made earlier is still the same by the clock.
func (s *Server) holds(v *verdict) bool {
	return v.until.IsZero() || s.options.Now().Before(v.until)
}

// after is the verdict in the place of an earlier one about the same text, or of none.
func (v *verdict) after(earlier *verdict) *verdict {
	if earlier != nil {
		v.seen, v.shape, v.expects = earlier.seen, earlier.shape, earlier.expects
	}
	return v
}

// refresh meets a policy that was loaded since, and the end of an observe mode,
// before a command is looked at: the session's account is looked up again, and
// an account that is no longer let in gets no App, which refuses every statement.
func (s *session) refresh() {
	current := s.server.options.Policies.Current()
	if current.Generation == s.generation {
		if !s.observed.IsZero() && !s.server.options.Now().Before(s.observed) {
			s.belongTo(s.app)
		}
		return
	}
	s.generation = current.Generation
	app, _ := current.Set.Login(s.user, s.from, s.server.options.Now())
	s.belongTo(app)
	s.verdicts.follow(current)
}
