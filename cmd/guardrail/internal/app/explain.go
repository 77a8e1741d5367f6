package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
	"guardrail/sqlparse"
)

const (
	maskedFor    = "mysql-9.7.4" // as what masked statements are read: their own session's state is not recorded
	exceptionFor = time.Hour     // how long a proposed exception holds
	linesAround  = 3             // of a policy file, before and after the one that decided
)

// Explain says what the policies in force say of an issue, as far as its masked
// statement tells.
func (o *overseer) Explain(i audit.Issue) dashboard.Explanation {
	e := dashboard.Explanation{Lines: policyLines(o.app.config.Policies, i.RuleFile, i.RuleLine)}
	set := o.app.live.Current().Set
	app := set.App(i.App)
	if app == nil || i.Statement == "" {
		return e
	}
	now := time.Now()
	r := policy.Request{Schema: i.Schema, Now: now, Statements: sqlparse.NewReader(sqlparse.Options{}).Read([]byte(i.Statement), readAs(maskedFor)).Statements}
	var report strings.Builder
	o.app.explain(&report, app, r, o.app.config.Environment)
	e.Report = report.String()
	if i.Environment == o.app.config.Environment && !strings.Contains(i.Statement, "…") {
		if p, ok := propose(o.app.config.Policies, i, app, r); ok {
			e.Exception, e.File, e.Ends = p.text, p.name, p.ends
		}
	}
	return e
}

// policyLines returns the lines of a policy file around one. Only files of the
// policies' own directory are read, whatever the record says.
func policyLines(dir, file string, line int) []dashboard.Line {
	if file == "" || line < 1 {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
	if err != nil {
		return nil
	}
	var out []dashboard.Line
	for n, l := range strings.Split(string(text), "\n") {
		if n+1 >= line-linesAround && n+1 <= line+linesAround {
			out = append(out, dashboard.Line{Number: n + 1, Text: l, Decided: n+1 == line})
		}
	}
	return out
}

// proposal is an exception and its test, as a policy file of their own.
type proposal struct {
	name, text string
	ends       time.Time
}

// propose makes a policy file that lifts the refusal of an issue for a while.
// It is tried with the policies on disk: without mistakes, and with the
// statement allowed. Where that fails there is no proposal.
func propose(dir string, i audit.Issue, app *policy.App, r policy.Request) (proposal, bool) {
	subjects := refusedSubjects(app, r)
	if len(subjects) == 0 {
		return proposal{}, false
	}
	begin := r.Now.UTC().Truncate(time.Minute)
	p := proposal{name: "exception-" + app.Name() + ".yaml", ends: begin.Add(exceptionFor)}
	var text strings.Builder
	text.WriteString("exceptions:\n")
	for _, s := range subjects {
		fmt.Fprintf(&text, "  - app: %s\n    %s\n    environments: [%s]\n    until: %s\n    ticket: FILL-IN\n    by: FILL-IN\n",
			app.Name(), s, i.Environment, p.ends.Format(time.RFC3339))
	}
	text.WriteString("tests: # both go when the exception has ended\n")
	fmt.Fprintf(&text, "  - {app: %s, sql: %s, %sexpect: allow, environment: %s, at: %s}\n",
		app.Name(), inQuotes(i.Statement), schemaOf(i), i.Environment, r.Now.UTC().Format(time.RFC3339))
	p.text = text.String()
	return p, p.works(dir)
}

// refusedSubjects are what exceptions must allow or lift for a request to pass,
// each in the words of a policy file.
func refusedSubjects(app *policy.App, r policy.Request) []string {
	var out []string
	for _, b := range app.Explain(r) {
		if b.Decision.Allowed() && !b.Decision.Observed {
			continue
		}
		subject := fmt.Sprintf("allow: %s", inQuotes(fmt.Sprintf("%s ON %s", b.Need.Privilege, b.Need.Object)))
		if b.Require != nil {
			subject = "lift: " + b.Require.ID
		}
		if !slices.Contains(out, subject) {
			out = append(out, subject)
		}
	}
	return out
}

func schemaOf(i audit.Issue) string {
	if i.Schema == "" {
		return ""
	}
	return "db: " + inQuotes(i.Schema) + ", "
}

// inQuotes writes a text as YAML and JSON both read it.
func inQuotes(s string) string {
	var out strings.Builder
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	_ = to.Encode(s) // a text always can be
	return strings.TrimSuffix(out.String(), "\n")
}

// works tries the file together with the policies on disk, as guardrail check
// and guardrail test do.
func (p proposal) works(dir string) bool {
	sources, err := policy.ReadDir(dir)
	if err != nil {
		return false
	}
	parsed, err := policy.Parse(append(sources, policy.Source{File: p.name, Text: []byte(p.text)}))
	if err != nil {
		return false
	}
	passed := 0
	for _, result := range policytest.Run(parsed, policytest.Options{Reader: sqlparse.NewReader(sqlparse.Options{}), Mode: readAs(maskedFor), Now: time.Now()}) {
		if result.Test.File == p.name {
			if result.Failure != "" {
				return false
			}
			passed++
		}
	}
	return passed > 0
}
