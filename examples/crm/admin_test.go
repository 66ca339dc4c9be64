package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// From the invitation to the first sign-in, and out of the house again.
func TestAdmin(t *testing.T) {
	s := demo(t)
	boss := s.signedIn(s.account(roleAdmin))
	page := boss.get("/admin")
	for _, a := range s.accounts() {
		require.Contains(t, page.body, a.Identifier)
	}
	manager := s.signedIn(s.account(roleManager))
	require.Equal(t, http.StatusForbidden, manager.get("/admin").StatusCode)
	own := manager.get("/").form(t, "/signout")
	own.Set("email", "friend@example.com")
	own.Set("role", roleAdmin)
	a := manager.do("POST", "/admin/accounts", "application/x-www-form-urlencoded", own.Encode())
	require.Equal(t, http.StatusForbidden, a.StatusCode)

	page = boss.submit(page, "/admin/accounts", "email", "zhou.min@example.com", "name", "周敏", "role", roleSales)
	require.Contains(t, page.body, "The invitation is on its way.")
	again := boss.submit(page, "/admin/accounts", "email", "Zhou.Min@example.com", "role", roleSales)
	require.Equal(t, http.StatusConflict, again.StatusCode)
	require.Equal(t, http.StatusBadRequest, boss.submit(page, "/admin/accounts", "email", "x@example.com", "role", "king").StatusCode)

	page = boss.get("/admin?search=Zhou")
	require.Equal(t, 1, strings.Count(page.body, "/suspend"))
	require.Contains(t, page.body, "Invite again")
	who := demoAccount{Identifier: "zhou.min@example.com", Password: "five boats on a silver pond"}
	clerk := s.visitor()
	form := clerk.get("/password?token=" + s.token(who.Identifier))
	require.Contains(t, form.body, "Choose your first password")
	clerk.submit(form, "/password", "new", who.Password, "repeat", who.Password)
	require.Equal(t, "/", clerk.signIn(who).path())

	page = boss.get("/admin?search=zhou")
	suspended := boss.submit(page, page.action(t, "/admin/accounts/")[:strings.LastIndex(page.action(t, "/admin/accounts/"), "/")]+"/suspend")
	require.Contains(t, suspended.body, "The account is suspended")
	require.Equal(t, "/signin", clerk.get("/").path(), "at once")
	require.Equal(t, http.StatusUnauthorized, clerk.signIn(who).StatusCode)

	page = boss.get("/admin?search=zhou")
	require.Contains(t, page.body, `<span class="tag bad">suspended</span>`)
	boss.submit(page, page.action(t, "/admin/accounts/"))
	require.Equal(t, "/", clerk.signIn(who).path())

	// A new password by a link that an administrator has sent.
	page = boss.get("/admin?search=zhou")
	path := strings.TrimSuffix(page.action(t, "/admin/accounts/"), "/unlock")
	require.Contains(t, boss.submit(page, path+"/reset").body, "A link to choose a new password is on its way.")
	form = clerk.get("/password?token=" + s.token(who.Identifier))
	require.Contains(t, form.body, "Choose a new password")
	require.Contains(t, boss.submit(page, path+"/endall").body, "All sessions of the account have ended.")
	require.Equal(t, "/signin", clerk.get("/").path())
	require.Contains(t, boss.submit(page, path+"/unlock").body, "The account is unlocked.")
}

// The last administrator stays, and administration asks for the password again.
func TestAdminLast(t *testing.T) {
	s := demo(t)
	who := s.account(roleAdmin)
	boss := s.signedIn(who)
	page := boss.get("/admin?search=" + who.Identifier)
	path := strings.TrimSuffix(page.action(t, "/admin/accounts/"), "/unlock")
	a := boss.submit(page, path+"/suspend")
	require.Equal(t, http.StatusConflict, a.StatusCode)
	require.Contains(t, a.body, "This is the last active administrator.")

	s.clock.advance(11 * time.Minute)
	asked := boss.submit(page, path+"/endall")
	require.Equal(t, "/confirm", asked.path())
	require.Equal(t, "/admin", boss.submit(asked, "/confirm", "password", who.Password).path())
	s.clock.advance(11 * time.Minute)
	asked = boss.get("/admin")
	require.Equal(t, "/confirm", asked.path())
	require.Equal(t, "/admin", boss.submit(asked, "/confirm", "password", who.Password).path())
}
