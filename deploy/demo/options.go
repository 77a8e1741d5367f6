package main

import (
	"errors"
	"net"
	"os"
)

// options are what make hands on, in the environment.
type options struct {
	once     bool   // ONCE=1: end after the replay
	backend  string // BACKEND: host:port of a server of the user's own; empty for the embedded one
	user     string // BACKEND_USER: an account there that may create and drop databases and accounts
	password string // PASSWORD: its password
	program  string // GUARDRAIL: path of the guardrail program
	policies string // POLICIES: folder of policies
}

func readOptions(getenv func(string) string) (options, error) {
	o := options{
		once:     getenv("ONCE") == "1",
		backend:  getenv("BACKEND"),
		user:     getenv("BACKEND_USER"),
		password: getenv("PASSWORD"),
		program:  getenv("GUARDRAIL"),
		policies: getenv("POLICIES"),
	}
	if o.program == "" || o.policies == "" {
		return options{}, errors.New("GUARDRAIL and POLICIES say where the program and its policies are: run it as `make demo`")
	}
	if o.backend == "" {
		return o, nil
	}
	if _, _, err := net.SplitHostPort(o.backend); err != nil {
		return options{}, errors.New("BACKEND must be host:port, such as BACKEND=127.0.0.1:3306")
	}
	if o.user == "" {
		return options{}, errors.New("BACKEND needs USER=... and PASSWORD=... of an account that may create databases and accounts")
	}
	return o, nil
}

func fromEnvironment() (options, error) { return readOptions(os.Getenv) }
