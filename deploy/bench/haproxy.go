package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"text/template"
)

// haproxyConfig relays TCP with as many threads as there are CPUs, as Guardrail does. HAProxy cannot speak MySQL's TLS,
// which begins in the middle of a connection: it is given TLS from the first byte, and a second HAProxy, whose CPU time
// does not count, takes that away again before the server. The ciphers are those that Guardrail's two connections have.
var haproxyConfig = template.Must(template.New("haproxy.cfg").Parse(`global
    nbthread {{.Threads}}
    maxconn 9000
    ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
{{- if .Plain}}
listen plain
    bind {{.Plain}}
    server mysql {{.Server}}
{{- end}}
listen secure
    bind {{.Secure}} ssl crt {{.PEM}} ciphersuites {{.Cipher}}
    server next {{.Next}}
`))

func startHAProxy(ctx context.Context, b *bench, f *field) error {
	addrs, err := freeAddresses(3)
	if err != nil {
		return err
	}
	pem, err := f.certificate(b.server.CertFile(), b.server.KeyFile())
	if err != nil {
		return err
	}
	relay, secure, unwrap := addrs[0], addrs[1], addrs[2]
	_, err = f.launchHAProxy(ctx, "unwrap", haproxyOptions{
		Secure: unwrap, PEM: pem, Cipher: "TLS_AES_256_GCM_SHA384", Next: b.server.Addr(),
	})
	if err != nil {
		return err
	}
	pid, err := f.launchHAProxy(ctx, "haproxy", haproxyOptions{
		Plain: relay, Server: b.server.Addr(),
		Secure: secure, PEM: pem, Cipher: "TLS_AES_128_GCM_SHA256", Next: unwrap + " ssl verify none",
	})
	f.targets = append(f.targets, target{name: "haproxy", addr: map[security]string{plain: relay, clients: relay, bothLegs: secure}, early: true, pid: pid})
	return err
}

// haproxyOptions fill haproxyConfig.
type haproxyOptions struct {
	Plain, Server             string // the relay without TLS; empty: none
	Secure, PEM, Cipher, Next string
	Threads                   int
}

func (f *field) launchHAProxy(ctx context.Context, name string, o haproxyOptions) (pid int, err error) {
	o.Threads = runtime.NumCPU()
	var text bytes.Buffer
	if err := haproxyConfig.Execute(&text, o); err != nil {
		return 0, err
	}
	config, err := f.write(name+".cfg", text.Bytes())
	if err != nil {
		return 0, err
	}
	return f.launch(ctx, exec.Command("haproxy", "-db", "-f", config), name, o.Secure)
}

// certificate puts certificate and key into one file, as HAProxy wants them.
func (f *field) certificate(cert, key string) (pem string, err error) {
	var content []byte
	for _, file := range []string{cert, key} {
		part, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		content = append(content, part...)
	}
	return f.write("certificate.pem", content)
}
