package app

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/proxy/audit"
	"guardrail/sqlparse"
)

// exceptionFor is how long a proposed exception holds.
const exceptionFor = time.Hour

// proposal is an exception and its test, as a policy file of their own.
type proposal struct {
	name, text string
	ends       time.Time
}

// propose makes a policy file that lifts the refusal of an issue for a while.
// It is tried with the policies on disk: without mistakes, and with the
// statement allowed. Where that fails there is no proposal. Tests that say that
// the statement is refused are named in it: policies whose tests fail are not loaded.
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
	broken, works := p.try(dir)
	if len(broken) > 0 {
		p.text = fmt.Sprintf("# These tests fail while it holds, and the policies are not loaded: give them an\n# at: of %s or later, or take them out until then.\n#   %s\n",
			p.ends.Format(time.RFC3339), strings.Join(broken, "\n#   ")) + p.text
	}
	return p, works
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

// try tries the file together with the policies on disk, as guardrail check and
// guardrail test do. It returns the places of the tests there that fail with it alone.
func (p proposal) try(dir string) (broken []string, works bool) {
	sources, err := policy.ReadDir(dir)
	if err != nil {
		return nil, false
	}
	before, err := policy.Parse(sources)
	if err != nil {
		return nil, false
	}
	with, err := policy.Parse(append(sources, policy.Source{File: p.name, Text: []byte(p.text)}))
	if err != nil {
		return nil, false
	}
	failed := map[policy.Rule]bool{}
	for _, result := range testNow(before) {
		failed[result.Test.Rule] = result.Failure != ""
	}
	passed := 0
	for _, result := range testNow(with) {
		own := result.Test.File == p.name
		switch {
		case own && result.Failure != "":
			return nil, false
		case own:
			passed++
		case result.Failure != "" && !failed[result.Test.Rule]:
			broken = append(broken, fmt.Sprintf("%s:%d", filepath.Base(result.Test.File), result.Test.Line))
		}
	}
	return broken, passed > 0
}

func testNow(parsed *policy.Policy) []policytest.Result {
	return policytest.Run(parsed, policytest.Options{Reader: sqlparse.NewReader(sqlparse.Options{}), Mode: readAs(maskedFor), Now: time.Now()})
}
