package authhttp_test

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

func TestLoginSetsCookiesAndTellsTheSession(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	a := b.login("  Li.Na@Example.com ", right)
	require.Equal(t, http.StatusOK, a.Code)
	assert.Equal(t, "authenticated", a.json()["status"])
	session := a.json()["session"].(object)
	want := object{
		"identifier": boss, "roles": []any{"admin"}, "assurance": "AAL1", "methods": []any{"pwd"},
		"authenticated_at": "2026-03-04T09:00:00Z", "idle_expires_at": "2026-03-04T09:30:00Z", "expires_at": "2026-03-04T21:00:00Z",
	}
	for name, v := range want {
		assert.Equal(t, v, session[name], name)
	}
	assert.NotEmpty(t, session["id"])
	assert.NotEmpty(t, session["account_id"])

	c := a.cookie(sessionCookie)
	require.NotNil(t, c)
	assert.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && c.Path == "/" && c.Domain == "")
	assert.Zero(t, c.MaxAge, "ends with the browser")
	d := a.cookie(deviceCookie)
	require.NotNil(t, d)
	assert.True(t, d.Secure && d.HttpOnly && d.SameSite == http.SameSiteLaxMode && d.Path == "/" && d.Domain == "")
	assert.Equal(t, 180*24*3600, d.MaxAge)
	for _, c := range a.Result().Cookies() {
		assert.LessOrEqual(t, len(c.Name)+len(c.Value), 4096, c.Name)
	}

	assert.Equal(t, a.json()["session"], any(b.get("/auth/session").json()))
}

func TestTheTokenIsInSetCookieOnly(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	answers := []answer{b.login(boss, right)}
	tokens := []string{b.cookies[sessionCookie], b.cookies[deviceCookie]}
	answers = append(answers, b.post("/auth/reauthenticate", object{"password": right}))
	tokens = append(tokens, b.cookies[sessionCookie])
	answers = append(answers, b.post("/auth/password/change", object{"current": right, "new": other}))
	tokens = append(tokens, b.cookies[sessionCookie])
	for _, path := range []string{"/auth/session", "/auth/sessions", "/auth/devices", "/auth/admin/accounts"} {
		answers = append(answers, b.get(path))
	}
	for _, a := range answers {
		require.Less(t, a.Code, 300, a.Body.String())
		rest := a.Header().Clone()
		rest.Del("Set-Cookie")
		text := a.Body.String() + fmt.Sprint(rest)
		for _, token := range tokens {
			assert.NotContains(t, text, token)
		}
	}
	assert.NotEqual(t, tokens[0], tokens[2], "a new token with each authentication")
	assert.NotEqual(t, tokens[2], tokens[3])
}

func TestRememberedSessionOutlivesTheBrowser(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	a := s.browser(t).post("/auth/login", object{"identifier": boss, "password": right, "remember": true})
	assert.Equal(t, int((24 * time.Hour).Seconds()), a.cookie(sessionCookie).MaxAge)
}

func TestPublicComputerRemembersNothing(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	a := b.post("/auth/login", object{"identifier": boss, "password": right, "public_computer": true, "remember": true})
	assert.Zero(t, a.cookie(sessionCookie).MaxAge)
	assert.Nil(t, a.cookie(deviceCookie))

	b = s.signedIn(t, boss)
	a = b.post("/auth/login", object{"identifier": boss, "password": right, "public_computer": true})
	require.NotNil(t, a.cookie(deviceCookie))
	assert.Negative(t, a.cookie(deviceCookie).MaxAge, "an earlier device key is forgotten")
}

func TestWrongAnswersAreTheSameBytes(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	s.add(t, "wrong@example.com")
	disabled := s.add(t, "disabled@example.com")
	require.NoError(t, s.operator().Suspend(t.Context(), disabled))
	_, err := s.operator().Invite(t.Context(), auth.NewAccount{Identifier: "invited@example.com"})
	require.NoError(t, err)

	try := func(identifier, pw string, headers ...string) string {
		a := s.browser(t).post("/auth/login", object{"identifier": identifier, "password": pw}, headers...)
		require.Equal(t, http.StatusUnauthorized, a.Code)
		require.Equal(t, "invalid_credentials", a.code())
		assert.Empty(t, a.Result().Cookies())
		text, err := httputil.DumpResponse(a.Result(), true)
		require.NoError(t, err)
		return string(text)
	}
	want := try("wrong@example.com", other)
	assert.Equal(t, want, try("nobody@example.com", other), "unknown")
	assert.Equal(t, want, try("disabled@example.com", right), "disabled")
	assert.Equal(t, want, try("invited@example.com", right), "no password")

	chinese := try("wrong@example.com", other, "Accept-Language", "zh-CN,zh;q=0.9")
	assert.Contains(t, chinese, "账号或密码错误")
	assert.Equal(t, chinese, try("nobody@example.com", other, "Accept-Language", "zh-CN,zh;q=0.9"))
}

func TestTheServicesLanguageIsTheLastResort(t *testing.T) {
	s := newSite(t, auth.Config{Locale: "zh-CN"}, authhttp.Config{})
	assert.Equal(t, "账号或密码错误。", s.browser(t).login(boss, other).json()["detail"])
	a := s.browser(t).post("/auth/login", object{"identifier": boss, "password": other}, "Accept-Language", "en-GB")
	assert.Equal(t, "The name or the password is wrong.", a.json()["detail"])
}

func TestTooManyAttemptsLookAlike(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	known := s.signedIn(t, boss)
	require.Equal(t, http.StatusNoContent, known.post("/auth/logout", object{}).Code)
	closed := func(identifier string) string {
		b := s.browser(t)
		for range 5 {
			require.Equal(t, http.StatusUnauthorized, b.login(identifier, other).Code)
		}
		a := b.login(identifier, right)
		require.Equal(t, http.StatusTooManyRequests, a.Code)
		assert.Equal(t, "rate_limited", a.code())
		assert.Equal(t, "60", a.Header().Get("Retry-After"))
		assert.EqualValues(t, 60, a.json()["retry_after"])
		text, err := httputil.DumpResponse(a.Result(), true)
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, closed(boss), closed("nobody@example.com"))
	assert.Equal(t, http.StatusOK, known.login(boss, right).Code, "the owner's browser has a lane of its own")
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	for range 5 {
		b.login(boss, other)
	}
	s.clock.advance(time.Millisecond)
	assert.Equal(t, "60", b.login(boss, right).Header().Get("Retry-After"))
	s.clock.advance(59*time.Second + 998*time.Millisecond)
	a := b.login(boss, right)
	require.Equal(t, http.StatusTooManyRequests, a.Code)
	assert.Equal(t, "1", a.Header().Get("Retry-After"))
	s.clock.advance(time.Millisecond)
	assert.Equal(t, http.StatusOK, b.login(boss, right).Code)
}

func TestLogoutEndsTheSessionAtOnce(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.signedIn(t, boss)
	token := b.cookies[sessionCookie]
	a := b.do("POST", "/auth/logout", "")
	require.Equal(t, http.StatusNoContent, a.Code)
	assert.Equal(t, `"cache", "storage"`, a.Header().Get("Clear-Site-Data"))
	assert.Negative(t, a.cookie(sessionCookie).MaxAge)
	assert.Nil(t, a.cookie(deviceCookie), "it stays a known device")

	b.cookies[sessionCookie] = token
	assert.Equal(t, "session_required", b.get("/auth/session").code())
	assert.Equal(t, http.StatusNoContent, b.do("POST", "/auth/logout", "").Code, "again is no error")
}

func TestSigningInAgainEndsTheSessionBefore(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.signedIn(t, boss)
	old := b.cookies[sessionCookie]
	require.Equal(t, http.StatusOK, b.login(boss, right).Code)
	require.NotEqual(t, old, b.cookies[sessionCookie])
	b.cookies[sessionCookie] = old
	assert.Equal(t, http.StatusUnauthorized, b.get("/auth/session").Code)
}

func TestDoubleSubmitIsOneSession(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	form := object{"identifier": boss, "password": right, "attempt_id": "b6e1"}
	one, two := s.browser(t), s.browser(t)
	require.Equal(t, http.StatusOK, one.post("/auth/login", form).Code)
	require.Equal(t, http.StatusOK, two.post("/auth/login", form).Code)
	assert.Equal(t, one.cookies[sessionCookie], two.cookies[sessionCookie])
	require.Equal(t, http.StatusNoContent, one.do("POST", "/auth/logout", "").Code)
	assert.Equal(t, "attempt_replayed", s.browser(t).post("/auth/login", form).code())
}

func TestLoginRefusesWhatIsNoCredential(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	for name, form := range map[string]object{
		"password":   {"identifier": boss},
		"identifier": {"password": right},
		"attempt_id": {"identifier": boss, "password": right, "attempt_id": strings.Repeat("x", 129)},
	} {
		a := s.browser(t).post("/auth/login", form)
		assert.Equal(t, http.StatusBadRequest, a.Code)
		assert.Equal(t, "malformed_request", a.code())
		assert.Equal(t, name, a.json()["field"])
	}
}
