package mysqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// startLimit is how long a server may take until it answers. A second is usual; a loaded machine takes longer.
const startLimit = 90 * time.Second

// start makes a data directory and runs a server on it.
func start(f flavour, set settings) (*Server, error) {
	i, err := find(f)
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory(i, set.initArgs)
	if err != nil {
		return nil, err
	}
	s := &Server{installation: i, dir: dir, args: append(set.initArgs, set.args...), port: set.port}
	if err := os.WriteFile(filepath.Join(dir.path, "accounts.sql"), []byte(accounts(f)), 0o644); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	if err := s.startOnFreePort(); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	return s, nil
}

// accounts is what the server executes before it listens: root may come from anywhere, with the password of all.
func accounts(f flavour) string {
	sql := "SET sql_log_bin=0;\n"
	if f == mariadbFlavour {
		// An anonymous account for localhost would be taken before any named one for every host.
		sql += "DELETE FROM mysql.global_priv WHERE User='';\nFLUSH PRIVILEGES;\n"
	}
	return sql + "ALTER USER root@localhost IDENTIFIED BY '" + Password + "';\n" +
		"CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '" + Password + "';\n" +
		"GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n"
}

// startOnFreePort uses the port that was asked for, or a free one. It tries again when another process took the port between its choice and its use.
func (s *Server) startOnFreePort() error {
	var err error
	if s.port != 0 {
		return s.startProcess()
	}
	for range 3 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.startProcess(); err == nil {
			return nil
		}
	}
	return err
}

// freePort returns a loopback port that nobody listens on at this moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startProcess runs the server and waits until it answers.
func (s *Server) startProcess() error {
	p, err := Run(s.installation.command(s.installation.program, s.commandLine()...))
	if err != nil {
		return err
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = "root", Password, "tcp", s.Addr()
	config.Logger = &mysql.NopLogger{} // the pings before the server listens fail
	connector, err := mysql.NewConnector(config)
	if err != nil {
		p.Kill()
		return err
	}
	admin := sql.OpenDB(connector)
	if err := s.await(p, admin); err != nil {
		admin.Close()
		p.Kill()
		return err
	}
	s.process, s.admin = p, admin
	return nil
}

// await asks the server for its version until it answers, ends or has had its time.
func (s *Server) await(p *Process, admin *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := admin.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.version)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			return fmt.Errorf("the server ended while starting: %s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer after %v (%w): %s", startLimit, err, s.Log())
		}
	}
}

// commandLine is the whole command line: small and fast settings, then the test's own.
func (s *Server) commandLine() []string {
	data := s.dir.data()
	args := []string{
		"--no-defaults",
		"--datadir=" + data,
		"--basedir=" + baseDir(s.installation),
		"--bind-address=127.0.0.1",
		"--port=" + strconv.Itoa(s.port),
		"--socket=mysqld.sock", // in the data directory: an absolute path may be longer than a socket's may be
		"--pid-file=mysqld.pid",
		"--log-error=" + path.Join(s.dir.inside, "error.log"),
		"--init-file=" + path.Join(s.dir.inside, "accounts.sql"),
		"--ssl-ca=" + path.Join(data, caFile),
		"--ssl-cert=" + path.Join(data, certFile),
		"--ssl-key=" + path.Join(data, keyFile),
		"--secure-file-priv=/tmp",
		"--max-connections=2000",
		"--performance-schema=OFF",
	}
	if s.installation.flavour == mysqlFlavour {
		args = append(args, "--mysqlx=OFF", "--disable-log-bin")
	}
	if s.installation.plugins != "" {
		args = append(args, "--plugin-dir="+s.installation.plugins)
	}
	args = append(args, engineArgs(s.installation)...)
	return append(args, s.args...)
}

// engineArgs are the settings that a server also takes when the data directory is made: little memory, and no waiting
// for the disk. Committed rows survive the server's end, not the machine's.
func engineArgs(i installation) []string {
	args := []string{
		"--innodb-buffer-pool-size=64M",
		"--innodb-flush-log-at-trx-commit=2",
		"--innodb-flush-method=nosync",
		"--innodb-doublewrite=OFF",
		"--innodb-use-native-aio=OFF",
	}
	if i.flavour == mysqlFlavour {
		args = append(args, "--innodb-redo-log-capacity=64M")
	} else {
		args = append(args, "--innodb-log-file-size=32M", "--loose-debug-no-sync") // newer versions do not know the last
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	return args
}

// baseDir is the folder that a server was installed under.
func baseDir(i installation) string { return path.Dir(path.Dir(i.program)) }
