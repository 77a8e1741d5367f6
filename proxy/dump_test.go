package proxy_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// dumped makes the schema of testdata/dump.sql.
func dumped(t *testing.T, s *mysqltest.Server, schema string) {
	t.Helper()
	s.Database(t, schema)
	script, err := os.ReadFile("testdata/dump.sql")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Admin().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run(t, c, "USE "+schema)
	run(t, c, "SET time_zone = '+00:00'")
	for _, text := range statements(string(script), s.Flavour()) {
		run(t, c, text)
	}
}

// statements cuts a script into the statements of one flavour. One ends where a semicolon ends a line and the next line
// is not indented.
func statements(script, flavour string) (all []string) {
	_, script, _ = strings.Cut(script, "\n")
	var text strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "@") {
			only, rest, _ := strings.Cut(line[1:], " ")
			if only != flavour {
				continue
			}
			line = rest
		}
		if text.Len() > 0 && line[0] != ' ' && line[0] != ')' && !strings.HasPrefix(line, "END") {
			all = append(all, text.String())
			text.Reset()
		}
		text.WriteString(line)
	}
	return append(all, text.String())
}

// dumper is the flavour's own programs, calling an address.
type dumper struct {
	server *mysqltest.Server
	addr   string
}

func (d dumper) account(t *testing.T) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(d.addr)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-h", host, "-P", port, "--protocol=tcp", "-u", "app"}
}

// dump returns what the dump program writes of a schema.
func (d dumper) dump(t *testing.T, schema string, args ...string) []byte {
	t.Helper()
	program := map[string]string{"mysql": "mysqldump", "mariadb": "mariadb-dump"}[d.server.Flavour()]
	args = append(append(d.account(t), "--routines", "--triggers", "--events", "--skip-dump-date"), args...)
	return output(t, d.server.Tool(program, append(args, schema)...))
}

// restore runs a dump in another schema, with the command-line client.
func (d dumper) restore(t *testing.T, schema string, dump []byte) {
	t.Helper()
	cmd := d.server.Client(append(d.account(t), "--comments", "--default-character-set=utf8mb4", "-D", schema)...)
	cmd.Stdin = bytes.NewReader(dump)
	output(t, cmd)
}

func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", cmd.Path, err, complaints.Bytes())
	}
	return out.Bytes()
}

func TestADumpThroughTheProxyIsTheDirectOne(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app", "ALL ON *.*")
		dumped(t, s, "original")
		g := start(t, s.Addr(), everything)
		direct, through := dumper{s, s.Addr()}, dumper{s, g.addr}
		for name, args := range map[string][]string{
			"usual":              nil,
			"single transaction": {"--single-transaction", "--hex-blob", "--complete-insert"},
			"row by row":         {"--skip-extended-insert", "--skip-quick", "--order-by-primary", "--add-drop-database", "--flush-privileges"},
		} {
			t.Run(name, func(t *testing.T) {
				s.Database(t, "restored")
				want := direct.dump(t, "original", args...)
				got := through.dump(t, "original", args...)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes directly, %d through the proxy; they part at %s", len(want), len(got), difference(got, want))
				}
				through.restore(t, "restored", got)
				plain := append(args, "--skip-comments")
				if got, want := through.dump(t, "restored", plain...), direct.dump(t, "original", plain...); !bytes.Equal(got, want) {
					t.Errorf("restored, they part at %s", difference(got, want))
				}
			})
		}
	})
}

// difference shows where two texts part.
func difference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(p []byte) string { return string(p[max(0, i-100):min(i+100, len(p))]) }
	return "…" + around(got) + "…, want …" + around(want) + "…"
}
