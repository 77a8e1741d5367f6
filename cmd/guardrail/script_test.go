package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this test binary as the command guardrail.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"guardrail": func() { os.Exit(run(os.Args[1:])) },
		"record":    func() { os.Exit(record(os.Args[1])) },
	})
}

// TestScripts runs the real main on the scripts of testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // or each command takes a second more under -race
			return nil
		},
	})
}
