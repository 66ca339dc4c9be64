package authhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// empty is an answer to nobody. Its header map is used again: what net/http
// allocates for that isn't the middleware's.
type empty struct{ header http.Header }

func (e *empty) Header() http.Header         { return e.header }
func (e *empty) Write(b []byte) (int, error) { return len(b), nil }
func (e *empty) WriteHeader(int)             {}

// guarded returns a handler behind RequireSession and a request that passes it.
func guarded(t testing.TB, c authhttp.Config) (http.Handler, *http.Request) {
	s := newSite(t, auth.Config{}, c)
	b := s.signedIn(t, boss)
	r := httptest.NewRequest("GET", "https://crm.example.com/deals", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36")
	r.Header.Set("X-Forwarded-For", "203.0.113.9, 10.0.0.2")
	r.RemoteAddr = "10.0.0.1:4711"
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	reached := false
	h := s.web.RequireSession(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	h.ServeHTTP(&empty{http.Header{}}, r)
	require.True(t, reached)
	return h, r
}

// What the middleware allocates: the principal, the context that carries it and
// the request that carries the context.
func TestRequireSessionAllocatesLittle(t *testing.T) {
	for name, c := range map[string]authhttp.Config{
		"direct":         {},
		"behind a proxy": {TrustedProxies: prefixes("10.0.0.0/8")},
	} {
		h, r := guarded(t, c)
		w := &empty{http.Header{}}
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }), 4., name)
	}
}

func BenchmarkRequireSession(b *testing.B) {
	h, r := guarded(b, authhttp.Config{})
	w := &empty{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func BenchmarkRequireSessionBehindProxy(b *testing.B) {
	h, r := guarded(b, authhttp.Config{TrustedProxies: prefixes("10.0.0.0/8")})
	w := &empty{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// BenchmarkNoMiddleware is what remains without it.
func BenchmarkNoMiddleware(b *testing.B) {
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	_, r := guarded(b, authhttp.Config{})
	w := &empty{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
