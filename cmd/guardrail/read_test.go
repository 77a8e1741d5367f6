package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, row := range []struct {
		name, input, output string
		args                []string
		fails               bool
	}{
		{
			name:   "a statement",
			input:  `{"sql": "DROP TABLE db.t"}`,
			output: `{"statements":[{"kind":"drop_table","needs":[{"privilege":"DROP TABLE","object":"db.t"}],"destructive":true,"explain":false,"where":"none"}],"unknown":false,"reason":""}`,
		},
		{
			name:   "a WHERE that is always true",
			input:  `{"sql": "DELETE FROM t WHERE 1=1"}`,
			output: `{"statements":[{"kind":"delete","needs":[{"privilege":"DELETE","object":"t"}],"destructive":true,"explain":false,"where":"constant"}],"unknown":false,"reason":""}`,
		},
		{
			name:   "bytes, in the mode and character set of the session",
			input:  `{"b64": "U0VMRUNUICJhIg==", "sql_mode": "ANSI_QUOTES", "charset": "sjis"}`,
			output: `{"statements":[{"kind":"select","needs":[],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}`,
		},
		{
			name:   "another server's comment",
			args:   []string{"--server", "mariadb-10.11.19"},
			input:  `{"sql": "SELECT 1 /*M! , f() */"}`,
			output: `{"statements":[{"kind":"select","needs":[{"privilege":"EXECUTE","object":"f"}],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}`,
		},
		{
			name:  "a bad line among good ones",
			input: "{\"sql\": \"\"}\nnonsense\n\n{}\n",
			output: `{"statements":[{"kind":"empty_query","needs":[],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}
{"error":"line 2: no JSON object: invalid character 'o' in literal null (expecting 'u')"}
{"error":"line 4: neither \"sql\" nor \"b64\""}`,
			fails: true,
		},
		{
			name: "lines of a corpus, with what a server made of them",
			input: `{"sql":"SELECT 1","events":["statement/sql/select"],"error":0,"sql_mode":"-","source":"adversarial"}
{"id":"cmt-001","title":"a comment","group":"cmt","server":["mysql"],"sql":"SELECT 1","sql_mode":"","charset":"","multi":false,"mysql_events":["select"],"mysql_digest":["SELECT ?"],"mysql_error":""}`,
			output: `{"statements":[{"kind":"select","needs":[],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}
{"statements":[{"kind":"select","needs":[],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}`,
		},
		{
			name: "lines that would be read as another's",
			input: `{"sql": "SELECT 1", "sql_mode": "ANSI_QUOTE,TRADITIONAL"}
{"sql": "SELECT 1", "sql_mode": "STRICT"}
{"sql": "SELECT 1", "charset": "utf-8"}
{"sql": "SELECT 1", "charset": "ebcdic"}
{"sql": "SELECT 1", "sqlmode": "ANSI_QUOTES"}
{"sql": "SELECT 1", "sql_mode": 4}
{"sql": "SELECT '` + "\xff" + `'"}
{"sql": "SELECT 1"} {"sql": "SELECT 2"}
{"sql": "SELECT 1", "sql_mode": "ansi_quotes, ,Only_Full_Group_By", "charset": "SJIS"}`,
			output: `{"error":"line 1: no sql_mode is called \"ANSI_QUOTE\"; did you mean ANSI_QUOTES?"}
{"error":"line 2: no sql_mode is called \"STRICT\"; write names as in ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}
{"error":"line 3: no character set is called \"utf-8\"; did you mean utf8?"}
{"error":"line 4: no character set is called \"ebcdic\"; write a character_set_client, as in utf8mb4"}
{"error":"line 5: unknown key \"sqlmode\"; the keys are sql, b64, sql_mode and charset"}
{"error":"line 6: \"sql_mode\" cannot be a number"}
{"error":"line 7: a byte that is not UTF-8; give such a text as \"b64\""}
{"error":"line 8: more than one JSON object"}
{"statements":[{"kind":"select","needs":[],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}`,
			fails: true,
		},
		{
			name:  "a mode that nobody knows",
			args:  []string{"--sql-mode", "ANSI_QUOTE"},
			input: `{"sql": "SELECT 1"}`,
			fails: true,
		},
		{
			name:  "a character set that nobody knows",
			args:  []string{"--charset", "utf-8"},
			input: `{"sql": "SELECT 1"}`,
			fails: true,
		},
		{
			name:   "a text of bytes",
			args:   []string{"--charset", "gbk", "SELECT '\xbf\\', f()"},
			output: `{"statements":[{"kind":"select","needs":[{"privilege":"EXECUTE","object":"f"}],"destructive":false,"explain":false,"where":"none"}],"unknown":false,"reason":""}`,
		},
		{
			name:  "a server that nobody knows",
			args:  []string{"--server", "oracle-23"},
			input: `{"sql": "SELECT 1"}`,
			fails: true,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := newReadCommand()
			cmd.SetArgs(row.args)
			cmd.SetIn(strings.NewReader(row.input))
			cmd.SetOut(&out)
			cmd.SetErr(&bytes.Buffer{})
			err := cmd.Execute()
			if (err != nil) != row.fails {
				t.Errorf("error %v, want one: %v", err, row.fails)
			}
			if got := strings.TrimSpace(out.String()); got != row.output {
				t.Errorf("got\n%s\nwant\n%s", got, row.output)
			}
		})
	}
}
