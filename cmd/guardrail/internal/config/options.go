// Package config reads guardrail.yaml: strictly, with every mistake told at its
// place, and with the defaults filled in.
package config

import (
	"fmt"
	"net/netip"
	"strings"

	"guardrail/sqlparse"
)

// Options is the configuration of one proxy process. File names are relative to
// where the process runs, or absolute.
type Options struct {
	File        string // where it was read from
	Environment string // what the proxy fronts
	Listeners   []Listener
	Backends    []Backend // sorted by name
	Policies    string    // the directory of policy files
	Admin       Admin
	Audit       Audit
	Reading     sqlparse.Limits // what reading one text may cost
}

// Listener is an address that clients connect to.
type Listener struct {
	Address string // host:port, or UnixPrefix and the name of a socket
	Backend string // the name of a backend
	TLS     ListenerTLS
	// ProxyProtocolFrom are the networks of load balancers whose PROXY protocol
	// header says where a client comes from.
	ProxyProtocolFrom []netip.Prefix
}

// UnixPrefix begins the address of a listener on a Unix socket.
const UnixPrefix = "unix:"

// ListenerTLS is what a listener offers to clients. TLS is always offered.
type ListenerTLS struct {
	Cert     string // PEM files; both empty: a self-signed certificate made at start
	Key      string
	ClientCA string // clients must show a certificate of this CA; empty: none is asked for
	Required bool   // clients without TLS are refused; always set with ClientCA
}

// Backend is a server behind the proxy.
type Backend struct {
	Name    string
	Address string // host:port
	TLS     BackendTLS
	// ProxyProtocol is the version of the header that is sent to the backend; 0 for none.
	ProxyProtocol byte
	Control       Control
	Identity      Identity
	// AnnotateStatements sends app, environment and event with each statement.
	AnnotateStatements bool
	// AnnotateInText sends them as a comment whatever the server has.
	AnnotateInText bool
}

// Control is the proxy's own account on a backend. Without a user there is none.
type Control struct {
	User         string
	PasswordFile string
}

// Identity says what is asked of a backend before clients are let in.
type Identity struct {
	Tag string // required, optional or none: the environment tag kept inside the database
}

// BackendTLS is what is asked of a backend.
type BackendTLS struct {
	Mode string // MySQL's --ssl-mode in lower case: disabled, required, verify_ca, verify_identity
	CA   string // PEM file; empty: the system's
	// FollowClient uses TLS only for clients that use it themselves.
	FollowClient bool
}

// The values of identity.tag.
const (
	TagRequired = "required" // the backend's tag must be the proxy's environment
	TagOptional = "optional" // so must it be if there is one
	TagNone     = "none"     // the backend is not asked
)

// Defaults of keys that may be left out.
const (
	DefaultAdmin    = "127.0.0.1:9104"
	DefaultPolicies = "policies"
	DefaultMode     = "verify_identity"
)

// Backend returns the backend of a name.
func (o Options) Backend(name string) (Backend, bool) {
	for _, b := range o.Backends {
		if b.Name == name {
			return b, true
		}
	}
	return Backend{}, false
}

// String writes the effective configuration as guardrail.yaml would, defaults included.
func (o Options) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "environment: %s\n", o.Environment)
	b.WriteString("listeners:\n")
	for _, l := range o.Listeners {
		fmt.Fprintf(&b, "  - address: %s\n    backend: %s\n", quoted(l.Address), l.Backend)
		fmt.Fprintf(&b, "    tls: {cert: %s, key: %s, client_ca: %s, required: %v}%s\n",
			quoted(l.TLS.Cert), quoted(l.TLS.Key), quoted(l.TLS.ClientCA), l.TLS.Required, selfSignedNote(l.TLS))
		if len(l.ProxyProtocolFrom) > 0 {
			fmt.Fprintf(&b, "    proxy_protocol_from: [%s]\n", networks(l.ProxyProtocolFrom))
		}
	}
	b.WriteString("backends:\n")
	for _, back := range o.Backends {
		fmt.Fprintf(&b, "  %s:\n    address: %s\n    tls: {mode: %s, ca: %s, follow_client: %v}\n", back.Name, quoted(back.Address), back.TLS.Mode, quoted(back.TLS.CA), back.TLS.FollowClient)
		if back.ProxyProtocol > 0 {
			fmt.Fprintf(&b, "    proxy_protocol: v%d\n", back.ProxyProtocol)
		}
		if back.Control.User != "" {
			fmt.Fprintf(&b, "    control: {user: %s, password_file: %s}\n", quoted(back.Control.User), quoted(back.Control.PasswordFile))
		}
		fmt.Fprintf(&b, "    identity: {tag: %s}\n", back.Identity.Tag)
		switch {
		case back.AnnotateInText:
			b.WriteString("    annotate_statements: comment\n")
		case back.AnnotateStatements:
			b.WriteString("    annotate_statements: true\n")
		}
	}
	fmt.Fprintf(&b, "policies: %s\n%s%s%s", quoted(o.Policies), o.Admin, o.Audit, reading(o.Reading))
	return b.String()
}

func selfSignedNote(t ListenerTLS) string {
	if t.Cert == "" {
		return " # a self-signed certificate is made at start"
	}
	return ""
}

func networks(list []netip.Prefix) string {
	var texts []string
	for _, n := range list {
		texts = append(texts, quoted(n.String()))
	}
	return strings.Join(texts, ", ")
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
