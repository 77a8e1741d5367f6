package proxy

import (
	"context"
	"fmt"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/identity"
	"guardrail/proxy/wire"
)

// verify refuses a login that has reached a server of another environment, or
// one of which that is not known where it must be.
func (l *login) verify(ctx context.Context, s *session, q *identityQuestion) error {
	if q == nil {
		return nil
	}
	found, ok := q.reading()
	switch {
	case ok:
	case s.state.sandboxed:
		found = l.server.sandboxedReading(ctx)
	default:
		found = l.server.tags.of(ctx, found.server)
	}
	l.server.noteIdentity(found)
	return l.server.refuseServer(s, found)
}

// sandboxedReading is what is known of the server where it tells nothing, as the
// account's password has expired: what the control account finds at the same
// address. No statement but a change of the password passes in such a session,
// and it ends when the password is changed.
func (s *Server) sandboxedReading(ctx context.Context) reading {
	if !s.tags.available() {
		return reading{why: "the account's password has expired, and there is no control account"}
	}
	return s.tags.current(ctx)
}

// causeIdentity is the cause and the rule of a login refused for its server.
const causeIdentity = "identity"

// refuses says in words why a server is refused, or is empty.
func (s *Server) refuses(found reading) (what, advice string) {
	name, here := s.options.Backend.Name, s.options.Environment
	tagIt := fmt.Sprintf("guardrail tag --backend %s %s", name, here)
	switch {
	case s.options.Backend.Tag == TagNone, found.state == tagRead && found.tag == here:
		return "", ""
	case found.state == tagRead:
		if identity.ValidEnvironment(found.tag) {
			tagIt += " --replace " + found.tag
		}
		return fmt.Sprintf("this proxy is for %s, but the data of backend %q is tagged %s", here, name, foreignTag(found.tag)),
			fmt.Sprintf("connect to the proxy of %s; or if this is a copy for %s, as a restored snapshot is, have it tagged anew: %s", foreignTag(found.tag), here, tagIt)
	case s.options.Backend.Tag == TagOptional:
		return "", ""
	case found.state == tagMissing:
		return fmt.Sprintf("the data of backend %q has no environment tag, and this proxy for %s requires one", name, here),
			"have it tagged: " + tagIt
	}
	return fmt.Sprintf("the environment tag of backend %q is not known, and this proxy for %s requires it (%s)", name, here, found.told()),
		fmt.Sprintf("have backends.%s.control configured and %s run, or GRANT SELECT ON guardrail.environment to this account", name, tagIt)
}

// told is why a tag is not known, as a client may know it.
func (r reading) told() string {
	if r.internal {
		return "the proxy's log says why"
	}
	return r.why
}

// foreignTag is a tag as it is written into errors and labels: the table may
// hold anything.
func foreignTag(tag string) string {
	if identity.ValidEnvironment(tag) {
		return tag
	}
	return "with what is no environment's name"
}

// refuseServer records a login refused for its server and returns the error for
// the client.
func (s *Server) refuseServer(se *session, found reading) error {
	what, advice := s.refuses(found)
	if what == "" {
		return nil
	}
	e := s.identityEvent(audit.LoginRefused, found, what)
	if found.state == tagRead {
		e.Decision = audit.IdentityMismatch
	}
	e.App, e.Account, e.Client, e.Attributes, e.Code = se.name, se.user, se.from.String(), se.said.attributes(), 1045
	e.Identify()
	if err := s.options.Recorder.Record(e); err != nil {
		s.options.Log.Error("a refused login could not be recorded", zap.Error(err))
	}
	s.options.Metrics.Refusal(e.App, e.Rule)
	tail := " (rule " + causeIdentity + ", event " + e.ID + ")"
	message := "guardrail: " + what + ": no login; " + advice
	const most = 511 // bytes that clients keep: MYSQL_ERRMSG_SIZE without the NUL
	return refusal{wire.Err{Code: 1045, SQLState: "28000", Message: message[:min(len(message), most-len(tail))] + tail},
		fmt.Errorf("%s, %s", found.server, found.why)}
}

func (s *Server) identityEvent(what audit.Decision, found reading, reason string) audit.Event {
	e := s.event(what, policy.Decision{Cause: causeIdentity, Rule: policy.Rule{ID: causeIdentity}})
	e.Reason = reason
	if found.server.Known() {
		e.Reason += "; the server is " + found.server.String()
	}
	return e
}

// watchIdentity looks at the server behind the address at start and from time
// to time, so that the metric and the record know before a client does.
func (s *Server) watchIdentity() {
	tick := time.NewTicker(controlEvery)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(s.life, s.options.LoginTimeout)
		found := s.tags.current(ctx)
		cancel()
		if s.life.Err() != nil {
			return
		}
		s.noteUnmet(found)
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
		}
	}
}

// noteUnmet takes note of a server that no client has met: a login records its
// own refusal.
func (s *Server) noteUnmet(found reading) {
	if s.noteIdentity(found) && found.state == tagRead {
		s.recordMismatch(found)
	}
}

// recordMismatch tells of a server of another environment before a client meets it.
func (s *Server) recordMismatch(found reading) {
	what, _ := s.refuses(found)
	if what == "" {
		return
	}
	if err := s.options.Recorder.Record(s.identityEvent(audit.IdentityMismatch, found, what)); err != nil {
		s.options.Log.Error("a backend of another environment could not be recorded", zap.Error(err))
	}
}

// unsandboxed ends the session of an account whose password had expired and has
// been changed: which server it has reached was not known until now.
func (s *session) unsandboxed() error {
	seq := byte(1)
	if s.withheld != nil {
		seq = s.withheld[3]
	}
	return s.fail(seq, mysql.ER_MUST_CHANGE_PASSWORD_LOGIN, "HY000", "The password has been changed: log in again", errEnd)
}
