package proxy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// conversation is a client that says much without waiting: its packets.
func conversation(f form) (packets [][]byte) {
	add := func(seq byte, payload string) {
		p, _ := wire.AppendPacket(nil, seq, []byte(payload))
		packets = append(packets, p)
	}
	say := func(code byte, body string) { add(0, string([]byte{code})+body) }
	query := func(text string) {
		if f.client&mysql.CLIENT_QUERY_ATTRIBUTES != 0 {
			text = "\x01\x01\x00\x01\xfd\x00\x01n\x05value" + text
		}
		say(mysql.COM_QUERY, text)
	}
	say(mysql.COM_PING, "")
	query("SELECT a, b FROM t WHERE id = 1")
	query("DROP TABLE t")
	query("SELECT missing FROM t")
	query("SET sql_mode = 'ANSI_QUOTES'")
	query(`DELETE FROM t WHERE "name" = "name"`)
	query("CALL p()")
	say(mysql.COM_STMT_PREPARE, "SELECT a FROM t WHERE id = ?")
	say(mysql.COM_STMT_SEND_LONG_DATA, "\x01\x00\x00\x00\x00\x00\x03DROP TABLE data")
	say(mysql.COM_STMT_EXECUTE, "\x01\x00\x00\x00\x00\x01\x00\x00\x00")
	say(mysql.COM_STMT_RESET, "\x01\x00\x00\x00")
	say(mysql.COM_STMT_EXECUTE, "\x01\x00\x00\x00\x01\x01\x00\x00\x00") // with a cursor
	say(mysql.COM_STMT_FETCH, "\x01\x00\x00\x00\x01\x00\x00\x00")
	say(mysql.COM_STMT_PREPARE, "DROP TABLE t")
	say(mysql.COM_STMT_CLOSE, "\x01\x00\x00\x00")
	say(mysql.COM_STMT_EXECUTE, "\x01\x00\x00\x00\x00\x01\x00\x00\x00")
	say(mysql.COM_STMT_PREPARE, `DELETE FROM t WHERE name = '\' OR 1=1 -- '`)
	query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
	say(mysql.COM_STMT_EXECUTE, "\x02\x00\x00\x00\x00\x01\x00\x00\x00")
	query(`DELETE FROM t WHERE name = '\' OR 1=1 -- '`)
	if f.client&mysql.CLIENT_LOCAL_FILES != 0 {
		query("LOAD DATA LOCAL INFILE 'rows' INTO TABLE t")
		add(2, "1\n2\n")
		add(3, "\x03DROP TABLE data\n")
		add(4, "")
	}
	say(mysql.COM_SHUTDOWN, "")
	say(mysql.COM_DROP_DB, "shop")
	say(mysql.COM_INIT_DB, "shop")
	say(mysql.COM_SET_OPTION, "\x00\x00")
	query("SELECT 1; DROP TABLE t")
	say(mysql.COM_STATISTICS, "")
	say(mysql.COM_RESET_CONNECTION, "")
	query(`DELETE FROM t WHERE "name" = name`)
	say(mysql.COM_CHANGE_USER, "app\x00\x00shop\x00\x2d\x00")
	add(2, "\x03DROP TABLE password")
	query("DROP TABLE t")
	query("DELETE FROM t WHERE name = 'x'")
	if f.mariaDB&wire.MariaDBBulkOperations != 0 {
		say(mysql.COM_STMT_PREPARE, "INSERT INTO t VALUES (?)")
		say(comStmtBulkExecute, "\xff\xff\xff\xff\x80\x00\x03\x00\x00\x01\x00\x00\x00")
		say(mysql.COM_STMT_EXECUTE, "\xff\xff\xff\xff\x00\x01\x00\x00\x00")
	}
	query("INSERT INTO t VALUES ('" + strings.Repeat("x", 5000) + "')")
	say(mysql.COM_QUIT, "")
	return packets
}

func TestAConversationIsTheSameHoweverItsBytesAreCut(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			guard := guarding(t)
			input := slices.Concat(conversation(form)...)
			want := newScripted(guard, form)
			if err := want.play(input, whole, func() bool { return true }); err != nil {
				t.Fatal(err)
			}
			oracle, said := newOracle(guard, form), ""
			for _, e := range want.script.Executed {
				if !oracle.allows(e) {
					t.Errorf("the server executed %+v", e)
				}
				said += e.Text + string(e.Body)
			}
			for _, forwarded := range []string{"SELECT a, b", "CALL p", "\x01\x00\x00\x00\x01\x00\x00\x00", "name = 'x'", strings.Repeat("x", 5000)} {
				if !strings.Contains(said, forwarded) {
					t.Errorf("the server did not execute %.20q", forwarded)
				}
			}
			for seed := range uint64(100) {
				r := rand.New(rand.NewPCG(seed, 1))
				cut := newScripted(guard, form)
				most := 1 + r.IntN(40)
				piece := func(n int) int { return 1 + r.IntN(min(n, most)) }
				if err := cut.play(input, piece, func() bool { return r.IntN(2) == 0 }); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if got, want := withoutEvents(cut.client.Bytes()), withoutEvents(want.client.Bytes()); !bytes.Equal(got, want) {
					t.Fatalf("seed %d: the client got another answer: %s", seed, firstDifference(got, want))
				}
				if !bytes.Equal(cut.received.Bytes(), want.received.Bytes()) {
					t.Fatalf("seed %d: the server got other commands: %s", seed, firstDifference(cut.received.Bytes(), want.received.Bytes()))
				}
			}
		})
	}
}

// firstDifference shows where two streams part.
func firstDifference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(0, i-20)
	return fmt.Sprintf("at byte %d: %q, want %q", i, got[from:min(i+20, len(got))], want[from:min(i+20, len(want))])
}

// withoutEvents blanks the ids of events, which differ from run to run.
func withoutEvents(p []byte) []byte {
	out := bytes.Clone(p)
	for rest := out; ; {
		i := bytes.Index(rest, []byte("event "))
		if i < 0 || len(rest) < i+6+26 {
			return out
		}
		copy(rest[i+6:i+6+26], strings.Repeat("?", 26))
		rest = rest[i+6+26:]
	}
}

func TestAStatementThatIsClosedAsTheOnePreparedLastIsForgotten(t *testing.T) {
	d := newScripted(guarding(t), forms["MariaDB's own, files"])
	var input []byte
	for range 100 {
		for _, payload := range []string{"\x16SELECT a FROM t WHERE id = ?", "\x17\xff\xff\xff\xff\x00\x01\x00\x00\x00", "\x19\xff\xff\xff\xff"} {
			input, _ = wire.AppendPacket(input, 0, []byte(payload))
		}
	}
	if err := d.play(input, whole, func() bool { return true }); err != nil {
		t.Fatal(err)
	}
	if n := len(d.session.prepared.byID); n != 0 || len(d.script.Executed) != 300 {
		t.Errorf("%d statements are kept, the server executed %d commands", n, len(d.script.Executed))
	}
}
