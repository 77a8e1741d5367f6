package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"guardrail/cmd/guardrail/internal/config"
)

func TestReadUsers(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "users")
	for text, want := range map[string][]string{
		"# on call\n\noncall:" + string(hash) + "\n": nil,
		"oncall:" + string(hash) + "\r\n":            nil,
		"oncall:secret\n":                            {"users:1:1: no user with a bcrypt hash"},
		":" + string(hash):                           {"users:1:1: no user"},
		string(hash) + "\nother\n":                   {"users:1:1: no user", "users:2:1: no user"},
		"a:" + string(hash) + "\na:" + string(hash):  {`users:2:1: a second line for "a"`},
		"# nobody\n":                                 {"users:1:1: no users in it"},
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		users, err := config.ReadUsers(file)
		if (err == nil) != (len(want) == 0) || (err == nil) != (len(users) == 1) {
			t.Errorf("%.100q: %v, %v", text, users, err)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "$2a$") {
				t.Errorf("%.100q: %v", text, err)
			}
		}
	}
}
