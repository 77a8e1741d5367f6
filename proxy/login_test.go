package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// toBackend makes the proxy speak TLS to a server, its name verified.
func toBackend(t testing.TB, s *mysqltest.Server) func(*proxy.Options) {
	return func(o *proxy.Options) { o.Backend.TLS = s.TLS(t) }
}

// cleartext allows mysql_clear_password in the driver.
func cleartext(c *mysql.Config) { c.AllowCleartextPasswords = true }

func TestLoginOverEveryPairOfLegs(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "shop")
		for legs, c := range map[string]struct {
			client func(*mysql.Config)
			server func(*proxy.Options)
		}{
			"plain to plain": {func(*mysql.Config) {}, func(*proxy.Options) {}},
			"TLS to plain":   {withTLS, func(*proxy.Options) {}},
			"plain to TLS":   {func(*mysql.Config) {}, toBackend(t, s)},
			"TLS to TLS":     {withTLS, toBackend(t, s)},
		} {
			t.Run(legs, func(t *testing.T) {
				g := start(t, s.Addr(), everything, c.server)
				s.User(t, "app", "ALL ON shop.*") // new: caching_sha2_password's cache does not know it
				for _, how := range []string{"full", "fast"} {
					conn := one(t, g.open(t, "app", "shop", c.client))
					if got := value[string](t, conn, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"); got != "app" {
						t.Errorf("%s authentication: logged in as %q", how, got)
					}
				}
				_, err := g.open(t, "app", "shop", c.client, func(c *mysql.Config) { c.Passwd = "wrong" }).Conn(t.Context())
				if codeOf(err) != 1045 || !strings.Contains(err.Error(), "Access denied for user 'app'@") {
					t.Errorf("a wrong password: %v", err)
				}
			})
		}
	})
}

func TestEncryptionOfTheBackendLegIsReal(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		for _, c := range []struct {
			name   string
			change func(*proxy.Options)
			want   bool
		}{{"plain", func(*proxy.Options) {}, false}, {"TLS", toBackend(t, s), true}} {
			conn := one(t, start(t, s.Addr(), everything, c.change).open(t, "app", ""))
			var name, cipher string
			if err := conn.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil {
				t.Fatal(err)
			}
			if (cipher != "") != c.want {
				t.Errorf("%s: cipher %q", c.name, cipher)
			}
		}
	})
}

func TestABackendThatIsNotWhoItShouldBeGetsNothing(t *testing.T) {
	s := mysqltest.MySQL(t)
	s.User(t, "app")
	strangers := start(t, s.Addr(), everything, func(o *proxy.Options) {
		o.Backend.TLS = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	})
	_, err := strangers.open(t, "app", "").Conn(t.Context())
	if codeOf(err) != 1429 {
		t.Errorf("a certificate that nobody signed: %v", err)
	}
	misnamed := start(t, s.Addr(), everything, func(o *proxy.Options) {
		o.Backend.TLS = s.TLS(t)
		o.Backend.TLS.ServerName = "production.example"
	})
	if _, err := misnamed.open(t, "app", "").Conn(t.Context()); codeOf(err) != 1429 {
		t.Errorf("a certificate for another name: %v", err)
	}
}

func TestClearPasswordsNeedTLSOnBothLegs(t *testing.T) {
	s := mysqltest.MariaDB(t, mysqltest.Args("--plugin-load-add=auth_pam", "--pam-use-cleartext-plugin"))
	s.Exec(t, "CREATE USER app@'%' IDENTIFIED VIA pam USING 'guardrail-has-no-such-service'")
	for legs, c := range map[string]struct {
		client  func(*mysql.Config)
		server  func(*proxy.Options)
		refused bool
	}{
		"plain to plain": {func(*mysql.Config) {}, func(*proxy.Options) {}, true},
		"TLS to plain":   {withTLS, func(*proxy.Options) {}, true},
		"plain to TLS":   {func(*mysql.Config) {}, toBackend(t, s), true},
		"TLS to TLS":     {withTLS, toBackend(t, s), false},
	} {
		t.Run(legs, func(t *testing.T) {
			g := start(t, s.Addr(), everything, c.server)
			_, err := g.open(t, "app", "", c.client, cleartext).Conn(t.Context())
			if refused := err != nil && strings.Contains(err.Error(), "mysql_clear_password"); refused != c.refused {
				t.Errorf("error %v, want a refusal of the clear password: %v", err, c.refused)
			}
		})
	}
}

func TestAnUnknownAccountNeverReachesTheBackend(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := mysqltest.MySQL(t)
	s.User(t, "app")
	s.User(t, "stranger")
	dialled := relayAndCount(t, listener, s.Addr())
	g := start(t, listener.Addr().String(), everything)
	one(t, g.open(t, "app", "")) // the greeting's facts are known now
	before := dialled()
	_, err = g.open(t, "stranger", "").Conn(t.Context())
	if codeOf(err) != 1045 || !strings.Contains(err.Error(), "no policy") {
		t.Errorf("an account that no policy names: %v", err)
	}
	if after := dialled(); after != before {
		t.Errorf("the backend was dialled %d times", after-before)
	}
	events := g.record.all()
	if len(events) != 1 || events[0].Decision != audit.LoginRefused || events[0].Account != "stranger" {
		t.Errorf("events %+v", events)
	}
}

func TestNetworksEnvironmentsAndSchemasAreAskedAtLogin(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "shop")
		s.Database(t, "payroll")
		s.User(t, "app", "ALL ON *.*")
		for name, c := range map[string]struct {
			policy string
			schema string
			code   int
			says   string
		}{
			"network":     {"app: a\naccounts: ['app@10.0.0.0/8']\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n", "shop", 1045, "address"},
			"environment": {"app: a\naccounts: [app]\nenvironments: [staging]\ngrants: [SELECT ON shop.*]\n" + nextFile + "app: b\naccounts: [other]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n", "shop", 1045, "staging"},
			"schema":      {"app: a\naccounts: [app]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n", "payroll", 1044, "payroll"},
			"all right":   {"app: a\naccounts: ['app@127.0.0.0/8']\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n", "shop", 0, ""},
		} {
			t.Run(name, func(t *testing.T) {
				g := start(t, s.Addr(), c.policy)
				conn, err := g.open(t, "app", c.schema).Conn(t.Context())
				if codeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want %d with %q", err, c.code, c.says)
				}
				for _, e := range g.record.all() {
					if e.Decision == audit.LoginRefused && e.App != "a" {
						t.Errorf("recorded of app %q, which the policy says to be a", e.App)
					}
				}
				if err == nil {
					conn.Close()
				}
			})
		}
	})
}

func TestAListenerThatRequiresTLS(t *testing.T) {
	s := mysqltest.MySQL(t)
	s.User(t, "app")
	g := start(t, s.Addr(), everything, func(o *proxy.Options) { o.RequireTLS = true })
	if _, err := g.open(t, "app", "").Conn(t.Context()); codeOf(err) != 3159 {
		t.Errorf("without TLS: %v", err)
	}
	one(t, g.open(t, "app", "", withTLS))
}

func TestAListenerThatWantsClientCertificates(t *testing.T) {
	s := mysqltest.MySQL(t)
	s.User(t, "app")
	mine := selfSigned(t)
	pool := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(mine.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	g := start(t, s.Addr(), everything, func(o *proxy.Options) {
		o.RequireTLS = true
		o.ClientTLS.ClientCAs, o.ClientTLS.ClientAuth = pool, tls.RequireAndVerifyClientCert
	})
	if _, err := g.open(t, "app", "", withTLS).Conn(t.Context()); err == nil {
		t.Error("a client without a certificate was let in")
	}
	one(t, g.open(t, "app", "", func(c *mysql.Config) {
		c.TLS = &tls.Config{InsecureSkipVerify: true, Certificates: mine.Certificates}
	}))
}

func TestTheGreetingIsTheBackends(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		greeting := greetingOf(t, g.addr)
		if !strings.Contains(greeting.ServerVersion, s.Version()) {
			t.Errorf("version %q, want %q", greeting.ServerVersion, s.Version())
		}
	})
}

func TestABackendThatIsAway(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	g := start(t, free.Addr().String(), everything)
	_, err = g.open(t, "app", "").Conn(t.Context())
	if codeOf(err) != 1429 {
		t.Errorf("error %v, want 1429", err)
	}
}

func TestALoginThatTakesTooLong(t *testing.T) {
	s := mysqltest.MySQL(t)
	g := start(t, s.Addr(), everything, func(o *proxy.Options) { o.LoginTimeout = 300 * time.Millisecond })
	c := dialRaw(t, g.addr)
	c.read(t)
	began := time.Now()
	ended := make(chan struct{})
	go func() { // says nothing: the proxy must hang up
		defer close(ended)
		_, _ = c.conn.Read(make([]byte, 100))
		_, _ = c.conn.Read(make([]byte, 100))
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("a client that says nothing is still connected")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// As with mysqld, each message has a time of its own: of thousands of logins at
// once, none ends because the machine is slow.
func TestALoginMayTakeLongerThanItsMessages(t *testing.T) {
	s := mysqltest.MariaDB(t)
	s.User(t, "app")
	const limit = 2 * time.Second
	g := start(t, s.Addr(), everything, func(o *proxy.Options) { o.LoginTimeout = limit })
	c := dialRaw(t, g.addr)
	c.read(t)
	<-time.After(limit * 2 / 3)
	c.answer(t, wire.HandshakeResponse{Capabilities: oldest, User: "app", Collation: 45, AuthPlugin: "asks_for_a_switch"}.Append(nil))
	request, err := wire.DecodeAuthSwitch(c.read(t))
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(limit * 2 / 3)
	c.answer(t, scramble(t, request))
	if e := c.authenticate(t); e != nil {
		t.Errorf("login: %d %s", e.Code, e.Message)
	}
}

func TestBytesBehindTheTLSRequestAreNotRead(t *testing.T) {
	s := mysqltest.MySQL(t)
	g := start(t, s.Addr(), everything)
	c := dialRaw(t, g.addr)
	c.read(t)
	c.queue(1, sslRequest()...)
	c.queue(2, []byte(fmt.Sprintf("%s\x00", "injected"))...)
	c.flush(t)
	answer := make([]byte, 64)
	n, err := c.conn.Read(answer)
	if n > 0 && answer[0] == 0x16 {
		t.Errorf("the handshake went on after plain bytes: % x, %v", answer[:n], err)
	}
}

func TestTheGreetingCarriesTheServersThreadID(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		login(t, g.addr, "app") // the address is known from now on
		for range 3 {
			c := login(t, g.addr, "app")
			if id := c.connectionID(t); id != c.greeting.ThreadID {
				t.Errorf("greeted with thread id %d, the server's is %d", c.greeting.ThreadID, id)
			}
		}
	})
}

func TestTLSToTheBackendFollowsTheClient(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app", "ALL ON *.*")
		s.Exec(t, "ALTER USER app REQUIRE SSL")
		g := start(t, s.Addr(), everything, toBackend(t, s), func(o *proxy.Options) { o.Backend.FollowClient = true })
		if _, err := g.open(t, "app", "").Conn(t.Context()); codeOf(err) != 1045 {
			t.Errorf("REQUIRE SSL and a client without: %v", err)
		}
		for version, want := range map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"} {
			c := one(t, g.open(t, "app", "", func(c *mysql.Config) {
				c.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}
			}))
			if got := status(t, c, "Ssl_version"); got != want {
				t.Errorf("the server sees %s, want %s", got, want)
			}
		}
	})
}
