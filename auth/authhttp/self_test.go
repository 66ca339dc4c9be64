package authhttp_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

func items(a answer) (out []object) {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.Code, a.Body.String())
	for _, i := range a.json()["items"].([]any) {
		out = append(out, i.(object))
	}
	return out
}

func current(list []object, is bool) object {
	for _, i := range list {
		if i["current"] == is {
			return i
		}
	}
	return nil
}

func TestOwnSessions(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	s.add(t, "wang@example.com")
	one, two, wang := s.signedIn(t, boss), s.signedIn(t, boss), s.signedIn(t, "wang@example.com")
	list := items(one.get("/auth/sessions"))
	require.Len(t, list, 2)
	assert.Equal(t, "198.51.100.7", list[0]["ip"])
	theirs := current(list, false)["id"].(string)

	assert.Equal(t, "not_found", wang.do("DELETE", "/auth/sessions/"+theirs, "").code(), "another account's")
	require.Equal(t, http.StatusOK, two.get("/auth/session").Code)
	require.Equal(t, http.StatusNoContent, one.do("DELETE", "/auth/sessions/"+theirs, "").Code)
	assert.Equal(t, http.StatusUnauthorized, two.get("/auth/session").Code)
	assert.Equal(t, "not_found", one.do("DELETE", "/auth/sessions/"+theirs, "").code())

	s.clock.advance(10 * time.Minute)
	assert.Equal(t, "reauthentication_required", one.do("DELETE", "/auth/sessions", "").code())
	a := one.do("DELETE", "/auth/sessions/"+current(items(one.get("/auth/sessions")), true)["id"].(string), "")
	require.Equal(t, http.StatusNoContent, a.Code, "the own one may always be ended")
	assert.Negative(t, a.cookie(sessionCookie).MaxAge)
}

func TestOwnDevices(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	one, two := s.signedIn(t, boss), s.signedIn(t, boss)
	list := items(one.get("/auth/devices"))
	require.Len(t, list, 2)
	require.NotNil(t, current(list, true))
	theirs := current(list, false)["id"].(string)
	require.Equal(t, http.StatusNoContent, one.do("DELETE", "/auth/devices/"+theirs, "").Code)
	assert.Equal(t, http.StatusUnauthorized, two.get("/auth/session").Code, "its sessions end")
	assert.Equal(t, "not_found", one.do("DELETE", "/auth/devices/"+theirs, "").code())
	assert.Len(t, items(one.get("/auth/devices")), 1)
}

func TestChangePassword(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	one, two := s.signedIn(t, boss), s.signedIn(t, boss)
	old := one.cookies[sessionCookie]
	assert.Equal(t, "invalid_credentials", one.post("/auth/password/change", object{"current": other, "new": "nine otters across the bay"}).code())
	a := one.post("/auth/password/change", object{"current": right, "new": "short"}, "Accept-Language", "zh")
	require.Equal(t, http.StatusUnprocessableEntity, a.Code)
	assert.Equal(t, "password_rejected", a.code())
	assert.Regexp(t, "^zh-", a.Header().Get("Content-Language"))
	require.NotEmpty(t, a.json()["violations"])
	first := a.json()["violations"].([]any)[0].(object)
	assert.NotEmpty(t, first["code"])
	assert.NotEmpty(t, first["message"])
	require.Equal(t, http.StatusOK, two.get("/auth/session").Code)

	a = one.post("/auth/password/change", object{"current": right, "new": other})
	require.Equal(t, http.StatusNoContent, a.Code, a.Body.String())
	assert.Equal(t, http.StatusOK, one.get("/auth/session").Code)
	assert.Equal(t, http.StatusUnauthorized, two.get("/auth/session").Code)
	one.cookies[sessionCookie] = old
	assert.Equal(t, http.StatusUnauthorized, one.get("/auth/session").Code, "the token rotated")
	assert.Equal(t, http.StatusUnauthorized, s.browser(t).login(boss, right).Code)
	assert.Equal(t, http.StatusOK, s.browser(t).login(boss, other).Code)
}

// link returns the token of a new one-time link.
func (s *site) link(t testing.TB, tenant, identifier string) string {
	link, err := s.svc.Bootstrap(t.Context(), tenant, identifier)
	require.NoError(t, err)
	visit, err := url.Parse(link)
	require.NoError(t, err)
	return visit.Query().Get("token")
}

func TestChoosePasswordByLink(t *testing.T) {
	s := newSite(t, auth.Config{Tenants: func(_ context.Context, id string) (auth.Tenant, error) { return auth.Tenant{ID: id}, nil }}, authhttp.Config{
		Tenant: func(*http.Request) (string, error) { return "acme", nil },
	})
	token := s.link(t, "acme", boss)
	b := s.browser(t)
	require.Equal(t, http.StatusOK, b.post("/auth/password/check", object{"token": token, "password": right}).Code)
	assert.Equal(t, "token_invalid", b.post("/auth/password/check", object{"token": token + "A", "password": right}).code())
	assert.Equal(t, "password_rejected", b.post("/auth/password/reset", object{"token": token, "new": "short"}).code())
	a := b.post("/auth/password/reset", object{"token": token, "new": right})
	require.Equal(t, http.StatusNoContent, a.Code, a.Body.String())
	assert.Empty(t, a.Result().Cookies(), "it signs nobody in")
	a = b.post("/auth/password/reset", object{"token": token, "new": other})
	assert.Equal(t, http.StatusGone, a.Code)
	assert.Equal(t, "token_invalid", a.code())
	assert.Equal(t, http.StatusOK, b.login(boss, right).Code)
}

func TestCheckPassword(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	assert.Equal(t, "session_required", s.browser(t).post("/auth/password/check", object{"password": "short"}).code())
	b := s.signedIn(t, boss)
	a := b.post("/auth/password/check", object{"password": "short"})
	require.Equal(t, http.StatusOK, a.Code)
	assert.NotEmpty(t, a.json()["violations"])
	a = b.post("/auth/password/check", object{"password": other})
	assert.Equal(t, []any{}, a.json()["violations"])
	assert.Contains(t, []any{0., 1., 2., 3., 4.}, a.json()["strength"])
	for range 58 {
		require.Equal(t, http.StatusOK, b.post("/auth/password/check", object{"password": other}).Code)
	}
	assert.Equal(t, "rate_limited", b.post("/auth/password/check", object{"password": other}).code())
}
