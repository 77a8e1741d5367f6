package policy

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"guardrail/policy/strictyaml"
)

// account is one entry of accounts: a MySQL user name, and where it may come from.
type account struct {
	Rule
	name    string
	network netip.Prefix // invalid: from anywhere
	at      strictyaml.Value
}

// parseAccount reads "name" or "name@network".
func parseAccount(v strictyaml.Value) (account, bool) {
	text := v.Text()
	if text == "" {
		return account{}, false
	}
	a := account{Rule: place(v), name: text, at: v}
	i := strings.LastIndexByte(text, '@')
	if i >= 0 {
		a.name = text[:i]
		network, hint, err := parseNetwork(text[i+1:])
		if err != nil {
			v.FailAt(i+1, err.Error(), hint)
			return account{}, false
		}
		a.network = network
	}
	if i := strings.IndexAny(a.name, "*%"); i >= 0 && a.name != "*" {
		v.FailAt(i, "an account's name has no wildcards", `list the names; "*" by itself is every account that no app names`)
		return account{}, false
	}
	if a.name == "" || len(a.name) > 128 {
		v.Fail("an account needs a user name of 1 to 128 bytes", "anonymous users cannot connect through guardrail")
		return account{}, false
	}
	return a, true
}

// parseNetwork reads 10.0.0.0/8 or a single address.
func parseNetwork(text string) (_ netip.Prefix, hint string, _ error) {
	if text == "%" {
		return netip.Prefix{}, "write the name alone to let it in from anywhere", fmt.Errorf("%q is no network", text)
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), "", nil
	}
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, networkHint(text), fmt.Errorf("%q is no network", text)
	case network.Addr().Is4In6():
		return netip.Prefix{}, "write it as an IPv4 network", fmt.Errorf("%q is an IPv4 network in IPv6", text)
	case network != network.Masked():
		return netip.Prefix{}, "try " + network.Masked().String(), fmt.Errorf("%q names an address inside the network", text)
	}
	return network, "", nil
}

// networkHint says what to write for a text that is no network.
func networkHint(text string) string {
	address, _, _ := strings.Cut(text, "/")
	if addr, err := netip.ParseAddr(address); err == nil && likelyNetwork(text) == anyNetwork {
		return fmt.Sprintf("write 0 to %d behind the /, as in %s", addr.BitLen(), anyNetwork)
	}
	if strings.ContainsFunc(address, func(r rune) bool { return 'g' <= r|0x20 && r|0x20 <= 'z' }) {
		return "host names are not looked up: write an address or a network, as in " + anyNetwork
	}
	return "try " + likelyNetwork(text)
}

const anyNetwork = "10.0.0.0/8"

// likelyNetwork is what a host of MySQL's may mean: 10.0.% and 10.0.0.0/255.255.0.0 are 10.0.0.0/16.
func likelyNetwork(text string) string {
	if address, mask, ok := strings.Cut(text, "/"); ok {
		if m, err := netip.ParseAddr(mask); err == nil && m.Is4() {
			four := m.As4()
			text = fmt.Sprintf("%s/%d", address, bits.LeadingZeros32(^binary.BigEndian.Uint32(four[:])))
		}
	} else if parts := strings.Split(text, "."); parts[len(parts)-1] == "%" && len(parts) <= 4 {
		text = fmt.Sprintf("%s%s/%d", strings.TrimSuffix(text, "%"), strings.Repeat("0.", 4-len(parts))+"0", 8*(len(parts)-1))
	}
	if network, err := netip.ParsePrefix(text); err == nil && network.Bits() > 0 {
		return network.Masked().String()
	}
	return anyNetwork
}
