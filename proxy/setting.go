package proxy

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// setting is what a session is made by its app's policy: variables that are set
// and stay so, and transactions that only read. The zero setting leaves a
// session as the server makes it.
type setting struct {
	statement string   // that sets the variables
	names     []string // of the variables
	readOnly  bool
}

// settingOf is the setting of an app's sessions. An app in observe mode has
// none: it would make the server refuse what the policy only observes.
func settingOf(app *policy.App, flavour sqlparse.Flavour, now time.Time) setting {
	if app == nil || app.Mode(now) == policy.Observe {
		return setting{}
	}
	x := setting{statement: app.SessionStatement(flavour), readOnly: app.ReadOnly()}
	for _, v := range app.Session(flavour) {
		x.names = append(x.names, v.Name)
	}
	return x
}

func (x setting) any() bool { return x.statement != "" || x.readOnly }

func (x setting) equal(o setting) bool { return x.statement == o.statement && x.readOnly == o.readOnly }

// statements make a session what the setting wants that was made what an
// earlier one wanted. What is not wanted any more is the server's own again.
func (x setting) statements(earlier setting) []string {
	var out []string
	for _, name := range earlier.names {
		if !slices.Contains(x.names, name) {
			out = append(out, "SET SESSION "+name+" = DEFAULT")
		}
	}
	if x.statement != "" {
		out = append(out, x.statement)
	}
	switch {
	case x.readOnly:
		out = append(out, "SET SESSION TRANSACTION READ ONLY")
	case earlier.readOnly:
		out = append(out, "SET SESSION TRANSACTION READ WRITE")
	}
	return out
}

// want notes what the session is to be made by its policy. Where it is not yet,
// that is owed before the client's next command.
func (s *session) want() {
	s.wanted = settingOf(s.app, s.state.mode.Server.Flavour, s.server.options.Now())
	s.owed = !s.wanted.equal(s.applied)
}

// errNotSet says that the server refuses what the policy sets in a session.
type errNotSet struct{ cause wire.Err }

func (e errNotSet) Error() string {
	return "the server refuses what the policy sets: " + e.cause.Message
}

// causeNotSet is the cause of a refused login that no rule asks for: the session
// cannot be made what the policy wants.
const causeNotSet = "not-set"

func (e errNotSet) refuse(s *session) error {
	return s.turnAway(causeNotSet, e, e.line(s), "the server refuses what the policy of app \""+s.name+
		"\" sets in every session: "+e.cause.Message+"; ask the owners of the policy")
}

// line is the policy's line that sets the variable which the server names.
func (e errNotSet) line(s *session) policy.Rule {
	for _, name := range s.wanted.names {
		if strings.Contains(e.cause.Message, "'"+name+"'") {
			return s.app.SetBy(name)
		}
	}
	return policy.Rule{}
}

// turnedAway is an error for which a session cannot be. refuse records that, and
// returns the error for the client.
type turnedAway interface {
	error
	refuse(s *session) error
}

// turnAway records that a session cannot be, because of a line of the policy if
// there is one, and returns the error for the client.
func (s *session) turnAway(cause policy.Cause, why error, line policy.Rule, message string) error {
	rule := policy.Rule{ID: string(cause), File: line.File, Line: line.Line, Col: line.Col}
	e := s.server.event(audit.LoginRefused, policy.Decision{Cause: cause, Rule: rule, Code: mysql.ER_ACCESS_DENIED_ERROR})
	e.App, e.Account, e.Client, e.Schema, e.Reason = s.name, s.user, s.from.String(), s.state.schema, why.Error()
	e.Attributes = s.said.attributes()
	e.Identify()
	if err := s.server.options.Recorder.Record(e); err != nil {
		s.log.Error("a refused login could not be recorded", zap.Error(err))
	}
	s.server.options.Metrics.Refusal(e.App, e.Rule)
	at := ""
	if line.File != "" {
		at = "rule " + line.ID + ", "
	}
	return refuseLogin(mysql.ER_ACCESS_DENIED_ERROR, "28000", "guardrail: "+message+" ("+at+"event "+e.ID+")")
}

// unsettled ends the session with an error, which the client is told where the
// session cannot be: in the place of an OK that is withheld, or as the answer to
// the command that waits.
func (s *session) unsettled(err error) error {
	var why turnedAway
	if !errors.As(err, &why) {
		return err
	}
	refused := why.refuse(s)
	var told refusal
	errors.As(refused, &told)
	seq := byte(1)
	if s.withheld != nil {
		seq = s.withheld[3]
	}
	s.tell(seq, told.Err)
	return refused
}
