package config

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"guardrail/policy/strictyaml"
)

// Admin is the address of the page for on call, with /metrics, /healthz and
// /readyz. Beyond the loopback it has TLS and asks who comes.
type Admin struct {
	Address        string // host:port
	MetricsAddress string // host:port of /metrics, /healthz and /readyz alone, for everyone; empty for none
	Cert, Key      string // PEM files; both empty: no TLS
	Users          string // file of user:bcrypt lines
	TrustedHeader  TrustedHeader
	Profiles       bool // serve Go's profiles of the process, to whom the page is served
}

// TrustedHeader is where an authenticating proxy in front says who comes.
type TrustedHeader struct {
	Name string
	From []netip.Prefix // who is believed
}

func (p parser) admin(v strictyaml.Value) Admin {
	f := v.Fields("address", "metrics_address", "tls", "users", "trusted_header", "profiles")
	a := Admin{
		Address:        cmp.Or(address(f.Get("address"), 0, "9104"), DefaultAdmin),
		MetricsAddress: address(f.Get("metrics_address"), 0, "9105"),
		Users:          p.file(f.Get("users")),
		TrustedHeader:  trustedHeader(f.Get("trusted_header")),
		Profiles:       f.Get("profiles").Bool(),
	}
	if t := f.Get("tls"); t.Exists() {
		keys := t.Fields("cert", "key")
		a.Cert = p.file(keys.Need("cert", "name the file of the certificate"))
		a.Key = p.file(keys.Need("key", "name the file of its private key"))
	}
	if loopback(a.Address) {
		return a
	}
	if !f.Get("tls").Exists() {
		f.Get("address").Fail("admin is reached from other hosts and has no tls", "write tls: {cert: ..., key: ...}, or address: "+DefaultAdmin)
	}
	if !f.Get("users").Exists() && !f.Get("trusted_header").Exists() {
		f.Get("address").Fail("admin is reached from other hosts and asks nobody who they are", "write users: FILE (htpasswd -B makes it), or trusted_header")
	}
	return a
}

func trustedHeader(v strictyaml.Value) TrustedHeader {
	if !v.Exists() {
		return TrustedHeader{}
	}
	f := v.Fields("name", "from")
	name := f.Need("name", "try name: X-Forwarded-User")
	h := TrustedHeader{Name: http.CanonicalHeaderKey(name.Text())}
	if strings.ContainsAny(h.Name, " :\t") {
		name.Fail(fmt.Sprintf("%q is no header", h.Name), "try X-Forwarded-User")
	}
	from := f.Need("from", "name the authenticating proxy's addresses, as in from: [10.0.1.0/24]")
	for _, item := range from.Items() {
		prefix, err := netip.ParsePrefix(item.Text())
		if item.Text() != "" && err != nil {
			item.Fail(fmt.Sprintf("%q is no network", item.Text()), "try 10.0.1.0/24")
		}
		if err == nil && prefix.Bits() == 0 {
			item.Fail(item.Text()+" is everybody, who could say to be anyone", "name the authenticating proxy's addresses, as in 10.0.1.0/24")
		}
		h.From = append(h.From, prefix.Masked())
	}
	if from.IsList() && len(h.From) == 0 {
		from.Fail("from is empty", "nobody would be believed; name the authenticating proxy's addresses")
	}
	return h
}

// loopback reports whether an address is reached from this host alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// String writes it as guardrail.yaml would.
func (a Admin) String() string {
	out := "admin: {address: " + quoted(a.Address)
	if a.MetricsAddress != "" {
		out += ", metrics_address: " + quoted(a.MetricsAddress)
	}
	if a.Cert != "" {
		out += fmt.Sprintf(", tls: {cert: %q, key: %q}", a.Cert, a.Key)
	}
	if a.Users != "" {
		out += ", users: " + quoted(a.Users)
	}
	if h := a.TrustedHeader; h.Name != "" {
		out += fmt.Sprintf(", trusted_header: {name: %s, from: %v}", h.Name, h.From)
	}
	if a.Profiles {
		out += ", profiles: true"
	}
	return out + "}\n"
}
