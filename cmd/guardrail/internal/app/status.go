package app

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"time"

	"guardrail/policy"
	"guardrail/proxy/dashboard"
)

// Status is what a running proxy enforces and how it does, as GET /status of the
// admin address tells it.
type Status struct {
	Well        bool              `json:"well"` // nothing below needs anyone's hand
	Environment string            `json:"environment"`
	Version     string            `json:"version"`
	Sessions    int               `json:"sessions"`
	Policies    PoliciesStatus    `json:"policies"`
	Backends    []BackendStatus   `json:"backends"`
	Observed    []ObservedStatus  `json:"observed"`
	Exceptions  []ExceptionStatus `json:"exceptions"`
	Record      RecordStatus      `json:"record"`
}

// PoliciesStatus tells which policies are in force.
type PoliciesStatus struct {
	Hash       string    `json:"hash"`
	LoadedAt   time.Time `json:"loaded_at"`
	AgeSeconds int64     `json:"age_seconds"`
	TriedAt    time.Time `json:"tried_at"`        // when they were last looked at on disk
	Error      string    `json:"error,omitempty"` // why those on disk are not in force
}

// BackendStatus tells how a backend does.
type BackendStatus struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Server  string `json:"server"`          // which it is, and its environment tag
	Error   string `json:"error,omitempty"` // why no client could be served
}

// ObservedStatus is an app, or a rule of one, whose refusals are not carried out.
type ObservedStatus struct {
	App   string    `json:"app"`
	Rule  string    `json:"rule,omitempty"`
	Until time.Time `json:"until"`
}

// ExceptionStatus is an exception in force.
type ExceptionStatus struct {
	App   string    `json:"app"`
	Allow string    `json:"allow"`
	Why   string    `json:"why"`
	File  string    `json:"file"`
	Line  int       `json:"line"`
	Until time.Time `json:"until"`
}

// RecordStatus tells how the record does.
type RecordStatus struct {
	Store     string    `json:"store"`
	OnFailure string    `json:"on_failure"`
	Since     time.Time `json:"since"`           // of its present state
	Error     string    `json:"error,omitempty"` // why it cannot be written
	Lost      int64     `json:"lost_events"`
	Killed    int64     `json:"killed_proxies"` // others on the same store; what they lost nobody knows
}

// serveStatus answers GET /status.
func (o *overseer) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(o.status(time.Now())) // who has gone needs no answer
}

func (o *overseer) status(now time.Time) Status {
	wait := readyTimeout * time.Duration(len(o.app.servers))
	a, h, p := o.app, o.health(wait), o.app.live.Status()
	s := Status{
		Environment: h.Environment, Version: h.Version, Sessions: h.Sessions,
		Policies: PoliciesStatus{Hash: p.Hash, LoadedAt: p.LoadedAt, AgeSeconds: int64(now.Sub(p.LoadedAt).Seconds()), TriedAt: p.TriedAt, Error: h.Policy.Err},
		Observed: observedLines(a.live.Current().Set, now),
		Record:   a.recordStatus(),
	}
	for _, b := range h.Backends {
		s.Backends = append(s.Backends, BackendStatus{Name: b.Name, Address: b.Address, Server: a.identityOf(b), Error: b.Err})
	}
	for _, x := range h.Exceptions {
		s.Exceptions = append(s.Exceptions, ExceptionStatus(x))
	}
	s.Well = s.Policies.Error == "" && s.Record.Error == ""
	for _, b := range s.Backends {
		s.Well = s.Well && b.Error == ""
	}
	return s
}

// identityOf says which server and tag were last seen behind a backend.
func (a *App) identityOf(b dashboard.Backend) string {
	for i, l := range a.config.Listeners {
		if l.Backend == b.Name {
			return a.servers[i].Identity()
		}
	}
	return ""
}

// observedLines lists the apps and rules in observe mode.
func observedLines(set *policy.Set, now time.Time) (out []ObservedStatus) {
	if set == nil {
		return nil
	}
	for _, o := range observed(set, now) {
		out = append(out, ObservedStatus{App: o.App, Until: o.Until})
	}
	for _, app := range set.Apps() {
		for _, l := range app.Lines() {
			if (l.Effect == policy.Deny || l.Effect == policy.Require) && app.Here() && l.Until.After(now) {
				out = append(out, ObservedStatus{App: app.Name(), Rule: l.ID, Until: l.Until})
			}
		}
	}
	return out
}

func (a *App) recordStatus() RecordStatus {
	h := a.book.Health()
	s := RecordStatus{Store: a.config.Audit.Store, OnFailure: a.config.Audit.OnFailure, Since: h.Since, Lost: h.Lost, Killed: h.Killed}
	if !a.config.Audit.IsMySQL() {
		s.Store = filepath.Base(s.Store)
	}
	if h.Err != nil {
		s.Error = h.Err.Error()
	}
	return s
}
