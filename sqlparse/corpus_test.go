package sqlparse_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

// corpusLine is one statement with what the real server said of it.
type corpusLine struct {
	SQL     string   `json:"sql"`
	B64     string   `json:"b64"`
	Events  []string `json:"events"`
	Error   int      `json:"error"`
	SQLMode string   `json:"sql_mode"`
	Charset string   `json:"charset"`
	Trunc   bool     `json:"trunc"`
	Source  string   `json:"source"`
}

func (c corpusLine) text(t *testing.T) []byte {
	if c.B64 == "" {
		return []byte(c.SQL)
	}
	text, err := base64.StdEncoding.DecodeString(c.B64)
	if err != nil {
		t.Fatalf("base64: %v", err)
	}
	return text
}

// kinds are the events as kinds; what the server's parser refused is left out.
func (c corpusLine) kinds() []sqlparse.Kind {
	var kinds []sqlparse.Kind
	for _, e := range c.Events {
		name := strings.TrimPrefix(strings.TrimPrefix(e, "statement/sql/"), "statement/abstract/")
		if name == "error" {
			return nil
		}
		kinds = append(kinds, sqlparse.Kind(name))
	}
	return kinds
}

func (c corpusLine) mode(server sqlparse.Server) sqlparse.Mode {
	m := sqlparse.Mode{Server: server, SQLMode: sqlparse.ParseSQLMode(c.SQLMode), Charset: sqlparse.CharsetUTF8}
	if c.Charset != "" {
		m.Charset = sqlparse.ParseCharset(c.Charset)
	}
	return m
}

// readCorpus calls with each line of a file of the corpus.
func readCorpus(t *testing.T, name string, with func(corpusLine)) {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "corpus", name+".jsonl.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("no corpus: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c corpusLine
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		with(c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// figures count how readings agree with a server.
type figures struct {
	texts, unknown, agree, disagree, hidden int
	reasons                                 map[string]int
	examples                                []string
}

// TestCorpus holds the readings against the real servers' own event names.
func TestCorpus(t *testing.T) {
	for _, row := range []struct {
		files  []string
		server sqlparse.Server
	}{
		{[]string{"mysql", "adversarial-mysql"}, mysql97.Server},
		{[]string{"mariadb", "adversarial-mariadb"}, mariadb10.Server},
	} {
		t.Run(row.server.String(), func(t *testing.T) {
			t.Parallel()
			reader := sqlparse.NewReader(sqlparse.Options{})
			f := figures{reasons: map[string]int{}}
			for _, name := range row.files {
				readCorpus(t, name, func(c corpusLine) { f.count(t, reader, c, row.server) })
			}
			f.report(t)
		})
	}
}

func (f *figures) count(t *testing.T, reader *sqlparse.Reader, c corpusLine, server sqlparse.Server) {
	want := c.kinds()
	if len(want) == 0 || c.Trunc {
		return
	}
	f.texts++
	reading := reader.Read(c.text(t), c.mode(server))
	if reason, unknown := reading.Unknown(); unknown {
		f.unknown++
		f.reasons[fmt.Sprintf("%s: %s", want[0], reason)]++
		f.example("unknown", want, reading, c)
		return
	}
	var got []sqlparse.Kind
	destructive := false
	for _, st := range reading.Statements {
		got = append(got, st.Kind)
		destructive = destructive || st.Destructive || st.Explain
	}
	if slices.Equal(got, want) {
		f.agree++
	} else {
		f.disagree++
		f.example("disagree", want, reading, c)
	}
	if slices.ContainsFunc(want, destroys) && !destructive {
		f.hidden++
		f.example("hidden", want, reading, c)
	}
}

// destroys reports whether an event of the server takes something away.
func destroys(k sqlparse.Kind) bool {
	return strings.HasPrefix(string(k), "drop_") || strings.HasPrefix(string(k), "delete") || k == "truncate"
}

func (f *figures) example(what string, want []sqlparse.Kind, got sqlparse.Reading, c corpusLine) {
	if len(f.examples) > 40000 {
		return
	}
	reason, _ := got.Unknown()
	var kinds []sqlparse.Kind
	for _, st := range got.Statements {
		kinds = append(kinds, st.Kind)
	}
	f.examples = append(f.examples, fmt.Sprintf("%s\t%v\t%v\t%s\t%.300q\t%s\t%s", what, want, kinds, reason, c.SQL, c.SQLMode, c.Charset))
}

func (f *figures) report(t *testing.T) {
	t.Logf("%d texts: %d agree, %d disagree, %d unknown (%.3f %%), %d destructive ones hidden",
		f.texts, f.agree, f.disagree, f.unknown, 100*float64(f.unknown)/float64(f.texts), f.hidden)
	if dump := os.Getenv("CORPUS_DUMP"); dump != "" {
		name := strings.ReplaceAll(filepath.Base(t.Name()), "/", "-")
		if err := os.WriteFile(filepath.Join(dump, name+".txt"), []byte(strings.Join(f.examples, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if f.hidden > 0 {
		t.Errorf("%d destructive statements are read as harmless", f.hidden)
	}
	if share := float64(f.unknown) / float64(f.texts); share > 0.005 {
		t.Errorf("%.3f %% of the texts are Unknown, at most 0.5 %% may be", 100*share)
	}
	if share := float64(f.agree) / float64(f.agree+f.disagree); share < 0.9995 {
		t.Errorf("%.3f %% of the kinds agree, at least 99.95 %% must", 100*share)
	}
	var reasons []string
	for r := range f.reasons {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Compare(f.reasons[b], f.reasons[a]) })
	for _, r := range reasons[:min(len(reasons), 20)] {
		t.Logf("%6d %s", f.reasons[r], r)
	}
}
