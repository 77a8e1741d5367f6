package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"guardrail/policy/strictyaml"
)

// Load reads a configuration file. Its error is a strictyaml.Mistakes with all
// that is wrong in it, or says why the file cannot be read.
func Load(file string) (Options, error) { return load(file, Parse) }

// LoadAside is Load for commands that look at a proxy, its record or its
// database, and read no policies: that their directory is gone is what may have
// to be found out.
func LoadAside(file string) (Options, error) {
	return load(file, func(file string, text []byte) (Options, error) {
		return parser{dir: filepath.Dir(file), aside: true}.parse(file, text)
	})
}

func load(file string, parse func(string, []byte) (Options, error)) (Options, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Options{}, fmt.Errorf("read configuration: %w", err)
	}
	return parse(file, text)
}

// Parse reads the text of a configuration file. File names in it are relative
// to the file's directory, and must exist.
func Parse(file string, text []byte) (Options, error) {
	return parser{dir: filepath.Dir(file)}.parse(file, text)
}

func (p parser) parse(file string, text []byte) (Options, error) {
	var report strictyaml.Report
	o := Options{File: file}
	if root := strictyaml.Parse(file, text, &report); root.Exists() {
		p.options(root, &o)
	}
	if err := report.Err(); err != nil {
		return Options{}, err
	}
	return o, nil
}

// parser knows what names in the file are relative to.
type parser struct {
	dir   string
	aside bool // the policies' directory may be missing
}

func (p parser) options(root strictyaml.Value, o *Options) {
	f := root.Fields("environment", "listeners", "backends", "policies", "admin", "audit", "reading")
	o.Environment = f.Need("environment", "say what this proxy fronts, as in environment: production").Word("an environment")
	for _, e := range f.Need("backends", "name the server, as in backends: {main: {address: db.example.com:3306}}").Entries() {
		o.Backends = append(o.Backends, p.backend(e, o.Environment))
	}
	slices.SortFunc(o.Backends, func(a, b Backend) int { return cmp.Compare(a.Name, b.Name) })
	if b := f.Get("backends"); b.IsMap() && len(o.Backends) == 0 {
		b.Fail("backends is empty", "name the server, as in main: {address: db.example.com:3306}")
	}
	listeners := f.Need("listeners", "say where clients connect to, as in listeners: [{address: 0.0.0.0:3306}]")
	for _, v := range listeners.Items() {
		o.Listeners = append(o.Listeners, p.listener(v, o.Backends))
	}
	if listeners.IsList() && len(o.Listeners) == 0 {
		listeners.Fail("listeners is empty", "say where clients connect to, as in - address: 0.0.0.0:3306")
	}
	o.Policies = p.directory(f.Get("policies"), root)
	o.Audit = p.audit(f.Get("audit"))
	o.Admin = p.admin(f.Get("admin"))
	o.Reading = readingLimits(f.Get("reading"))
}

func (p parser) listener(v strictyaml.Value, backends []Backend) Listener {
	f := v.Fields("address", "backend", "tls", "proxy_protocol_from")
	l := Listener{Address: p.listenAddress(f.Need("address", "try 0.0.0.0:3306"))}
	for _, n := range f.Get("proxy_protocol_from").Items() {
		l.ProxyProtocolFrom = append(l.ProxyProtocolFrom, network(n))
	}
	l.Backend = backendName(v, f.Get("backend"), backends)
	if t := f.Get("tls"); t.Exists() {
		l.TLS = p.listenerTLS(t)
	}
	return l
}

// backendName is the backend that a listener names, or the only one there is.
func backendName(listener, named strictyaml.Value, backends []Backend) string {
	if !named.Exists() {
		if len(backends) == 1 {
			return backends[0].Name
		}
		if len(backends) > 1 {
			listener.Fail("backend is missing", "say which of the backends it leads to")
		}
		return ""
	}
	name := named.Text()
	var names []string
	for _, b := range backends {
		names = append(names, b.Name)
	}
	if name != "" && !slices.Contains(names, name) {
		named.Fail("no backend is called "+name, strictyaml.DidYouMean(name, names))
	}
	return name
}

func (p parser) listenerTLS(v strictyaml.Value) ListenerTLS {
	f := v.Fields("cert", "key", "client_ca", "required")
	t := ListenerTLS{Cert: p.file(f.Get("cert")), Key: p.file(f.Get("key")), ClientCA: p.file(f.Get("client_ca"))}
	switch {
	case f.Get("cert").Exists() && !f.Get("key").Exists():
		v.Fail("cert without key", "name the file of its private key")
	case f.Get("key").Exists() && !f.Get("cert").Exists():
		v.Fail("key without cert", "name the file of its certificate")
	}
	required := f.Get("required")
	t.Required = required.Bool() || t.ClientCA != ""
	if t.ClientCA != "" && required.Exists() && !required.Bool() {
		required.Fail("client_ca without required", "a client without TLS would get around it; write required: true")
	}
	return t
}

func (p parser) backend(e strictyaml.Entry, environment string) Backend {
	b := Backend{Name: e.Key.Word("a backend"), TLS: BackendTLS{Mode: DefaultMode}}
	f := e.Value.Fields("address", "tls", "proxy_protocol", "control", "identity", "annotate_statements")
	switch f.Get("proxy_protocol").OneOf("v1", "v2") {
	case "v1":
		b.ProxyProtocol = 1
	case "v2":
		b.ProxyProtocol = 2
	}
	if c := f.Get("control"); c.Exists() {
		b.Control = p.control(c)
	}
	b.Identity = identity(f.Get("identity"), environment)
	b.AnnotateStatements, b.AnnotateInText = annotate(f.Get("annotate_statements"))
	b.Address = address(f.Need("address", "try db.example.com:3306"), 1, "3306")
	t := f.Get("tls").Fields("mode", "ca", "follow_client")
	b.TLS.FollowClient = t.Get("follow_client").Bool()
	b.TLS.Mode = cmp.Or(t.Get("mode").OneOf("disabled", "required", "verify_ca", "verify_identity"), DefaultMode)
	b.TLS.CA = p.file(t.Get("ca"))
	if b.TLS.CA != "" && (b.TLS.Mode == "disabled" || b.TLS.Mode == "required") {
		t.Get("ca").Fail("ca in mode "+b.TLS.Mode+", which checks no certificate", "write mode: verify_ca or verify_identity")
	}
	return b
}

func (p parser) control(v strictyaml.Value) Control {
	f := v.Fields("user", "password_file")
	return Control{
		User:         f.Need("user", "name the proxy's own account, as in user: guardrail").Text(),
		PasswordFile: p.file(f.Need("password_file", "name the file that holds the account's password")),
	}
}

// annotate reads true, false or comment.
func annotate(v strictyaml.Value) (on, inText bool) {
	if !v.Exists() || v.IsBool() {
		return v.Bool(), false
	}
	if v.Written() != "comment" {
		v.Fail("annotate_statements must be true, false or comment", "write true, false or comment")
		return false, false
	}
	return true, true
}

// identity reads whether a backend must be tagged. Production must, unless it
// is said otherwise.
func identity(v strictyaml.Value, environment string) Identity {
	otherwise := TagOptional
	if environment == "production" {
		otherwise = TagRequired
	}
	return Identity{Tag: cmp.Or(v.Fields("tag").Get("tag").OneOf(TagRequired, TagOptional, TagNone), otherwise)}
}

// listenAddress reads host:port, or unix: and the name of a socket.
func (p parser) listenAddress(v strictyaml.Value) string {
	socket, ok := strings.CutPrefix(v.Text(), UnixPrefix)
	if !ok {
		return address(v, 0, "3306")
	}
	if socket == "" {
		v.Fail("the socket has no name", "try unix:/run/guardrail/guardrail.sock")
		return ""
	}
	if !filepath.IsAbs(socket) {
		socket = filepath.Join(p.dir, socket)
	}
	return UnixPrefix + socket
}

// network reads 10.0.0.0/16.
func network(v strictyaml.Value) netip.Prefix {
	text := v.Text()
	if text == "" {
		return netip.Prefix{}
	}
	n, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		v.Fail(fmt.Sprintf("%q is no network", text), "try 10.0.0.0/16")
	case n != n.Masked():
		v.Fail(fmt.Sprintf("%q names an address inside the network", text), "try "+n.Masked().String())
	}
	return n
}

// address reads host:port, with a port of at least least. The usual port is for the hint.
func address(v strictyaml.Value, least int, usual string) string {
	text := v.Text()
	if text == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		v.Fail(fmt.Sprintf("%q is no host:port", text), "try "+net.JoinHostPort(text, usual))
		return ""
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < least || n > 65535 {
		v.Fail(fmt.Sprintf("port %q is no number from %d to 65535", port, least), "")
		return ""
	}
	if least > 0 && host == "" {
		v.Fail(fmt.Sprintf("%q names no host", text), "try 127.0.0.1"+text)
		return ""
	}
	return text
}

// file reads the name of a file that must be there. The empty name is none.
func (p parser) file(v strictyaml.Value) string {
	if v.IsEmptyText() {
		return ""
	}
	name := p.path(v)
	if name == "" {
		return ""
	}
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		v.Fail("no file "+name, "names are relative to the configuration file")
	}
	return name
}

// directory reads the name of the policies' directory.
func (p parser) directory(v, root strictyaml.Value) string {
	name := filepath.Join(p.dir, DefaultPolicies)
	at := root
	if v.Exists() {
		name, at = p.path(v), v
	}
	if info, err := os.Stat(name); name != "" && !p.aside && (err != nil || !info.IsDir()) {
		at.Fail("no directory "+name+" for policies", "names are relative to the configuration file")
	}
	return name
}

// path reads a name relative to the configuration file.
func (p parser) path(v strictyaml.Value) string {
	text := v.Text()
	if text == "" || filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(p.dir, text)
}
