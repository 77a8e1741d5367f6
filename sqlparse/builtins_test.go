package sqlparse_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	tidb "github.com/pingcap/tidb/pkg/parser"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// callForms are ways to call a function, by the grammar and by the skeleton,
// which reads what the grammar lacks.
var callForms = []string{
	"SELECT %()", "SELECT %(1)", "SELECT %(1, 2)", "SELECT % (1)", "SELECT `%`(1)", "SELECT `%`(1, 2)", "SELECT %/**/(1)", "DO %(1)",
	"SELECT %() FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) AS j",
	"SELECT %(1) FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) AS j",
	"SELECT % (1) FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) AS j",
	"SELECT `%`(1) FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) AS j",
	"SELECT 1 AS %(1) FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) AS j",
}

// TestBuiltins calls every word that the package the parser or the server knows as a
// function: where the server looks for a stored one, EXECUTE must be asked
// for, and nowhere else. Each word is called in two of the forms, or in all
// with GUARDRAIL_DIFFERENTIAL.
func TestBuiltins(t *testing.T) {
	forms := 2
	if os.Getenv("GUARDRAIL_DIFFERENTIAL") != "" {
		forms = len(callForms)
	}
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		o := newOracle(t, s)
		words := sourceWords(t)
		o.keywords(t, words)
		for _, k := range tidb.Keywords {
			words[strings.ToLower(k.Word)] = true
		}
		for _, word := range parserFunctions {
			words[word] = true
		}
		for _, sqlMode := range []string{"", "IGNORE_SPACE"} {
			m := soupMode{sqlparse.Mode{Server: o.server, SQLMode: sqlparse.ParseSQLMode(sqlMode), Charset: sqlparse.CharsetUTF8}, sqlMode, "utf8mb4"}
			var texts []string
			for _, word := range slices.Sorted(maps.Keys(words)) {
				for _, i := range rand.Perm(len(callForms))[:forms] {
					texts = append(texts, strings.Replace(callForms[i], "%", word, 1))
				}
			}
			for chunk := range slices.Chunk(texts, 2000) {
				for i, events := range o.gather(t, m, chunk) {
					o.judge(t, m, chunk[i], events)
					o.judgeCall(t, m, chunk[i], events)
				}
			}
		}
	}, recording()...)
}

// parserFunctions are functions of the parser's grammar that are no keywords.
var parserFunctions = []string{"approx_count_distinct", "approx_percentile", "json_sum_crc32", "json_memberof", "translate", "bit_and", "bit_or",
	"bit_xor", "group_concat", "json_arrayagg", "json_objectagg", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "nextval", "setval", "lastval",
	"date_add", "date_sub", "extract", "get_format", "position", "timestampadd", "timestampdiff", "trim", "substring", "grouping", "any_value",
	"char_func", "insert_func", "mod", "dateliteral", "timeliteral", "timestampliteral", "tidb_version", "current_resource_group", "vec_dims", "fts_match_word"}

// judgeCall fails where EXECUTE is asked for and the server calls a function of its own.
func (o *oracle) judgeCall(t *testing.T, m soupMode, text string, events []event) {
	t.Helper()
	reading := o.reader.Read([]byte(text), m.mode)
	needs := reading.Statements[0].Needs
	if !slices.ContainsFunc(needs, func(n sqlparse.Need) bool { return n.Privilege == "EXECUTE" }) {
		return
	}
	switch e := events[len(events)-1]; {
	case e.kind == "error", e.errno == 1305, e.errno == 1370, e.errno == 1630:
	default:
		t.Errorf("sql_mode=%q %q: EXECUTE is asked for, the server says %d %s", m.sqlMode, text, e.errno, e.message)
	}
}

// keywords adds the server's own words.
func (o *oracle) keywords(t *testing.T, words map[string]bool) {
	t.Helper()
	rows, err := o.admin.QueryContext(t.Context(), "SELECT LOWER(WORD) FROM information_schema.KEYWORDS")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			t.Fatal(err)
		}
		if isPlainWord.MatchString(word) {
			words[word] = true
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

var isPlainWord = regexp.MustCompile(`^[a-z][a-z0-9_]+$`)

// sourceWords are the words in lower case among the package's string literals.
func sourceWords(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if word, err := strconv.Unquote(lit.Value); err == nil && isPlainWord.MatchString(strings.ToLower(word)) {
					words[strings.ToLower(word)] = true
				}
			}
			return true
		})
	}
	return words
}
