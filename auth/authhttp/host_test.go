package authhttp_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

func TestOtherHostsAreRefused(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{Hosts: []string{"acme.crm.example.com", "crm.example.com:8443"}})
	for host, want := range map[string]int{
		"crm.example.com":      http.StatusOK,
		"CRM.example.com":      http.StatusOK,
		"crm.example.com:443":  http.StatusOK,
		"acme.crm.example.com": http.StatusOK,
		"crm.example.com:8443": http.StatusOK,
		"crm.example.com:8080": http.StatusMisdirectedRequest,
		"evil.example":         http.StatusMisdirectedRequest,
		"localhost":            http.StatusMisdirectedRequest,
		"":                     http.StatusMisdirectedRequest,
	} {
		for name, h := range map[string]http.Handler{
			"api": s.web, "session": s.web.RequireSession(hello), "pages": s.web.Pages(s.web.RequireSession(hello)),
		} {
			b := s.signedIn(t, boss)
			b.handler = h
			a := b.get("/auth/session", "Host", host)
			assert.Equal(t, want, a.Code, "%s %s", name, host)
			if want != http.StatusOK {
				assert.Equal(t, "wrong_host", a.code())
			}
		}
	}
}

func TestLocalBaseURLServesLocalNames(t *testing.T) {
	s := newSite(t, auth.Config{BaseURL: "http://localhost:8080", FormerURLs: []string{"http://old.localhost:8080"}}, authhttp.Config{})
	for host, want := range map[string]int{
		"localhost:8080":      http.StatusUnauthorized,
		"127.0.0.1:8080":      http.StatusUnauthorized,
		"[::1]:9090":          http.StatusUnauthorized,
		"crm.localhost":       http.StatusUnauthorized,
		"192.0.2.1:8080":      http.StatusMisdirectedRequest,
		"localhost.evil.test": http.StatusMisdirectedRequest,
		"127.0.0.1.evil.test": http.StatusMisdirectedRequest,
		"old.localhost:8080":  http.StatusMovedPermanently,
	} {
		assert.Equal(t, want, s.browser(t).get("/auth/session", "Host", host).Code, host)
	}
	b := s.browser(t)
	a := b.login(boss, right)
	require.Equal(t, http.StatusOK, a.Code)
	c := a.cookie("auth_session")
	require.NotNil(t, c, "a plain name")
	assert.False(t, c.Secure)
	assert.True(t, c.HttpOnly)
	assert.Empty(t, a.Header().Get("Strict-Transport-Security"))
	assert.Equal(t, http.StatusOK, b.get("/auth/session").Code)
}

func TestFormerURLsAreRedirected(t *testing.T) {
	s := newSite(t, auth.Config{FormerURLs: []string{"https://old.example.com", "https://older.example.com:8443"}}, authhttp.Config{})
	b := s.browser(t)
	a := b.get("/auth/session?a=b%2Fc", "Host", "old.example.com")
	assert.Equal(t, http.StatusMovedPermanently, a.Code)
	assert.Equal(t, "https://crm.example.com/auth/session?a=b%2Fc", a.Header().Get("Location"))
	a = b.do("POST", "/auth/login", "{}", "Host", "older.example.com:8443")
	assert.Equal(t, http.StatusPermanentRedirect, a.Code, "method and body are kept")
	assert.Equal(t, "https://crm.example.com/auth/login", a.Header().Get("Location"))
	b.handler = s.web.RequireSession(hello)
	a = b.get("//evil.example/%2e%2e", "Host", "old.example.com")
	assert.Equal(t, "https://crm.example.com//evil.example/%2e%2e", a.Header().Get("Location"), "never another host")
}

func TestCrossOriginRequestsAreRefused(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{Origins: []string{"https://app.example.com"}})
	for name, h := range map[string]http.Handler{"api": s.web, "session": s.web.RequireSession(hello)} {
		b := s.signedIn(t, boss)
		b.handler = h
		send := func(headers ...string) int {
			return b.do("POST", "/auth/reauthenticate", `{"password":"`+right+`"}`, headers...).Code
		}
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
			{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		} {
			a := b.do("POST", "/auth/reauthenticate", `{"password":"`+right+`"}`, headers...)
			assert.Equal(t, http.StatusForbidden, a.Code, "%s %v", name, headers)
			assert.Equal(t, "cross_origin", a.code())
			assert.Empty(t, a.Result().Cookies())
			assert.Equal(t, http.StatusForbidden, b.do("DELETE", "/auth/sessions", "", headers...).Code)
		}
		assert.Equal(t, http.StatusOK, send(), "no browser")
		assert.Equal(t, http.StatusOK, send("Sec-Fetch-Site", "same-origin"))
		assert.Equal(t, http.StatusOK, send("Origin", "https://crm.example.com"))
		assert.Equal(t, http.StatusOK, send("Sec-Fetch-Site", "same-site", "Origin", "https://app.example.com"))
		assert.Equal(t, http.StatusOK, b.get("/auth/session", "Sec-Fetch-Site", "cross-site").Code, "reading is no change")
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	want := map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "max-age=63072000",
	}
	for _, a := range []answer{
		b.login(boss, other), b.login(boss, right), b.get("/auth/session"), b.get("/auth/nothing"), b.get("/auth/login"),
		b.do("POST", "/auth/logout", "", "Origin", "null"), b.get("/auth/session", "Host", "evil.example"),
	} {
		for name, value := range want {
			assert.Equal(t, value, a.Header().Get(name), "%d %s", a.Code, name)
		}
	}
	b.handler = s.web.Pages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	a := b.get("/")
	want["Content-Security-Policy"] = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
	want["Cross-Origin-Opener-Policy"] = "same-origin"
	for name, value := range want {
		assert.Equal(t, value, a.Header().Get(name), name)
	}
}

func TestNewNamesEveryProblem(t *testing.T) {
	_, err := authhttp.New(nil, authhttp.Config{})
	require.ErrorContains(t, err, "auth.New")
	s := newSite(t, auth.Config{FormerURLs: []string{"https://acme.example.com"}}, authhttp.Config{})
	_, err = authhttp.New(s.svc, authhttp.Config{
		Prefix: "auth/", SignInPage: "https://evil.example", ConfirmPage: "/a?b", MaxBody: -1,
		TrustedProxies: prefixes("0.0.0.0/0", "::ffff:10.0.0.0/104"), Hosts: []string{"https://x", "acme.example.com"}, Origins: []string{"app.example.com"},
	})
	for _, problem := range []string{"Prefix", "SignInPage", "ConfirmPage", "MaxBody", "0.0.0.0/0", "::ffff:10.0.0.0/104", "Hosts", "Origins", "FormerURLs"} {
		assert.ErrorContains(t, err, problem)
	}
}

func TestPrefix(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{Prefix: "/api/v1/auth"})
	b := s.browser(t)
	assert.Equal(t, http.StatusOK, b.post("/api/v1/auth/login", object{"identifier": boss, "password": right}).Code)
	assert.Equal(t, http.StatusNotFound, b.get("/auth/x").Code)
	servers := b.get("/api/v1/auth/openapi.json").json()["servers"]
	assert.Equal(t, []any{object{"url": "/api/v1/auth"}}, servers)
}
