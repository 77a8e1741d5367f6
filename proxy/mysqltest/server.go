package mysqltest

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// Password is the password of root and of every account made with [Server.User].
const Password = "guardrail-test"

// Server is a running MySQL or MariaDB server.
type Server struct {
	installation installation
	dir          directory
	args         []string
	own          bool // belongs to one test
	port         int
	version      string
	process      *Process
	admin        *sql.DB
}

// Flavour is "mysql" or "mariadb".
func (s *Server) Flavour() string { return s.installation.flavour.String() }

// Version is the server's own version text, such as "9.7.4-2" or "10.11.19-MariaDB-0+deb12u1".
func (s *Server) Version() string { return s.version }

// Addr is host:port of the server's listener, always on 127.0.0.1.
func (s *Server) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// DSN is a go-sql-driver/mysql data source name for an account with [Password]; db may be empty.
func (s *Server) DSN(user, db string) string {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = user, Password, "tcp", s.Addr(), db
	return c.FormatDSN()
}

// Admin is root's connection pool. It ends with the server.
func (s *Server) Admin() *sql.DB { return s.admin }

// Exec executes statements as root, each on any connection, and ends t at the first error.
func (s *Server) Exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := s.admin.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %s: %v", s.Flavour(), text, err)
		}
	}
}

// Database makes an empty database, in place of one of that name, and drops it at the end of t.
func (s *Server) Database(t testing.TB, name string) {
	t.Helper()
	quoted := "`" + strings.ReplaceAll(name, "`", "``") + "`"
	s.Exec(t, "DROP DATABASE IF EXISTS "+quoted, "CREATE DATABASE "+quoted)
	s.atEnd(t, "DROP DATABASE IF EXISTS "+quoted)
}

// User makes an account for every host with [Password] and the server's default authentication plug-in, in place of
// one of that name, and drops it at the end of t. Each grant is what stands between GRANT and TO: "SELECT ON app.*".
func (s *Server) User(t testing.TB, name string, grants ...string) {
	t.Helper()
	account := "'" + name + "'@'%'"
	s.Exec(t, "DROP USER IF EXISTS "+account, "CREATE USER "+account+" IDENTIFIED BY '"+Password+"'")
	for _, g := range grants {
		s.Exec(t, "GRANT "+g+" TO "+account)
	}
	s.atEnd(t, "DROP USER IF EXISTS "+account)
}

// atEnd executes a statement when t ends. A server that the test has killed keeps nothing to clean.
func (s *Server) atEnd(t testing.TB, text string) {
	t.Cleanup(func() {
		if _, err := s.admin.Exec(text); err != nil && !s.own {
			t.Errorf("%s: %s: %v", s.Flavour(), text, err)
		}
	})
}

// CAFile is the path of the certificate authority that signed the server's certificate. The certificate is for
// localhost, 127.0.0.1 and ::1.
func (s *Server) CAFile() string { return filepath.Join(s.dir.path, "data", caFile) }

// CertFile is the path of the server's certificate.
func (s *Server) CertFile() string { return filepath.Join(s.dir.path, "data", certFile) }

// KeyFile is the path of the private key of CertFile.
func (s *Server) KeyFile() string { return filepath.Join(s.dir.path, "data", keyFile) }

// TLS is a client configuration that verifies the server's certificate.
func (s *Server) TLS(t testing.TB) *tls.Config {
	t.Helper()
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("%s holds no certificate", s.CAFile())
	}
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

// Client is the flavour's own command-line client, mysql or mariadb. It reads no option file and logs in with
// [Password]; args name the address and the user. It runs where its server does: see [Server.ClientFile].
func (s *Server) Client(args ...string) *exec.Cmd { return s.withPassword(s.installation.client, args) }

// Tool is another client program of the flavour's own, such as mysqldump or mariadb-dump, called as [Server.Client] is.
func (s *Server) Tool(name string, args ...string) *exec.Cmd {
	return s.withPassword(s.beside(name), args)
}

// beside is the path of a program in the folder of the flavour's client.
func (s *Server) beside(name string) string {
	if dir := path.Dir(s.installation.client); dir != "." {
		return path.Join(dir, name)
	}
	return name
}

func (s *Server) withPassword(program string, args []string) *exec.Cmd {
	cmd := s.installation.command(program, append([]string{"--no-defaults"}, args...)...)
	cmd.Env = append(cmd.Environ(), "MYSQL_PWD="+Password)
	return cmd
}

// ClientFile makes a file that the server and its client see under the returned path.
func (s *Server) ClientFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	name, err := s.WriteFile(name, content)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// Inside is the path of a file of the server's as its programs see it.
func (s *Server) Inside(file string) string {
	return path.Join("/", strings.TrimPrefix(file, s.installation.root))
}

// WriteFile is [Server.ClientFile] outside tests.
func (s *Server) WriteFile(name string, content []byte) (string, error) {
	return path.Join(s.dir.inside, name), os.WriteFile(filepath.Join(s.dir.path, name), content, 0o644)
}

// Command is a program that is installed beside the flavour's own, such as mysqlrouter, run where the server does.
func (s *Server) Command(name string, args ...string) *exec.Cmd {
	return s.installation.command(s.beside(name), args...)
}

// Log is the end of the server's error log.
func (s *Server) Log() string {
	out, err := os.ReadFile(s.dir.log())
	if err != nil {
		return fmt.Sprintf("no error log: %v", err)
	}
	return tail(out)
}

// Kill ends the server at once, with SIGKILL. The server must be the test's own.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.mustOwn(t)
	s.process.Kill()
	s.admin.Close()
}

// Restart starts a killed server again, on its port and its data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.mustOwn(t)
	if err := s.startProcess(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) mustOwn(t testing.TB) {
	t.Helper()
	if !s.own {
		t.Fatal("mysqltest: this server is shared; ask for one with mysqltest.Own()")
	}
}

// Stop kills the server and removes its data. It is the last call on a server.
func (s *Server) Stop() {
	s.admin.Close()
	s.process.Kill()
	s.dir.remove() // what is left is removed by the next process
}
