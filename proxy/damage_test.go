package proxy

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// eachDamage damages each of n packets in each way, twice where time allows, with random numbers of its own.
func eachDamage(n int, do func(*mysqltest.Damager)) {
	times := uint64(2)
	if Raced {
		times = 1
	}
	for packet := range n {
		for _, kind := range mysqltest.Damages() {
			for again := range times {
				do(&mysqltest.Damager{Packet: packet, Kind: kind, Random: rand.New(rand.NewPCG(uint64(packet)<<8|uint64(kind), again))})
			}
		}
	}
}

// damaged is the conversation as it arrives.
func damaged(f form, d *mysqltest.Damager) (arrives []byte) {
	for _, packet := range conversation(f) {
		arrives = append(arrives, d.Through(packet)...)
	}
	return arrives
}

// Whatever becomes of a client's packet, the server executes nothing that the policy does not allow, by the server's
// own reading in the server's own state; and the session goes on while there is something to answer.
func TestADamagedPacketOfTheClientsGetsNothingPastThePolicy(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			guard := guarding(t)
			oracle := newOracle(guard, form)
			eachDamage(len(conversation(form)), func(damager *mysqltest.Damager) {
				d := newScripted(guard, form)
				piece := func(n int) int { return 1 + damager.Random.IntN(n) }
				err := d.play(damaged(form, damager), piece, func() bool { return damager.Random.IntN(2) == 0 })
				for _, e := range d.script.Executed {
					if !oracle.allows(e) {
						t.Fatalf("packet %d %v: the server executed %+v", damager.Packet, damager.Kind, e)
					}
				}
				if stuck := (errStuck{}); errors.As(err, &stuck) && !d.script.Closed {
					t.Fatalf("packet %d %v: %v", damager.Packet, damager.Kind, err)
				}
			})
		})
	}
}

// dropping reports whether a command is one of those in the conversation that no policy of these tests allows, however
// its text is read.
func dropping(code byte, text string) bool {
	switch code {
	case mysql.COM_QUERY, mysql.COM_STMT_PREPARE:
		return strings.Contains(text, "DROP")
	}
	return !harmless[code] && code != mysql.COM_STMT_EXECUTE && code != comStmtBulkExecute
}

// Whatever becomes of a server's packet, the session may misunderstand what the server said of itself, and still
// nothing is forwarded that reads as destruction in every state.
func TestADamagedPacketOfTheServersGetsNothingPastThePolicy(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			guard := guarding(t)
			undamaged := &mysqltest.Damager{Packet: -1}
			input := damaged(form, undamaged)
			d := newScripted(guard, form)
			d.damage = &mysqltest.Damager{Packet: -1}
			if err := d.play(input, whole, func() bool { return true }); err != nil {
				t.Fatal(err)
			}
			eachDamage(d.damage.Seen(), func(damager *mysqltest.Damager) {
				d := newScripted(guard, form)
				d.damage = damager
				_ = d.play(input, func(n int) int { return 1 + damager.Random.IntN(n) }, func() bool { return damager.Random.IntN(2) == 0 })
				for _, e := range d.script.Executed {
					if dropping(e.Code, e.Text) {
						t.Fatalf("packet %d %v: the server executed %+v", damager.Packet, damager.Kind, e)
					}
				}
			})
		})
	}
}

// FuzzSession feeds a session whatever comes, from both sides: it must never panic, send as a command only what is one
// whole command, and never one that destroys.
func FuzzSession(f *testing.F) {
	i := 0
	for _, form := range forms {
		input := damaged(form, &mysqltest.Damager{Packet: -1})
		d := newScripted(guarding(f), form)
		var answers bytes.Buffer
		d.damage = &mysqltest.Damager{Packet: -1, Copy: &answers}
		if err := d.play(input, whole, func() bool { return true }); err != nil {
			f.Fatal(err)
		}
		f.Add(input, answers.Bytes(), uint64(i), form.client, form.mariaDB, form.unnumbered)
		i++
	}
	f.Add([]byte("\x0a\x00\x00\x00\x03DROP DATA"), []byte("\x01\x00\x00\x01\x05"), uint64(7), uint32(tracking), uint32(0), false)
	guard := guarding(f)
	f.Fuzz(func(t *testing.T, client, server []byte, order uint64, capabilities, mariaDB uint32, unnumbered bool) {
		capabilities &= supported
		d := newScripted(guard, form{client: capabilities, server: capabilities | tracking, mariaDB: mariaDB & supportedMariaDB, unnumbered: unnumbered})
		d.deaf = true
		r := rand.New(rand.NewPCG(order, 2))
		for err := error(nil); err == nil && len(client)+len(server) > 0; {
			if n := len(client); n > 0 && (len(server) == 0 || r.IntN(2) == 0) {
				n = 1 + r.IntN(n)
				err = d.session.fromClient(client[:n])
				client = client[n:]
			} else {
				n = 1 + r.IntN(len(server))
				err = d.session.fromServer(server[:n])
				server = server[n:]
			}
		}
		for _, raw := range d.commands {
			m, _, ok, err := wire.CutMessage(raw, 0)
			if err != nil || !ok || len(m.Raw) != len(raw) || len(m.Payload()) == 0 {
				t.Fatalf("the server got as a command: % x, %v", raw, err)
			}
			if p := m.Payload(); strings.HasPrefix(strings.ToUpper(string(p[1:])), "DROP") && dropping(p[0], strings.ToUpper(string(p[1:]))) {
				t.Fatalf("the server got %q", p)
			}
		}
	})
}
