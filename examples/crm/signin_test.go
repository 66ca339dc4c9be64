package main

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const wrongPassword = "Xy3nQ-uu9wE-r7Tza-PPq2d"

// The form keeps what was typed but the password, leads back to where one came
// from, and nowhere else.
func TestSignInForm(t *testing.T) {
	s := demo(t)
	who := s.account(roleManager)
	v := s.visitor()
	led := v.get("/account")
	require.Equal(t, "/signin", led.path())
	form := led.form(t, "/signin")
	require.Equal(t, "/account", form.Get("return"))
	require.NotEmpty(t, form.Get("attempt_id"))

	a := v.submit(led, "/signin", "identifier", who.Identifier, "password", wrongPassword, "public_computer", "1")
	require.Equal(t, http.StatusUnauthorized, a.StatusCode)
	require.Contains(t, a.body, "The name or the password is wrong.")
	require.Contains(t, a.body, `name="identifier" value="`+who.Identifier+`"`)
	require.Contains(t, a.body, `value="1" checked`)
	require.NotContains(t, a.body, wrongPassword)
	require.NotEqual(t, form.Get("attempt_id"), a.form(t, "/signin").Get("attempt_id"), "each rendering is an attempt of its own")

	a = v.submit(a, "/signin", "identifier", " "+strings.ToUpper(who.Identifier), "password", who.Password)
	require.Equal(t, "/account", a.path())
	require.Equal(t, "/", v.get("/signin").path(), "who is signed in needs no form")
	require.Contains(t, v.submit(a, "/signout").body, "You have signed out.")
	require.Equal(t, "/signin", v.get("/account").path())

	for _, elsewhere := range []string{"https://evil.example", "//evil.example", `/\evil.example`} {
		a = v.submit(v.get("/signin"), "/signin", "identifier", who.Identifier, "password", who.Password, "return", elsewhere)
		require.Equal(t, s.base+"/", a.Request.URL.String(), elsewhere)
		v.submit(a, "/signout")
	}
}

// The same form sent twice, as by a double click, is one attempt and one
// session.
func TestSignInTwice(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	first, second := s.visitor(), s.visitor()
	page := first.get("/signin")
	here := page.Request.URL
	second.client.Jar.SetCookies(here, first.client.Jar.Cookies(here))
	for _, v := range []*visitor{first, second} {
		a := v.submit(page, "/signin", "identifier", who.Identifier, "password", who.Password)
		require.Equal(t, "/", a.path(), a.body)
	}
	account := second.get("/account")
	require.Zero(t, strings.Count(account.body, `action="/account/sessions/`), "only this session")
	first.submit(first.get("/"), "/signout")
	require.Equal(t, "/signin", second.get("/").path(), "it was the same one")
	a := second.submit(page, "/signin", "identifier", who.Identifier, "password", who.Password)
	require.NotEqual(t, "/", a.path(), "sent again after signing out, the form opens nothing")
}

// After too many attempts the page says how long to wait, for accounts that
// don't exist as well; the owner still gets in on a browser that is known.
func TestSignInLimit(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	owner := s.signedIn(who)
	owner.submit(owner.get("/"), "/signout")

	var pages []string
	for _, name := range []string{who.Identifier, "nobody@example.com"} {
		stranger := s.visitor()
		guess := demoAccount{Identifier: name, Password: wrongPassword}
		for range 5 {
			require.Equal(t, http.StatusUnauthorized, stranger.signIn(guess).StatusCode)
		}
		a := stranger.signIn(guess)
		require.Equal(t, http.StatusTooManyRequests, a.StatusCode)
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.LessOrEqual(t, seconds, 60)
		require.Contains(t, a.body, "Too many attempts.")
		require.Regexp(t, `You can try again in \d+ seconds\.`, a.body)
		_, page, _ := strings.Cut(a.body, `role="alert"`)
		page, _, _ = strings.Cut(page, "You can try again")
		pages = append(pages, page)
	}
	require.Equal(t, pages[0], pages[1])
	require.Equal(t, http.StatusTooManyRequests, s.visitor().signIn(who).StatusCode)
	require.Equal(t, http.StatusOK, owner.signIn(who).StatusCode)
}

// Forms are taken from this site's own pages only.
func TestForms(t *testing.T) {
	s := demo(t)
	who := s.account(roleSales)
	v := s.signedIn(who)
	home := v.get("/")
	a := v.submit(home, "/customers", "form_token", "", "name", "X", "city", "Y", "contact", "Z")
	require.Equal(t, http.StatusForbidden, a.StatusCode)
	require.Contains(t, a.body, "This form has expired.")

	stranger := s.visitor().get("/signin").form(t, "/signin").Get("form_token")
	a = v.submit(home, "/customers", "form_token", stranger, "name", "X", "city", "Y", "contact", "Z")
	require.Equal(t, http.StatusForbidden, a.StatusCode, "another browser's token")

	v.header.Set("Sec-Fetch-Site", "cross-site")
	a = v.submit(home, "/customers", "name", "X", "city", "Y", "contact", "Z")
	require.Equal(t, http.StatusForbidden, a.StatusCode)
	require.Contains(t, a.body, "another site")
	v.header.Del("Sec-Fetch-Site")

	a = v.submit(home, "/customers", "name", "<b>Lark</b> & Co", "city", "Y", "contact", "Z")
	require.Contains(t, a.body, "It was added.")
	require.Contains(t, a.body, "&lt;b&gt;Lark&lt;/b&gt; &amp; Co")
	a = v.submit(home, "/deals", "title", "Nest boxes", "customer", "7", "amount", "1200")
	require.Contains(t, a.body, "¥1,200")
	a = v.submit(a, "/deals/8", "stage", "won")
	require.Contains(t, a.body, "¥187,200")
	require.Equal(t, http.StatusBadRequest, v.submit(a, "/deals/8", "stage", "x").StatusCode)
	require.Equal(t, http.StatusBadRequest, v.submit(a, "/customers", "name", " ").StatusCode)

	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
	} {
		require.Equal(t, want, home.Header.Get(name))
	}
	require.Equal(t, http.StatusNotFound, v.get("/nothing").StatusCode)
}

// A password that has expired is changed inside the sign-in, which finishes only
// then.
func TestExpiredPassword(t *testing.T) {
	s := demo(t, "-profile", "mlps")
	who := s.account(roleSales)
	s.signedIn(who)
	s.clock.advance(91 * 24 * time.Hour)
	v := s.visitor()
	step := v.signIn(who, "return", "/account")
	require.Equal(t, http.StatusOK, step.StatusCode)
	require.Contains(t, step.body, "Your password has expired.")
	require.Equal(t, "/signin", v.get("/").path(), "not signed in yet")

	const action, next = "/signin/password", "Heron9-maple-Willow4"
	a := v.submit(step, action, "new", who.Password, "repeat", who.Password)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.body, "last 5 passwords")
	a = v.submit(a, action, "new", "short", "repeat", "short")
	require.Contains(t, a.body, "It needs at least 3 of these 4")
	a = v.submit(a, action, "new", next, "repeat", next)
	require.Equal(t, "/account", a.path())
	other := s.visitor()
	token := other.get("/signin").form(t, "/signin").Get("form_token")
	a = other.submit(step, action, "form_token", token, "new", next, "repeat", next)
	require.Equal(t, http.StatusGone, a.StatusCode, "the step is over, and was another browser's")
	require.Contains(t, a.body, "This sign-in has expired.")
}
