package proxy_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// loginLimit is the proxy's time for a login in which something may be missing.
const loginLimit = 250 * time.Millisecond

// loginWay is how an account proves itself.
type loginWay struct {
	clientTLS, backendTLS bool
	turns                 [][][]byte
	fails, whole          bool
}

// loginWays are those that take another way through the proxy.
func loginWays() map[string]loginWay {
	fast, full := []byte{wire.AuthMoreData, wire.SHA2FastAuthOK}, []byte{wire.AuthMoreData, wire.SHA2FullAuth}
	ok, asksSHA2 := [][]byte{serverOK}, [][]byte{asks(mysql.AUTH_CACHING_SHA2_PASSWORD)}
	withKey := [][][]byte{asksSHA2, {full}, {serverKey()}, ok}
	return map[string]loginWay{
		"native":                {turns: nativeTurns, whole: true},
		"native, TLS":           {turns: nativeTurns, clientTLS: true, backendTLS: true},
		"sha2 fast":             {turns: [][][]byte{asksSHA2, {fast, serverOK}}},
		"sha2 full":             {turns: withKey},
		"sha2 full, TLS first":  {turns: withKey, clientTLS: true},
		"sha2 full, TLS second": {turns: [][][]byte{asksSHA2, {full}, ok}, backendTLS: true},
		"sha2 full, TLS":        {turns: [][][]byte{asksSHA2, {full}, ok}, clientTLS: true, backendTLS: true},
		"clear":                 {turns: [][][]byte{{asks(mysql.AUTH_CLEAR_PASSWORD)}, ok}, clientTLS: true, backendTLS: true},
		"clear, refused":        {turns: [][][]byte{{asks(mysql.AUTH_CLEAR_PASSWORD)}, ok}, fails: true},
		"two factors":           {turns: [][][]byte{{asks(mysql.AUTH_NATIVE_PASSWORD)}, {[]byte("\x02second_factor\x00challenge")}, ok}},
		"denied":                {turns: [][][]byte{{asks(mysql.AUTH_NATIVE_PASSWORD)}, {wire.Err{Code: 1045, SQLState: "28000", Message: "no"}.Append(nil)}}, fails: true},
	}
}

// encounter is a login by this way, and a DROP TABLE behind it.
func (w loginWay) encounter(client, server *mysqltest.Damager) *encounter {
	return &encounter{
		turns: w.turns, clientTLS: w.clientTLS, fromClient: client, fromServer: server,
		says: []packet{{0, "\x03DROP TABLE t"}, {0, "\x01"}},
	}
}

// packets are how many of each side are damaged. What follows the login is the same in all ways, and damaged in one.
func (w loginWay) packets(t *testing.T, m *meeting) (client, server int) {
	t.Helper()
	e := w.encounter(&mysqltest.Damager{Packet: -1}, &mysqltest.Damager{Packet: -1})
	m.run(t, e)
	e.check(t)
	if e.told == nil || (e.told[0] == wire.HeaderOK) == w.fails {
		t.Fatalf("the login came to %q, %v", e.told, e.err)
	}
	client, server = e.fromClient.Seen(), e.fromServer.Seen()
	if !w.whole {
		server = 1 // the greeting
		for _, turn := range w.turns {
			server += len(turn)
		}
	}
	return client, server
}

// Each packet of a login, of either side, is damaged in each way. The proxy ends the login in its time, lets nobody in
// whom the server has not let in, and forwards nothing that the policy denies.
func TestADamagedLoginLetsNobodyIn(t *testing.T) {
	for _, backendTLS := range []bool{false, true} {
		patient, hasty := meet(t, backendTLS, 10*time.Second), meet(t, backendTLS, loginLimit)
		var encounters []*encounter
		ways := loginWays()
		for _, name := range slices.Sorted(maps.Keys(ways)) {
			if w := ways[name]; w.backendTLS == backendTLS {
				client, server := w.packets(t, patient)
				encounters = append(encounters, w.damaged(client, server)...)
			}
		}
		hasty.runAll(t, encounters)
	}
}

func (w loginWay) damaged(client, server int) (all []*encounter) {
	for _, kind := range mysqltest.Damages() {
		for packet := range max(client, server) {
			damager := func() *mysqltest.Damager {
				return &mysqltest.Damager{Packet: packet, Kind: kind, Random: rand.New(rand.NewPCG(uint64(packet), uint64(kind)))}
			}
			if packet < client {
				all = append(all, w.encounter(damager(), nil))
			}
			if packet < server {
				all = append(all, w.encounter(nil, damager()))
			}
		}
	}
	return all
}
