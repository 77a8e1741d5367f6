package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"guardrail/proxy/mysqltest"
)

// sysbenchArgs are a sysbench command on the bench's tables.
func sysbenchArgs(script, addr, command string, more ...string) []string {
	host, port, _ := net.SplitHostPort(addr) // an address without a port is refused by sysbench
	args := []string{script, "--db-driver=mysql", "--mysql-host=" + host, "--mysql-port=" + port,
		"--mysql-user=" + account, "--mysql-password=" + mysqltest.Password, "--mysql-db=" + database,
		"--tables=" + strconv.Itoa(tables), "--table-size=" + strconv.Itoa(rows)}
	return append(append(args, more...), command)
}

// sysbench is a turn of one of sysbench's OLTP scripts. Latencies are those of its events: of a query in point_select,
// of a transaction elsewhere.
func sysbench(ctx context.Context, c *benchCase, b *bench, t target) (sample, error) {
	prepare := "disable"
	if c.form == "prepared" {
		prepare = "auto"
	}
	args := sysbenchArgs(c.script, t.addr[c.tls], "run", "--threads="+strconv.Itoa(c.threads), "--db-ps-mode="+prepare,
		"--time="+strconv.Itoa(int(b.options.duration.Seconds())), "--histogram=on", "--rate="+strconv.Itoa(b.options.rate))
	used := watch(t.pid)
	out, err := exec.CommandContext(ctx, "sysbench", args...).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("sysbench: %w: %s", err, out)
	}
	u, err := used()
	if err != nil {
		return sample{}, err
	}
	return sysbenchSample(string(out), u)
}

var queriesLine = regexp.MustCompile(`(?m)^ *queries: +(\d+) +\(([0-9.]+) per sec\.\)`)

// sysbenchSample reads what sysbench prints at its end.
func sysbenchSample(out string, u usage) (sample, error) {
	found := queriesLine.FindStringSubmatch(out)
	if found == nil {
		return sample{}, fmt.Errorf("sysbench printed no queries: %s", out)
	}
	queries, err := strconv.ParseFloat(found[1], 64)
	if err != nil || queries == 0 {
		return sample{}, fmt.Errorf("sysbench printed %q", found[0])
	}
	s := sample{CPU: microseconds(u.cpu) / queries, Peak: u.peak}
	if s.Rate, err = strconv.ParseFloat(found[2], 64); err != nil {
		return sample{}, err
	}
	h, err := parseHistogram(out)
	if err != nil {
		return sample{}, err
	}
	s.P50, s.P95, s.P99 = h.percentile(50), h.percentile(95), h.percentile(99)
	return s, nil
}

// histogram is sysbench's: how many events took up to so many milliseconds. Its steps are 2 % apart.
type histogram struct {
	values []float64
	counts []int
	total  int
}

func parseHistogram(out string) (histogram, error) {
	_, text, ok := strings.Cut(out, "-- distribution --")
	if !ok {
		return histogram{}, fmt.Errorf("sysbench printed no histogram: %s", out)
	}
	var h histogram
	for line := range strings.Lines(text) {
		value, bar, ok := strings.Cut(line, "|")
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(strings.TrimLeft(bar, "* ")))
		if err != nil {
			return histogram{}, fmt.Errorf("sysbench's histogram has %q", line)
		}
		h.values, h.counts, h.total = append(h.values, v), append(h.counts, n), h.total+n
	}
	if h.total == 0 {
		return histogram{}, fmt.Errorf("sysbench's histogram is empty: %s", out)
	}
	return h, nil
}

// percentile is the least value that p of 100 events stay within.
func (h histogram) percentile(p float64) float64 {
	left := p / 100 * float64(h.total)
	for i, n := range h.counts {
		if left -= float64(n); left <= 0 {
			return h.values[i]
		}
	}
	return h.values[len(h.values)-1]
}
