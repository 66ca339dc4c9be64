package authhttp_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/authhttp"
)

// A role, and a recent authentication on top of it: wrappers nest, and the
// session is checked once.
func ExampleWeb_RequireRole() {
	web, err := authhttp.New(newService(), authhttp.Config{})
	check(err)
	page := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name) })
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", web)
	mux.Handle("/admin", web.RequireRole("admin", page("administration")))
	mux.Handle("/board", web.RequireRole("manager", page("the board")))
	mux.Handle("/export", web.RequireRole("admin", web.RequireRecent(10*time.Minute, page("all customers"))))
	server := httptest.NewServer(mux)
	defer server.Close()

	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	show(browser.Post(server.URL+"/auth/login", "application/json",
		strings.NewReader(`{"identifier":"li.na@example.com","password":"quiet lantern above the river"}`)))
	show(browser.Get(server.URL + "/admin"))
	show(browser.Get(server.URL + "/board"))
	show(browser.Get(server.URL + "/export"))
	// Output:
	// 200 authenticated
	// 200 administration
	// 403 forbidden
	// 200 all customers
}
