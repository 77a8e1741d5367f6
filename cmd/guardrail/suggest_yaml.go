package main

import (
	"fmt"
	"strings"
)

// lineYAML writes a line of a policy, in its long form where it is not for all environments.
func lineYAML(key, text string, environments []string) string {
	if environments == nil {
		return quotedYAML(text)
	}
	return fmt.Sprintf("{%s: %s, environments: %s}", key, insideYAML(text), listYAML(environments))
}

// listYAML writes a list in one line.
func listYAML(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = insideYAML(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// insideYAML is quotedYAML between brackets or braces, where a comma ends a text.
func insideYAML(text string) string {
	if strings.Contains(text, ",") {
		return fmt.Sprintf("%q", text)
	}
	return quotedYAML(text)
}

// quotedYAML quotes a text that YAML might read as something else.
func quotedYAML(text string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_., *`-", r)
	}
	odd := strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) || strings.HasSuffix(text, " ")
	switch strings.ToLower(text) {
	case "", "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		odd = true
	}
	if odd || strings.ContainsAny(text[:1], "0123456789*`-., ") {
		return fmt.Sprintf("%q", text)
	}
	return text
}
