package proxy_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// The command-line clients of both families, with their defaults: TLS where it
// is offered, caching_sha2_password or mysql_native_password.
func TestCommandLineClientsWorkAreRefusedAndGoOn(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		host, port, err := net.SplitHostPort(g.addr)
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range []*mysqltest.Server{mysqltest.MySQL(t), mysqltest.MariaDB(t)} {
			t.Run(client.Flavour(), func(t *testing.T) {
				cmd := client.Client("-h", host, "-P", port, "--protocol=tcp", "-u", "app", "-D", "shop", "-f", "-N")
				cmd.Stdin = strings.NewReader("SELECT note FROM orders WHERE id = 1;\nDROP TABLE orders;\nSELECT 'goes on', COUNT(*) FROM orders;\n")
				out, err := cmd.CombinedOutput()
				for _, want := range []string{"one", "ERROR 1142 (42000)", "DROP TABLE on shop.orders is not granted", "goes on\t2"} {
					if !strings.Contains(string(out), want) {
						t.Errorf("%q is not in what the client printed (%v):\n%s", want, err, out)
					}
				}
			})
		}
	})
}

func TestSysbench(t *testing.T) {
	program := mysqltest.Program(t, "sysbench")
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "sbtest")
		s.User(t, "app", "ALL ON sbtest.*")
		g := start(t, s.Addr(), everything)
		_, port, err := net.SplitHostPort(g.addr)
		if err != nil {
			t.Fatal(err)
		}
		sysbench := func(args ...string) {
			t.Helper()
			args = append([]string{"oltp_read_write", "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-port=" + port,
				"--mysql-user=app", "--mysql-password=" + mysqltest.Password, "--mysql-db=sbtest", "--tables=1", "--table-size=500",
				"--threads=4", "--events=200", "--time=60"}, args...)
			out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
			if err != nil || strings.Contains(string(out), "FATAL") {
				t.Errorf("sysbench %v: %v\n%s", args[len(args)-2:], err, out)
			}
		}
		sysbench("prepare")
		for _, mode := range []string{"auto", "disable"} {
			sysbench("--db-ps-mode="+mode, "run")
		}
		sysbench("cleanup")
	})
}
