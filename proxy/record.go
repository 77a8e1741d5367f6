package proxy

import (
	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// errNotRecorded is the answer to a statement that must leave a trace and cannot.
var errNotRecorded = wire.Err{
	Code: mysql.ER_UNKNOWN_ERROR, SQLState: "HY000",
	Message: "guardrail: this statement must be recorded before it is forwarded, and the record cannot be written; ask the operators of the proxy",
}

// record counts a verdict and keeps what must be kept: refusals, would-be
// refusals, and statements that destroy and are allowed. It returns the error
// to answer, or nil where the command is to be forwarded.
func (s *Server) record(se *session, v *verdict, text []byte) *wire.Err {
	what, keep := classify(v)
	for i := range v.statements {
		s.options.Metrics.Statement(se.name, s.options.Environment, string(v.statements[i].Kind), counted(v.decision))
	}
	if !keep {
		return s.gated()
	}
	e := s.event(what, v.decision)
	e.App, e.Account, e.Client, e.Schema = se.name, se.user, se.from.String(), se.state.schema
	if i := v.decision.Statement; i < len(v.statements) {
		e.Kind, e.Reason = string(v.statements[i].Kind), v.statements[i].Reason
	}
	if len(text) > 0 {
		e.Statement = sqlparse.Mask(text, se.state.mode)
	}
	refused := v.decision.Action != policy.Allow
	if !refused {
		e.Code = 0
	}
	if err := s.options.Recorder.Record(e); err != nil {
		s.options.Log.Error("an event could not be recorded; what it belongs to is not forwarded", zap.Error(err))
		if !refused {
			return &errNotRecorded
		}
	}
	if !refused {
		return s.gated()
	}
	s.options.Metrics.Refusal(e.App, e.Rule)
	return &wire.Err{Code: v.decision.Code, SQLState: v.decision.State, Message: v.decision.Message(s.options.Environment, e.ID)}
}

// gated refuses what would be forwarded while the record is broken and is
// configured to stop everything.
func (s *Server) gated() *wire.Err {
	if gate, ok := s.options.Recorder.(audit.Gate); ok && gate.Refusing() != nil {
		return &errNotRecorded
	}
	return nil
}

// classify says what a verdict is in the record, and whether it belongs there.
func classify(v *verdict) (audit.Decision, bool) {
	switch {
	case v.decision.Action != policy.Allow:
		return audit.Refused, true
	case v.decision.Observed:
		return audit.WouldRefuse, true
	}
	for i := range v.statements {
		if v.statements[i].Destructive && !v.statements[i].Explain {
			return audit.AllowedDestructive, true
		}
	}
	return "", false
}

// counted is the value of the label "decision".
func counted(d policy.Decision) string {
	switch {
	case d.Action != policy.Allow:
		return "refused"
	case d.Observed:
		return "would_refuse"
	}
	return "allowed"
}

// event starts a record of a decision.
func (s *Server) event(what audit.Decision, d policy.Decision) audit.Event {
	now := s.options.Now()
	e := audit.Event{
		ID:          audit.NewID(now),
		Time:        now,
		Environment: s.options.Environment,
		Backend:     s.options.Backend.Name,
		Decision:    what,
		Cause:       string(d.Cause),
		Rule:        d.Rule.ID,
		RuleFile:    d.Rule.File,
		RuleLine:    d.Rule.Line,
		Code:        d.Code,
		PolicyHash:  s.options.Policies.Current().Set.Hash(),
	}
	if d.Need.Privilege != "" {
		e.Need = string(d.Need.Privilege) + " ON " + d.Need.Object.String()
	}
	return e
}
