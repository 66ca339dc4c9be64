package authhttp

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxHops is how many entries of X-Forwarded-For are looked at.
const maxHops = 32

func checkProxies(proxies []netip.Prefix) error {
	var problems []error
	for _, p := range proxies {
		switch {
		case !p.IsValid():
			problems = append(problems, errors.New("TrustedProxies: an invalid network; netip.MustParsePrefix makes one"))
		case p.Addr().Is4In6():
			problems = append(problems, fmt.Errorf("TrustedProxies: write %v as an IPv4 network", p))
		case p.Bits() == 0:
			problems = append(problems, fmt.Errorf("TrustedProxies: %v would let every client choose its own address", p))
		}
	}
	return errors.Join(problems...)
}

// clientAddress returns where a request comes from: IPv4 as such, without zone,
// the zero Addr if unknown.
func (web *Web) clientAddress(r *http.Request) netip.Addr {
	if web.config.ClientAddress != nil {
		return plain(web.config.ClientAddress(r))
	}
	peer := parseHop(r.RemoteAddr)
	if len(web.config.TrustedProxies) == 0 {
		return peer
	}
	return forwarded(peer, r.Header["X-Forwarded-For"], web.config.TrustedProxies)
}

// forwarded follows the hops from the peer outwards, for as long as each was
// named by a trusted proxy, and returns the first one that is none. What stands
// to the left of it anybody may have written.
func forwarded(peer netip.Addr, headers []string, trusted []netip.Prefix) netip.Addr {
	hop, left := peer, maxHops
	for entry := range hops(headers) {
		next := parseHop(entry)
		if left == 0 || !within(hop, trusted) || !next.IsValid() { // "unknown": the proxy is all that is known
			break
		}
		hop, left = next, left-1
	}
	return hop
}

// hops yields the entries of X-Forwarded-For, the latest first.
func hops(headers []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(headers) {
			for more := true; more; {
				entry := line
				if i := strings.LastIndexByte(line, ','); i >= 0 {
					line, entry = line[:i], line[i+1:]
				} else {
					more = false
				}
				if !yield(strings.Trim(entry, " \t")) {
					return
				}
			}
		}
	}
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// parseHop reads an address, with or without a port and brackets; the zero Addr
// if it is none. It allocates nothing for what proxies write.
func parseHop(s string) netip.Addr {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	} else if strings.HasPrefix(s, "[") || strings.Count(s, ":") == 1 {
		a, _ := netip.ParseAddrPort(s)
		return plain(a.Addr())
	}
	a, _ := netip.ParseAddr(s)
	return plain(a)
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
