package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/mysqltest"
)

func TestMain(m *testing.M) { mysqltest.Main(m) }

// A short run of each kind of case measures something of every target. How much, no test can say.
func TestBench(t *testing.T) {
	for _, program := range []string{"sysbench", "haproxy"} {
		mysqltest.Program(t, program)
	}
	mysqltest.MySQL(t) // or there is no MySQL for the bench either
	o, err := parseOptions([]string{"-case", "point_select,connect_tls,tls,result,idle_tls", "-form", "text", "-threads", "1",
		"-rounds", "1", "-seconds", "1", "-megabytes", "8", "-idle", "16",
		"-policies", "../examples", "-guardrail", build(t), "-json", filepath.Join(t.TempDir(), "bench.json")})
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	o.log, o.external = t.Output(), ""
	if err := run(t.Context(), o, &table); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.json)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cases) != 5 {
		t.Fatalf("%d cases: %s", len(r.Cases), text)
	}
	for _, c := range r.Cases {
		for _, target := range c.Targets {
			m := target.Median
			if m.Rate+m.PerConnection == 0 || target.Name != "direct" && m.Peak == 0 {
				t.Errorf("%s, %s: %+v", c.Name, target.Name, m)
			}
		}
		if !strings.Contains(table.String(), c.Name) {
			t.Errorf("the table does not have %s: %s", c.Name, table.String())
		}
	}
}

// build makes the guardrail program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "guardrail")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "guardrail/cmd/guardrail").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

const sysbenchSays = `
Latency histogram (values are in milliseconds)
       value  ------------- distribution ------------- count
       0.200 |****************************************  90
       0.300 |**                                        9
       9.000 |*                                         1

SQL statistics:
    transactions:                        100    (50.00 per sec.)
    queries:                             2000   (1000.00 per sec.)
`

func TestSysbenchOutput(t *testing.T) {
	s, err := sysbenchSample(sysbenchSays, usage{cpu: 20 * time.Millisecond, peak: 7})
	if err != nil {
		t.Fatal(err)
	}
	if want := (sample{Rate: 1000, P50: 0.2, P95: 0.3, P99: 0.3, CPU: 10, Peak: 7}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	for _, broken := range []string{"", strings.Replace(sysbenchSays, "queries", "", 1), strings.Replace(sysbenchSays, "distribution", "", 1)} {
		if _, err := sysbenchSample(broken, usage{}); err == nil {
			t.Errorf("no error for %q", broken)
		}
	}
}

func TestPercentiles(t *testing.T) {
	var took []time.Duration
	for i := range 200 {
		took = append(took, time.Duration(i+1)*time.Millisecond)
	}
	for p, want := range map[int]float64{50: 100, 95: 190, 99: 198, 100: 200} {
		if got := percentile(took, p); got != want {
			t.Errorf("p%d of 1..200 ms is %v, want %v", p, got, want)
		}
	}
	if got := percentile(took[:1], 50); got != 1 {
		t.Errorf("p50 of one is %v", got)
	}
}

// A ratio is of the same round: here each is 2, whatever the machine did meanwhile.
func TestRatiosAreOfOneRound(t *testing.T) {
	c := benchCase{name: "made up"}
	r := newCaseReport(c, []target{{name: "haproxy"}, {name: "guardrail"}})
	for _, speed := range []float64{100, 10, 40} {
		r.Targets[0].Samples = append(r.Targets[0].Samples, sample{Rate: speed})
		r.Targets[1].Samples = append(r.Targets[1].Samples, sample{Rate: 2 * speed})
	}
	r.sum()
	if got := r.Targets[1].OfHAProxy["rate"]; got != (spread{2, 2, 2}) {
		t.Errorf("ratios %+v, want 2", got)
	}
	if got := r.Targets[1].Median.Rate; got != 80 {
		t.Errorf("median %v, want 80", got)
	}
	if r.Targets[1].OfDirect != nil {
		t.Error("ratios to a target that was not measured")
	}
}

func TestWatchSeesWhatAProcessUses(t *testing.T) {
	used := watch(os.Getpid())
	var u usage
	for u.cpu < 2*clockTick { // which asking costs by itself
		var err error
		if u, err = used(); err != nil || t.Context().Err() != nil {
			t.Fatal(u, err)
		}
	}
	if u.peak < 1 {
		t.Errorf("a peak of %v MiB", u.peak)
	}
	if _, err := watch(1 << 30)(); err == nil {
		t.Error("no error for a process that is not there")
	}
}

func TestExternals(t *testing.T) {
	got, err := externals("proxysql=127.0.0.1:6033/77,other=127.0.0.1:6034")
	if err != nil || len(got) != 2 || got[0].pid != 77 || got[0].addr[plain] != "127.0.0.1:6033" || got[1].pid != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, wrong := range []string{"127.0.0.1:6033", "a=", "a=127.0.0.1:1/x"} {
		if _, err := externals(wrong); err == nil {
			t.Errorf("no error for %q", wrong)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-case", "point_select,idle", "-threads", "8"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range o.chosen() {
		names = append(names, c.String())
	}
	if got := strings.Join(names, "; "); got != "point_select, text, 8 threads; point_select, prepared, 8 threads; idle" {
		t.Errorf("chosen: %s", got)
	}
	for _, wrong := range [][]string{{"-case", "point"}, {"-threads", "7"}, {"-form", "binary"}, {"-rounds", "0"}} {
		if _, err := parseOptions(wrong); err == nil {
			t.Errorf("no error for %v", wrong)
		}
	}
}
