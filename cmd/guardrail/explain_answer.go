package main

import (
	"fmt"
	"io"
	"strings"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// tellExplanation writes how each statement is read and what its needs rest on.
func tellExplanation(out io.Writer, app *policy.App, r policy.Request) {
	bases := app.Explain(r)
	for i := range r.Statements {
		_, _ = fmt.Fprintf(out, "statement %d: %s\n", i+1, describe(&r.Statements[i]))
		for _, b := range bases {
			if b.Statement == i {
				tellBasis(out, app, b)
			}
		}
	}
}

// describe says how a statement is read.
func describe(s *sqlparse.Statement) string {
	if s.Kind == sqlparse.Unknown {
		return "not read with certainty: " + s.Reason
	}
	words := []string{string(s.Kind)}
	if s.Destructive {
		words = append(words, "destructive")
	}
	if s.Explain {
		words = append(words, "only planned")
	}
	switch s.Kind {
	case "update", "update_multi", "delete", "delete_multi":
		words = append(words, "where: "+s.Where.String())
	}
	return strings.Join(words, ", ")
}

// tellBasis writes what one need, or one requirement, rests on.
func tellBasis(out io.Writer, app *policy.App, b policy.Basis) {
	subject := fmt.Sprintf("%s ON %s", b.Need.Privilege, b.Need.Object)
	if b.Require != nil {
		subject = b.Require.Text
	}
	_, _ = fmt.Fprintf(out, "  %s: %s\n", outcome(b.Decision), subject)
	tellLine(out, "granted by", b.Grant)
	tellLine(out, "denied by", b.Deny)
	tellLine(out, "required by", b.Require)
	tellLine(out, "excepted by", b.Exception)
	if b.Decision.Allowed() && !b.Decision.Observed {
		return
	}
	if hint := change(app, b); hint != "" {
		_, _ = fmt.Fprintf(out, "    to allow it: %s\n", hint)
	}
}

// outcome is a verdict in one word.
func outcome(d policy.Decision) string {
	switch {
	case !d.Allowed():
		return "refused"
	case d.Observed:
		return "observed"
	}
	return "allowed"
}

func tellLine(out io.Writer, how string, l *policy.RuleLine) {
	if l == nil {
		return
	}
	because := ""
	if l.Because != "" {
		because = " (" + l.Because + ")"
	}
	_, _ = fmt.Fprintf(out, "    %s %s:%d: %s%s\n", how, l.File, l.Line, l.Text, because)
}

// change says what would have to change for a need to be allowed.
func change(app *policy.App, b policy.Basis) string {
	switch b.Decision.Cause {
	case policy.ByNoGrant, policy.ByUnparsed:
		return fmt.Sprintf("add to grants in %s: - %s ON %s", app.File(), b.Need.Privilege, b.Need.Object)
	case policy.ByDeny:
		return fmt.Sprintf("open an exception in a file without app: {app: %s, allow: %s ON %s, until: ..., ticket: ..., by: ...}",
			app.Name(), b.Need.Privilege, b.Need.Object)
	case policy.ByWhere:
		return "restrict the rows by a column in the WHERE clause"
	case policy.ByNoDatabase:
		return "name the default database with --db, or qualify the table"
	}
	return ""
}

// tellVerdict writes what the client would get, and ends the process with 1 for a refusal.
func tellVerdict(out io.Writer, app *policy.App, d policy.Decision, environment string) error {
	switch {
	case !d.Allowed():
		_, _ = fmt.Fprintf(out, "verdict: refused\nERROR %d (%s): %s\n", d.Code, d.State, d.Message(environment, "-"))
		return exitCode(1)
	case d.Observed:
		_, _ = fmt.Fprintf(out, "verdict: forwarded, and recorded as one that would be refused\nERROR %d (%s): %s\n", d.Code, d.State, d.Message(environment, "-"))
	case d.Cause == policy.ByException:
		_, _ = fmt.Fprintf(out, "verdict: forwarded, by an exception\n")
	default:
		_, _ = fmt.Fprintf(out, "verdict: forwarded, app %s in %s\n", app.Name(), environment)
	}
	return nil
}
