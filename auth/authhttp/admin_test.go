package authhttp_test

import (
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

func TestAdministration(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.signedIn(t, boss)
	a := b.post("/auth/admin/accounts", object{"identifier": "Wang@Example.com", "name": "Wang", "roles": []string{"sales"}, "aliases": []string{"wang"}})
	require.Equal(t, http.StatusCreated, a.Code, a.Body.String())
	id := a.json()["id"].(string)
	assert.Equal(t, "/auth/admin/accounts/"+url.PathEscape(id), a.Header().Get("Location"))
	assert.Equal(t, "already_exists", b.post("/auth/admin/accounts", object{"identifier": "wang", "email": "w@example.com"}).code())

	one := "/auth/admin/accounts/" + id
	a = b.get(one)
	require.Equal(t, http.StatusOK, a.Code)
	assert.Equal(t, "wang@example.com", a.json()["identifier"])
	assert.Equal(t, false, a.json()["has_password"])
	assert.Equal(t, "not_found", b.get("/auth/admin/accounts/nobody").code())
	for _, act := range []string{"/suspend", "/resume", "/unlock", "/reset-password"} {
		a := b.do("POST", one+act, "")
		assert.Equal(t, http.StatusNoContent, a.Code, act+a.Body.String())
		assert.Equal(t, "not_found", b.do("POST", "/auth/admin/accounts/nobody"+act, "").code(), act)
	}
	me := b.get("/auth/session").json()["account_id"].(string)
	assert.Equal(t, "last_administrator", b.do("POST", "/auth/admin/accounts/"+me+"/suspend", "").code())
}

func TestSuspensionEndsSessionsAtOnce(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	id := s.add(t, "wang@example.com")
	b, wang := s.signedIn(t, boss), s.signedIn(t, "wang@example.com")
	require.Equal(t, http.StatusNoContent, b.do("POST", "/auth/admin/accounts/"+id+"/suspend", "").Code)
	assert.Equal(t, http.StatusUnauthorized, wang.get("/auth/session").Code)
	assert.Equal(t, "invalid_credentials", wang.login("wang@example.com", right).code())

	require.Equal(t, http.StatusNoContent, b.do("POST", "/auth/admin/accounts/"+id+"/resume", "").Code)
	require.Equal(t, http.StatusOK, wang.login("wang@example.com", right).Code)
	a := b.do("DELETE", "/auth/admin/accounts/"+id+"/sessions", "")
	assert.EqualValues(t, 1, a.json()["ended"])
	assert.Equal(t, http.StatusUnauthorized, wang.get("/auth/session").Code)
}

func TestUnlock(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	id := s.add(t, "wang@example.com")
	stranger := s.browser(t)
	for range 5 {
		stranger.login("wang@example.com", other)
	}
	require.Equal(t, http.StatusTooManyRequests, stranger.login("wang@example.com", right).Code)
	require.Equal(t, http.StatusNoContent, s.signedIn(t, boss).do("POST", "/auth/admin/accounts/"+id+"/unlock", "").Code)
	assert.Equal(t, http.StatusOK, stranger.login("wang@example.com", right).Code)
}

func TestAdministrationNeedsTheRoleAndARecentSignIn(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	s.add(t, "wang@example.com", "sales")
	b, wang := s.signedIn(t, boss), s.signedIn(t, "wang@example.com")
	for _, r := range [][2]string{
		{"GET", ""}, {"POST", ""}, {"GET", "/x"}, {"POST", "/x/unlock"}, {"POST", "/x/suspend"}, {"POST", "/x/resume"},
		{"POST", "/x/reset-password"}, {"DELETE", "/x/sessions"},
	} {
		assert.Equal(t, "session_required", s.browser(t).do(r[0], "/auth/admin/accounts"+r[1], "").code(), r)
		assert.Equal(t, "forbidden", wang.do(r[0], "/auth/admin/accounts"+r[1], "").code(), r)
	}
	s.clock.advance(10 * time.Minute)
	assert.Equal(t, "reauthentication_required", b.get("/auth/admin/accounts").code())
}

func TestListAccountsByPages(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	for _, name := range []string{"wang", "wan", "li", "wanda", "zhao"} {
		s.add(t, name)
	}
	b := s.signedIn(t, boss)
	found := map[any]int{}
	next, pages := "", 0
	for ; pages == 0 || next != ""; pages++ {
		a := b.get("/auth/admin/accounts?limit=2&cursor=" + url.QueryEscape(next))
		for _, i := range items(a) {
			found[i["identifier"]]++
		}
		next, _ = a.json()["next"].(string)
	}
	assert.Equal(t, 3, pages)
	assert.Equal(t, map[any]int{"wang": 1, "wan": 1, "li": 1, "wanda": 1, "zhao": 1, boss: 1}, found)
	assert.Len(t, items(b.get("/auth/admin/accounts?q=WAN")), 3)
	assert.Len(t, items(b.get("/auth/admin/accounts?q=nobody")), 0)
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "q=%00", "cursor=" + strings.Repeat("x", 257)} {
		assert.Equal(t, "malformed_request", b.get("/auth/admin/accounts?"+query).code(), query)
	}
}
