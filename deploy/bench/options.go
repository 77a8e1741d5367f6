package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are what a run was asked for. An empty list stands for all.
type options struct {
	cases     []string
	forms     []string
	threads   []string
	targets   []string
	rounds    int
	duration  time.Duration // of one turn, in whole seconds
	guardrail string        // path of the program
	policies  string        // folder of the story's policies
	port      int           // of the server; 0: any
	external  string        // BENCH_PROXIES
	json      string        // file; empty: none
	profile   string        // file; empty: none
	log       io.Writer     // progress
	megabytes int           // of a large result
	idle      int           // connections
	durable   bool          // the server flushes what it commits
	rate      int           // sysbench's events a second; 0: as many as it can
}

func parseOptions(args []string) (options, error) {
	o := options{log: os.Stderr, external: os.Getenv("BENCH_PROXIES")}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	list := func(to *[]string, name, usage string) {
		f.Func(name, usage, func(s string) error { *to = strings.Split(s, ","); return nil })
	}
	list(&o.cases, "case", "cases, separated by commas: "+strings.Join(caseNames(), ", "))
	list(&o.forms, "form", "of the sysbench cases: text, prepared")
	list(&o.threads, "threads", "of the sysbench cases: 1, 8, 64")
	list(&o.targets, "target", "direct, haproxy, router, guardrail, or names in BENCH_PROXIES=name=127.0.0.1:6033/PID,...")
	f.IntVar(&o.rounds, "rounds", 5, "how often every target has its turn")
	seconds := f.Int("seconds", 5, "how long a turn is")
	f.StringVar(&o.guardrail, "guardrail", "bin/guardrail", "the program")
	f.StringVar(&o.policies, "policies", "deploy/examples", "folder of the story's policies")
	f.IntVar(&o.port, "port", 0, "the server's port, where a proxy of BENCH_PROXIES must know it")
	f.IntVar(&o.rate, "rate", 0, "sysbench's events a second, so that all have the same load; an event's time is then from when it was due")
	f.BoolVar(&o.durable, "durable", true, "the server has a binary log and flushes at each commit, as MySQL does by default")
	f.StringVar(&o.json, "json", "", "write everything measured to this file")
	f.StringVar(&o.profile, "profile", "", "write where Guardrail spent its CPU time in its last turn to this file, for go tool pprof")
	f.IntVar(&o.megabytes, "megabytes", 1024, "size of a large result")
	f.IntVar(&o.idle, "idle", 5000, "idle connections")
	if err := f.Parse(args); err != nil {
		return options{}, err
	}
	o.duration = time.Duration(*seconds) * time.Second
	return o, o.check()
}

// check finds words that stand for nothing: a run that measured less than was asked for would go unnoticed.
func (o options) check() error {
	var threads []string
	for _, n := range sysbenchThreads {
		threads = append(threads, strconv.Itoa(n))
	}
	if o.rate < 0 {
		return errors.New("-rate is at least 0")
	}
	if o.rounds < 1 || o.duration <= 0 || o.megabytes < 1 || o.idle < 1 {
		return errors.New("-rounds, -seconds, -megabytes and -idle are at least 1")
	}
	return errors.Join(
		known("-case", o.cases, caseNames()),
		known("-form", o.forms, sysbenchForms),
		known("-threads", o.threads, threads),
	)
}

func known(name string, asked, known []string) error {
	for _, s := range asked {
		if !slices.Contains(known, s) {
			return fmt.Errorf("%s %s: not one of %s", name, s, strings.Join(known, ", "))
		}
	}
	return nil
}

// wanted reports whether a list of words asks for one; an empty list asks for all.
func wanted(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
