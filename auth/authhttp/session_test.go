package authhttp_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// hello answers whose request it is.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	who, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		http.Error(w, "no principal", http.StatusTeapot)
		return
	}
	_, _ = w.Write([]byte(who.Identifier))
})

func TestRequireSession(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	b.handler = s.web.RequireSession(hello)
	a := b.get("/deals")
	require.Equal(t, http.StatusUnauthorized, a.Code)
	assert.Equal(t, "session_required", a.code())
	assert.Equal(t, http.StatusUnauthorized, b.get("/deals", "Accept", "text/html").Code, "browsers too, without a page")
	b.cookies[sessionCookie] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	assert.Equal(t, "session_required", b.get("/deals").code())

	b = s.signedIn(t, boss)
	b.handler = s.web.RequireSession(hello)
	a = b.get("/deals")
	require.Equal(t, http.StatusOK, a.Code)
	assert.Equal(t, boss, a.Body.String())
	assert.Equal(t, "no-store", a.Header().Get("Cache-Control"))
	assert.Equal(t, "nosniff", a.Header().Get("X-Content-Type-Options"))
	assert.Equal(t, "frame-ancestors 'none'", a.Header().Get("Content-Security-Policy"))
	assert.NotEmpty(t, a.Header().Get("Strict-Transport-Security"))

	s.clock.advance(30 * time.Minute)
	assert.Equal(t, "session_required", b.get("/deals").code(), "idle")
}

func TestRevocationElsewhereHoldsAtOnce(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	one, two := s.signedIn(t, boss), s.signedIn(t, boss)
	require.Equal(t, http.StatusOK, two.get("/auth/session").Code)
	a := one.do("DELETE", "/auth/sessions", "")
	require.Equal(t, http.StatusOK, a.Code)
	assert.EqualValues(t, 1, a.json()["ended"])
	assert.Equal(t, http.StatusUnauthorized, two.get("/auth/session").Code)
	assert.Equal(t, http.StatusOK, one.get("/auth/session").Code)
}

func TestRequireRole(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	s.add(t, "wang@example.com", "sales")
	b := s.signedIn(t, "wang@example.com")
	b.handler = s.web.RequireRole("sales", hello)
	assert.Equal(t, http.StatusOK, b.get("/deals").Code)
	b.handler = s.web.RequireRole("manager", hello)
	a := b.get("/board")
	assert.Equal(t, http.StatusForbidden, a.Code)
	assert.Equal(t, "forbidden", a.code())
	var records []audit.Event
	for e, err := range s.store.Audit.(audit.Reader).Events(t.Context(), audit.Filter{Names: []audit.Name{audit.AuthzFail}}, audit.Cursor{}) {
		require.NoError(t, err)
		records = append(records, e)
	}
	require.Len(t, records, 1, "it is on record")
	assert.Equal(t, "role manager", records[0].Resource)
	assert.Equal(t, "198.51.100.7", records[0].Client.IP.String())

	b.cookies = map[string]string{}
	assert.Equal(t, http.StatusUnauthorized, b.get("/board").Code, "no session comes first")
}

func TestPagesKeepTheirPolicyBehindASession(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.signedIn(t, boss)
	for _, h := range []http.Handler{s.web.Pages(s.web.RequireSession(hello)), s.web.RequireSession(s.web.Pages(hello))} {
		b.handler = h
		a := b.get("/")
		require.Equal(t, http.StatusOK, a.Code)
		assert.Contains(t, a.Header().Get("Content-Security-Policy"), "default-src 'self'")
	}
}

func TestRequireRecent(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{ConfirmPage: "/confirm"})
	b := s.signedIn(t, boss)
	guarded := s.web.RequireRecent(5*time.Minute, hello)
	b.handler = guarded
	assert.Equal(t, http.StatusOK, b.get("/export").Code)
	s.clock.advance(5 * time.Minute)
	a := b.get("/export")
	require.Equal(t, http.StatusForbidden, a.Code)
	assert.Equal(t, "reauthentication_required", a.code())
	assert.Equal(t, []any{"password"}, a.json()["accepted"])
	assert.EqualValues(t, 300, a.json()["within"])
	assert.Equal(t, "AAL1", a.json()["assurance"])
	a = b.get("/export?all=1", "Accept", "text/html")
	assert.Equal(t, http.StatusSeeOther, a.Code)
	assert.Equal(t, "/confirm?return=%2Fexport%3Fall%3D1", a.Header().Get("Location"))

	b.handler = s.web
	require.Equal(t, "invalid_credentials", b.post("/auth/reauthenticate", object{"password": other}).code())
	require.Equal(t, http.StatusOK, b.post("/auth/reauthenticate", object{"password": right}).Code)
	b.handler = guarded
	assert.Equal(t, http.StatusOK, b.get("/export").Code)

	b.handler = s.web.RequireRecent(0, hello)
	s.clock.advance(10*time.Minute - 1000)
	assert.Equal(t, http.StatusOK, b.get("/export").Code, "zero is the service's RecentFor")
	s.clock.advance(time.Second)
	assert.Equal(t, http.StatusForbidden, b.get("/export").Code)
}

func TestNestedWrappersCheckOnce(t *testing.T) {
	counted := &countingSessions{Store: newStores().Sessions}
	stores := newStores()
	stores.Sessions = counted
	s := newSite(t, auth.Config{Stores: stores}, authhttp.Config{})
	b := s.signedIn(t, boss)
	b.handler = s.web.RequireSession(s.web.RequireRole("admin", s.web.RequireRecent(time.Hour, hello)))
	counted.gets.Store(0)
	require.Equal(t, http.StatusOK, b.get("/").Code)
	assert.EqualValues(t, 1, counted.gets.Load())
}

func TestSignInPage(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{SignInPage: "/signin"})
	b := s.browser(t)
	b.handler = s.web.RequireSession(hello)
	for path, want := range map[string]string{
		"/deals?stage=won": "/signin?return=%2Fdeals%3Fstage%3Dwon",
		"/":                "/signin",
		"//evil.example/":  "/signin",
		"/%2f%2fevil":      "/signin",
	} {
		a := b.get(path, "Accept", "text/html,application/xhtml+xml")
		assert.Equal(t, http.StatusSeeOther, a.Code)
		assert.Equal(t, want, a.Header().Get("Location"))
	}
	assert.Equal(t, "/signin", b.do("POST", "/deals", "", "Accept", "text/html").Header().Get("Location"), "a form is not repeated")
	assert.Equal(t, http.StatusUnauthorized, b.get("/deals", "Accept", "application/json").Code)
	b.handler = s.web
	assert.Equal(t, http.StatusUnauthorized, b.get("/auth/session", "Accept", "text/html").Code, "the API answers as an API")
}

func TestErrorPage(t *testing.T) {
	var s *site
	s = newSite(t, auth.Config{}, authhttp.Config{ErrorPage: func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(authhttp.Status(err))
		_, _ = w.Write([]byte("<p>" + s.web.Message(r, err)))
	}})
	b := s.signedIn(t, boss)
	b.handler = s.web.RequireRole("nobody", hello)
	a := b.get("/", "Accept", "text/html")
	assert.Equal(t, http.StatusForbidden, a.Code)
	assert.Equal(t, "<p>You are not allowed to do this.", a.Body.String())
	assert.Equal(t, "forbidden", b.get("/", "Accept", "*/*").code())
	b.handler = s.web.Pages(hello)
	a = b.do("POST", "/", "", "Accept", "text/html", "Accept-Language", "zh-CN")
	assert.Equal(t, "<p>表单已失效，请刷新页面后重试。", a.Body.String())
}

func TestSessionsOfAnotherTenantAreNone(t *testing.T) {
	known := func(_ context.Context, id string) (auth.Tenant, error) {
		if id != "acme" && id != "globex" {
			return auth.Tenant{}, auth.ErrNotFound
		}
		return auth.Tenant{ID: id}, nil
	}
	s := newSite(t, auth.Config{Tenants: func(c context.Context, id string) (auth.Tenant, error) {
		if id == "" { // the harness's own administrator
			return auth.Tenant{}, nil
		}
		return known(c, id)
	}}, authhttp.Config{Tenant: func(r *http.Request) (string, error) {
		if r.Header.Get("X-Tenant") == "broken" {
			return "", errors.New("no such host")
		}
		return r.Header.Get("X-Tenant"), nil
	}})
	s.bootstrap(t, "acme", boss)
	b := s.browser(t)
	require.Equal(t, http.StatusUnauthorized, b.post("/auth/login", object{"identifier": boss, "password": right}, "X-Tenant", "globex").Code)
	assert.Equal(t, "invalid_credentials",
		b.post("/auth/login", object{"identifier": boss, "password": right}, "X-Tenant", "nobody").code(), "an unknown tenant")
	assert.Equal(t, "unavailable", b.post("/auth/login", object{"identifier": boss, "password": right}, "X-Tenant", "broken").code())
	require.Equal(t, http.StatusOK, b.post("/auth/login", object{"identifier": boss, "password": right}, "X-Tenant", "acme").Code)

	for _, path := range []string{"/auth/session", "/auth/sessions", "/auth/admin/accounts"} {
		assert.Equal(t, http.StatusOK, b.get(path, "X-Tenant", "acme").Code)
		assert.Equal(t, "session_required", b.get(path, "X-Tenant", "globex").code())
	}
	b.handler = s.web.RequireSession(hello)
	assert.Equal(t, http.StatusOK, b.get("/", "X-Tenant", "acme").Code)
	assert.Equal(t, "session_required", b.get("/", "X-Tenant", "globex").code())

	// A principal that somebody else's middleware put there is judged as well.
	b.handler = s.web.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Tenant", "globex")
		s.web.RequireSession(hello).ServeHTTP(w, r)
	}))
	assert.Equal(t, http.StatusUnauthorized, b.get("/", "X-Tenant", "acme").Code)
}
