package proxy

import (
	"cmp"
	"net/netip"

	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// admission is who wants in, and to where.
type admission struct {
	set            *policy.Set
	user           string
	from           netip.Addr
	schema         string // "" names none
	declared       string // the environment that the client says it belongs to; "" for none
	said           selfSaid
	lowerCaseNames bool
	tentative      bool // it is asked again when more is known; what is only observed is recorded then
}

// admit asks the policy about an account, where it comes from and the schema it
// names. The error is a refusal, and recorded.
func (s *Server) admit(a admission) (*policy.App, error) {
	app, decision := a.set.Login(a.user, a.from, s.options.Now())
	if err := s.admitted(a, app, decision); err != nil {
		return nil, err
	}
	if err := s.admitted(a, app, app.Declared(a.declared, s.options.Now())); err != nil {
		return nil, err
	}
	return app, s.enter(a, app)
}

// enter asks the policy about the schema that a client names.
func (s *Server) enter(a admission, app *policy.App) error {
	if a.schema == "" {
		return nil
	}
	return s.admitted(a, app, app.Decide(policy.Request{
		Now:            s.options.Now(),
		LowerCaseNames: a.lowerCaseNames,
		Statements:     []sqlparse.Statement{useSchema(a.schema)},
	}))
}

// admitted records what speaks against a login, and returns the error for the
// client where the login is refused.
func (s *Server) admitted(a admission, app *policy.App, d policy.Decision) error {
	what := audit.LoginRefused
	switch {
	case d.Action == policy.Allow && (!d.Observed || a.tentative):
		return nil
	case d.Action == policy.Allow:
		what = audit.WouldRefuse
	}
	e := s.event(what, d)
	e.App, e.Account, e.Client, e.Schema, e.Attributes = cmp.Or(app.Name(), d.App()), a.user, a.from.String(), a.schema, a.said.attributes()
	if d.Observed {
		e.Code = 0
	}
	e.Identify()
	if err := s.options.Recorder.Record(e); err != nil {
		s.options.Log.Error("a login could not be recorded", zap.Error(err))
	}
	if d.Action == policy.Allow {
		return nil
	}
	s.options.Metrics.Refusal(e.App, e.Rule)
	return refuseLogin(d.Code, d.State, d.Message(s.options.Environment, e.ID))
}

// maxAttributes bounds the connection attributes that ours are added to, in
// bytes. The server takes 64 KiB.
const maxAttributes = 60 << 10

// ownAttributes adds the proxy's connection attributes to a client's: its
// version and the client's address, which the server itself cannot see.
func (s *Server) ownAttributes(attributes []byte, from netip.Addr) []byte {
	if len(attributes) > maxAttributes {
		return attributes
	}
	attributes = append([]byte(nil), attributes...)
	attributes = wire.AppendAttribute(attributes, "_guardrail_version", s.options.Version)
	return wire.AppendAttribute(attributes, "_guardrail_client", from.String())
}
