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
