// Package prometheus_test holds what is given to Prometheus and Grafana against
// the metrics that there are, with Prometheus's own tools.
package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
)

func promtool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestRules(t *testing.T) {
	promtool(t, "check", "rules", "guardrail.rules.yaml")
	promtool(t, "test", "rules", "guardrail.rules.test.yaml")
}

// Several environments may share a Prometheus: nothing is added up over them, and
// which one is production is one pattern, that is easily found.
func TestRulesKeepTheEnvironment(t *testing.T) {
	rules := read(t, "guardrail.rules.yaml")
	for _, by := range regexp.MustCompile(`(?:sum|max|min|on)(?: by)? \(([a-z, ]+)\)`).FindAllStringSubmatch(rules, -1) {
		if !strings.Contains(by[1], "environment") {
			t.Errorf("adds up environments: %s", by[0])
		}
	}
	for _, named := range regexp.MustCompile(`environment[!=~]*"[^"]*"`).FindAllString(rules, -1) {
		if named != `environment=~"prod.*"` {
			t.Errorf("another pattern: %s", named)
		}
	}
}

// Every alert is tested both firing and, at another time or for other series, not.
func TestEveryAlertIsTested(t *testing.T) {
	rules, tests := read(t, "guardrail.rules.yaml"), read(t, "guardrail.rules.test.yaml")
	names := regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(rules, -1)
	if len(names) < 8 {
		t.Fatalf("%d alerts", len(names))
	}
	for _, n := range names {
		if !regexp.MustCompile(`alertname: ` + n[1] + `\n\s+exp_alerts:\n\s+- `).MatchString(tests) {
			t.Errorf("%s never fires in the tests", n[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// described collects what is registered.
type described struct {
	prometheus.Registerer
	labels map[string]string // by name, as the README's table has them: without environment, which all have
}

var desc = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

func (d described) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = d.Register(c)
	}
}

func (d described) Register(c prometheus.Collector) error {
	to := make(chan *prometheus.Desc, 100)
	c.Describe(to)
	close(to)
	for x := range to {
		if m := desc.FindStringSubmatch(x.String()); m != nil {
			labels := slices.DeleteFunc(strings.Split(m[2], ","), func(l string) bool { return l == "environment" })
			d.labels[m[1]] = strings.Join(labels, ",")
		}
	}
	return nil
}

// known are the metrics of the product, with their labels.
func known(t *testing.T) map[string]string {
	t.Helper()
	d := described{labels: map[string]string{"guardrail_backend_up": "backend"}} // of the command itself
	metrics.New(d, "production", "", "", "")
	s, err := audit.Open(filepath.Join(t.TempDir(), "audit.db"), "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := audit.New(audit.Options{Store: s, Log: zap.NewNop(), Registerer: d})
	if err != nil {
		t.Fatal(err)
	}
	l := audit.NewLedger(audit.LedgerOptions{Store: s, Source: proxy.NewTraffic(), Log: zap.NewNop(), Registerer: d})
	t.Cleanup(func() { // t's context has ended by then, and nothing would be waited for
		_ = l.Stop(context.Background())
		_ = b.Stop(context.Background())
		s.Close()
	})
	if len(d.labels) < 15 {
		t.Fatalf("found only %v", d.labels)
	}
	return d.labels
}

// The README's table has every metric with its labels, and no other.
func TestTheTableOfMetrics(t *testing.T) {
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(guardrail_\\w+)(?:\\{([^}]*)\\})?` \\|").FindAllStringSubmatch(read(t, "../../README.md"), -1) {
		found[m[1]] = m[2]
	}
	want := known(t)
	for name, labels := range want {
		if got, ok := found[name]; !ok || got != labels {
			t.Errorf("the README has %s{%s}, it is %s{%s}", name, got, name, labels)
		}
	}
	for name := range found {
		if _, ok := want[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
}

var metricName = regexp.MustCompile(`\bguardrail_\w+`)

// unknown are the metrics that a text names and nobody has.
func unknown(text string, names map[string]string) []string {
	var out []string
	for _, name := range metricName.FindAllString(text, -1) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
		if _, ok := names[base]; !ok && name != "guardrail_refusals" { // of a recording rule
			out = append(out, name)
		}
	}
	return slices.Compact(out)
}

func TestRulesNameMetricsThatThereAre(t *testing.T) {
	names := known(t)
	for _, file := range []string{"guardrail.rules.yaml", "guardrail.rules.test.yaml", "../grafana/guardrail.json"} {
		if wrong := unknown(read(t, file), names); len(wrong) > 0 {
			t.Errorf("%s: there are no metrics %v", file, wrong)
		}
	}
	if got := unknown("sum(guardrail_nothing_total)", names); len(got) != 1 {
		t.Error("an unknown metric is not seen")
	}
}

// board is what matters of a Grafana dashboard.
type board struct {
	UID, Title string
	Panels     []struct {
		ID          int
		Title, Type string
		GridPos     struct{ X, Y, W, H int }
		Datasource  struct{ UID string }
		Targets     []struct{ Expr, RefID string }
	}
	Templating struct {
		List []struct{ Name, Query string }
	}
}

// The dashboard needs no datasource of a certain name, its panels do not
// overlap, and Prometheus can read every expression.
func TestGrafanaDashboard(t *testing.T) {
	var b board
	if err := json.Unmarshal([]byte(read(t, "../grafana/guardrail.json")), &b); err != nil {
		t.Fatal(err)
	}
	if b.UID == "" || b.Title == "" || len(b.Panels) < 10 || len(b.Templating.List) == 0 || b.Templating.List[0].Name != "datasource" {
		t.Errorf("not a whole dashboard: %+v", b)
	}
	variables := strings.NewReplacer("$__rate_interval", "5m", "$environment", ".*", "$app", ".*")
	var rules strings.Builder
	rules.WriteString("groups:\n- name: panels\n  rules:\n")
	for i, p := range b.Panels {
		if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		for _, other := range b.Panels[:i] {
			a, o := p.GridPos, other.GridPos
			if p.ID == other.ID || a.X < o.X+o.W && o.X < a.X+a.W && a.Y < o.Y+o.H && o.Y < a.Y+a.H {
				t.Errorf("the panels %q and %q overlap", p.Title, other.Title)
			}
		}
		for k, target := range p.Targets {
			if strings.Count(target.Expr, "guardrail_") != strings.Count(target.Expr, `environment=~"$environment"`) {
				t.Errorf("panel %q does not keep to the environment: %s", p.Title, target.Expr)
			}
			fmt.Fprintf(&rules, "  - record: panel:%d_%d\n    expr: '%s'\n", i, k, variables.Replace(target.Expr))
		}
	}
	file := filepath.Join(t.TempDir(), "panels.yaml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}
