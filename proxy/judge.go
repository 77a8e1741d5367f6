package proxy

import (
	"time"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// verdict is a decision about a text and what it rests on.
type verdict struct {
	decision   policy.Decision
	statements []sqlparse.Statement
	effect     sqlparse.Effect
	until      time.Time // when the decision may be another one; zero for never
	took       time.Duration
}

// judgeText reads a text as the server will and asks the policy.
func (s *session) judgeText(text []byte) verdict {
	start := time.Now()
	reading := s.server.options.Reader.Read(text, s.state.mode)
	v := s.judge(reading.Statements)
	v.took = time.Since(start)
	return v
}

// judge asks the policy about statements that stand in the session's schema.
func (s *session) judge(statements []sqlparse.Statement) verdict {
	s.refresh()
	return s.judgeIn(s.state.schema, statements)
}

func (s *session) judgeIn(schema string, statements []sqlparse.Statement) verdict {
	now := s.server.options.Now()
	v := verdict{
		statements: statements,
		decision: s.app.Decide(policy.Request{
			Schema:         schema,
			LowerCaseNames: s.state.lowerCaseNames,
			Statements:     statements,
			Now:            now,
		}),
	}
	if s.app != nil {
		v.until = s.app.HoldsUntil(now)
	}
	for i := range statements {
		v.effect |= statements[i].Effect
	}
	return v
}

// holds reports whether a decision made earlier is still the same by the clock.
func (s *session) holds(v verdict) bool {
	return v.until.IsZero() || s.server.options.Now().Before(v.until)
}

// refresh meets a policy that was loaded since: the session's account is looked
// up again, and an account that is no longer let in gets no App, which refuses
// every statement.
func (s *session) refresh() {
	current := s.server.options.Policies.Current()
	if current.Generation == s.generation {
		return
	}
	s.generation = current.Generation
	s.app, _ = current.Set.Login(s.user, s.from, s.server.options.Now())
}

// pass records what must be recorded and reports whether the command is
// forwarded. Otherwise the client has been told why.
func (s *session) pass(message wire.Message, v verdict, text []byte) bool {
	refused := s.server.record(s, v, text)
	if refused == nil {
		return true
	}
	s.tell(message.Seq+1, *refused)
	return false
}
