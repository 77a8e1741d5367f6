package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// tellDeclarations writes what speaks against the environment that a client
// declares at its login, or in a comment of its text, and reports whether that
// refuses what the client wants. An app that is at home elsewhere does not come
// so far.
func tellDeclarations(out io.Writer, app *policy.App, declared string, text *sqlparse.Lexed, now time.Time) (d policy.Decision, refused bool) {
	if !app.Here() {
		return d, false
	}
	if d = app.Declared(declared, now); !d.Allowed() || d.Observed {
		_, _ = fmt.Fprintf(out, "login: %s\n", outcome(d))
		for _, l := range app.Lines() {
			if l.Rule == d.Rule {
				tellLine(out, now, "required by", &l)
			}
		}
		if declared == "" {
			_, _ = fmt.Fprintf(out, "    to allow it: set the connection attribute guardrail.environment; say here with --declare to what\n")
		}
	}
	if !d.Allowed() {
		return d, true
	}
	if d, refused = app.Misdeclared(text, now); refused {
		_, _ = fmt.Fprintf(out, "comment: %s\n", outcome(d))
	}
	return d, refused
}

// tellExplanation writes how each statement is read and what its parts rest on.
func tellExplanation(out io.Writer, app *policy.App, r policy.Request) {
	bases := app.Explain(r)
	for i := range r.Statements {
		tellReading(out, fmt.Sprintf("statement %d: ", i+1), &r.Statements[i])
		for _, b := range bases {
			if b.Statement == i {
				tellBasis(out, app, r, b)
			}
		}
	}
}

// tellReading says how a statement is read, and below it those inside it.
func tellReading(out io.Writer, head string, s *sqlparse.Statement) {
	_, _ = fmt.Fprintf(out, "%s%s\n", head, describe(s))
	for i := range s.Inner {
		tellReading(out, "  holds: ", &s.Inner[i])
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
		if len(s.Pinned) > 0 {
			words = append(words, "pins "+strings.Join(s.Pinned, " and "))
		}
		if word := map[sqlparse.Limit]string{sqlparse.LimitSmall: "with a limit", sqlparse.LimitLarge: "with a limit that counts as none", sqlparse.LimitParameter: "with a parameter for its limit"}[s.Limit]; word != "" {
			words = append(words, word)
		}
	}
	if len(s.Sets) > 0 {
		words = append(words, "sets "+strings.Join(s.Sets, " and "))
	}
	return strings.Join(words, ", ")
}

// tellBasis writes what one need, requirement or limit rests on.
func tellBasis(out io.Writer, app *policy.App, r policy.Request, b policy.Basis) {
	_, _ = fmt.Fprintf(out, "  %s: %s\n", outcome(b.Decision), basisSubject(b))
	tellLine(out, r.Now, "granted by", b.Grant)
	tellLine(out, r.Now, "granted at other times by", b.Closed)
	tellLine(out, r.Now, "denied by", b.Deny)
	tellLine(out, r.Now, "required by", b.Require)
	tellLine(out, r.Now, "limited by", b.Limit)
	tellLine(out, r.Now, "excepted by", b.Exception)
	if b.Past != nil && r.Now.Before(b.Past.Until) {
		tellLine(out, r.Now, "not yet excepted by", b.Past)
	} else {
		tellLine(out, r.Now, "no longer excepted by", b.Past)
	}
	switch {
	case len(b.Decision.Questions) > 0:
		_, _ = fmt.Fprintf(out, "    it hangs on %s\n", missing(b.Decision.Questions))
	case !b.Decision.Allowed() || b.Decision.Observed:
		hint := change(app, &r.Statements[b.Statement], b)
		if b.Need.Privilege == sqlparse.Unparsed {
			hint = "correct the SQL, or write it in another way. If it must run as it is, unread by anybody: " + hint
		}
		if hint != "" {
			_, _ = fmt.Fprintf(out, "    to allow it: %s\n", hint)
		}
	}
}

// basisSubject says what a basis is about.
func basisSubject(b policy.Basis) string {
	switch {
	case b.Require != nil:
		return b.Require.Text
	case b.Limit != nil:
		return b.Limit.Text
	case b.Decision.Cause == policy.ByEnvironment:
		return "the app in this environment"
	case b.Need.Privilege == sqlparse.AnyPrivilege:
		return fmt.Sprintf("any privilege ON %s", b.Need.Object)
	case b.Need.Privilege == "":
		return "the app at this time"
	}
	return fmt.Sprintf("%s ON %s", b.Need.Privilege, b.Need.Object)
}

// outcome is a verdict in one word.
func outcome(d policy.Decision) string {
	switch {
	case len(d.Questions) > 0:
		return "open"
	case !d.Allowed():
		return "refused"
	case d.Observed:
		return "observed"
	}
	return "allowed"
}

func tellLine(out io.Writer, now time.Time, how string, l *policy.RuleLine) {
	if l == nil {
		return
	}
	notes := ""
	if n := timesOf(*l, now); len(n) > 0 {
		notes += ", " + strings.Join(n, ", ")
	}
	if l.Because != "" {
		notes += " (" + l.Because + ")"
	}
	_, _ = fmt.Fprintf(out, "    %s %s:%d: %s%s\n", how, l.File, l.Line, l.Text, notes)
}

// change says what would have to change for a part to be allowed.
func change(app *policy.App, s *sqlparse.Statement, b policy.Basis) string {
	need := fmt.Sprintf("%s ON %s", b.Need.Privilege, b.Need.Object)
	switch b.Decision.Cause {
	case policy.ByNoGrant, policy.ByUnparsed:
		if b.Closed != nil {
			return "wait, or take the time window away"
		}
		if b.Need.Privilege == sqlparse.AnyPrivilege {
			return fmt.Sprintf("grant something ON %s in %s", b.Need.Object, app.File())
		}
		again := ""
		if b.Past != nil {
			again = "open the exception anew, or "
		}
		return fmt.Sprintf("%sadd to grants in %s: - %s", again, app.File(), need)
	case policy.ByDeny:
		return fmt.Sprintf("open an exception in a file without app: {app: %s, allow: %s, until: ..., ticket: ..., by: ...}", app.Name(), need)
	case policy.ByWhere:
		if s.Where == sqlparse.WhereConstant {
			return "compare a column with a value by =, <, IN or BETWEEN; " + countsAsNone
		}
		return "restrict the rows by a column in the WHERE clause"
	case policy.ByLimit:
		if s.Limit != sqlparse.LimitNone {
			return "write a number below a million that is not all nines, as in LIMIT 10000"
		}
		return "add a LIMIT below a million"
	case policy.ByRows:
		return "restrict the rows in the WHERE clause or by a LIMIT; of a text of several statements nothing is estimated: send it alone"
	case policy.ByKey:
		return "hold the columns of the key to values in the WHERE clause"
	case policy.ByVariable:
		return "do not set the variable; the policy has set it"
	case policy.ByMultiple:
		return "send the statements one by one"
	case policy.ByEnvironment:
		return fmt.Sprintf("connect in %s, or add this one to environments in %s", strings.Join(app.Environments(), " or "), app.File())
	case policy.ByDuring:
		return "come back " + strings.Join(app.During(), " or ")
	case policy.ByNoDatabase:
		return "name the default database with --db, or qualify the table"
	}
	return ""
}

// tellVerdict writes what the client would get, and ends the process with 1 for a
// refusal, with 2 where the server would have to be asked first.
func tellVerdict(out io.Writer, app *policy.App, d policy.Decision, environment string) error {
	refusal := fmt.Sprintf("ERROR %d (%s): %s\n", d.Code, d.State, d.Message(environment, "-"))
	switch {
	case len(d.Questions) > 0 && d.Allowed():
		_, _ = fmt.Fprintf(out, "verdict: forwarded; whether it is recorded as one that would be refused hangs on %s\n", missing(d.Questions))
	case len(d.Questions) > 0:
		_, _ = fmt.Fprintf(out, "verdict: open, it hangs on %s\n", missing(d.Questions))
		return exitCode(2)
	case !d.Allowed():
		_, _ = fmt.Fprintf(out, "verdict: refused\n%s", refusal)
		return exitCode(1)
	case d.Observed:
		_, _ = fmt.Fprintf(out, "verdict: forwarded, and recorded as one that would be refused with\n%s", refusal)
	case d.Cause == policy.ByException:
		_, _ = fmt.Fprintf(out, "verdict: forwarded, by an exception\n")
	default:
		_, _ = fmt.Fprintf(out, "verdict: forwarded, app %s in %s\n", app.Name(), environment)
	}
	return nil
}
