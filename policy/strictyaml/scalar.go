package strictyaml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Text returns the text of a value that is written as one. Numbers, dates and
// true must stand between quotes to be texts.
func (v Value) Text() string {
	if !v.is(yaml.ScalarNode, "a text", "") {
		return ""
	}
	if v.node.Tag != "!!str" {
		v.Fail(v.label+" must be a text, not "+kindName(v.node), fmt.Sprintf("try %q", v.node.Value))
		return ""
	}
	if strings.TrimSpace(v.node.Value) == "" {
		v.Fail(v.label+" is empty", "")
		return ""
	}
	return v.node.Value
}

// Word returns a name that is fit for errors, metrics and file names: up to 64
// letters, digits, -, _ and ., of which the first is a letter or digit. what
// says what is named: "an environment".
func (v Value) Word(what string) string {
	text := v.Text()
	for i, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("-_.", r)) || i >= 64 {
			v.Fail(fmt.Sprintf("%s cannot be %q", what, text), "write up to 64 letters, digits, -, _ and .")
			return ""
		}
	}
	return text
}

// OneOf returns the text of a value that is one of the words.
func (v Value) OneOf(words ...string) string {
	choice := strings.Join(words, " or ")
	if !v.is(yaml.ScalarNode, choice, "") {
		return ""
	}
	text := v.node.Value
	if v.node.Tag == "!!str" && slices.Contains(words, text) {
		return text
	}
	hint := DidYouMean(text, words)
	if hint == "" {
		hint = "write " + choice
	}
	v.Fail(fmt.Sprintf("%s cannot be %q", v.label, text), hint)
	return ""
}

// Bool returns the truth of a value that is true or false.
func (v Value) Bool() bool {
	if !v.is(yaml.ScalarNode, "true or false", "") {
		return false
	}
	if v.node.Tag != "!!bool" {
		v.Fail(v.label+" must be true or false", "write true or false")
		return false
	}
	return v.node.Value == "true" || v.node.Value == "True" || v.node.Value == "TRUE"
}

// Int returns a whole number between least and most.
func (v Value) Int(least, most int) int {
	if !v.is(yaml.ScalarNode, "a number", "") {
		return 0
	}
	n, err := strconv.Atoi(v.node.Value)
	if err != nil || v.node.Tag != "!!int" || n < least || n > most {
		v.Fail(fmt.Sprintf("%s must be a number from %d to %d", v.label, least, most), "")
		return 0
	}
	return n
}

// Duration returns a length of time above zero, written as Go does (1h30m,
// 500ms) or in days (90d).
func (v Value) Duration() time.Duration {
	if !v.is(yaml.ScalarNode, "a time span", "") {
		return 0
	}
	d, err := parseDuration(v.node.Value)
	switch {
	case err != nil:
		v.Fail(fmt.Sprintf("%s must be a time span, not %q", v.label, v.node.Value), durationHint(v.node.Value))
		return 0
	case d <= 0:
		v.Fail(v.label+" must be above zero", "")
		return 0
	}
	return d
}

func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func durationHint(s string) string {
	if _, err := strconv.ParseUint(s, 10, 16); err == nil {
		return "name the unit, as in " + s + "s"
	}
	return "try 30s, 5m or 90d"
}
