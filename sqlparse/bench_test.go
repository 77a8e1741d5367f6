package sqlparse_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pingcap/tidb/pkg/parser"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"

	"guardrail/sqlparse"
)

// benchTexts are what the speed of lexing is measured on.
var benchTexts = map[string]string{
	"point": "SELECT c FROM sbtest1 WHERE id=12345",
	"join": "SELECT `users`.`id`, `users`.`name`, `orders`.`total`, `orders`.`created_at`, COUNT(`items`.`id`) AS `item_count` FROM `users` " +
		"INNER JOIN `orders` ON `orders`.`user_id` = `users`.`id` LEFT JOIN `items` ON `items`.`order_id` = `orders`.`id` WHERE " +
		"`users`.`company_id` = 42 AND `orders`.`state` IN ('paid', 'sent', 'done') AND `orders`.`created_at` >= '2026-01-01 00:00:00' " +
		"GROUP BY `orders`.`id` ORDER BY `orders`.`created_at` DESC LIMIT 20",
	"rows": "INSERT INTO t (a, b, c) VALUES " + strings.Repeat("(1, 'abc', NULL), ", 1000) + "(1, 'abc', NULL)",
}

func BenchmarkLex(b *testing.B) {
	for name, text := range benchTexts {
		b.Run(name, func(b *testing.B) {
			var buf sqlparse.Tokens
			bytes := []byte(text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				sqlparse.Lex(bytes, mysql97, &buf)
			}
		})
	}
}

// mix are the everyday queries and changes of rows of Rails, Django, sysbench
// and others, as far as the parser reads them as they stand.
func mix(tb testing.TB) [][]byte {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "everyday.txt"))
	if err != nil {
		tb.Fatal(err)
	}
	var texts [][]byte
	p := parser.New()
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		word, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"}, word) {
			continue
		}
		if _, _, err := p.ParseSQL(line); err == nil {
			texts = append(texts, []byte(line))
		}
	}
	if len(texts) < 50 {
		tb.Fatalf("%d texts, too few", len(texts))
	}
	return texts
}

// BenchmarkRepeated is a statement whose shape is known: the reading is at
// hand. It is to cost at most a tenth more than cutting it into tokens.
func BenchmarkRepeated(b *testing.B) {
	texts := mix(b)
	b.Run("lex", func(b *testing.B) {
		var buf sqlparse.Tokens
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range texts {
				sqlparse.Lex(text, mysql97, &buf)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		known := remembered(texts)
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range texts {
				known.read(text, mysql97)
			}
		}
	})
}

// memory keeps readings by shape, as those do who ask again and again.
type memory struct {
	buf      sqlparse.Tokens
	readings map[string]*sqlparse.Reading
}

func remembered(texts [][]byte) *memory {
	m := &memory{readings: map[string]*sqlparse.Reading{}}
	reader := sqlparse.NewReader(sqlparse.Options{})
	for _, text := range texts {
		lexed := sqlparse.Lex(text, mysql97, &m.buf)
		reading := reader.ReadLexed(&lexed)
		m.readings[string(lexed.Shape)] = &reading
	}
	return m
}

func (m *memory) read(text []byte, mode sqlparse.Mode) *sqlparse.Reading {
	lexed := sqlparse.Lex(text, mode, &m.buf)
	return m.readings[string(lexed.Shape)]
}

// TestRepeatedAllocates reads known statements without allocating.
func TestRepeatedAllocates(t *testing.T) {
	texts := mix(t)
	known := remembered(texts)
	if n := testing.AllocsPerRun(10, func() {
		for _, text := range texts {
			if known.read(text, mysql97) == nil {
				t.Fatal("a known statement is not known")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkNew is a statement of a new shape. It is to cost at most 1.5 times
// what the parser alone takes for the same text.
func BenchmarkNew(b *testing.B) {
	texts := mix(b)
	b.Run("parser", func(b *testing.B) {
		p := parser.New()
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range texts {
				if _, _, err := p.ParseSQL(string(text)); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		reader := sqlparse.NewReader(sqlparse.Options{})
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range texts {
				reader.Read(text, mysql97)
			}
		}
	})
}
