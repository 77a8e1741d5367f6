package audit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
)

var update = flag.Bool("update", false, "write the golden files")

// The golden file is what log shippers are promised: a change of it is a change
// of the documented schema.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	k := keep(t, open(t, t.TempDir()+"/audit.db", ""), func(o *audit.Options) { o.Lines, o.FlushEvery = &out, time.Hour })
	for i, e := range everyKind() {
		e.ID = "01M81K80R4VY3CWY2NYQ0M9WQ" + string("0123456789ABC"[i])
		if e.Decision != audit.AllowedDestructive && e.Decision != audit.AllowedUnread {
			if err := k.Record(e); err != nil {
				t.Fatal(err)
			}
			continue
		}
		k.submit(t, &e)
		e.Rows, e.Duration = 1200, 1500*time.Millisecond
		k.Finished(&e)
	}
	k.mustStop(t)
	lines := strings.SplitAfter(out.String(), "\n")
	slices.Sort(lines)
	got := strings.Join(lines, "")
	const golden = "testdata/lines.json"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

// pieces keeps what is written at once.
type pieces []string

func (p *pieces) Write(b []byte) (int, error) {
	*p = append(*p, string(b))
	return len(b), nil
}

// The log's own lines go the same way, and must not come between two parts of one.
func TestLinesAreWrittenWhole(t *testing.T) {
	var out pieces
	k := keep(t, open(t, t.TempDir()+"/audit.db", ""), func(o *audit.Options) { o.Lines, o.FlushEvery = &out, time.Hour })
	for i := range 1000 {
		e := drop(time.Now())
		e.Shape = strconv.Itoa(i)
		if err := k.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	k.mustStop(t)
	if len(out) < 2 {
		t.Fatalf("written in %d pieces: too few to part any line", len(out))
	}
	for _, piece := range out {
		if !strings.HasSuffix(piece, "\n") {
			t.Fatalf("a line is parted: %.100s", piece)
		}
	}
}

// The README documents every field that a line can have.
func TestTheReadmeKnowsEveryField(t *testing.T) {
	golden, err := os.ReadFile("testdata/lines.json")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(golden)) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		for _, name := range fieldNames("", line) {
			if !strings.Contains(string(readme), "`"+name+"`") {
				t.Errorf("the README says nothing of %s", name)
			}
		}
	}
}

// fieldNames are the names of an object's fields, with those of the objects in it.
func fieldNames(prefix string, object map[string]any) []string {
	var names []string
	for name, value := range object {
		inner, ok := value.(map[string]any)
		if ok && name != "attributes" {
			names = append(names, fieldNames(prefix+name+".", inner)...)
			continue
		}
		names = append(names, prefix+name)
	}
	return names
}

// everyKind is one event of each decision, some with what only they have.
func everyKind() []audit.Event {
	at := time.Date(2026, 12, 1, 3, 4, 5, 678_000_000, time.UTC)
	refused := drop(at)
	would := drop(at)
	would.Decision = audit.WouldRefuse
	login := audit.Event{
		Time: at, Environment: "production", Backend: "main", Account: "stranger", Client: "10.0.0.9", Schema: "accounting",
		Decision: audit.LoginRefused, Cause: "no-account", Rule: "no-account", Code: 1045, PolicyHash: "abc",
	}
	unread := drop(at)
	unread.Cause, unread.Rule, unread.Kind, unread.Need = "unparsed", "unparsed", "", "UNPARSED ON "
	unread.Shape, unread.Statement, unread.Reason = "00ff", "SELECT ? …", "the text ends inside a comment"
	through := unread
	through.Decision, through.Cause, through.Rule, through.RuleFile, through.RuleLine, through.Because, through.Code = audit.AllowedUnread, "", "", "", 0, "", 0
	excepted := through
	excepted.Decision, excepted.Cause, excepted.Kind, excepted.Statement, excepted.Reason = audit.AllowedByException, "by-exception", "update", "UPDATE t SET a = ?", ""
	excepted.Rule, excepted.RuleFile, excepted.RuleLine = "OPS-123", "policies/everyone.yaml", 9
	own := func(d audit.Decision, reason string) audit.Event {
		return audit.Event{Time: at, Environment: "production", Decision: d, Cause: string(d), Rule: string(d), Reason: reason, PolicyHash: "abc"}
	}
	return []audit.Event{
		refused, would, loss(at), login, unread,
		own(audit.IdentityMismatch, "backend main says staging"), own(audit.PolicyLoaded, ""),
		own(audit.PolicyFailed, "policies/everyone.yaml:4:5: unknown key"), own(audit.RecordGap, "12 events are missing"), through, excepted,
	}
}

// A destructive statement that the server has refused did not succeed, exported
// later too.
func TestExportedFailures(t *testing.T) {
	k := audit.Kept{Event: loss(time.Now())}
	k.Duration, k.Code = time.Millisecond, 1051
	var out bytes.Buffer
	if err := audit.WriteLine(&out, k); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, `"outcome":"failure","duration":1000000`) || !strings.Contains(text, `"code":"1051"`) {
		t.Error(text)
	}
}

// Events beyond the samples share a line: the sum of the counts is exact.
func TestLinesCountWhatTheyLeaveOut(t *testing.T) {
	var out bytes.Buffer
	k := keep(t, open(t, t.TempDir()+"/audit.db", ""), func(o *audit.Options) { o.Lines, o.FlushEvery = &out, time.Hour })
	for range 1000 {
		if err := k.Record(drop(time.Unix(1e9, 0))); err != nil {
			t.Fatal(err)
		}
	}
	k.mustStop(t)
	lines, sum := 0, 0
	for text := range strings.Lines(out.String()) {
		var line struct{ Guardrail struct{ Count int } }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines, sum = lines+1, sum+line.Guardrail.Count
	}
	if sum != 1000 || lines > 30 {
		t.Errorf("%d lines of %d events", lines, sum)
	}
}
