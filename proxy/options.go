package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/identity"
	"guardrail/proxy/metrics"
	"guardrail/sqlparse"
)

// Options is all that a Server needs. Every field is required unless it says
// otherwise; New refuses what is missing.
type Options struct {
	Environment string // what the proxy fronts; named in every refusal and event
	Version     string // the proxy's own, told to the backend; may be empty
	Backend     BackendOptions

	// ClientTLS is offered to clients. Nil offers no TLS.
	ClientTLS *tls.Config
	// RequireTLS refuses clients that do not switch to TLS, error 3159.
	RequireTLS bool

	// ProxyProtocolFrom are the networks of load balancers: a client from there
	// must send a PROXY protocol header, version 1 or 2, and is who it says. A
	// header from elsewhere is a malformed login. May be empty.
	ProxyProtocolFrom []netip.Prefix

	Policies *policy.Live
	Usage    *Usage   // of the apps' limits, shared by the Servers of a process; the Server's own where nil
	Loops    *Loops   // shared by the Servers of a process; the Server's own, one for each core, where nil
	Traffic  *Traffic // counts what the apps send; where nil, it is not counted
	Reader   *sqlparse.Reader
	Recorder audit.Recorder
	// Sightings remembers the servers behind the address. Where nil, a change is not told.
	Sightings Sightings
	// LastSeen is shared by the Servers of a backend; the Server's own where nil.
	LastSeen *LastSeen
	Metrics  *metrics.Metrics
	Log      *zap.Logger

	// LoginTimeout is how long a client may take for a message of its login, and
	// the backend to be connected to; 10 s where zero, mysqld's connect_timeout. The
	// whole of a login may take three times as long: when thousands come at once,
	// none of them has to wait for anybody but the machine.
	LoginTimeout time.Duration
	MaxMessage   int              // longest message taken from a client, in bytes; 1 GiB where zero, the protocol's own bound; the server's max_allowed_packet holds too
	Now          func() time.Time // time.Now where nil
}

// BackendOptions names the server behind the proxy.
type BackendOptions struct {
	Name    string
	Address string      // host:port
	TLS     *tls.Config // nil speaks plain
	// FollowClient uses TLS only where the client does, in a version that is no
	// newer than the client's, so that REQUIRE SSL and Ssl_cipher are the client's.
	FollowClient bool
	// ProxyProtocol is the version of the header that tells the backend the
	// client's address: 1, 2, or 0 for none. A header comes before all else, so
	// that no connection can be kept ready for the next login.
	ProxyProtocol byte
	// Tag says what is asked of the server's environment tag. The zero value
	// lets nobody in whose server is not tagged with Environment.
	Tag TagRule
	// Control is the proxy's own account on the server, which reads the tag where
	// a client's may not; its User and Password. May be empty.
	Control identity.Control
	// Annotate sends app, environment and event along with each COM_QUERY.
	Annotate bool
	// AnnotateInText sends them as a comment, also where the server has query
	// attributes, which are in none of its logs.
	AnnotateInText bool
}

const (
	defaultLoginTimeout = 10 * time.Second
	wholeLogin          = 3 // times LoginTimeout
	defaultMaxMessage   = 1 << 30
)

func (o *Options) check() error {
	if o.LoginTimeout == 0 {
		o.LoginTimeout = defaultLoginTimeout
	}
	if o.LastSeen == nil {
		o.LastSeen = NewLastSeen()
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = defaultMaxMessage
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Usage == nil {
		o.Usage = NewUsage()
	}
	var missing []error
	require := func(have bool, field string) {
		if !have {
			missing = append(missing, fmt.Errorf("proxy options: %s is missing", field))
		}
	}
	require(o.Environment != "", "Environment")
	require(o.Backend.Address != "", "Backend.Address")
	require(o.Policies != nil, "Policies")
	require(o.Reader != nil, "Reader")
	require(o.Recorder != nil, "Recorder")
	require(o.Metrics != nil, "Metrics")
	require(o.Log != nil, "Log")
	if o.RequireTLS && o.ClientTLS == nil {
		missing = append(missing, errors.New("proxy options: RequireTLS without ClientTLS"))
	}
	if o.ClientTLS != nil && o.ClientTLS.ClientCAs != nil && !o.RequireTLS {
		missing = append(missing, errors.New("proxy options: a client-certificate CA without RequireTLS, which a plain connection would get around"))
	}
	return errors.Join(missing...)
}
