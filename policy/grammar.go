package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// clause is the parsed text of a grant, deny or exception: VERB, VERB ON object.
type clause struct {
	privileges privileges
	words      []verbWord
	pattern    pattern
	ok         bool
}

// verbWord is one of a clause's verbs as it is written.
type verbWord struct {
	name       string
	privileges privileges
	at         int // where it begins in the text
}

// parseClause reads "SELECT, INSERT ON db.*". Mistakes are told at their place in the value.
func parseClause(v strictyaml.Value) clause {
	text := v.Text()
	if text == "" || oddSpace(v, text) {
		return clause{}
	}
	verbsEnd, objectStart := splitOn(text)
	if verbsEnd < 0 {
		hint := "write it as in SELECT, INSERT ON db.*"
		if _, ok := lookUpVerb(strings.ToUpper(strings.TrimSpace(text))); ok {
			hint += ", in quotes where it stands between [ and ]: the comma begins a new line there"
		}
		v.Fail(fmt.Sprintf("%q has no ON", text), hint)
		return clause{}
	}
	if words := strings.Fields(text[:verbsEnd]); len(words) > 1 && strings.EqualFold(words[0], "GRANT") && !strings.EqualFold(words[1], "OPTION") {
		v.Fail("GRANT stands before the verbs", "leave it out, as in SELECT, INSERT ON db.*")
		return clause{}
	}
	p, known := parseObject(v, text, objectStart)
	words, ok := parseVerbs(v, text[:verbsEnd], p, known)
	c := clause{words: words, pattern: p, ok: ok && known}
	for _, w := range words {
		c.privileges = c.privileges.union(w.privileges)
	}
	return c
}

// parseObject reads the object that stands in a text from start to its end.
func parseObject(v strictyaml.Value, text string, start int) (pattern, bool) {
	object := strings.TrimSpace(text[start:])
	at := start + strings.Index(text[start:], object)
	if i := wordTo(object); i >= 0 {
		v.FailAt(at+i, "TO stands behind the object", "leave it out: what is granted here is for the app's accounts")
		return pattern{}, false
	}
	if word, _, more := strings.Cut(object, " "); more && objectTypes[strings.ToUpper(word)] {
		v.FailAt(at, strings.ToUpper(word)+" stands before the object", "leave it out, as in ON db.name")
		return pattern{}, false
	}
	p, err := parsePattern(object)
	if err != nil {
		v.FailAt(at, fmt.Sprintf("object %q: %v", object, err), "")
	}
	return p, err == nil
}

// objectTypes are the words that GRANT lets stand before an object.
var objectTypes = map[string]bool{"TABLE": true, "PROCEDURE": true, "FUNCTION": true, "PACKAGE": true}

// wordTo finds the TO of a GRANT behind an object, or returns -1.
func wordTo(object string) int {
	for i := range object {
		if i+4 <= len(object) && isSpace(object[i]) && strings.EqualFold(object[i+1:i+3], "TO") && isSpace(object[i+3]) {
			return i + 1
		}
		if object[i] == '`' {
			break
		}
	}
	return -1
}

// splitOn finds the word ON: where the verbs end and where the object starts.
func splitOn(text string) (verbsEnd, objectStart int) {
	for i := 0; i+2 <= len(text); i++ {
		if text[i] == '`' {
			break
		}
		if strings.EqualFold(text[i:i+2], "ON") && (i == 0 || isSpace(text[i-1])) && (i+2 == len(text) || isSpace(text[i+2])) {
			return i, i + 2
		}
	}
	return -1, -1
}

// oddSpace reports a character that looks like a space and separates no words, as
// comes along when a text is copied from a page. Between backticks it is a name's.
func oddSpace(v strictyaml.Value, text string) bool {
	text, _, _ = strings.Cut(text, "`")
	i := strings.IndexFunc(text, isOddSpace)
	if i < 0 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	v.FailAt(i, fmt.Sprintf("a character that only looks like a space (%U)", r), "write a plain space")
	return true
}

// isOddSpace reports whether a character looks like a space, or like nothing, and separates no words.
func isOddSpace(r rune) bool {
	return r > 0x7f && (unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff')
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// parseVerbs reads the comma-separated list before ON.
func parseVerbs(v strictyaml.Value, text string, on pattern, known bool) ([]verbWord, bool) {
	var all []verbWord
	ok, offset := true, 0
	for _, word := range strings.Split(text, ",") {
		at := offset + len(word) - len(strings.TrimLeftFunc(word, unicode.IsSpace))
		offset += len(word) + 1
		name := strings.ToUpper(strings.Join(strings.Fields(word), " "))
		if name == "" {
			v.FailAt(at, "a verb is missing", "write it as in SELECT, INSERT ON db.*")
			ok = false
			continue
		}
		set, found := lookUpVerb(name)
		if !found {
			what, hint := unknownVerb(name)
			v.FailAt(at, what, hint)
			ok = false
			continue
		}
		if known {
			set, found = narrow(v, at, name, set, on)
			ok = ok && found
		}
		all = append(all, verbWord{name, set, at})
	}
	return all, ok
}

// lookUpVerb returns the privileges of a verb or group.
func lookUpVerb(name string) (privileges, bool) {
	if name == "ALL PRIVILEGES" {
		name = "ALL"
	}
	if classes, ok := groups[name]; ok {
		return ofClasses(classes), true
	}
	if _, ok := bitOf[sqlparse.Privilege(name)]; !ok {
		name = strings.ReplaceAll(name, " ", "_")
	}
	if _, ok := bitOf[sqlparse.Privilege(name)]; !ok {
		return privileges{}, false
	}
	return only(sqlparse.Privilege(name)), true
}

// unknownVerb says what to write for a word that is no verb.
func unknownVerb(name string) (what, hint string) {
	if hint, ok := insteadOf[name]; ok {
		return name + " is no verb of a policy", hint
	}
	if list, ok := withCommas(strings.Fields(name)); ok {
		return "a comma is missing in " + name, "write " + list
	}
	if strings.ContainsAny(name, "()") {
		return "columns cannot be granted", "grant on the table, or read through a view"
	}
	if hint := strictyaml.DidYouMean(name, Verbs()); hint != "" {
		return "unknown verb " + name, hint
	}
	return "unknown verb " + name, "verbs are MySQL's privilege names, READ, WRITE, DDL, ADMIN and ALL"
}

// withCommas cuts words into verbs, if each of them belongs to one.
func withCommas(words []string) (list string, ok bool) {
	for n := len(words); n > 0; n-- {
		verb := strings.Join(words[:n], " ")
		if _, known := lookUpVerb(verb); !known {
			continue
		}
		if n == len(words) {
			return verb, true
		}
		if rest, ok := withCommas(words[n:]); ok {
			return verb + ", " + rest, true
		}
	}
	return "", false
}

// narrow leaves of a group what can be granted on the object, and refuses a
// verb that cannot.
func narrow(v strictyaml.Value, at int, name string, set privileges, on pattern) (privileges, bool) {
	covers := on.covers()
	fit := set.and(those(func(v verb) bool { return covers <= v.level }))
	if !fit.empty() {
		return fit, true
	}
	if covers == onSchema {
		v.FailAt(at, name+" is about the whole server", "write it ON *.*")
		return privileges{}, false
	}
	for bit, p := range catalogue {
		if set.has(uint(bit)) && verbs[p].level == onSchema {
			v.FailAt(at, name+" is about a whole database", "write it ON "+on.schema.String()+".*")
			return privileges{}, false
		}
	}
	v.FailAt(at, name+" is about the whole server", "write it ON *.*")
	return privileges{}, false
}
