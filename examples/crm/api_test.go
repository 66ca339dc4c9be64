package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func login(v *visitor, who demoAccount) answer {
	v.t.Helper()
	return v.post("/auth/login", object{"identifier": who.Identifier, "password": who.Password})
}

// program is a client that takes no HTML.
func (s *site) program() *visitor { return s.visitor("Accept", "*/*", "User-Agent", "curl/8") }

// The API opens with a session, and closes at once when it ends: by its owner,
// or from another of the owner's sessions.
func TestAPISession(t *testing.T) {
	s := demo(t)
	sales := s.account(roleSales)
	desk, phone := s.program(), s.program()
	for _, path := range []string{"/api/customers", "/api/deals"} {
		a := desk.get(path)
		require.Equal(t, http.StatusUnauthorized, a.StatusCode)
		require.Contains(t, a.body, `"code":"session_required"`)
	}
	require.Equal(t, http.StatusUnauthorized, s.visitor().get("/api/customers").StatusCode, "a browser is told too, not led to a form")

	require.Equal(t, http.StatusOK, login(desk, sales).StatusCode)
	var customers listing[customer]
	require.NoError(t, json.Unmarshal([]byte(desk.get("/api/customers").body), &customers))
	require.Len(t, customers.Items, 6)
	require.Equal(t, "Cedar & Sons Timber", customers.Items[0].Name, "the newest first")
	var deals listing[deal]
	require.NoError(t, json.Unmarshal([]byte(desk.get("/api/deals?before=3").body), &deals))
	require.Len(t, deals.Items, 2)
	require.Equal(t, http.StatusBadRequest, desk.get("/api/deals?before=x").StatusCode)
	require.Equal(t, http.StatusNotFound, desk.get("/api/nothing").StatusCode)

	require.Equal(t, http.StatusOK, login(phone, sales).StatusCode)
	var list struct {
		Items []struct {
			ID      string
			Current bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(phone.get("/auth/sessions").body), &list))
	require.Len(t, list.Items, 2)
	for _, item := range list.Items {
		if !item.Current {
			require.Equal(t, http.StatusNoContent, phone.do("DELETE", "/auth/sessions/"+item.ID, "application/json", "").StatusCode)
		}
	}
	require.Equal(t, http.StatusUnauthorized, desk.get("/api/customers").StatusCode)
	require.Equal(t, http.StatusOK, phone.get("/api/customers").StatusCode)
	require.Equal(t, http.StatusNoContent, phone.do("POST", "/auth/logout", "application/json", "").StatusCode)
	require.Equal(t, http.StatusUnauthorized, phone.get("/api/customers").StatusCode)
}

// What is wrong with a sign-in, nobody can tell from the answer.
func TestAPISameAnswer(t *testing.T) {
	s := demo(t)
	manager := s.account(roleManager)
	admin := s.program()
	require.Equal(t, http.StatusOK, login(admin, s.account(roleAdmin)).StatusCode)
	var found struct {
		Items []struct{ ID, Identifier string }
	}
	require.NoError(t, json.Unmarshal([]byte(admin.get("/auth/admin/accounts").body), &found))
	for _, item := range found.Items {
		if item.Identifier == manager.Identifier {
			a := admin.do("POST", "/auth/admin/accounts/"+item.ID+"/suspend", "application/json", "")
			require.Equal(t, http.StatusNoContent, a.StatusCode, a.body)
		}
	}

	wrong := manager
	wrong.Password = "Xy3nQ-uu9wE-r7Tza-PPq2d"
	sales := wrong
	sales.Identifier = s.account(roleSales).Identifier
	unknown := wrong
	unknown.Identifier = "nobody@example.com"
	first := login(s.program(), sales)
	require.Equal(t, http.StatusUnauthorized, first.StatusCode)
	require.Contains(t, first.body, `"code":"invalid_credentials"`)
	for _, who := range []demoAccount{unknown, wrong, manager} {
		a := login(s.program(), who)
		require.Equal(t, first.StatusCode, a.StatusCode)
		require.Equal(t, first.body, a.body)
		a.Header.Del("Date")
		first.Header.Del("Date")
		require.Equal(t, first.Header, a.Header)
	}
}

// Taking all data out of the house needs the person, not just the browser.
func TestAPIExport(t *testing.T) {
	s := demo(t)
	who := s.account(roleManager)
	v := s.program()
	export := func() answer { return v.do("POST", "/api/export", "application/json", "") }
	require.Equal(t, http.StatusUnauthorized, export().StatusCode)
	require.Equal(t, http.StatusOK, login(v, who).StatusCode)
	a := export()
	require.Equal(t, http.StatusOK, a.StatusCode)
	var all struct {
		Customers []customer
		Deals     []deal
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &all))
	require.Len(t, all.Customers, 6)
	require.Len(t, all.Deals, 7)

	s.clock.advance(exportRecent)
	a = export()
	require.Equal(t, http.StatusForbidden, a.StatusCode)
	require.Contains(t, a.body, `"code":"reauthentication_required"`)
	require.Equal(t, http.StatusOK, v.get("/api/deals").StatusCode)
	require.Equal(t, http.StatusUnauthorized, v.post("/auth/reauthenticate", object{"password": "wrong"}).StatusCode)
	require.Equal(t, http.StatusOK, v.post("/auth/reauthenticate", object{"password": who.Password}).StatusCode)
	require.Equal(t, http.StatusOK, export().StatusCode)
}

// Customers are for sales and above; a signed-in account without a role is
// refused, and sees what is everybody's.
func TestAPIRole(t *testing.T) {
	s := demo(t)
	admin := s.program()
	require.Equal(t, http.StatusOK, login(admin, s.account(roleAdmin)).StatusCode)
	a := admin.post("/auth/admin/accounts", object{"identifier": "guest", "email": "guest@example.com", "roles": []string{}})
	require.Equal(t, http.StatusCreated, a.StatusCode, a.body)
	guest := demoAccount{Identifier: "guest", Password: "five boats on a silver pond"}
	a = s.program().post("/auth/password/reset", object{"token": s.token("guest@example.com"), "new": guest.Password})
	require.Equal(t, http.StatusNoContent, a.StatusCode, a.body)

	v := s.program()
	require.Equal(t, http.StatusOK, login(v, guest).StatusCode)
	require.Equal(t, http.StatusForbidden, v.get("/api/customers").StatusCode)
	require.Equal(t, http.StatusOK, v.get("/api/deals").StatusCode)
	home := s.signedIn(guest).get("/")
	require.Contains(t, home.body, "no role yet")
	require.NotContains(t, home.body, "Zhou Min", "nor does a page show what the API refuses")
	for _, role := range roles {
		v := s.program()
		require.Equal(t, http.StatusOK, login(v, s.account(role)).StatusCode)
		require.Equal(t, http.StatusOK, v.get("/api/customers").StatusCode, role)
	}
}

// An idle session ends by itself.
func TestAPIIdle(t *testing.T) {
	s := demo(t, "-profile", "mlps")
	v := s.program()
	require.Equal(t, http.StatusOK, login(v, s.account(roleSales)).StatusCode)
	s.clock.advance(14 * time.Minute)
	require.Equal(t, http.StatusOK, v.get("/api/deals").StatusCode)
	s.clock.advance(15 * time.Minute)
	require.Equal(t, http.StatusUnauthorized, v.get("/api/deals").StatusCode)
}
