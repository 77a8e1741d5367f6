package traffic_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"guardrail/policy/traffic"
)

func TestWriteAndRead(t *testing.T) {
	seen := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	want := []traffic.Record{
		{App: "shop", Account: "shop_web", Backend: "main", Environment: "production", Schema: "shop", Server: "mysql-8.4.7",
			SQLMode: "ANSI_QUOTES", LowerCaseNames: true, Shape: "00ff", Count: 12, Refused: 3, FirstSeen: seen,
			LastSeen: seen.Add(time.Hour), Example: "SELECT '<m>' FROM \"t\""},
		{App: "shop", Account: "b", Environment: "production", Server: "mariadb-10.11.19", Count: 1, FirstSeen: seen, LastSeen: seen, Masked: "SELECT …"},
	}
	var text bytes.Buffer
	if err := traffic.Write(&text, want...); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n != 2 || strings.Contains(text.String(), `\u003c`) {
		t.Errorf("%d lines\n%s", n, text.String())
	}
	var got []traffic.Record
	if err := traffic.Read(strings.NewReader("\n"+text.String()+"\n"), func(r traffic.Record) { got = append(got, r) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	const good = `{"app":"a","account":"b","environment":"c","server":"d","first_seen":"2026-11-22T12:00:00Z","last_seen":"2026-11-22T12:00:00Z"}`
	for _, tt := range []struct{ name, text, want string }{
		{"all well", good, ""},
		{"nothing", "", ""},
		{"no JSON", good + "\nshop", "line 2 is no record of traffic: invalid character 's' looking for beginning of value"},
		{"another record", `{"decision":"refused"}`, `line 1 is no record of traffic: json: unknown field "decision"`},
		{"two on a line", good + good, "line 1 is no record of traffic: something follows the record"},
		{"no app", strings.Replace(good, `"app":"a",`, "", 1), "line 1 is no record of traffic: app is missing"},
		{"no account", strings.Replace(good, `"account":"b",`, "", 1), "line 1 is no record of traffic: account is missing"},
		{"no environment", strings.Replace(good, `"environment":"c",`, "", 1), "line 1 is no record of traffic: environment is missing"},
		{"no server", strings.Replace(good, `"server":"d",`, "", 1), "line 1 is no record of traffic: server is missing"},
		{"backwards", strings.Replace(good, `"2026-11-22T12:00:00Z"}`, `"2026-11-21T12:00:00Z"}`, 1), "line 1 is no record of traffic: first_seen and last_seen are no span of time"},
		{"a long line", strings.Repeat("x", 2<<20), "line 1: bufio.Scanner: token too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := traffic.Read(strings.NewReader(tt.text), func(traffic.Record) {})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
