package policytest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// failure says in what an outcome is not what the test expects.
func (s *subject) failure(o outcome) string {
	t := s.test
	expected := map[bool]string{true: "allow", false: "deny"}[t.Allow]
	if t.Observe {
		expected = "observe"
	}
	switch {
	case o.allowed() && t.Allow:
		return ""
	case o.allowed():
		return "expected " + expected + ", but it is allowed" + byException(o.decision)
	case t.Allow || t.Observe && !o.decision.Observed:
		return "expected " + expected + ", but it is refused by " + by(o.decision) + s.notes(o)
	case t.By != "" && named(o, t.By) == nil:
		return fmt.Sprintf("expected %s by %s, but it is refused by %s; write by: %s", expected, t.By, by(o.decision), words(o))
	}
	return ""
}

// named returns the refusal that a test's by names, or nil.
func named(o outcome, by string) *policy.Decision {
	refusals := o.refusals()
	if i := slices.IndexFunc(refusals, func(d policy.Decision) bool { return Names(d, by) }); i >= 0 {
		return &refusals[i]
	}
	return nil
}

// byException names the exception that lets a statement pass, if one does.
func byException(d policy.Decision) string {
	if d.Cause != policy.ByException {
		return ""
	}
	return " by the exception " + by(policy.Decision{Rule: d.Rule})
}

// notes says what about a refusal the rule alone does not tell: that it is only
// observed, that it hangs on the moment, that the test does not say enough.
func (s *subject) notes(o outcome) string {
	var b strings.Builder
	end := observedUntil(o)
	switch {
	case o.decision.Observed:
		b.WriteString(", only observed until " + stamp(end) + "; tests count that as refused, unless they expect observe")
	case s.test.Observe && !end.IsZero():
		b.WriteString(", and was observed until " + stamp(end))
	}
	if o.decision.Cause == policy.ByDuring && o.app != nil {
		b.WriteString("; the app may connect only " + strings.Join(o.app.During(), " and "))
	}
	for _, basis := range o.bases {
		if l := basis.Closed; l != nil {
			fmt.Fprintf(&b, "; granted only %s by %s:%d", strings.Join(l.During, " and "), l.File, l.Line)
		}
		if l := basis.Past; l != nil && !o.at.Before(l.Until) {
			fmt.Fprintf(&b, "; the exception %s:%d has ended at %s", l.File, l.Line, stamp(l.Until))
		}
	}
	if o.decision.Cause == policy.ByDeclared && s.test.Declared == "" {
		b.WriteString("; no declared: given")
	}
	for _, q := range o.decision.Questions {
		b.WriteString(unanswered[q.Kind])
	}
	return b.String()
}

// unanswered says of a question that the test leaves it open.
var unanswered = map[policy.QuestionKind]string{
	policy.AskRows:  "; no rows: given",
	policy.AskKeys:  "; no primary_key: or unique_key: given",
	policy.AskLimit: "; it hangs on the value of the parameter in its LIMIT: write a number there",
	policy.AskTexts: "; it hangs on whether the key is compared with a text",
}

// observedUntil is when what refuses is or was enforced after its observe mode; zero where it has none.
func observedUntil(o outcome) time.Time {
	if o.app == nil {
		return time.Time{}
	}
	end := o.app.ObservedUntil()
	for _, l := range o.app.Lines() {
		if placeOf(l.Rule) == placeOf(o.decision.Rule) && l.Effect != policy.Exception && end.Before(l.Until) {
			end = l.Until
		}
	}
	return end
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// by tells what refused: the rule and, where a privilege is in question, the need.
func by(d policy.Decision) string {
	what := d.Rule.ID
	place := fmt.Sprintf("%s:%d", d.Rule.File, d.Rule.Line)
	switch {
	case d.Rule.File == "":
	case d.Cause == policy.ByDuring, d.Cause == policy.ByNetwork, d.Cause == policy.ByEnvironment: // at login the rule is the app's place
		what = fmt.Sprintf("%s (%s)", d.Cause, place)
	case what == d.Rule.Place():
		what = place
	default:
		what += " (" + place + ")"
	}
	switch d.Need.Privilege {
	case "":
	case sqlparse.AnyPrivilege:
		what += fmt.Sprintf(", any privilege ON %s", d.Need.Object)
	default:
		what += fmt.Sprintf(", %s ON %s", d.Need.Privilege, d.Need.Object)
	}
	return what
}
