package dashboard

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"guardrail/proxy/audit"
)

// what says what an issue's statements would do, in a few words.
func what(i audit.Issue) string {
	if i.Mixed() {
		return latest(i) + " and others"
	}
	return latest(i)
}

// latest says what an issue's latest statement would do.
func latest(i audit.Issue) string {
	switch i.Decision {
	case audit.LoginRefused:
		return loginOf(i)
	case audit.IdentityMismatch:
		return "Backend " + i.Backend + " belongs to another environment"
	case audit.IdentityChanged:
		return "Backend " + i.Backend + " is another server than before"
	case audit.PolicyFailed:
		return "Policies could not be loaded"
	case audit.PolicyLoaded:
		return "Policies were loaded"
	case audit.RecordGap:
		return "Events are missing in the record"
	}
	if verb, object, ok := strings.Cut(i.Need, " ON "); ok && i.Kind != "" {
		return strings.TrimSuffix(verb+" on "+inSchema(object, i.Schema), " on ")
	}
	verb := kinds[i.Kind]
	if verb == "" {
		verb = strings.ToUpper(strings.ReplaceAll(i.Kind, "_", " "))
	}
	if verb == "" {
		return "A statement that cannot be read"
	}
	if len(i.Objects) > 0 {
		return verb + " on " + inSchema(i.Objects[0], i.Schema)
	}
	return verb
}

// inSchema is an object's name with the session's default schema, where the
// statement named none: many schemas have a table of that name.
func inSchema(object, schema string) string {
	if object == "" || schema == "" || strings.Contains(object, ".") {
		return object
	}
	return schema + "." + object
}

// kinds are MySQL's names of statements that say little.
var kinds = map[string]string{
	"drop_db": "DROP DATABASE", "create_db": "CREATE DATABASE", "alter_db": "ALTER DATABASE",
	"delete_multi": "DELETE", "update_multi": "UPDATE", "replace_select": "REPLACE", "insert_select": "INSERT",
}

// loginOf says whose login it was: that of an account, as far as it is known.
func loginOf(i audit.Issue) string {
	switch {
	case i.Account != "":
		return "Login of “" + i.Account + "”"
	case i.App != "":
		return "Login of " + i.App
	}
	return "Login of an unknown account"
}

// why says in plain words why it was decided so.
func why(i audit.Issue) string {
	text := reason(i)
	switch i.Decision {
	case audit.WouldRefuse:
		return "Let through, as this is only observed. Once enforced it is refused: " + lowerFirst(text)
	case audit.AllowedDestructive, audit.AllowedUnread, audit.AllowedByException:
		return letThrough(i)
	}
	return text
}

func letThrough(i audit.Issue) string {
	text := "Let through: the policy of " + i.App + " allows it."
	switch i.Cause {
	case "by-exception":
		text = "Let through: an exception in the policies allows it for now."
	case audit.CauseObserved:
		text = "Let through: the policies refuse it, but this is only observed as yet."
	}
	if i.Decision == audit.AllowedUnread {
		text += " " + sentence("Nobody knows what it did: it cannot be read with certainty"+because(i.Reason))
	}
	return text
}

func reason(i audit.Issue) string {
	switch i.Cause {
	case "deny":
		if i.Because != "" {
			return "Forbidden: " + sentence(i.Because)
		}
		return "A rule of the policies forbids it."
	case "not-granted":
		return "Nothing grants " + quotedNeed(i.Need) + " to " + i.App + "."
	case "environment":
		return "This app does not belong to " + i.Environment + ". Its client probably means another server."
	case "declared":
		if i.Reason != "" {
			return upperFirst(sentence(i.Reason))
		}
	case "unparsed":
		return sentence("It cannot be read with certainty" + because(i.Reason))
	case string(audit.RecordGap), string(audit.PolicyFailed), string(audit.IdentityMismatch), "identity":
		return sentence(i.Reason)
	}
	text, known := reasons[i.Cause]
	if !known {
		text = "Refused."
	}
	if i.Because != "" && i.Cause != audit.CauseNotRecorded {
		text += " " + upperFirst(sentence(i.Because))
	}
	return text
}

// reasons are the policy's and the record's causes in plain words.
var reasons = map[string]string{
	"no-account":               "No policy names this account. If it belongs to an app, add it to the accounts in that app's file.",
	"network":                  "This account may not connect from there.",
	"during":                   "This app is not let in at this time.",
	"where":                    "It has no WHERE that limits it to some rows.",
	"limit":                    "It has no LIMIT, or one that is too high.",
	"rows":                     "The server expects it to touch more rows than allowed, or cannot say how many.",
	"key":                      "Its WHERE does not pick rows by a key.",
	"variable":                 "It changes a session variable that the policy has set.",
	"multiple":                 "Several statements in one text; this app may send one at a time.",
	"packet":                   "It is longer than this app may send.",
	"connections":              "This app has as many connections as it may have.",
	"rate":                     "This app sends more statements a second than it may.",
	"no-statement":             "There is no statement in it.",
	"no-database":              "No database is selected, so nobody can tell which table is meant.",
	"environment-tag":          "It changes the database's environment tag, which no policy allows.",
	"declared":                 "The client says that it belongs to another environment, or does not say to which.",
	"oversight":                "It destroys, and does not name what.",
	audit.CauseNotRecorded:     "The policy allows it, but it destroys data, or nobody could read whether it does, and it could not be recorded first.",
	string(audit.PolicyLoaded): "New policies are in force.",
}

// sentence ends a text with a full stop, unless it ends by itself.
func sentence(s string) string {
	if s == "" || strings.ContainsRune(".?!", rune(s[len(s)-1])) {
		return s
	}
	return s + "."
}

func quotedNeed(need string) string {
	if need == "" {
		return "it"
	}
	return need
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func lowerFirst(s string) string { return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):] }
func upperFirst(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }

// verdict is a decision in a word or two.
func verdict(d audit.Decision) string {
	switch d {
	case audit.Refused:
		return "refused"
	case audit.WouldRefuse:
		return "observed"
	case audit.AllowedDestructive:
		return "allowed"
	case audit.AllowedUnread:
		return "allowed unread"
	case audit.AllowedByException:
		return "allowed by exception"
	case audit.LoginRefused:
		return "login refused"
	case audit.IdentityMismatch:
		return "wrong environment"
	case audit.IdentityChanged:
		return "another server"
	case audit.PolicyFailed:
		return "policy failed"
	case audit.PolicyLoaded:
		return "policy loaded"
	case audit.RecordGap:
		return "record gap"
	}
	return string(d)
}

// ago is how long ago a moment was.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < -time.Minute:
		return "in " + span(-d)
	case d < 5*time.Second:
		return "now"
	}
	return span(d) + " ago"
}

// short is a moment near now, without what goes without saying.
func short(now, t time.Time) string {
	if d := now.Sub(t); d < 20*time.Hour {
		return t.Format("15:04")
	} else if d < 8*24*time.Hour {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02")
}

// span is a length of time in its largest unit.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + " days"
}

// number groups a number's digits.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// rate is a number of events a minute.
func rate(perMinute float64) string {
	switch {
	case perMinute == 0:
		return "none"
	case perMinute < 0.1:
		return "under 0.1"
	case perMinute < 10:
		return fmt.Sprintf("%.1f", perMinute)
	}
	return number(int64(perMinute + 0.5))
}

// bytesOf is a number of bytes in its largest unit.
func bytesOf(n int64) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	case n < 1<<30:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
