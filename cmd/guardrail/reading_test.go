package main

import (
	"fmt"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// TestReadingIsBounded sends texts up to the bounds of guardrail.yaml and beyond.
func TestReadingIsBounded(t *testing.T) {
	server := mysqltest.MySQL(t)
	server.Database(t, "accounting")
	server.User(t, "accounting_web", "ALL ON *.*")
	admin := freeAddress(t)
	s := serveIn(t, t.TempDir(), server.Addr(), fmt.Sprintf(`admin: {address: %q}
reading: {max_text: 8KiB, max_tokens: 1000, max_depth: 10, max_joins: 10}
`, admin), "http://"+admin+"/readyz")
	db := s.open("accounting_web")
	for _, row := range []struct {
		name, text string
		refused    bool
	}{
		{"text", "SELECT 1" + strings.Repeat(" ", 8<<10) + "+ 1", true},
		{"comment", "SELECT 1 /*" + strings.Repeat("x", 7<<10) + "*/", false},
		{"tokens", "SELECT 1" + strings.Repeat("+1", 600), true},
		{"few tokens", "SELECT 1" + strings.Repeat("+1", 400), false},
		{"row of literals", "SELECT 1 IN (1" + strings.Repeat(",1", 2000) + ")", false},
		{"depth", "SELECT " + strings.Repeat("(", 11) + "1" + strings.Repeat(")", 11), true},
		{"depth up to it", "SELECT " + strings.Repeat("(", 10) + "1" + strings.Repeat(")", 10), false},
	} {
		_, err := db.ExecContext(t.Context(), row.text)
		if refused := err != nil && strings.Contains(err.Error(), "cannot be read with certainty"); refused != row.refused || err != nil && !refused {
			t.Errorf("%s: %v, want refused %v", row.name, err, row.refused)
		}
	}
}
