package policy

import (
	"errors"
	"fmt"
	"strings"
)

// pattern is the object of a rule: *.*, db.*, db.name, with * at the end of
// either name standing for any rest.
type pattern struct {
	schema namePattern
	name   namePattern
}

// namePattern is a name, or the beginning of one. As a prefix, the empty text is any name.
type namePattern struct {
	text   string
	prefix bool
}

func (n namePattern) any() bool { return n.prefix && n.text == "" }

// holds reports whether the pattern covers a name, both folded alike.
func (n namePattern) holds(name string) bool {
	if n.prefix {
		return strings.HasPrefix(name, n.text)
	}
	return name == n.text
}

// matches is holds for a name that is held as bytes.
func (n namePattern) matches(name []byte) bool {
	if n.prefix {
		return len(name) >= len(n.text) && string(name[:len(n.text)]) == n.text
	}
	return string(name) == n.text
}

// String writes the name as a policy file would.
func (n namePattern) String() string {
	text := n.text
	if strings.ContainsFunc(text, needsQuotes) || text == "" && !n.prefix {
		text = "`" + strings.ReplaceAll(text, "`", "``") + "`"
	}
	if n.prefix {
		text += "*"
	}
	return text
}

// everywhere reports whether the pattern is *.*.
func (p pattern) everywhere() bool { return p.schema.any() && p.name.any() }

// String writes the pattern as GRANT would: db.table.
func (p pattern) String() string { return p.schema.String() + "." + p.name.String() }

// covers returns the widest level that the pattern stands for.
func (p pattern) covers() level {
	switch {
	case p.everywhere():
		return onServer
	case p.name.any():
		return onSchema
	}
	return onTable
}

// needsQuotes reports whether a character can stand in a name only between backticks.
func needsQuotes(r rune) bool {
	return r <= ' ' || r == 0x7f || isOddSpace(r) || strings.ContainsRune("`*.,;%'\"()=<>", r)
}

var (
	errNoDot     = errors.New("an object is *.*, db.* or db.table")
	errWildcard  = errors.New("* stands only at the end of a name, as in old_*")
	errQuotes    = errors.New("a name stands without quotes, or between backticks")
	errPercent   = errors.New("% is no wildcard here; write * at the end of a name, as in old_*")
	errBacktick  = errors.New("a backtick is not closed")
	errColumns   = errors.New("columns cannot be granted; grants are on tables")
	errEmptyName = errors.New("a name is empty")
	errLongName  = errors.New("a name is longer than the 64 characters that the server allows")
)

// parsePattern reads an object pattern.
func parsePattern(text string) (pattern, error) {
	schema, rest, err := parseName(text)
	if err != nil {
		return pattern{}, err
	}
	if !strings.HasPrefix(rest, ".") {
		return pattern{}, noDot(text, rest)
	}
	name, rest, err := parseName(rest[1:])
	if err != nil {
		return pattern{}, err
	}
	if rest != "" {
		return pattern{}, fmt.Errorf("unexpected %q after the object; %w", strings.TrimSpace(rest), errNoDot)
	}
	return pattern{schema: schema, name: name}, nil
}

// noDot says what to write for a name without a dot.
func noDot(text, rest string) error {
	if text == "*" {
		return fmt.Errorf("%w; write *.* for everything", errNoDot)
	}
	if rest == "" {
		return fmt.Errorf("%w; write %s.* for the whole database", errNoDot, text)
	}
	return errNoDot
}

// parseName reads one name of an object and returns what follows it.
func parseName(text string) (namePattern, string, error) {
	name, rest, err := cutName(text)
	if err != nil {
		return namePattern{}, "", err
	}
	p := namePattern{text: name}
	if strings.HasPrefix(rest, "*") {
		p.prefix, rest = true, rest[1:]
	}
	switch {
	case p.text == "" && !p.prefix && rest != "" && strings.ContainsRune(`"'`, rune(rest[0])):
		return namePattern{}, "", errQuotes
	case p.text == "" && !p.prefix && strings.HasPrefix(rest, "%"):
		return namePattern{}, "", errPercent
	case p.text == "" && !p.prefix:
		return namePattern{}, "", errEmptyName
	case len([]rune(p.text)) > 64:
		return namePattern{}, "", errLongName
	case rest != "" && rest[0] != '.':
		return namePattern{}, "", trailing(rest, p.prefix)
	}
	return p, rest, nil
}

// trailing says why a name cannot go on with rest, which is more than spaces.
func trailing(rest string, prefix bool) error {
	switch behind := strings.TrimSpace(rest); {
	case behind == ",", behind == ";":
		return fmt.Errorf("a %s stands behind it; leave it out", behind)
	case behind[:1] == ",":
		return errors.New("one object a line; write another line for the next")
	case prefix:
		return errWildcard
	case rest[0] == '%':
		return errPercent
	case behind[:1] == "(":
		return errColumns
	}
	return fmt.Errorf("unexpected %q after a name; a name with odd characters stands between backticks", strings.TrimSpace(rest))
}

// cutName splits a name, quoted or not, from what follows it.
func cutName(text string) (name, rest string, err error) {
	if !strings.HasPrefix(text, "`") {
		end := strings.IndexFunc(text, needsQuotes)
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '`' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '`' {
			b.WriteByte('`')
			i++
			continue
		}
		return b.String(), text[i+1:], nil
	}
	return "", "", errBacktick
}
