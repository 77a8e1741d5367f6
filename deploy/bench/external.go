package main

import (
	"fmt"
	"strconv"
	"strings"
)

// externals are the proxies that somebody else runs: name=host:port/PID, separated by commas. Without a PID their CPU
// time and memory are not measured. They must lead to the server's port (-port) and know the account.
func externals(list string) ([]target, error) {
	var targets []target
	for _, entry := range strings.Split(list, ",") {
		if entry == "" {
			continue
		}
		name, rest, ok := strings.Cut(entry, "=")
		addr, pid, numbered := strings.Cut(rest, "/")
		t := target{name: name, addr: map[security]string{plain: addr}}
		var err error
		if numbered {
			t.pid, err = strconv.Atoi(pid)
		}
		if !ok || name == "" || addr == "" || err != nil {
			return nil, fmt.Errorf("BENCH_PROXIES: %q is not name=host:port/PID", entry)
		}
		targets = append(targets, t)
	}
	return targets, nil
}
