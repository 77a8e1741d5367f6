package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"guardrail/proxy/audit"
)

// auditPrinter writes events and issues in one format.
type auditPrinter interface {
	event(audit.Kept)
	issue(audit.Issue)
	flush() error
}

// newAuditPrinter returns the one for events, or for issues.
func newAuditPrinter(out io.Writer, format string, issues bool) (auditPrinter, error) {
	switch format {
	case "text":
		return auditText{bufio.NewWriter(out)}, nil
	case "json":
		return auditJSON{bufio.NewWriter(out)}, nil
	case "csv":
		names := eventNames
		if issues {
			names = issueNames
		}
		return newAuditCSV(csv.NewWriter(out), names), nil
	}
	return nil, fmt.Errorf("--format %q: use text, json or csv", format)
}

// auditText writes for people: a line of what happened, and the statement below it.
type auditText struct{ to *bufio.Writer }

func (p auditText) event(k audit.Kept) {
	e := k.Event
	rule := e.Rule
	if e.RuleFile != "" && !strings.Contains(rule, e.RuleFile) {
		rule += " at " + e.RuleFile + ":" + strconv.Itoa(e.RuleLine)
	}
	_, _ = fmt.Fprintf(p.to, "%s  %-19s  %s  %s  %s from %s  %s  %s\n", e.Time.Format("2006-01-02 15:04:05.000"), e.Decision,
		or(e.Environment, "-"), or(e.App, "-"), or(inOneLine(e.Account), "-"), or(e.Client, "-"), or(rule, "-"), e.ID)
	p.below(or(e.Statement, e.Reason))
	switch {
	case e.Duration > 0 && e.Code != 0:
		p.below(fmt.Sprintf("the server's error %d after %s", e.Code, e.Took()))
	case e.Duration > 0:
		p.below(count(int(e.Rows), "row") + " in " + e.Took())
	}
}

func (p auditText) issue(i audit.Issue) {
	_, _ = fmt.Fprintf(p.to, "%s  %-19s  %s  %s  %s, %d in all since %s  %s  %s\n", i.LastSeen.Format("2006-01-02 15:04:05"), i.Decision,
		or(i.Environment, "-"), or(i.App, or(inOneLine(i.Account), "-")), count(int(i.InWindow), "event"), i.Events, i.FirstSeen.Format("2006-01-02 15:04"), i.Rule, i.ID)
	text := or(i.Statement, i.Reason)
	if i.Mixed() {
		text += " and others"
	}
	p.below(text)
}

func (p auditText) below(text string) {
	if text != "" {
		_, _ = fmt.Fprintf(p.to, "    %s\n", inOneLine(text))
	}
}

// inOneLine returns a text that others chose without control characters, which
// could move a terminal's cursor.
func inOneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

func (p auditText) flush() error { return p.to.Flush() }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// auditJSON writes an object a line.
type auditJSON struct{ to *bufio.Writer }

func (p auditJSON) event(k audit.Kept)  { _ = audit.WriteLine(p.to, k) }
func (p auditJSON) issue(i audit.Issue) { _ = json.NewEncoder(p.to).Encode(issueRecord(i)) }
func (p auditJSON) flush() error        { return p.to.Flush() }

// issueObject is an issue as it is exported.
type issueObject struct {
	ID          string         `json:"id"`
	Decision    audit.Decision `json:"decision"`
	Environment string         `json:"environment"`
	Backend     string         `json:"backend,omitempty"`
	App         string         `json:"app,omitempty"`
	Account     string         `json:"account,omitempty"`
	Rule        string         `json:"rule,omitempty"`
	RuleFile    string         `json:"rule_file,omitempty"`
	RuleLine    int            `json:"rule_line,omitempty"`
	Kind        string         `json:"kind,omitempty"`
	Need        string         `json:"need,omitempty"`
	Statement   string         `json:"statement,omitempty"`
	FirstSeen   time.Time      `json:"first_seen"`
	LastSeen    time.Time      `json:"last_seen"`
	Count       int64          `json:"count"`
	InTime      int64          `json:"count_in_time"`
	Rows        int64          `json:"rows,omitempty"`
	Clients     []string       `json:"clients,omitempty"`
	Note        string         `json:"note,omitempty"`
}

func issueRecord(i audit.Issue) issueObject {
	o := issueObject{
		ID: i.ID.String(), Decision: i.Decision, Environment: i.Environment, Backend: i.Backend, App: i.App, Account: i.Account,
		Rule: i.Rule, RuleFile: i.RuleFile, RuleLine: i.RuleLine, Kind: i.Kind, Need: i.Need, Statement: i.Statement,
		FirstSeen: i.FirstSeen.UTC(), LastSeen: i.LastSeen.UTC(), Count: i.Events, InTime: i.InWindow, Rows: i.Rows,
	}
	for _, c := range i.Clients {
		if c.Client != "" { // the guard's own events have none, nor have those beyond the most that are told apart
			o.Clients = append(o.Clients, c.Client)
		}
	}
	if i.Acknowledged != nil {
		o.Note = i.Acknowledged.By + ": " + i.Acknowledged.Note
	}
	return o
}

// auditCSV writes rows under a row of names.
type auditCSV struct{ to *csv.Writer }

func newAuditCSV(to *csv.Writer, names string) auditCSV {
	_ = to.Write(strings.Split(names, ","))
	return auditCSV{to}
}

const (
	eventNames = "time,id,issue,decision,environment,backend,app,account,client,schema,kind,need,rule,rule_file,rule_line,cause,code,rows,duration_ms,statement,reason,shape,objects,policy_hash,attributes"
	issueNames = "id,decision,environment,backend,app,account,rule,rule_file,rule_line,kind,need,statement,first_seen,last_seen,count,count_in_time,rows,clients,note"
)

func (p auditCSV) row(values ...string) {
	for i, v := range values {
		values[i] = inert(v)
	}
	_ = p.to.Write(values)
}

// inert keeps a text that others chose from being a formula in a spreadsheet.
func inert(v string) string {
	if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
		return "'" + v
	}
	return v
}

func (p auditCSV) event(k audit.Kept) {
	e := k.Event
	p.row(e.Time.UTC().Format(time.RFC3339Nano), e.ID, k.Issue.String(), string(e.Decision), e.Environment, e.Backend, e.App, e.Account, e.Client,
		e.Schema, e.Kind, e.Need, e.Rule, e.RuleFile, strconv.Itoa(e.RuleLine), e.Cause, strconv.Itoa(int(e.Code)),
		strconv.FormatInt(e.Rows, 10), strconv.FormatInt(e.Duration.Milliseconds(), 10), e.Statement, e.Reason,
		e.Shape, strings.Join(e.Objects, " "), e.PolicyHash, attributes(e.Attributes))
}

// attributes writes what a client says of itself as JSON, and nothing as nothing.
func attributes(all map[string]string) string {
	if len(all) == 0 {
		return ""
	}
	text, _ := json.Marshal(all) // texts always can be
	return string(text)
}

func (p auditCSV) issue(i audit.Issue) {
	o := issueRecord(i)
	p.row(o.ID, string(o.Decision), o.Environment, o.Backend, o.App, o.Account, o.Rule, o.RuleFile, strconv.Itoa(o.RuleLine), o.Kind, o.Need,
		o.Statement, o.FirstSeen.Format(time.RFC3339), o.LastSeen.Format(time.RFC3339), strconv.FormatInt(o.Count, 10),
		strconv.FormatInt(o.InTime, 10), strconv.FormatInt(o.Rows, 10), strings.Join(o.Clients, " "), o.Note)
}

func (p auditCSV) flush() error {
	p.to.Flush()
	return p.to.Error()
}
