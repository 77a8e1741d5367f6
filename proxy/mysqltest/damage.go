package mysqltest

import (
	"bytes"
	"io"
	"math/rand/v2"

	"guardrail/proxy/wire"
)

// Damage is what becomes of a packet on its way. The zero value is none.
type Damage byte

// What may happen to a packet. Where it says so, nothing comes behind it.
const (
	Cut        Damage = iota + 1 // it ends before its end, and nothing comes behind it
	Overlong                     // its header announces more than it has
	Shortened                    // it has lost its end, and its header says so
	Emptied                      // it has lost all
	Dropped                      // it never comes
	Doubled                      // it comes twice
	Swapped                      // it comes behind the next one
	Flipped                      // one bit is another
	Recast                       // its first byte is another that means something
	Renumbered                   // its sequence id is another
	lastDamage = Renumbered
)

// Damages are all kinds of damage.
func Damages() []Damage {
	var all []Damage
	for d := Cut; d <= lastDamage; d++ {
		all = append(all, d)
	}
	return all
}

func (d Damage) String() string {
	names := []string{"undamaged", "cut", "overlong", "shortened", "emptied", "dropped", "doubled", "swapped", "flipped", "recast", "renumbered"}
	if int(d) < len(names) {
		return names[d]
	}
	return "unknown damage"
}

// Damager does damage to one packet of a stream.
type Damager struct {
	Kind   Damage
	Packet int // which, counted from 0; -1 for none
	Random *rand.Rand
	Copy   io.Writer // gets what arrives; may be nil
	Header int       // length of a packet's header; 0 stands for that of packets, 7 is that of compressed ones

	seen int    // packets
	held []byte // comes behind the next packet
	dead bool
}

// Through takes whole packets and returns what arrives of them.
func (d *Damager) Through(p []byte) (arrives []byte) {
	if d.Header == 0 {
		d.Header = wire.HeaderLen
	}
	for len(p) >= d.Header && !d.dead {
		n := min(d.Header+wire.PayloadLen(p), len(p))
		packet := bytes.Clone(p[:n])
		p = p[n:]
		if d.seen == d.Packet {
			packet = d.damaged(packet)
		} else {
			packet = append(packet, d.held...)
			d.held = nil
		}
		d.seen++
		arrives = append(arrives, packet...)
	}
	if d.Copy != nil {
		_, _ = d.Copy.Write(arrives)
	}
	return arrives
}

// Seen is how many packets the stream had.
func (d *Damager) Seen() int { return d.seen }

// Dead reports whether nothing arrives any more.
func (d *Damager) Dead() bool { return d.dead }

func (d *Damager) damaged(packet []byte) []byte {
	payload := packet[d.Header:]
	switch d.Kind {
	case Cut:
		d.dead = true
		return packet[:d.Random.IntN(len(packet))]
	case Overlong:
		return resized(packet, len(payload)+1+d.Random.IntN(100))
	case Shortened:
		n := d.Random.IntN(len(payload) + 1)
		return resized(packet[:d.Header+n], n)
	case Emptied:
		return resized(packet[:d.Header], 0)
	case Dropped:
		return nil
	case Doubled:
		return append(packet, packet...)
	case Swapped:
		d.held = packet
		return nil
	case Flipped:
		packet[d.Random.IntN(len(packet))] ^= 1 << d.Random.IntN(8)
	case Recast:
		if meanings := []byte{0x00, 0x01, 0x02, 0x03, 0x16, 0xfb, 0xfe, 0xff}; len(payload) > 0 {
			payload[0] = meanings[d.Random.IntN(len(meanings))]
		}
	case Renumbered:
		packet[3] += byte(1 + d.Random.IntN(255))
	}
	return packet
}

// resized gives a packet another length in its header.
func resized(packet []byte, n int) []byte {
	packet[0], packet[1], packet[2] = byte(n), byte(n>>8), byte(n>>16)
	return packet
}
