package sqlparse_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

// fuzzMode makes a mode of a few numbers.
func fuzzMode(mariaDB bool, bits uint16, charset uint8) sqlparse.Mode {
	m := mysql97
	if mariaDB {
		m = mariadb10
	}
	m.SQLMode = sqlparse.SQLMode(bits) & (sqlparse.HighNotPrecedence<<1 - 1)
	if !mariaDB {
		m.SQLMode &^= sqlparse.Oracle | sqlparse.MSSQL
	}
	m.Charset = sqlparse.ParseCharset(charsetNames[int(charset)%len(charsetNames)])
	return m
}

// seeds adds the statements of the manuals, and soup.
func seeds(f *testing.F, add func(text string)) {
	f.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "manual.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '[' {
			add(strings.ReplaceAll(line, `\n`, "\n"))
		}
	}
	s := soup{rand.New(rand.NewPCG(1, 2))}
	for range 500 {
		add(s.text())
	}
}

// maxFuzzed bounds the texts, for the sake of the fuzzer's pace.
const maxFuzzed = 4096

// FuzzLex holds the tokens to their promises: in order, inside the text, the
// same in memory that was used before, and in every mode if the text is said
// to be free of it.
func FuzzLex(f *testing.F) {
	seeds(f, func(text string) { f.Add([]byte(text), false, uint16(0), uint8(0)) })
	f.Fuzz(func(t *testing.T, text []byte, mariaDB bool, bits uint16, charset uint8) {
		if len(text) > maxFuzzed {
			return
		}
		m := fuzzMode(mariaDB, bits, charset)
		var first, second sqlparse.Tokens
		lexed := sqlparse.Lex(text, m, &first)
		inOrder(t, lexed)
		sqlparse.Lex([]byte("SELECT 'dirty', (1, 2, 3), `x`; DROP TABLE t"), m, &second)
		if again := sqlparse.Lex(text, m, &second); !same(lexed, again) {
			t.Errorf("%q: in used memory %+v, want %+v", text, again, lexed)
		}
		if !lexed.ModeFree() || lexed.Ambiguous != "" {
			return
		}
		other := fuzzMode(mariaDB, ^bits, charset+7)
		other.SQLMode &^= sqlparse.Oracle
		if got := sqlparse.Lex(text, other, &second); !same(got, lexed) {
			t.Errorf("%q: free of the mode, but not so in %+v:\n%+v, want\n%+v", text, other, got, lexed)
		}
	})
}

// same reports whether two texts were cut alike.
func same(a, b sqlparse.Lexed) bool {
	return slices.Equal(a.Tokens, b.Tokens) && bytes.Equal(a.Shape, b.Shape) && a.Ambiguous == b.Ambiguous && a.LiteralDependent == b.LiteralDependent && a.Depth == b.Depth
}

// inOrder fails where tokens overlap or lie outside the text.
func inOrder(t *testing.T, l sqlparse.Lexed) {
	t.Helper()
	end := uint32(0)
	for i, k := range l.Tokens {
		if k.Start < end || k.End < k.Start || int(k.End) > len(l.Text) {
			t.Fatalf("%q: token %d is %d..%d, after %d", l.Text, i, k.Start, k.End, end)
		}
		end = k.End
		if (k.Type == sqlparse.TokenBad) != (l.Ambiguous != "" && i == len(l.Tokens)-1) {
			t.Fatalf("%q: token %d of type %d, %q", l.Text, i, k.Type, l.Ambiguous)
		}
	}
}

// FuzzShape changes what a shape leaves out, the values of literals and the
// space between tokens: if the shape stays the same, so must the reading.
func FuzzShape(f *testing.F) {
	seeds(f, func(text string) { f.Add([]byte(text), []byte("1 zz %' 0x7 2147483648"), uint64(1), false, uint16(0)) })
	reader := sqlparse.NewReader(sqlparse.Options{})
	f.Fuzz(func(t *testing.T, text, literals []byte, seed uint64, mariaDB bool, bits uint16) {
		if len(text) > maxFuzzed {
			return
		}
		m := fuzzMode(mariaDB, bits, 0)
		var one, two sqlparse.Tokens
		lexed := sqlparse.Lex(text, m, &one)
		changed := changeLiterals(lexed, literals, rand.New(rand.NewPCG(seed, 0)))
		other := sqlparse.Lex(changed, m, &two)
		if !bytes.Equal(other.Shape, lexed.Shape) {
			return
		}
		a, b := reader.ReadLexed(&lexed), reader.ReadLexed(&other)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("one shape, two readings in %+v:\n%q %+v\n%q %+v", m, text, a, changed, b)
		}
	})
}

// changeLiterals writes a text anew with other literals of the same types.
func changeLiterals(l sqlparse.Lexed, literals []byte, r *rand.Rand) []byte {
	words := bytes.Fields(literals)
	var out []byte
	end := uint32(0)
	for _, k := range l.Tokens {
		gap := l.Text[end:k.Start]
		if len(gap) > 0 && len(bytes.TrimSpace(gap)) == 0 {
			gap = []byte([]string{" ", "\n", "/**/", " -- x\n"}[r.IntN(4)])
		}
		out = append(out, gap...)
		if len(words) > 0 && r.IntN(2) == 0 {
			out = append(out, anotherLiteral(l.Text[k.Start:k.End], k.Type, words[r.IntN(len(words))])...)
		} else {
			out = append(out, l.Text[k.Start:k.End]...)
		}
		end = k.End
	}
	return append(out, l.Text[end:]...)
}

// anotherLiteral is a literal of the type made of a word, or the old one.
func anotherLiteral(old []byte, t sqlparse.TokenType, word []byte) []byte {
	switch t {
	case sqlparse.TokenString:
		quoted := append([]byte{'\''}, bytes.ReplaceAll(bytes.ReplaceAll(word, []byte(`\`), nil), []byte("'"), []byte("''"))...)
		return append(quoted, '\'')
	case sqlparse.TokenInteger:
		if len(bytes.Trim(word, "0123456789")) == 0 {
			return word
		}
	}
	return old
}

// FuzzRead reads two texts alone and one behind the other: the statements must
// be the same, and every Unknown must say why and ask for UNPARSED.
func FuzzRead(f *testing.F) {
	seeds(f, func(text string) { f.Add([]byte(text), []byte("DROP TABLE t"), false, uint16(0)) })
	reader := sqlparse.NewReader(sqlparse.Options{})
	f.Fuzz(func(t *testing.T, a, b []byte, mariaDB bool, bits uint16) {
		if len(a)+len(b) > maxFuzzed {
			return
		}
		m := fuzzMode(mariaDB, bits, 0)
		first, second := reader.Read(a, m), reader.Read(b, m)
		sound(t, a, first)
		sound(t, b, second)
		both := reader.Read(slices.Concat(a, []byte("\n;\n"), b), m)
		if !joinable(first, a, m) || !joinable(second, b, m) || slices.ContainsFunc(first.Statements, setsSchema) {
			return
		}
		if _, unknown := both.Unknown(); unknown {
			return
		}
		want := slices.Concat(first.Statements, second.Statements)
		if !reflect.DeepEqual(both.Statements, want) {
			t.Errorf("%q and %q in %+v: together %+v, alone %+v", a, b, m, both.Statements, want)
		}
	})
}

// setsSchema reports whether what follows a statement stands in another schema.
func setsSchema(st sqlparse.Statement) bool { return st.Effect&sqlparse.SetsSchema != 0 }

// joinable reports whether another statement may follow a text as it is, or
// the text follow another.
func joinable(r sqlparse.Reading, text []byte, m sqlparse.Mode) bool {
	var buf sqlparse.Tokens
	if _, unknown := r.Unknown(); unknown || sqlparse.Lex(text, m, &buf).Ambiguous != "" {
		return false
	}
	return !slices.ContainsFunc(r.Statements, func(st sqlparse.Statement) bool {
		return st.Kind == "empty_query" || st.Kind == "execute_sql" || st.Effect&sqlparse.SetsSchema != 0
	})
}

// sound fails where a reading breaks its promises.
func sound(t *testing.T, text []byte, r sqlparse.Reading) {
	t.Helper()
	if len(r.Statements) == 0 {
		t.Fatalf("%q: no statement", text)
	}
	for _, st := range r.Statements {
		unparsed := slices.ContainsFunc(st.Needs, func(n sqlparse.Need) bool { return n.Privilege == sqlparse.Unparsed })
		if st.Reason == "the reading gave up" {
			t.Fatalf("%q: %s", text, st.Reason)
		}
		if st.Kind == sqlparse.Unknown && (st.Reason == "" || !unparsed) || st.Kind != sqlparse.Unknown && st.Reason != "" {
			t.Fatalf("%q: %+v", text, st)
		}
	}
}
