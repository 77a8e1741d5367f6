package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// A real Prometheus scrapes a running guardrail, and the alert on a refused
// DROP DATABASE fires.
func TestAnAlertFires(t *testing.T) {
	server := mysqltest.MySQL(t)
	server.Database(t, "accounting")
	server.User(t, "accounting_web", "ALL ON *.*")
	s := serve(t, server.Addr())
	prometheus := startPrometheus(t, strings.TrimPrefix(s.page, "http://"))
	s.until("Prometheus scrapes", func() bool { return strings.Contains(ask(prometheus+"/api/v1/query?query=up"), `"1"]`) })
	if alerts := ask(prometheus + "/api/v1/alerts"); strings.Contains(alerts, "firing") {
		t.Errorf("an alert fires before anything has happened: %s", alerts)
	}
	if _, err := s.open("accounting_web").ExecContext(t.Context(), "DROP DATABASE accounting"); err == nil {
		t.Fatal("not refused")
	}
	s.until("the alert fires", func() bool {
		return fires(ask(prometheus+"/api/v1/alerts"), "GuardrailDestructiveRefused", "accounting-web")
	})
	check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	check.Stdin = strings.NewReader(ask(s.page + "/metrics"))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// ask returns what an address answers, or nothing.
func ask(address string) string {
	response, err := http.Get(address)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

func fires(alerts, name, app string) bool {
	var found struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	if json.Unmarshal([]byte(alerts), &found) != nil {
		return false
	}
	for _, a := range found.Data.Alerts {
		if a.State == "firing" && a.Labels["alertname"] == name && a.Labels["app"] == app {
			return true
		}
	}
	return false
}

// startPrometheus runs Prometheus until the end of t, and returns its address.
func startPrometheus(t *testing.T, target string) string {
	t.Helper()
	rules, err := filepath.Abs("../../deploy/prometheus/guardrail.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), freeAddress(t)
	config := fmt.Sprintf("global: {scrape_interval: 500ms, evaluation_interval: 500ms}\nrule_files: [%q]\nscrape_configs: [{job_name: guardrail, static_configs: [{targets: [%q]}]}]\n", rules, target)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=error")
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; deploy/test/install-servers installs it", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return "http://" + address
}
