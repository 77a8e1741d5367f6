package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// writeUsers makes a file with one user, oncall, whose password is right.
func writeUsers(t *testing.T, file string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("oncall:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryMetricNamesTheEnvironment(t *testing.T) {
	admin := freeAddress(t)
	serveIn(t, t.TempDir(), "127.0.0.1:1", fmt.Sprintf("admin: {address: %q}\n", admin), "http://"+admin+"/healthz")
	response, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	metrics := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		metrics++
		if !strings.Contains(line, `environment="production"`) {
			t.Error(line)
		}
	}
	if metrics < 20 {
		t.Errorf("%d metrics", metrics)
	}
}

// Whoever opens the page for the first time in hours is told how the backends are
// now, and not how they were.
func TestTheFirstViewKnowsTheBackends(t *testing.T) {
	admin := freeAddress(t)
	serveIn(t, t.TempDir(), "127.0.0.1:1", fmt.Sprintf("admin: {address: %q}\n", admin), "http://"+admin+"/healthz")
	if text := ask("http://" + admin + "/"); !strings.Contains(text, "Backend main cannot be used") {
		t.Errorf("not told: %s", text)
	}
}

// With TLS and users, the page and the metrics ask who comes and the probes do
// not; metrics_address asks nobody and has no page.
func TestAdminAccess(t *testing.T) {
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "page.crt"), filepath.Join(dir, "page.key"))
	writeUsers(t, filepath.Join(dir, "users"))
	admin, open := freeAddress(t), freeAddress(t)
	serveIn(t, dir, "127.0.0.1:1", fmt.Sprintf("admin: {address: %q, metrics_address: %q, tls: {cert: page.crt, key: page.key}, users: users, profiles: true}\n", admin, open), "http://"+open+"/healthz")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	t.Cleanup(client.CloseIdleConnections)
	for _, c := range []struct {
		address, user, password string
		want                    int
	}{
		{"https://" + admin + "/", "", "", 401},
		{"https://" + admin + "/", "oncall", "wrong", 401},
		{"https://" + admin + "/", "oncall", "right", 200},
		{"https://" + admin + "/metrics", "", "", 401},
		{"https://" + admin + "/metrics", "oncall", "right", 200},
		{"https://" + admin + "/healthz", "", "", 200},
		{"https://" + admin + "/debug/pprof/heap", "", "", 401},
		{"https://" + admin + "/debug/pprof/heap", "oncall", "right", 200},
		{"https://" + admin + "/debug/pprof/cmdline", "oncall", "right", 404},
		{"http://" + open + "/debug/pprof/heap", "", "", 404},
		{"http://" + admin + "/", "oncall", "right", 400},
		{"http://" + open + "/", "", "", 404},
		{"http://" + open + "/metrics", "", "", 200},
		{"http://" + open + "/readyz", "", "", 503},
	} {
		r, err := http.NewRequest("GET", c.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.user != "" {
			r.SetBasicAuth(c.user, c.password)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s as %q: %d, want %d", c.address, c.user, response.StatusCode, c.want)
		}
	}
}

// Profiles are served where it is asked for them, and nowhere else.
func TestProfilesAreOff(t *testing.T) {
	admin := freeAddress(t)
	serveIn(t, t.TempDir(), "127.0.0.1:1", fmt.Sprintf("admin: {address: %q}\n", admin), "http://"+admin+"/healthz")
	response, err := http.Get("http://" + admin + "/debug/pprof/heap")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 404 {
		t.Errorf("status %d", response.StatusCode)
	}
}

// pair writes a certificate for 127.0.0.1 and its key.
func pair(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
