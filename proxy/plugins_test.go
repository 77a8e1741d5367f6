package proxy_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
)

// legs are the four pairs of plain and TLS connections.
func legs(t testing.TB, s *mysqltest.Server) map[string]struct {
	client func(*mysql.Config)
	server func(*proxy.Options)
} {
	plain := func(*mysql.Config) {}
	return map[string]struct {
		client func(*mysql.Config)
		server func(*proxy.Options)
	}{
		"plain to plain": {plain, func(*proxy.Options) {}},
		"TLS to plain":   {withTLS, func(*proxy.Options) {}},
		"plain to TLS":   {plain, toBackend(t, s)},
		"TLS to TLS":     {withTLS, toBackend(t, s)},
	}
}

func TestPluginsOverEveryPairOfLegs(t *testing.T) {
	mySQL, mariaDB := mysqltest.MySQL(t), mysqltest.MariaDB(t, mysqltest.Args("--plugin-load-add=auth_ed25519"))
	for name, row := range map[string]struct {
		server   *mysqltest.Server
		identity string
		password string
	}{
		"sha256_password":       {mySQL, "IDENTIFIED WITH sha256_password BY 'päss word'", "päss word"},
		"sha256_password empty": {mySQL, "IDENTIFIED WITH sha256_password BY ''", ""},
		"caching_sha2 empty":    {mySQL, "IDENTIFIED WITH caching_sha2_password BY ''", ""},
		"caching_sha2 long":     {mySQL, "IDENTIFIED WITH caching_sha2_password BY '" + long200 + "'", long200},
		"client_ed25519":        {mariaDB, "IDENTIFIED VIA ed25519 USING PASSWORD('secret')", "secret"},
		"native_password empty": {mariaDB, "IDENTIFIED BY ''", ""},
	} {
		for pair, leg := range legs(t, row.server) {
			t.Run(name+"/"+pair, func(t *testing.T) {
				row.server.Exec(t, "DROP USER IF EXISTS app", "CREATE USER app "+row.identity)
				g := start(t, row.server.Addr(), everything, leg.server)
				for _, how := range []string{"first", "second"} {
					conn, err := logsIn(t, g, row.password, leg.client)
					if err != nil {
						t.Fatalf("%s login: %v", how, err)
					}
					if got := value[string](t, conn, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"); got != "app" {
						t.Errorf("%s login: %q", how, got)
					}
				}
				_, err := logsIn(t, g, "wrong", leg.client)
				if codeOf(err) != 1045 {
					t.Errorf("a wrong password: %v", err)
				}
			})
		}
	}
}

// logsIn opens a connection, again where the driver takes the nonce of ed25519 for
// malformed: of those that end in a zero, one in 256, it cuts that off.
func logsIn(t *testing.T, g *guard, password string, leg func(*mysql.Config)) (conn *sql.Conn, err error) {
	t.Helper()
	for range 4 {
		conn, err = g.open(t, "app", "", leg, func(c *mysql.Config) { c.Passwd = password }).Conn(t.Context())
		if !errors.Is(err, mysql.ErrMalformPkt) {
			break
		}
	}
	if err == nil {
		t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

const long200 = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz" +
	"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij"

func TestASchemaThatIsNotThere(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app", "ALL ON *.*")
		g := start(t, s.Addr(), everything)
		if _, err := g.open(t, "app", "nowhere").Conn(t.Context()); codeOf(err) != 1049 {
			t.Errorf("error %v, want the server's own 1049", err)
		}
	})
}
