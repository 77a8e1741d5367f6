package policy

import (
	"bytes"
	"net/url"
	"strconv"
	"time"

	"guardrail/sqlparse"
)

// maxDeclared is how much of a declared environment is told: the proxy's own is
// to stand beside it.
const maxDeclared = 64

// Declared decides about a client that declares an environment as its own, or
// declares none where the text is empty. Another environment than the set's is
// refused whatever the policy says.
func (a *App) Declared(environment string, now time.Time) Decision {
	switch {
	case a == nil:
		return Decision{Code: 1045, State: "28000", Rule: Rule{ID: string(ByNoAccount)}, Cause: ByNoAccount}
	case environment == a.environment:
		return Decision{Action: Allow, app: a.name}
	case environment != "":
		d := a.refuse(ByDeclared, 0, sqlparse.Need{}, nil)
		d.detail = environment[:min(len(environment), maxDeclared)]
		return d
	}
	for i := range a.demands {
		if d := &a.demands[i]; d.kind == demandDeclared && d.during.hold(now) {
			if no := a.undeclared(d, now); !no.Allowed() || no.Observed {
				return no
			}
		}
	}
	return Decision{Action: Allow, app: a.name}
}

// Declaration says in words what a client declared that is refused for it, or that
// it declared nothing; it is empty where the decision is about something else.
func (d Decision) Declaration() string {
	switch {
	case d.Cause != ByDeclared:
		return ""
	case d.detail == "":
		return "the client does not say which environment it belongs to"
	}
	return "the client says that it belongs to " + strconv.Quote(d.detail)
}

// undeclared decides about a client that does not say what a line of require asks for.
func (a *App) undeclared(d *demandRule, now time.Time) Decision {
	if x := lifting(d.lifts, now); x != nil {
		return Decision{Action: Allow, app: a.name}
	}
	no := a.refuse(ByDeclared, 0, sqlparse.Need{}, nil)
	no.Rule, no.Because = d.Rule, d.Because
	if now.Before(d.Until) {
		no.Action, no.Observed = Allow, true
	}
	return a.observed(no, now)
}

// Misdeclared decides about a text one of whose comments says that it belongs to
// another environment; it reports false where none does.
func (a *App) Misdeclared(lexed *sqlparse.Lexed, now time.Time) (d Decision, refused bool) {
	if a == nil || !bytes.Contains(lexed.Text, []byte(declaration)) {
		return Decision{}, false
	}
	environment := ""
	eachComment(lexed, func(inside []byte) {
		environment = Narrower(environment, InComment(inside, a.environment), a.environment)
	})
	if environment == "" || environment == a.environment {
		return Decision{}, false
	}
	d = a.Declared(environment, now)
	d.Code, d.State = 1227, "42000" // ER_SPECIFIC_ACCESS_DENIED_ERROR: 1045 is for logins
	return d, true
}

// Narrower is the one of two declarations that counts: one that is not here. A
// declaration can only restrict.
func Narrower(one, other, here string) string {
	if other == "" || one != "" && one != here {
		return one
	}
	return other
}

// declaration begins what a comment says of an environment, as sqlcommenter
// writes it: /*environment='development'*/
const declaration = "environment='"

// eachComment tells the insides of a text's comments, executable ones left out. Of
// a text that is not cut with certainty it tells all that looks like one.
func eachComment(lexed *sqlparse.Lexed, tell func(inside []byte)) {
	rest := lexed.Text
	if lexed.Ambiguous != "" {
		for found := true; found; {
			_, rest, found = bytes.Cut(rest, []byte("/*"))
			inside, _, _ := bytes.Cut(rest, []byte("*/"))
			tell(inside)
		}
		return
	}
	at := uint32(0)
	for _, t := range lexed.Tokens {
		commentsIn(rest[at:max(at, t.Start)], tell)
		at = max(at, t.End)
	}
	commentsIn(rest[at:], tell)
}

// commentsIn tells the comments in what stands between two tokens. Literals that
// the lexer left out may stand there, too, and end the telling.
func commentsIn(between []byte, tell func(inside []byte)) {
	for {
		between = bytes.TrimLeft(between, " \t\r\n\f\v")
		switch {
		case bytes.HasPrefix(between, []byte("/*!")), bytes.HasPrefix(between, []byte("/*M!")):
			return
		case bytes.HasPrefix(between, []byte("/*")):
			inside, rest, _ := bytes.Cut(between[2:], []byte("*/"))
			tell(inside)
			between = rest
		case bytes.HasPrefix(between, []byte("--")), bytes.HasPrefix(between, []byte("#")):
			_, between, _ = bytes.Cut(between, []byte("\n"))
		default:
			return
		}
	}
}

// InComment is the environment that the inside of a comment declares, "" for
// none: pairs key='value' with commas between, the values as in a URL.
func InComment(pairs []byte, here string) (environment string) {
	for pair := range bytes.SplitSeq(pairs, []byte(",")) {
		value, ok := bytes.CutPrefix(bytes.TrimSpace(pair), []byte(declaration))
		if !ok {
			continue
		}
		if value, ok = bytes.CutSuffix(value, []byte("'")); !ok {
			continue
		}
		text, err := url.PathUnescape(string(value))
		if err != nil {
			text = string(value)
		}
		environment = Narrower(environment, text, here)
	}
	return environment
}
