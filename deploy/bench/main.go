// Command bench measures what a proxy in front of MySQL costs: the same load on the server directly, through HAProxy in
// TCP mode, MySQL Router, Guardrail, and any other proxy that BENCH_PROXIES names.
//
//	bench -guardrail bin/guardrail                                       everything, about an hour
//	bench -case point_select -form text -threads 8 -rounds 3 -seconds 5  one ratio
//
// A case is measured in rounds. In each round every target has its turn, in another order each time, and what counts is
// the ratio of two targets within a round: what else the machine does changes slowly. The table shows medians of the
// rounds, and of ratios the least and the greatest too. With -json all of it goes to a file, each round included.
//
// Everything runs on 127.0.0.1 and ends with the program. The files, in reading order:
//
//	case.go        what is measured, and how often
//	run.go         rounds and turns
//	target.go      the ways to the server, started and stopped together
//	server.go      the server with its tables and its account
//	guardrail.go   haproxy.go   router.go   external.go
//	usage.go       a process's CPU time and memory
//	sysbench.go    the OLTP cases
//	load.go        a load of our own, for what sysbench does not do
//	connect.go     secure.go   result.go   idle.go
//	profile.go     where Guardrail spends its CPU time
//	report.go      table.go    samples to ratios to text and JSON
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	o, err := parseOptions(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
