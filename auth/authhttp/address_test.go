package authhttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

func TestClientAddress(t *testing.T) {
	proxies := prefixes("10.0.0.0/8", "2001:db8:1::/48")
	for _, test := range []struct {
		name    string
		proxies []netip.Prefix
		peer    string
		headers []string
		want    string
	}{
		{"no proxies: the peer", nil, "198.51.100.7:4711", []string{"203.0.113.9"}, "198.51.100.7"},
		{"an untrusted peer's header", proxies, "198.51.100.7:4711", []string{"203.0.113.9"}, "198.51.100.7"},
		{"the one hop", proxies, "10.0.0.1:80", []string{"203.0.113.9"}, "203.0.113.9"},
		{"the rightmost, not the leftmost", proxies, "10.0.0.1:80", []string{"192.0.2.66, 203.0.113.9"}, "203.0.113.9"},
		{"trusted hops are passed", proxies, "10.0.0.1:80", []string{"192.0.2.66, 203.0.113.9, 10.0.0.3,10.0.0.2"}, "203.0.113.9"},
		{"several headers are one list", proxies, "10.0.0.1:80", []string{"192.0.2.66", "203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"a spoofed trusted address on the left", proxies, "10.0.0.1:80", []string{"10.0.0.9, 203.0.113.9"}, "203.0.113.9"},
		{"only proxies: the furthest", proxies, "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"no header: the proxy", proxies, "10.0.0.1:80", nil, "10.0.0.1"},
		{"an empty header", proxies, "10.0.0.1:80", []string{""}, "10.0.0.1"},
		{"what can't be read ends it", proxies, "10.0.0.1:80", []string{"203.0.113.9, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"with a port", proxies, "10.0.0.1:80", []string{"203.0.113.9:5000"}, "203.0.113.9"},
		{"IPv6", proxies, "[2001:db8:1::1]:80", []string{"2001:db8:2::9"}, "2001:db8:2::9"},
		{"IPv6 in brackets", proxies, "10.0.0.1:80", []string{"[2001:db8:2::9]"}, "2001:db8:2::9"},
		{"IPv6 in brackets with a port", proxies, "10.0.0.1:80", []string{"[2001:db8:2::9]:443"}, "2001:db8:2::9"},
		{"IPv4 in IPv6 is IPv4", proxies, "[::ffff:10.0.0.1]:80", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"without zone", nil, "[fe80::1%eth0]:80", nil, "fe80::1"},
		{"a Unix socket", proxies, "@", []string{"203.0.113.9"}, "invalid IP"},
		{"a bounded number of hops", proxies, "10.0.0.1:80", []string{"203.0.113.9" + strings.Repeat(",10.0.0.2", 1000)}, "10.0.0.2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, auth.Config{}, authhttp.Config{TrustedProxies: test.proxies})
			r := httptest.NewRequest("GET", "https://crm.example.com/", nil)
			r.RemoteAddr = test.peer
			if test.headers != nil {
				r.Header["X-Forwarded-For"] = test.headers
			}
			assert.Equal(t, test.want, s.web.Client(r).IP.String())
		})
	}
}

func TestClientAddressFunction(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{ClientAddress: func(r *http.Request) netip.Addr {
		a, _ := netip.ParseAddr(r.Header.Get("X-Real-IP"))
		return a
	}})
	r := httptest.NewRequest("GET", "https://crm.example.com/", nil)
	r.Header.Set("X-Real-IP", "::ffff:203.0.113.9")
	assert.Equal(t, "203.0.113.9", s.web.Client(r).IP.String())
}

func TestForwardedHeadersDontEscapeTheLimit(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	codes := map[int]int{}
	for i := range 120 {
		b := s.browser(t)
		a := b.post("/auth/login", object{"identifier": "nobody" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), "password": other},
			"X-Forwarded-For", netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String())
		codes[a.Code]++
	}
	assert.Equal(t, map[int]int{http.StatusUnauthorized: 100, http.StatusTooManyRequests: 20}, codes)
}
