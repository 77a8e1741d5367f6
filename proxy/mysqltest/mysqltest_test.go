package mysqltest_test

import (
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
)

func TestMain(m *testing.M) { mysqltest.Main(m) }

func TestSharedServer(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		if got := strings.Contains(s.Version(), "MariaDB"); got != (s.Flavour() == "mariadb") {
			t.Errorf("%s has version %s", s.Flavour(), s.Version())
		}
		again := mysqltest.MySQL
		if s.Flavour() == "mariadb" {
			again = mysqltest.MariaDB
		}
		if again(t) != s {
			t.Error("a second call without options gave another server")
		}
	})
}

func TestUserHasItsGrantsOnly(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "app")
		s.Exec(t, "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1), (2)")
		s.User(t, "reader", "SELECT ON app.*")
		db := open(t, s.DSN("reader", "app"))
		if n := count(t, db, "t"); n != 2 {
			t.Errorf("reader sees %d rows, want 2", n)
		}
		var refused *mysql.MySQLError
		if _, err := db.Exec("DELETE FROM t WHERE id = 1"); !errors.As(err, &refused) || refused.Number != 1142 {
			t.Errorf("DELETE by reader: %v, want error 1142", err)
		}
	})
}

func TestTLSIsVerifiable(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		c, err := mysql.ParseDSN(s.DSN("root", ""))
		if err != nil {
			t.Fatal(err)
		}
		c.TLS = s.TLS(t)
		connector, err := mysql.NewConnector(c)
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector)
		defer db.Close()
		var name, cipher string
		if err := db.QueryRow("SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil {
			t.Fatal(err)
		}
		if cipher == "" {
			t.Error("the connection is not encrypted")
		}
	})
}

func TestClientProgram(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		host, port, err := net.SplitHostPort(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		ca, err := os.ReadFile(s.CAFile())
		if err != nil {
			t.Fatal(err)
		}
		verify := []string{"--ssl-ca=" + s.ClientFile(t, "client-ca.pem", ca)}
		if s.Flavour() == "mysql" {
			verify = append(verify, "--ssl-mode=VERIFY_IDENTITY")
		} else {
			verify = append(verify, "--ssl-verify-server-cert")
		}
		out, err := s.Client(append(verify, "-h", host, "-P", port, "-u", "root", "-Ne", "SELECT 6*7")...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "42" {
			t.Errorf("client printed %q, %v", out, err)
		}
	})
}

func TestKilledServerComesBackWithItsRows(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "app")
		s.Exec(t, "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
		addr := s.Addr()
		s.Kill(t)
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Error("a killed server still listens")
		}
		s.Restart(t)
		if s.Addr() != addr {
			t.Errorf("came back at %s, was at %s", s.Addr(), addr)
		}
		if n := count(t, s.Admin(), "app.t"); n != 1 {
			t.Errorf("%d rows after the restart, want 1", n)
		}
	}, mysqltest.Own())
}

func TestOwnServerEndsWithItsTest(t *testing.T) {
	var addr, dir string
	t.Run("inner", func(t *testing.T) {
		s := mysqltest.MariaDB(t, mysqltest.Own())
		addr, dir = s.Addr(), filepath.Dir(s.CAFile())
	})
	if addr == "" {
		t.Skip("the inner test was skipped")
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("the server outlives its test")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data directory outlives its test: %v", err)
	}
}

func TestPerformanceSchemaNamesStatements(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		db := s.Admin()
		db.SetMaxOpenConns(1)
		s.Exec(t, "CREATE DATABASE app", "DROP DATABASE app")
		var n int
		err := db.QueryRow(`SELECT COUNT(*) FROM performance_schema.events_statements_history
			WHERE EVENT_NAME = 'statement/sql/drop_db'`).Scan(&n)
		if err != nil || n != 1 {
			t.Errorf("%d drop_db events, %v; want 1", n, err)
		}
	}, mysqltest.PerformanceSchema())
}

func TestLowerCaseTableNames(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		var n int
		if err := s.Admin().QueryRow("SELECT @@lower_case_table_names").Scan(&n); err != nil || n != 1 {
			t.Errorf("lower_case_table_names is %d, %v; want 1", n, err)
		}
	}, mysqltest.LowerCaseTableNames("1"))
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *sql.DB, table string) int {
	t.Helper()
	var n int
	if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
