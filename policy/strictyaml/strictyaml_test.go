package strictyaml_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"guardrail/policy/strictyaml"
)

// read parses a text and hands its fields to a function; the mistakes are returned, one a line.
func read(text string, known []string, use func(strictyaml.Fields)) string {
	var report strictyaml.Report
	root := strictyaml.Parse("f", []byte(text), &report)
	f := root.Fields(known...)
	if use != nil {
		use(f)
	}
	if err := report.Err(); err != nil {
		return err.Error()
	}
	return ""
}

func TestScalars(t *testing.T) {
	tests := []struct {
		name, value string
		get         func(strictyaml.Value) any
		want        any
		mistake     string
	}{
		{"text", "abc", func(v strictyaml.Value) any { return v.Text() }, "abc", ""},
		{"quoted text", `"12"`, func(v strictyaml.Value) any { return v.Text() }, "12", ""},
		{"number as text", "12", func(v strictyaml.Value) any { return v.Text() }, "", `f:1:4: k must be a text, not a number; try "12"`},
		{"truth as text", "true", func(v strictyaml.Value) any { return v.Text() }, "", `f:1:4: k must be a text, not true or false; try "true"`},
		{"list as text", "[a]", func(v strictyaml.Value) any { return v.Text() }, "", "f:1:4: k must be a text, not a list"},
		{"nothing as text", "", func(v strictyaml.Value) any { return v.Text() }, "", "f:1:3: k has no value; write a text, or leave the key out"},
		{"blank text", `"  "`, func(v strictyaml.Value) any { return v.Text() }, "", "f:1:4: k is empty"},
		{"truth", "true", func(v strictyaml.Value) any { return v.Bool() }, true, ""},
		{"yes", "yes", func(v strictyaml.Value) any { return v.Bool() }, false, "f:1:4: k must be true or false; write true or false"},
		{"number", "7", func(v strictyaml.Value) any { return v.Int(0, 9) }, 7, ""},
		{"number too large", "10", func(v strictyaml.Value) any { return v.Int(0, 9) }, 0, "f:1:4: k must be a number from 0 to 9"},
		{"days", "90d", func(v strictyaml.Value) any { return v.Duration() }, 90 * 24 * time.Hour, ""},
		{"time span", "1h30m", func(v strictyaml.Value) any { return v.Duration() }, 90 * time.Minute, ""},
		{"time span below zero", "-1s", func(v strictyaml.Value) any { return v.Duration() }, time.Duration(0), "f:1:4: k must be above zero"},
		{"time span without unit", "30", func(v strictyaml.Value) any { return v.Duration() }, time.Duration(0), `f:1:4: k must be a time span, not "30"; name the unit, as in 30s`},
		{"date", "2026-12-01T09:00:00Z", func(v strictyaml.Value) any { return v.Time() }, time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), ""},
		{"date alone", "2026-12-01", func(v strictyaml.Value) any { return v.Time() }, time.Time{}, `f:1:4: k must be a date with time and zone, not "2026-12-01"; add time and zone, as in 2026-12-01T09:00:00+09:00`},
		{"one of", "deny", func(v strictyaml.Value) any { return v.OneOf("allow", "deny") }, "deny", ""},
		{"nearly one of", "deyn", func(v strictyaml.Value) any { return v.OneOf("allow", "deny") }, "", `f:1:4: k cannot be "deyn"; did you mean deny?`},
		{"word", "a-1.b_c", func(v strictyaml.Value) any { return v.Word("a name") }, "a-1.b_c", ""},
		{"word of 64", strings.Repeat("x", 64), func(v strictyaml.Value) any { return len(v.Word("a name")) }, 64, ""},
		{"word of 65", strings.Repeat("x", 65), func(v strictyaml.Value) any { return len(v.Word("a name")) }, 0, `f:1:4: a name cannot be "` + strings.Repeat("x", 65) + `"; write up to 64 letters, digits, -, _ and .`},
		{"word with a dash first", "-a", func(v strictyaml.Value) any { return v.Word("a name") }, "", `f:1:4: a name cannot be "-a"; write up to 64 letters, digits, -, _ and .`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got any
			mistake := read("k: "+tt.value+"\n", []string{"k"}, func(f strictyaml.Fields) { got = tt.get(f.Get("k")) })
			if at, ok := got.(time.Time); ok && at.Equal(tt.want.(time.Time)) {
				got = tt.want
			}
			if !reflect.DeepEqual(got, tt.want) || mistake != tt.mistake {
				t.Errorf("got %v, %q; want %v, %q", got, mistake, tt.want, tt.mistake)
			}
		})
	}
}

func TestMissingValuesReadAsNothing(t *testing.T) {
	var v strictyaml.Value
	if v.Text() != "" || v.Bool() || v.Int(0, 1) != 0 || v.Duration() != 0 || !v.Time().IsZero() || v.Items() != nil || v.Entries() != nil {
		t.Error("a missing value reads as something")
	}
	v.Fail("what", "hint")
	v.Fields("a").Need("a", "")
}

func TestPosAt(t *testing.T) {
	tests := []struct {
		name, text string
		offset     int
		want       string
	}{
		{"plain", "k: one two\n", 4, "f:1:8"},
		{"double quoted", "k: \"one two\"\n", 4, "f:1:9"},
		{"single quoted", "k: 'one two'\n", 4, "f:1:9"},
		{"characters, not bytes", "k: あい two\n", 7, "f:1:7"},
		{"escapes: the beginning", "k: \"o\\tne two\"\n", 4, "f:1:4"},
		{"plain over two lines: the beginning", "k: one\n  two three\n", 8, "f:1:4"},
		{"plain over two lines, in the first", "k: one\n  two\n", 2, "f:1:6"},
		{"several lines: the beginning", "k: |\n  one\n  two\n", 4, "f:1:4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read(tt.text, []string{"k"}, func(f strictyaml.Fields) {
				if got := f.Get("k").PosAt(tt.offset).String(); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestRefusedText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"not UTF-8", "k: a\nk2: \xff\n", "f:2:5: a byte that is not UTF-8; write plain UTF-8 text"},
		{"control character", "k: あ\x1b\n", "f:1:5: a control character; write plain UTF-8 text"},
		{"too long", strings.Repeat("#", strictyaml.MaxText+1), "f:1:1: the file is longer than 4194304 bytes"},
		{"too deep", strings.Repeat("[", 20000), "f:1:10001: not YAML: exceeded max depth of 10000 while increasing flow level"},
		{"empty", "", "f:1:1: the file is empty; write keys with values, or take the file away"},
		{"null", "~\n", "f:1:1: the file has no value; write keys with values, or leave the key out"},
		{"unknown key", "l: 1\n", "f:1:1: unknown key l; did you mean k?"},
		{"repeated key in a key nobody reads", "x: {a: 1, a: 2}\n", "f:1:1: unknown key x; did you mean k?\nf:1:11: key \"a\" a second time; the first is in line 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(tt.text, []string{"k"}, nil); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestDidYouMean(t *testing.T) {
	verbs := []string{"SELECT", "DELETE", "DROP TABLE", "ALL"}
	for word, want := range map[string]string{
		"DELEET":    "did you mean DELETE?",
		"delete":    "did you mean DELETE?",
		"SLECT":     "did you mean SELECT?",
		"DROPTABLE": "did you mean DROP TABLE?",
		"AL":        "did you mean ALL?",
		"FLY":       "",
		"UPDATE":    "",
		"":          "",
	} {
		if got := strictyaml.DidYouMean(word, verbs); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func TestMistakesAreSortedAndToldOnce(t *testing.T) {
	var r strictyaml.Report
	r.Add(strictyaml.Pos{File: "b", Line: 1, Col: 1}, "four", "")
	r.Add(strictyaml.Pos{File: "a", Line: 10, Col: 1}, "three", "")
	r.Add(strictyaml.Pos{File: "a", Line: 2, Col: 10}, "two", "hint")
	r.Add(strictyaml.Pos{File: "a", Line: 2, Col: 9}, "one", "")
	r.Add(strictyaml.Pos{File: "a", Line: 2, Col: 9}, "one", "")
	want := "a:2:9: one\na:2:10: two; hint\na:10:1: three\nb:1:1: four"
	if got := r.Err().Error(); got != want {
		t.Errorf("got %s", got)
	}
	if (&strictyaml.Report{}).Err() != nil {
		t.Error("an empty report is an error")
	}
}
