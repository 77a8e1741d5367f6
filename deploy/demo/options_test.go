package main

import (
	"strings"
	"testing"
)

func TestReadOptions(t *testing.T) {
	made := map[string]string{"GUARDRAIL": "bin/guardrail", "POLICIES": "deploy/examples"}
	for _, c := range []struct {
		name, want string // want is part of the error; empty for none
		env        map[string]string
	}{
		{name: "by make", env: made},
		{name: "by hand", env: nil, want: "make demo"},
		{name: "a server", env: with(made, "BACKEND", "db:3306", "BACKEND_USER", "root")},
		{name: "a server without a port", env: with(made, "BACKEND", "db", "BACKEND_USER", "root"), want: "host:port"},
		{name: "a server without a user", env: with(made, "BACKEND", "db:3306"), want: "USER="},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readOptions(func(name string) string { return c.env[name] })
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// with adds names and values to a copy of an environment.
func with(env map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for name, value := range env {
		all[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}
