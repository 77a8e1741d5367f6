package app

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
	"guardrail/sqlparse"
)

const (
	maskedFor   = "mysql-9.7.4" // as what masked statements are read: their own session's state is not recorded
	linesAround = 3             // of a policy file, before and after the one that decided
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
	r := policy.Request{Schema: i.Schema, Now: time.Now(), Statements: sqlparse.NewReader(sqlparse.Options{}).Read([]byte(i.Statement), readAs(maskedFor)).Statements}
	if !tells(i, app.Decide(r)) {
		return e
	}
	var report strings.Builder
	o.app.explain(&report, app, r, o.app.config.Environment)
	e.Report = report.String()
	if i.Environment == o.app.config.Environment && !cut(i.Statement) {
		if p, ok := propose(o.app.config.Policies, i, app, r); ok {
			e.Exception, e.File, e.Ends = p.text, p.name, p.ends
		}
	}
	return e
}

// tells reports whether the masked statement of an issue says what the one that
// was sent did, by what is decided about it now: the same as then, or something
// else where the whole text stands for the statement and policies may have changed.
func tells(i audit.Issue, now policy.Decision) bool {
	if i.Cause == string(now.Cause) {
		return true
	}
	switch policy.Cause(i.Cause) {
	case policy.ByNoGrant, policy.ByDeny, policy.ByWhere, policy.ByLimit, policy.ByRows, policy.ByKey, policy.ByVariable, policy.ByNoDatabase:
		return !cut(i.Statement)
	}
	return i.Decision == audit.AllowedDestructive && !cut(i.Statement)
}

// cut reports whether a masked statement is not whole.
func cut(masked string) bool { return strings.Contains(masked, "…") }

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
