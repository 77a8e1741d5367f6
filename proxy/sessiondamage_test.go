package proxy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// carrier is how an encounter's packets travel.
type carrier struct {
	tls          bool
	capabilities wire.Capability
	header       int // of what is damaged: packets, or compressed packets
}

// carriers are those that a driver without sockets has not.
var carriers = map[string]carrier{
	"TLS":             {tls: true, capabilities: mysql.CLIENT_SESSION_TRACK},
	"zlib":            {capabilities: mysql.CLIENT_COMPRESS | mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF},
	"zlib's packets":  {capabilities: mysql.CLIENT_COMPRESS, header: 7},
	"zstd's packets":  {capabilities: mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM | mysql.CLIENT_DEPRECATE_EOF, header: 7},
	"zlib inside TLS": {tls: true, capabilities: mysql.CLIENT_COMPRESS, header: 7},
}

// sayings are a client that says much without waiting.
func sayings() []packet {
	return []packet{
		{0, "\x0e"},
		{0, "\x03SELECT a FROM t WHERE note = 'long enough to be compressed, as it is longer than fifty bytes'"},
		{0, "\x03DROP TABLE t"},
		{0, "\x03SET sql_mode = 'ANSI_QUOTES'"},
		{0, "\x16SELECT a FROM t WHERE id = ?"},
		{0, "\x18\x01\x00\x00\x00\x00\x00\x03DROP TABLE data"},
		{0, "\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"},
		{0, "\x19\x01\x00\x00\x00"},
		{0, "\x03LOAD DATA LOCAL INFILE 'rows' INTO TABLE t"},
		{2, "1\n2\n"},
		{3, "\x03DROP TABLE data\n"},
		{4, ""},
		{0, "\x08"},
		{0, "\x11app\x00\x00shop\x00\x2d\x00"},
		{2, "\x03DROP TABLE password"},
		{0, "\x16DROP TABLE t"},
		{0, "\x03SELECT 1; DROP TABLE t"},
		{0, "\x01"},
	}
}

func (c carrier) encounter(client, server *mysqltest.Damager) *encounter {
	client.Header, server.Header = c.header, c.header
	return &encounter{
		turns: nativeTurns, clientTLS: c.tls, capabilities: c.capabilities | mysql.CLIENT_LOCAL_FILES,
		says: sayings(), fromClient: client, fromServer: server,
	}
}

// undamaged damages nothing and counts.
func undamaged() *mysqltest.Damager { return &mysqltest.Damager{Packet: -1} }

// Packets of a session that travels compressed or encrypted are damaged, each in some ways.
func TestADamagedSessionForwardsNothingThatIsDenied(t *testing.T) {
	for name, c := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for what never comes
			m := meet(t, false, time.Second)
			whole := c.encounter(undamaged(), undamaged())
			m.run(t, whole)
			whole.check(t)
			if n := len(whole.script.Executed); n == 0 || whole.script.Executed[n-1].Code != mysql.COM_QUIT {
				t.Fatalf("undamaged it does not come to its end: %v, %+v", whole.err, whole.script.Executed)
			}
			m.runAll(t, c.damaged(whole.fromClient.Seen(), whole.fromServer.Seen()))
		})
	}
}

// damaged are encounters with one damaged packet, two for each packet of either side.
func (c carrier) damaged(client, server int) (all []*encounter) {
	kinds := mysqltest.Damages()
	for i := range 2 * max(client, server) {
		damager := func() *mysqltest.Damager {
			return &mysqltest.Damager{Packet: i / 2, Kind: kinds[(i*7)%len(kinds)], Random: rand.New(rand.NewPCG(uint64(i), 3))}
		}
		if i/2 < client {
			all = append(all, c.encounter(damager(), undamaged()))
		}
		if i/2 < server {
			all = append(all, c.encounter(undamaged(), damager()))
		}
	}
	return all
}
