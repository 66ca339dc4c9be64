package authhttp

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSafeReturn(t *testing.T) {
	for _, path := range []string{"/", "/deals", "/deals/7?stage=won&q=a%20b#top", "/客户/李", "/a%20b", "/?next=https://example.com//x", "/a..b/...", "/100%25"} {
		assert.Equal(t, path, SafeReturn(path))
	}
	for _, path := range []string{
		"", "deals", "https://evil.example", "HTTPS://evil.example", "javascript:alert(1)", "//", "//?a", "//evil.example", "///evil.example",
		`/\evil.example`, `\/evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example",
		"/%2f/evil.example", "/%2Fevil.example", "/%5cevil.example", "/%252f%252fevil.example", "/%25252fevil.example", "/%09/evil.example",
		"/..//evil.example", "/a/../..//evil.example", "/a/%2e%2e//evil.example", "/a/%2e%2e/b", "/..", "/a//b", "/deals\r\nSet-Cookie: a=b",
		"/deals%0d%0aSet-Cookie:a=b", "/deals%00", "/a b", "/./a", "/\xff", "/\u0085/evil.example", "/" + strings.Repeat("a", maxReturn), "/%zz", "//user@evil.example", "@evil.example",
	} {
		assert.Equal(t, "/", SafeReturn(path), "%q", path)
	}
}

// Whatever comes out leads a browser to a path on this host, and is what went
// in or "/".
func FuzzSafeReturn(f *testing.F) {
	for _, s := range []string{"/deals?x=1", "//evil", `/\evil`, "/%2f%2fevil", "/a/../b", "/\tx", "https://a@b/c", "/%25252f"} {
		f.Add(s)
	}
	base, err := url.Parse("https://crm.example.com/signin")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, s string) {
		out := SafeReturn(s)
		if out != s && out != "/" {
			t.Fatalf("%q became %q", s, out)
		}
		// Browsers drop tabs and line breaks, and read backslashes as slashes.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(out))
		to, err := base.Parse(seen)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme || to.User != nil || !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Fatalf("%q leads to %v, %v", out, to, err)
		}
		if SafeReturn(out) != out {
			t.Fatalf("%q is not stable", out)
		}
	})
}

func scan(lines ...string) carried {
	c := newCookies(true)
	return c.read(&http.Request{Header: http.Header{"Cookie": lines}})
}

func TestCookieScanner(t *testing.T) {
	for _, test := range []struct {
		lines []string
		want  carried
	}{
		{nil, carried{}},
		{[]string{"__Host-auth_session=abc"}, carried{session: "abc"}},
		{[]string{"a=b; __Host-auth_session=abc; __Host-auth_device=d.e;__Host-auth_browser=f"}, carried{"abc", "d.e", "f"}},
		{[]string{"a=b", "__Host-auth_session=abc"}, carried{session: "abc"}},
		{[]string{`__Host-auth_session="abc"`}, carried{session: "abc"}},
		{[]string{"__Host-auth_session=abc; __Host-auth_session=abc"}, carried{session: "abc"}},
		{[]string{"__Host-auth_session=abc; __Host-auth_session=xyz; __Host-auth_device=d"}, carried{device: "d"}},
		{[]string{"__Host-auth_session=abc", "__Host-auth_session=xyz; __Host-auth_session=abc"}, carried{}},
		{[]string{"auth_session=abc; __host-auth_session=abc; x__Host-auth_session=abc"}, carried{}},
		{[]string{"__Host-auth_session", "__Host-auth_session=", "; ;=;", "__Host-auth_session =abc"}, carried{}},
		{[]string{"__Host-auth_session=a b", "__Host-auth_session=a,b", "__Host-auth_session=,", "__Host-auth_session=\x00"}, carried{}},
		{[]string{"__Host-auth_session=" + strings.Repeat("a", maxCookie+1)}, carried{}},
	} {
		assert.Equal(t, test.want, scan(test.lines...), "%q", test.lines)
	}
	r := &http.Request{Header: http.Header{"Cookie": {"a=b; __Host-auth_session=abc; __Host-auth_device=d.e"}}}
	c := newCookies(true)
	assert.Zero(t, testing.AllocsPerRun(100, func() { c.read(r) }))
}

// Where net/http finds exactly one cookie of a name and likes it, so does the
// scanner; and what it returns was sent.
func FuzzCookieScanner(f *testing.F) {
	for _, s := range []string{"__Host-auth_session=abc; a=b", `__Host-auth_device="d"`, "__Host-auth_browser=1;__Host-auth_browser=2", "=;;="} {
		f.Add(s)
	}
	c := newCookies(true)
	f.Fuzz(func(t *testing.T, line string) {
		r := &http.Request{Header: http.Header{"Cookie": {line}}}
		got := c.read(r)
		for name, value := range map[string]string{c.session: got.session, c.device: got.device, c.browser: got.browser} {
			if value != "" && (!strings.Contains(line, value) || strings.ContainsAny(value, ",;\" \t\\") || len(value) > maxCookie) {
				t.Fatalf("%q gave %q", line, value)
			}
			all := r.CookiesNamed(name)
			if value != "" && len(all) > 0 && all[0].Value != value {
				t.Fatalf("%q gave %q, net/http %q", line, value, all[0].Value)
			}
		}
	})
}

// An address that an untrusted client wrote counts only if a trusted proxy is
// the peer, and the right end of the header always wins.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"203.0.113.9", "1.2.3.4, 203.0.113.9:80", "[::1]:5, unknown", ",,,", "::ffff:1.2.3.4%eth0"} {
		f.Add(s)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	proxy, stranger := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("198.51.100.7")
	f.Fuzz(func(t *testing.T, header string) {
		if got := forwarded(stranger, []string{header}, trusted); got != stranger {
			t.Fatalf("believed a stranger: %v", got)
		}
		if got := forwarded(proxy, []string{header + ", 203.0.113.9"}, trusted); got.String() != "203.0.113.9" {
			t.Fatalf("%q hid the last hop: %v", header, got)
		}
		got := forwarded(proxy, []string{header}, trusted)
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%q gave %v", header, got)
		}
	})
}

// The reader of bodies never accepts a member twice or what isn't an object.
func FuzzParseObject(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, `{"a":1,"a":2}`, `[]`, `{"a":{"b":[1,{"c":null}]}}`, `{"\u0061":1,"a":2}`, "{}{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fields, err := parseObject(body)
		if err != nil {
			return
		}
		in := input{fields: fields}
		for name := range fields {
			in.text(name)
			in.flag(name)
			in.texts(name)
		}
		in.others()
		var plain map[string]any
		if err := json.Unmarshal(body, &plain); err != nil || len(plain) != len(fields) || len(fields) > maxFields {
			t.Fatalf("%q: %d members, encoding/json finds %d, %v", body, len(fields), len(plain), err)
		}
	})
}
