package authhttp_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

const urlencoded = "application/x-www-form-urlencoded"

// pages answers a GET with a form token, and a form with what it said.
func pages(s *site) http.Handler {
	return s.web.Pages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(s.web.FormToken(r)))
			return
		}
		_, _ = w.Write([]byte("done " + r.PostForm.Get("name")))
	}))
}

// flip returns another character.
func flip(s string) string {
	if s == "A" {
		return "B"
	}
	return "A"
}

// submit sends a form.
func (b *browser) submit(path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	return b.do("POST", path, form.Encode(), append([]string{"Content-Type", urlencoded}, headers...)...)
}

func TestFormsNeedTheirToken(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	b.handler = pages(s)
	a := b.get("/")
	token := a.Body.String()
	c := a.cookie(browserCookie)
	require.NotNil(t, c)
	assert.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && c.Path == "/" && c.MaxAge == 0)
	assert.GreaterOrEqual(t, len(c.Value), 26, "130 bits in base32")
	assert.Nil(t, b.get("/").cookie(browserCookie), "it is kept")

	a = b.submit("/", url.Values{"form_token": {token}, "name": {"li"}})
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	assert.Equal(t, "done li", a.Body.String())

	refused := func(form url.Values, headers ...string) {
		t.Helper()
		a := b.submit("/", form, headers...)
		assert.Equal(t, http.StatusForbidden, a.Code)
		assert.Equal(t, "form_invalid", a.code())
	}
	refused(url.Values{"name": {"li"}})
	refused(url.Values{"form_token": {""}})
	refused(url.Values{"form_token": {token[:40] + flip(token[40:41]) + token[41:]}, "name": {"li"}})
	refused(url.Values{"form_token": {flip(token[5:6]) + token}, "name": {"li"}})
	assert.Equal(t, http.StatusForbidden, b.do("POST", "/?form_token="+url.QueryEscape(token), "").Code, "only in the body")
	assert.Equal(t, http.StatusForbidden, b.do("DELETE", "/", "").Code)

	stranger := s.browser(t)
	stranger.handler = b.handler
	theirs := stranger.get("/").Body.String()
	refused(url.Values{"form_token": {theirs}})

	assert.Equal(t, "cross_origin", b.submit("/", url.Values{"form_token": {token}}, "Sec-Fetch-Site", "cross-site").code())

	s.clock.advance(12*time.Hour - time.Second)
	assert.Equal(t, http.StatusOK, b.submit("/", url.Values{"form_token": {token}}).Code)
	s.clock.advance(time.Second)
	refused(url.Values{"form_token": {token}})
}

func TestFormTokensAreBoundToTheSession(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	b.handler = pages(s)
	before := b.get("/").Body.String()
	b.handler = s.web
	require.Equal(t, http.StatusOK, b.login(boss, right).Code)
	assert.NotContains(t, b.cookies, browserCookie, "its work is done")
	b.handler = pages(s)
	assert.Equal(t, http.StatusForbidden, b.submit("/", url.Values{"form_token": {before}}).Code, "from before the sign-in")
	token := b.get("/").Body.String()
	assert.Equal(t, http.StatusOK, b.submit("/", url.Values{"form_token": {token}}).Code)

	thief := s.signedIn(t, boss)
	thief.handler = pages(s)
	assert.Equal(t, http.StatusForbidden, thief.submit("/", url.Values{"form_token": {token}}).Code, "another session of the account")
}

func TestMultipartForms(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	b.handler = pages(s)
	token := b.get("/").Body.String()
	send := func(name string) answer {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		require.NoError(t, form.WriteField("form_token", token))
		require.NoError(t, form.WriteField("name", name))
		require.NoError(t, form.Close())
		return b.do("POST", "/", body.String(), "Content-Type", form.FormDataContentType())
	}
	assert.Equal(t, "done li", send("li").Body.String())
	assert.Equal(t, http.StatusRequestEntityTooLarge, send(strings.Repeat("x", 64<<10)).Code)
	a := b.do("POST", "/", "no parts", "Content-Type", "multipart/form-data; boundary=x")
	assert.Equal(t, "malformed_request", a.code())
}

func TestFormsHaveALimit(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{MaxBody: 1000})
	b := s.browser(t)
	b.handler = pages(s)
	form := url.Values{"form_token": {b.get("/").Body.String()}, "name": {""}}
	form.Set("name", strings.Repeat("x", 1000-len(form.Encode())))
	assert.Equal(t, http.StatusOK, b.submit("/", form).Code)
	form.Set("name", form.Get("name")+"x")
	a := b.submit("/", form)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.Code)
	assert.Equal(t, "too_large", a.code())
}

func TestFormTokenNeedsABrowser(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	b.handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Empty(t, s.web.FormToken(r))
		assert.Error(t, s.web.CheckForm(r))
	})
	b.submit("/", url.Values{"form_token": {""}})
}

// A page that signs in, is told to change the password, and goes on.
func TestPagesSignIn(t *testing.T) {
	s := newSite(t, auth.Config{Actions: []auth.Action{terms{}}}, authhttp.Config{})
	b := s.browser(t)
	var flow string
	b.handler = s.web.Pages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch r.URL.Path {
		case "/":
			_, _ = w.Write([]byte(s.web.FormToken(r)))
			return
		case "/signin":
			_, err = s.web.Login(w, r, auth.Credentials{Identifier: r.PostForm.Get("name"), Password: r.PostForm.Get("password")})
		case "/terms":
			_, err = s.web.Act(w, r, flow, "accept_terms", map[string]string{"accept": r.PostForm.Get("accept")})
		case "/confirm":
			_, err = s.web.Reauthenticate(w, r, r.PostForm.Get("password"))
		case "/change":
			_, err = s.web.ChangePassword(w, r, r.PostForm.Get("password"), r.PostForm.Get("new"))
		case "/signout":
			err = s.web.Logout(w, r)
		}
		if more, ok := errorAs[*auth.IncompleteError](err); ok {
			flow = more.Flow.Reveal()
			assert.Equal(t, []string{"accept_terms"}, more.Actions)
			err = nil
		}
		if err != nil {
			w.WriteHeader(authhttp.Status(err))
		}
	}))
	send := func(path string, form url.Values) int {
		t.Helper()
		form.Set("form_token", b.get("/").Body.String())
		return b.submit(path, form).Code
	}
	require.Equal(t, http.StatusUnauthorized, send("/signin", url.Values{"name": {boss}, "password": {other}}))
	require.Equal(t, http.StatusOK, send("/signin", url.Values{"name": {boss}, "password": {right}}))
	require.NotContains(t, b.cookies, sessionCookie)
	require.Equal(t, http.StatusBadRequest, send("/terms", url.Values{}))
	require.Equal(t, http.StatusOK, send("/terms", url.Values{"accept": {"yes"}}))
	require.Contains(t, b.cookies, sessionCookie)
	assert.Equal(t, http.StatusUnauthorized, send("/confirm", url.Values{"password": {other}}))
	assert.Equal(t, http.StatusOK, send("/confirm", url.Values{"password": {right}}))
	assert.Equal(t, http.StatusUnprocessableEntity, send("/change", url.Values{"password": {right}, "new": {"short"}}))
	assert.Equal(t, http.StatusOK, send("/change", url.Values{"password": {right}, "new": {other}}))
	assert.Equal(t, http.StatusOK, send("/signout", url.Values{}))
	assert.NotContains(t, b.cookies, sessionCookie)
	assert.Equal(t, http.StatusUnauthorized, send("/confirm", url.Values{"password": {other}}))
}
