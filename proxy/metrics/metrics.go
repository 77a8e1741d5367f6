// Package metrics counts what the proxy does, on a registerer that is handed
// in. Names and units follow Prometheus's conventions; labels are bounded by
// what the policies and the reader can name, never by what a client sends.
package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics holds the counters. All methods are safe for concurrent use.
type Metrics struct {
	statements *prometheus.CounterVec
	refusals   *prometheus.CounterVec
	commands   *prometheus.CounterVec
	logins     *prometheus.CounterVec
	decision   prometheus.Histogram
	sessions   prometheus.Gauge
	shapes     shapes

	reloadOK   prometheus.Gauge
	reloadTime prometheus.Gauge
	policy     *prometheus.GaugeVec
	identity   *prometheus.GaugeVec
}

// In makes every metric that is registered on it say which environment it is of.
func In(environment string, r prometheus.Registerer) prometheus.Registerer {
	return prometheus.WrapRegistererWith(prometheus.Labels{"environment": environment}, r)
}

// New registers the metrics on r. It panics where a name is taken, as
// MustRegister does.
func New(r prometheus.Registerer, environment, version, revision, goVersion string) *Metrics {
	m := &Metrics{
		statements: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guardrail_statements_total",
			Help: "Statements judged, by the app's policy, the statement's kind, whether it takes rows or definitions away (true, false) and the decision (allowed, refused, would_refuse).",
		}, []string{"app", "environment", "kind", "destructive", "decision"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guardrail_refusals_total",
			Help: "Statements and logins refused, by app and by the rule that refused.",
		}, []string{"app", "rule"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guardrail_commands_refused_total",
			Help: "Protocol commands that are never forwarded, by app and command.",
		}, []string{"app", "command"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guardrail_logins_total",
			Help: "Logins by result: ok, refused (by the policy), denied (by the backend), failed (connection or protocol).",
		}, []string{"result"}),
		decision: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "guardrail_decision_duration_seconds",
			Help:    "Time to read a command's text and decide about it, of one command in sixteen.",
			Buckets: []float64{1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2, 1e-1, 1},
		}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "guardrail_sessions",
			Help: "Client sessions that are logged in.",
		}),
		reloadOK: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "guardrail_policy_last_reload_successful",
			Help: "Whether the last attempt to load the policies succeeded; at 0 the last good policies are in force.",
		}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "guardrail_policy_last_reload_success_timestamp_seconds",
			Help: "When the policies in force were loaded.",
		}),
		policy: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "guardrail_policy_info",
			Help: "The policies in force, by hash; always 1.",
		}, []string{"hash"}),
	}
	m.identity = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "guardrail_backend_identity",
		Help: "Which environment's tag was last read in the backend's data, and whether it is the proxy's: match, mismatch, missing, unknown; always 1.",
	}, []string{"backend", "environment", "tag", "state"})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "guardrail_build_info",
		Help: "How this binary was built and which environment it fronts; always 1.",
	}, []string{"version", "revision", "goversion", "environment"})
	build.WithLabelValues(version, revision, goVersion, environment).Set(1)
	r.MustRegister(m.statements, m.identity, build)
	In(environment, r).MustRegister(m.refusals, m.commands, m.logins, m.decision, m.sessions, m.reloadOK, m.reloadTime, m.policy, &m.shapes)
	return m
}

// Counter counts one thing. It is found once and kept where it counts often.
type Counter interface{ Inc() }

// Statement counts statements of a kind that are judged alike.
func (m *Metrics) Statement(app, environment, kind string, destructive bool, decision string) Counter {
	if kind == "" {
		kind = "unknown"
	}
	return m.statements.WithLabelValues(app, environment, kind, strconv.FormatBool(destructive), decision)
}

// Refusal counts one refusal by the rule that made it.
func (m *Metrics) Refusal(app, rule string) { m.refusals.WithLabelValues(app, rule).Inc() }

// Command counts one command that is not forwarded whatever the policy says.
func (m *Metrics) Command(app, command string) { m.commands.WithLabelValues(app, command).Inc() }

// Login counts one login attempt by its result.
func (m *Metrics) Login(result string) { m.logins.WithLabelValues(result).Inc() }

// Decision observes how long reading and deciding took.
func (m *Metrics) Decision(took time.Duration) { m.decision.Observe(took.Seconds()) }

// SessionOpened and SessionClosed keep the number of sessions.
func (m *Metrics) SessionOpened() { m.sessions.Inc() }

// SessionClosed counts a session that ended.
func (m *Metrics) SessionClosed() { m.sessions.Dec() }

// Reloaded takes note of an attempt to load the policies.
func (m *Metrics) Reloaded(at time.Time, hash string, err error) {
	if err != nil {
		m.reloadOK.Set(0)
		return
	}
	m.reloadOK.Set(1)
	m.reloadTime.Set(float64(at.UnixNano()) / 1e9)
	m.policy.Reset()
	m.policy.WithLabelValues(hash).Set(1)
}

// BackendIdentity takes note of the tag that a backend was found with.
func (m *Metrics) BackendIdentity(backend, environment, tag, state string) {
	m.identity.DeletePartialMatch(prometheus.Labels{"backend": backend})
	m.identity.WithLabelValues(backend, environment, tag, state).Set(1)
}
