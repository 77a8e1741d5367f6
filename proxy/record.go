package proxy

import (
	"cmp"
	"slices"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// notRecorded is the answer to a statement that must leave a trace and cannot; e
// is what was to be recorded of it, nil where every statement is refused.
func (s *Server) notRecorded(e *audit.Event) *wire.Err {
	place := "rule " + audit.CauseNotRecorded
	if e != nil {
		place += ", event " + e.ID
	}
	return &wire.Err{
		Code: mysql.ER_UNKNOWN_ERROR, SQLState: "HY000",
		Message: "guardrail: this statement must be recorded before it is forwarded, and the record cannot be written; ask the operators of the proxy of " +
			s.options.Environment + " (" + place + ")",
	}
}

// outcome is what becomes of a command that was decided about.
type outcome uint8

const (
	stopped outcome = iota // the client has been told why
	waits                  // for the record; the command is looked at again
	passes
)

// pass records what must be recorded, before the command is forwarded or the
// client is told why it is not.
func (s *session) pass(message wire.Message, v *verdict, text []byte) outcome {
	if v.told != nil {
		s.tell(message.Seq+1, *v.told)
		return stopped
	}
	if v.unreadTag(text) {
		v = &verdict{decision: s.app.Untold(), statements: v.statements, seen: v.seen}
	}
	refused, wait := s.record(v, text)
	switch {
	case wait:
		return waits
	case refused != nil:
		s.count(v, true)
		s.tell(message.Seq+1, *refused)
		return stopped
	}
	s.count(v, false)
	return passes
}

// record counts a verdict and keeps what must be kept: refusals, would-be
// refusals, and statements that destroy and go on; what destroys and is only
// observed is both of the latter. It returns the error to answer, or nil where
// the command is to be forwarded.
func (s *session) record(v *verdict, text []byte) (refused *wire.Err, wait bool) {
	if s.head.recorded && v.decision.Action == policy.Allow {
		return s.metered(v, s.committed(s.head.recordErr)), false
	}
	what, keep := classify(v)
	if !keep {
		return s.metered(v, s.server.gated()), false
	}
	e := s.eventOf(v, what, text)
	if what == v.loss() {
		return s.commit(v, &e)
	}
	if err := s.server.submit(e); err != nil {
		s.log.Error("an event could not be recorded", zap.Error(err))
	}
	switch {
	case what == audit.WouldRefuse && v.loss() != "": // it goes on, and takes away what any other does
		e := s.eventOf(v, v.loss(), text)
		e.Cause = audit.CauseObserved
		return s.commit(v, &e)
	case what != audit.Refused:
		return s.metered(v, s.server.gated()), false
	}
	s.meter(v)
	o := &s.server.options
	o.Metrics.Refusal(e.App, e.Rule)
	return &wire.Err{Code: v.decision.Code, SQLState: v.decision.State, Message: v.decision.Message(o.Environment, e.ID)}, false
}

// metered counts the statements of a verdict that allows them: as refused where
// the record could not be written.
func (s *session) metered(v *verdict, refused *wire.Err) *wire.Err {
	if refused == nil {
		s.meter(v)
		return nil
	}
	for _, c := range s.counters(&verdict{statements: v.statements}) { // without a decision: refused
		c.Inc()
	}
	s.server.options.Metrics.Refusal(s.name, audit.CauseNotRecorded)
	return refused
}

// meter counts a verdict's statements. What a remembered one counts is at hand
// unless the session counts for another app, as it does after a policy has given
// its account to one.
func (s *session) meter(v *verdict) {
	counters := v.counters
	if v.countedFor != s.name {
		counters = s.counters(v)
	}
	for _, c := range counters {
		c.Inc()
	}
}

// counters are what count a verdict's statements.
func (s *session) counters(v *verdict) []metrics.Counter {
	o := &s.server.options
	all := make([]metrics.Counter, len(v.statements))
	for i := range v.statements {
		all[i] = o.Metrics.Statement(s.name, o.Environment, string(v.statements[i].Kind), destroys(v.statements[i]), counted(v.decision))
	}
	return all
}

// eventOf is the event of a verdict about a text.
func (s *session) eventOf(v *verdict, what audit.Decision, text []byte) audit.Event {
	e := s.server.event(what, v.decision)
	e.App, e.Account, e.Client, e.Schema = s.name, s.user, s.from.String(), s.state.schema
	e.Attributes, e.Shape = s.said.attributes(), v.shape
	if st := v.deciding(what); st != nil {
		e.Kind, e.Reason, e.Objects = string(st.Kind), cmp.Or(e.Reason, st.Reason), objects(st)
	}
	if len(text) > 0 {
		e.Statement = sqlparse.Mask(text, s.state.mode)
	}
	if what != audit.Refused {
		e.Code = 0
	}
	e.Identify()
	return e
}

// submit keeps an event that nothing waits for.
func (s *Server) submit(e audit.Event) error {
	if r, ok := s.options.Recorder.(audit.Submitter); ok {
		_, err := r.Submit(&e, func(error) {})
		return err
	}
	return s.options.Recorder.Record(e)
}

// commit keeps the event of a statement that destroys and is to be forwarded,
// and makes its command wait where that takes a while.
func (s *session) commit(v *verdict, e *audit.Event) (refused *wire.Err, wait bool) {
	s.head.touched, s.head.destructive = true, e
	r, ok := s.server.options.Recorder.(audit.Submitter)
	if !ok {
		return s.metered(v, s.committed(s.server.options.Recorder.Record(*e))), false
	}
	var result error
	resume := s.await(func() { s.head.recorded, s.head.recordErr = true, result })
	wait, err := r.Submit(e, func(err error) {
		result = err
		resume()
	})
	if !wait {
		s.awaited = nil
		resume()
		return s.metered(v, s.committed(err)), false
	}
	return nil, true
}

// committed says what becomes of a statement that destroys, now that it is
// recorded or could not be.
func (s *session) committed(err error) *wire.Err {
	if err != nil {
		s.log.Error("an event could not be recorded; what it belongs to is not forwarded", zap.Error(err))
		refused := s.server.notRecorded(s.head.destructive)
		s.head.destructive = nil
		return refused
	}
	return s.server.gated()
}

// finished tells the record what became of a statement that destroys.
func (s *session) finished(failed *wire.Err) {
	e := s.inflight.destructive
	r, ok := s.server.options.Recorder.(audit.Finisher)
	if e == nil || !ok {
		return
	}
	e.Rows, e.Duration = s.inflight.rows, s.server.options.Now().Sub(s.inflight.began)
	if failed != nil {
		e.Code = failed.Code
	}
	r.Finished(e)
}

// deciding is the statement that an event is about: the one that decided, or
// the first one that destroys, or may.
func (v *verdict) deciding(what audit.Decision) *sqlparse.Statement {
	i := v.decision.Statement
	switch what {
	case audit.AllowedDestructive:
		i = slices.IndexFunc(v.statements, destroys)
	case audit.AllowedUnread:
		i = slices.IndexFunc(v.statements, func(st sqlparse.Statement) bool { return st.Unseen() })
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

// destroys reports whether a statement takes something away when it runs. What a
// PREPARE holds does so when it is executed.
func destroys(st sqlparse.Statement) bool {
	return st.Destructive && !st.Explain && st.Kind != "prepare_sql"
}

// gated refuses what would be forwarded while the record is broken and is
// configured to stop everything.
func (s *Server) gated() *wire.Err {
	if gate, ok := s.options.Recorder.(audit.Gate); ok && gate.Refusing() != nil {
		return s.notRecorded(nil)
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
	if loss := v.loss(); loss != "" {
		return loss, true
	}
	if v.decision.Cause == policy.ByException {
		return audit.AllowedByException, true
	}
	return "", false
}

// loss is what a verdict is in the record when its statements are forwarded and
// take something away, or may; it is empty where they do not.
func (v *verdict) loss() audit.Decision {
	switch {
	case v.destroys:
		return audit.AllowedDestructive
	case v.unseen:
		return audit.AllowedUnread
	}
	return ""
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
		Reason:      d.Declaration(),
		PolicyHash:  s.options.Policies.Current().Set.Hash(),
	}
	if d.Need.Privilege != "" {
		e.Need = string(d.Need.Privilege) + " ON " + d.Need.Object.String()
	}
	return e
}
