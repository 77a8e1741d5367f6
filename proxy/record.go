package proxy

import (
	"slices"

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
	if st := v.deciding(what); st != nil {
		e.Kind, e.Reason, e.Objects = string(st.Kind), st.Reason, objects(st)
	}
	if len(text) > 0 {
		e.Statement = sqlparse.Mask(text, se.state.mode)
	}
	e.Identify()
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

// deciding is the statement that an event is about: the one that decided, or
// the first one that destroys.
func (v *verdict) deciding(what audit.Decision) *sqlparse.Statement {
	i := v.decision.Statement
	if what == audit.AllowedDestructive {
		i = slices.IndexFunc(v.statements, destroys)
	}
	if i < 0 || i >= len(v.statements) {
		return nil
	}
	return &v.statements[i]
}

// objects are the names of all that a statement needs something of.
func objects(st *sqlparse.Statement) []string {
	var out []string
	for _, n := range st.Needs {
		if name := n.Object.String(); !slices.Contains(out, name) && len(out) < maxObjects {
			out = append(out, name)
		}
	}
	return out
}

// maxObjects bounds the objects that an event names.
const maxObjects = 32

// destroys reports whether a statement takes something away when it runs.
func destroys(st sqlparse.Statement) bool { return st.Destructive && !st.Explain }

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
	if slices.ContainsFunc(v.statements, destroys) {
		return audit.AllowedDestructive, true
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
		Time:        now,
		Environment: s.options.Environment,
		Backend:     s.options.Backend.Name,
		Decision:    what,
		Cause:       string(d.Cause),
		Because:     d.Because,
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
