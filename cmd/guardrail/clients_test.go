package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// clients are the scripts of real clients, kept beside the project, and what
// tells that their runtime is installed.
var clients = map[string][]string{
	"01-go-sql-driver":     {"go", "version"},
	"03-node-mysql2":       {"npm", "--version"},
	"06-python-pymysql":    {"/usr/bin/python3", "-c", "import pymysql, cryptography"},
	"12-ruby-activerecord": {"ruby", "-e", "require 'mysql2'; require 'active_record'"},
	"16-java-mariadb":      {"java", "-version"},
	"20-cli":               {"mycli", "--version"},
	"21-sysbench":          {"sysbench", "--version"},
}

// usualClients run where GUARDRAIL_CLIENTS names no others: the rest takes long,
// or installs what it needs.
const usualClients = "06-python-pymysql 12-ruby-activerecord"

// denyEverything is what a policy can have against a client.
const denyEverything = `
app: clients
accounts: ["*"]
environments: [production]
deny: ["ALL ON *.*"]
require: ["WHERE FOR UPDATE, DELETE"]
limits: {multi_statements: deny, max_allowed_packet: 1K, max_user_connections: 1, max_queries_per_second: 1}
mode: observe
until: 2100-01-01T00:00:00Z
`

// Observe mode hinders no real client, whatever it is that would be refused.
// And what they were recorded with is all that they need: the policy that
// suggest makes of it hinders them no more, while it is enforced.
func TestRealClients(t *testing.T) {
	for _, name := range strings.Fields(cmp.Or(os.Getenv("GUARDRAIL_CLIENTS"), usualClients)) {
		t.Run(name, func(t *testing.T) {
			script, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "clients", name+".sh"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(script); err != nil {
				t.Skipf("no clients: %v", err)
			}
			runtime := clients[name]
			if out, err := exec.Command(runtime[0], runtime[1:]...).CombinedOutput(); err != nil {
				t.Skipf("no clients: %v: %v %.200s", runtime, err, out)
			}
			mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) { testClient(t, s, script) })
		})
	}
}

// unlike are checks of logins that the server refuses. They are no traffic, so
// that a suggested policy refuses them itself, with an error of its own.
var unlike = []string{"errors are mapped", "locked account", "expired password"}

// testClient runs a script three times: against the server, under a policy that
// only observes, and under the one that is suggested then.
func testClient(t *testing.T, server *mysqltest.Server, script string) {
	dir := t.TempDir()
	direct := results(t, script, server.Addr())
	t.Log("direct:", direct)
	guarded := func(name, policy string, differs []string) (folder string) {
		folder = filepath.Join(dir, name)
		t.Run(name, func(t *testing.T) {
			got := results(t, script, guardClients(t, folder, server.Addr(), policy))
			if !got.like(direct, differs) {
				t.Errorf("through Guardrail:\n%s\ndirect:\n%s", got, direct)
			}
			t.Log(got.checks, "checks, as without Guardrail")
		})
		return folder
	}
	observed := guarded("observed", denyEverything, nil)
	if n := output(t, "audit", "--store", filepath.Join(observed, "audit.db"), "--issues", "--decision", "would_refuse"); !strings.Contains(n, "would_refuse") {
		t.Errorf("nothing would have been refused: %s", n)
	}
	config := filepath.Join(observed, "guardrail.yaml")
	suggest := []string{"suggest", "--app", "clients", "--against", config}
	if strings.Contains(script, "go-sql-driver") {
		suggest = append(suggest, "--databases") // its tables have other names each time
	}
	suggested := output(t, suggest...)
	t.Logf("%.1500s", suggested)
	enforced := guarded("suggested", suggested, unlike)
	policies := filepath.Join(enforced, "policies")
	t.Logf("%.300s", output(t, "diff", filepath.Join(observed, "policies"), policies, "--against", config, "--fail-on", "refused,asked,observed"))
	if out := output(t, "diff", policies, policies, "--against", filepath.Join(enforced, "audit.db")); strings.Contains(out, "newly") {
		t.Errorf("%s", out)
	}
}

// guardClients serves clients under a policy, and returns where.
func guardClients(t *testing.T, dir, backend, policy string) (address string) {
	t.Helper()
	s := served{t: t, address: freeAddress(t), policies: filepath.Join(dir, "policies")}
	s.write("clients.yaml", policy)
	admin := freeAddress(t)
	s.run(dir, fmt.Sprintf("{address: %q, tls: {mode: required, follow_client: true}, identity: {tag: none}}", backend),
		fmt.Sprintf("admin: {address: %q}\naudit: {lines: false}\n", admin), "http://"+admin+"/readyz")
	return s.address
}

// tally is what a script says of its checks.
type tally struct {
	checks int      // how many there are
	not    []string // those that failed or were skipped: "FAIL name", "skip name: why"
}

func (r tally) String() string {
	return fmt.Sprintf("%d checks\n%s", r.checks, strings.Join(r.not, "\n"))
}

// like reports whether the same checks succeeded, but for some.
func (r tally) like(other tally, but []string) bool {
	others := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(line string) bool {
			return slices.ContainsFunc(but, func(name string) bool { return strings.HasPrefix(line, "FAIL ") && strings.Contains(line, name) })
		})
	}
	return r.checks == other.checks && slices.Equal(others(r.not), others(other.not))
}

// results runs a script against an address.
func results(t *testing.T, script, address string) (r tally) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), script, host, port, "root", mysqltest.Password)
	cmd.Env = append(cmd.Environ(), "CLIENTS_WORK="+cmp.Or(os.Getenv("CLIENTS_WORK"), t.TempDir()))
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if sum := summed.FindStringSubmatch(line); sum != nil {
			for _, n := range sum[1:] {
				count, _ := strconv.Atoi(n)
				r.checks += count
			}
		} else if missed.MatchString(line) {
			r.not = append(r.not, untimely.ReplaceAllString(line, "$1"))
		}
	}
	if r.checks == 0 {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return r
}

var (
	summed   = regexp.MustCompile(`passed=(\d+) failed=(\d+) skipped=(\d+)$`)
	missed   = regexp.MustCompile(`^(FAIL|fail|skip) `)
	untimely = regexp.MustCompile(`^(FAIL [^:]*): .*`) // the text of a failure has ids and times in it
)

// output is what a command prints. It must succeed.
func output(t *testing.T, args ...string) string {
	t.Helper()
	root := newRootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(args)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Errorf("guardrail %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String()
}
