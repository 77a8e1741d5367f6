package main

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"text/template"
)

// routerConfig is MySQL Router that routes and does nothing else.
var routerConfig = template.Must(template.New("mysqlrouter.conf").Parse(`[DEFAULT]
max_total_connections=9000
[io]
threads={{.Threads}}
[routing:plain]
bind_address=127.0.0.1
bind_port={{.Plain}}
destinations={{.Server}}
routing_strategy=first-available
protocol=classic
client_ssl_mode=PASSTHROUGH
server_ssl_mode=AS_CLIENT
max_connections=9000
[routing:secure]
bind_address=127.0.0.1
bind_port={{.Secure}}
destinations={{.Server}}
routing_strategy=first-available
protocol=classic
client_ssl_mode=REQUIRED
client_ssl_cert={{.Cert}}
client_ssl_key={{.Key}}
server_ssl_mode=REQUIRED
connection_sharing=0
max_connections=9000
`))

func startRouter(ctx context.Context, b *bench, f *field) error {
	addrs, err := freeAddresses(2)
	if err != nil {
		return err
	}
	var ports [2]string
	for i, addr := range addrs {
		if _, ports[i], err = net.SplitHostPort(addr); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	err = routerConfig.Execute(&text, map[string]any{
		"Threads": runtime.NumCPU(), "Server": b.server.Addr(), "Plain": ports[0], "Secure": ports[1],
		"Cert": b.server.Inside(b.server.CertFile()), "Key": b.server.Inside(b.server.KeyFile()),
	})
	if err != nil {
		return err
	}
	config, err := b.server.WriteFile("mysqlrouter.conf", text.Bytes())
	if err != nil {
		return err
	}
	pid, err := f.launch(ctx, b.server.Command("mysqlrouter", "--core-file=0", "-c", config), "router", addrs...)
	f.targets = append(f.targets, target{name: "router", addr: map[security]string{plain: addrs[0], clients: addrs[0], bothLegs: addrs[1]}, pid: pid})
	return err
}
