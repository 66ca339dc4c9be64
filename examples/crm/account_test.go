package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	firefox = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
)

// action returns the first form on a page whose action begins so.
func (a answer) action(t *testing.T, prefix string) string {
	t.Helper()
	found := regexp.MustCompile(`action="(` + regexp.QuoteMeta(prefix) + `[^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, found, "no form %s…\n%s", prefix, a.body)
	return found[1]
}

func TestAccountSessions(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	desk, phone := s.signedIn(who, "User-Agent", firefox), s.signedIn(who, "User-Agent", iphone)
	page := desk.get("/account")
	require.Contains(t, page.body, `<strong>Firefox on Windows</strong> <span class="tag good">This session</span>`)
	require.Contains(t, page.body, `<strong>Safari on iPhone</strong>`)
	ended := desk.submit(page, page.action(t, "/account/sessions/"))
	require.Contains(t, ended.body, "The session has ended.")
	require.Equal(t, "/signin", phone.get("/").path())

	s.signedIn(who)
	s.signedIn(who)
	page = desk.get("/account")
	require.Equal(t, 2, strings.Count(page.body, `action="/account/sessions/`))
	page = desk.submit(page, "/account/sessions")
	require.Contains(t, page.body, "signed out everywhere else")
	require.Zero(t, strings.Count(page.body, `action="/account/sessions/`))
}

// What touches other sessions asks for the password again after ten minutes.
func TestAccountConfirm(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	desk := s.signedIn(who)
	phone := s.signedIn(who)
	s.clock.advance(11 * time.Minute)
	page := desk.get("/account")
	asked := desk.submit(page, page.action(t, "/account/sessions/"))
	require.Equal(t, "/confirm", asked.path())
	require.Equal(t, "/", phone.get("/").path(), "nothing was done yet")
	wrong := desk.submit(asked, "/confirm", "password", wrongPassword)
	require.Equal(t, http.StatusUnauthorized, wrong.StatusCode)
	require.Contains(t, wrong.body, "The password is wrong.")
	page = desk.submit(wrong, "/confirm", "password", who.Password)
	require.Equal(t, "/account", page.path())
	require.Contains(t, page.body, "Now send the form again.")
	desk.submit(page, page.action(t, "/account/sessions/"))
	require.Equal(t, "/signin", phone.get("/").path())

	s.clock.advance(11 * time.Minute)
	asked = desk.submit(desk.get("/"), "/export")
	require.Equal(t, "/confirm", asked.path())
	home := desk.submit(asked, "/confirm", "password", who.Password)
	require.Equal(t, "/", home.path())
	export := desk.submit(home, "/export")
	require.Contains(t, export.Header.Get("Content-Disposition"), "attachment")
	require.Contains(t, export.body, `"title":"Sawmill scanner, pilot"`)
}

func TestAccountPassword(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	desk, phone := s.signedIn(who), s.signedIn(who)
	const action, next = "/account/password", "seven herons beneath a maple"
	page := desk.get("/account")
	for _, c := range []struct {
		current, new, repeat string
		status               int
		says                 string
	}{
		{who.Password, next, next + ".", http.StatusUnprocessableEntity, "The two entries differ."},
		{wrongPassword, next, next, http.StatusUnauthorized, "The current password is wrong."},
		{who.Password, "qwerty", "qwerty", http.StatusUnprocessableEntity, "at least 15 characters"},
		{who.Password, who.Password, who.Password, http.StatusUnprocessableEntity, "one of your last 1 passwords"},
	} {
		page = desk.submit(page, action, "current", c.current, "new", c.new, "repeat", c.repeat)
		require.Equal(t, c.status, page.StatusCode, page.body)
		require.Contains(t, page.body, c.says)
	}
	page = desk.submit(page, action, "current", who.Password, "new", next, "repeat", next)
	require.Equal(t, "/account", page.path())
	require.Contains(t, page.body, "Your new password is set.")
	require.Equal(t, "/signin", phone.get("/").path(), "all other sessions ended")
	require.Equal(t, http.StatusUnauthorized, s.visitor().signIn(who).StatusCode)
	who.Password = next
	s.signedIn(who)
}

// A device that is removed is a stranger's again. A public computer never
// becomes one.
func TestAccountDevices(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	desk, phone := s.signedIn(who, "User-Agent", firefox), s.signedIn(who, "User-Agent", iphone)
	library := s.visitor("User-Agent", "curl/8")
	require.Equal(t, "/", library.signIn(who, "public_computer", "1").path())

	page := desk.get("/account")
	require.Equal(t, 2, strings.Count(page.body, `action="/account/devices/`))
	require.Contains(t, page.body, "public computer")
	require.Contains(t, page.body, `<strong>Firefox on Windows</strong> <span class="tag good">This device</span>`)
	_, devices, _ := strings.Cut(page.body, "Known devices")
	require.Less(t, strings.Index(devices, "Safari on iPhone"), strings.Index(devices, "Firefox on Windows"), "the latest first")
	page = desk.submit(page, page.action(t, "/account/devices/"))
	require.Contains(t, page.body, "The device was removed.")
	require.Equal(t, 1, strings.Count(page.body, `action="/account/devices/`))
	require.Equal(t, "/signin", phone.get("/").path(), "its session ended with it")
	require.Equal(t, "/", library.get("/").path())
}
