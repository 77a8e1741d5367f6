package main

import (
	"context"
	"slices"
	"strconv"
)

// benchCase is one load. Its turns are measured one after the other.
type benchCase struct {
	name    string
	script  string // sysbench's; empty where it is not sysbench that makes the load
	form    string // text or prepared; empty where that says nothing
	threads int    // connections at once
	unit    string // what a rate counts, and what CPU time is divided by
	tls     security
	fresh   bool // the proxies are started anew for each round
	take    turn
}

// security is where a case's connections have TLS.
type security int

const (
	plain    security = iota
	clients           // the client asks for it, as MySQL clients do; whose it is at the other end is the target's matter
	bothLegs          // from the client to the proxy, and another from the proxy to the server
)

// turn puts the load on one target and says what was measured.
type turn func(context.Context, *benchCase, *bench, target) (sample, error)

var (
	sysbenchForms   = []string{"text", "prepared"}
	sysbenchThreads = []int{1, 8, 64}
)

// allCases are all there are, in the order of the report.
func allCases() []benchCase {
	var cases []benchCase
	for _, name := range []string{"point_select", "read_only", "read_write"} {
		for _, form := range sysbenchForms {
			for _, n := range sysbenchThreads {
				cases = append(cases, benchCase{name: name, script: "oltp_" + name, form: form, threads: n, unit: "query", take: sysbench})
			}
		}
	}
	return append(cases,
		benchCase{name: "connect", threads: 8, unit: "connection", take: connects},
		benchCase{name: "connect_tls", threads: 8, unit: "connection", take: connects, tls: clients},
		benchCase{name: "tls", form: "text", threads: 8, unit: "query", take: pointSelects, tls: bothLegs},
		benchCase{name: "result", threads: 1, unit: "MiB", take: largeResult},
		benchCase{name: "result_rows", threads: 1, unit: "MiB", take: manyRows},
		benchCase{name: "idle", unit: "connection", take: idleConnections, fresh: true},
		benchCase{name: "idle_tls", unit: "connection", take: idleConnections, fresh: true, tls: bothLegs},
	)
}

// caseNames are the names that -case takes.
func caseNames() []string {
	var names []string
	for _, c := range allCases() {
		if !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// chosen are the cases that a run was asked for.
func (o options) chosen() []benchCase {
	return slices.DeleteFunc(allCases(), func(c benchCase) bool {
		return !wanted(o.cases, c.name) ||
			c.script != "" && !(wanted(o.forms, c.form) && wanted(o.threads, strconv.Itoa(c.threads)))
	})
}

// String names the case in the report.
func (c benchCase) String() string {
	s := c.name
	if c.form != "" {
		s += ", " + c.form
	}
	switch c.threads {
	case 0:
		return s
	case 1:
		return s + ", 1 thread"
	}
	return s + ", " + strconv.Itoa(c.threads) + " threads"
}
