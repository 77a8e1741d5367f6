package proxy_test

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	protocol "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
)

// limitPolicy wants a LIMIT.
const limitPolicy = `
app: shop-web
accounts: [app]
environments: [production]
grants: ["ALL ON *.*"]
require:
  - LIMIT FOR DELETE
`

// crowded makes a table of n rows, and the account of these tests.
func crowded(t *testing.T, s *mysqltest.Server, n int) {
	t.Helper()
	shop(t, s)
	var values []string
	for i := range n {
		values = append(values, fmt.Sprintf("(%d, 'x')", i))
	}
	s.Exec(t, "CREATE TABLE shop.crowd (id INT PRIMARY KEY, note VARCHAR(20))", "INSERT INTO shop.crowd VALUES "+strings.Join(values, ","), "ANALYZE TABLE shop.crowd")
}

// crowdOf counts the rows of that table.
func crowdOf(t *testing.T, s *mysqltest.Server) (n int) {
	t.Helper()
	if err := s.Admin().QueryRow("SELECT COUNT(*) FROM shop.crowd").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestALimitIsWhatIsBoundToIt(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		crowded(t, s, 20)
		g := start(t, s.Addr(), limitPolicy)
		c := one(t, g.open(t, "app", "shop", leg))
		for _, row := range []struct {
			text string
			args []any
			code int
			left int
		}{
			{"DELETE FROM crowd LIMIT ?", []any{int64(9223372036854775807)}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{uint64(18446744073709551615)}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{1000000}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{99999}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{-1}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{nil}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{"999999999"}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{"5 or so"}, 1175, 20},
			{"DELETE FROM crowd LIMIT ?", []any{2}, 0, 18},
			{"DELETE FROM crowd WHERE note = ? AND id > ? LIMIT ?", []any{"x", 3, 2}, 0, 16},
			{"DELETE FROM crowd WHERE note IN (?, ?, ?, ?) ORDER BY id LIMIT ?", []any{"x", nil, 1.5, []byte("z"), 1}, 0, 15},
			{"DELETE FROM crowd WHERE note = ? LIMIT ?", []any{strings.Repeat("x", 300), 999999999}, 1175, 15},
			{"DELETE FROM crowd LIMIT 999999", nil, 1175, 15},
			{"PREPARE s FROM 'DELETE FROM crowd LIMIT ?'", nil, 1175, 15},
		} {
			_, err := c.ExecContext(t.Context(), row.text, row.args...)
			if left := crowdOf(t, s); codeOf(err) != row.code || left != row.left {
				t.Errorf("%s %.20v: %v and %d rows, want error %d and %d", row.text, row.args, err, left, row.code, row.left)
			}
		}
		message := refused(t, c, 1175, "DELETE FROM crowd LIMIT ?", 999999)
		if !strings.Contains(message, "counts as none") {
			t.Errorf("the message: %s", message)
		}
	})
}

// TestALimitIsReadAsItIsSent sends what no driver of Go does.
func TestALimitIsReadAsItIsSent(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		crowded(t, s, 40)
		g := start(t, s.Addr(), limitPolicy)
		for name, capability := range map[string]uint32{"plain": 0, "with attributes": protocol.CLIENT_QUERY_ATTRIBUTES} {
			t.Run(name, func(t *testing.T) {
				c := login(t, g.addr, "app", capability)
				id := c.prepare(t, "DELETE FROM shop.crowd LIMIT ?")
				named := capability != 0 && s.Flavour() == "mysql"
				executes := func(types string, value ...byte) int {
					body := command(0x17, id, 0, 1, 0, 0, 0)
					if named {
						body = append(body, 1)
					}
					body = append(body, 0) // no NULL
					if types != "" {
						body = append(append(body, 1), types...)
						if named {
							body = append(body, 0)
						}
					} else {
						body = append(body, 0)
					}
					c.send(t, 0, append(body, value...)...)
					return c.answerCode(t)
				}
				for _, row := range []struct {
					name  string
					types string
					value []byte
					code  int
				}{
					{"a byte", "\x01\x00", []byte{1}, 0},
					{"a byte below zero", "\x01\x00", []byte{0xff}, 1175},
					{"the same without a sign", "\x01\x80", []byte{2}, 0},
					{"as before", "", []byte{1}, 0},
					{"two bytes", "\x02\x00", []byte{1, 0}, 0},
					{"four bytes", "\x03\x00", []byte{1, 0, 0, 0}, 0},
					{"four bytes, many", "\x03\x00", []byte{0, 0, 0, 1}, 1175},
					{"what was refused, as before", "", []byte{1, 0, 0, 0}, 0},
					{"eight bytes", "\x08\x00", []byte{1, 0, 0, 0, 0, 0, 0, 0}, 0},
					{"as before, many", "", binary.LittleEndian.AppendUint64(nil, 1<<40), 1175},
					{"a text", "\xfe\x00", []byte("\x012"), 0},
					{"bytes", "\xfc\x00", []byte("\x012"), 0},
					{"a text, many", "\xfd\x00", []byte("\x07\x31000000"), 1175},
				} {
					before := crowdOf(t, s)
					if got := executes(row.types, row.value...); got != row.code {
						t.Errorf("%s: error %d, want %d", row.name, got, row.code)
					}
					if n := before - crowdOf(t, s); n > 2 || (n == 0) != (row.code != 0) {
						t.Errorf("%s: %d rows are gone", row.name, n)
					}
				}
				c.send(t, 0, command(0x18, id, 0, 0)...) // a piece of nothing: the value is not in the execution
				if got := executes("\xfe\x00", 0); got != 1175 {
					t.Errorf("long data: error %d", got)
				}
				if got := executes("\xfe\x00", []byte("\x011")...); got != 0 {
					t.Errorf("after long data: error %d", got)
				}
			})
		}
	})
}

func TestABoundLimitIsTheEstimateWhereItIsSmaller(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		crowded(t, s, 200)
		g := start(t, s.Addr(), strings.Replace(rowsPolicy, "1000", "10", 1))
		c := one(t, g.open(t, "app", "shop", leg))
		run(t, c, "UPDATE crowd SET note = 'y' WHERE note = ? LIMIT ?", "x", 5)
		refused(t, c, 1104, "UPDATE crowd SET note = 'y' WHERE note = ? LIMIT ?", "x", 50)
		if got := value[int](t, c, "SELECT COUNT(*) FROM crowd WHERE note = 'y'"); got != 5 {
			t.Errorf("%d rows", got)
		}
	})
}

func TestALimitThatIsBoundByNameIsNotKnown(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		crowded(t, s, 20)
		g := start(t, s.Addr(), strings.Split(limitPolicy, "require:")[0])
		c := one(t, g.open(t, "app", "shop", leg))
		run(t, c, "PREPARE s FROM 'DELETE FROM crowd LIMIT ?'")
		run(t, c, "SET @n = 999999999")
		g.swap(t, limitPolicy)
		refused(t, c, 1175, "EXECUTE s USING @n")
		if s.Flavour() == "mariadb" {
			refused(t, c, 1175, "EXECUTE IMMEDIATE 'DELETE FROM crowd LIMIT ?' USING @n")
			limited := func(n int) error {
				return c.QueryRowContext(t.Context(), "DELETE FROM crowd LIMIT ? RETURNING id", n).Scan(new(sql.NullInt64))
			}
			if err := limited(1); err != nil {
				t.Error(err)
			}
			if err := limited(5000000); codeOf(err) != 1175 {
				t.Error(err)
			}
		}
		if n := crowdOf(t, s); n < 19 {
			t.Errorf("%d rows are left", n)
		}
	})
}
