package main

import (
	"embed"
	"net/http"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// The roles. Each may do what the earlier ones may.
const (
	roleSales   = "sales"
	roleManager = "manager"
	roleAdmin   = "admin"
)

var roles = []string{roleSales, roleManager, roleAdmin}

// exportRecent is how long ago whoever takes the data out of the house may have
// typed the password.
const exportRecent = 10 * time.Minute

//go:embed static
var static embed.FS

// routes says what stands behind which check.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/auth/", a.api)
	mux.Handle("GET /api/customers", a.atLeast(roleSales, a.api, a.api.Error, a.apiCustomers))
	mux.Handle("GET /api/deals", a.api.RequireSession(http.HandlerFunc(a.apiDeals)))
	mux.Handle("POST /api/export", a.api.RequireRecent(exportRecent, http.HandlerFunc(a.export)))
	mux.Handle("/api/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.api.Error(w, r, auth.ErrNotFound) }))
	mux.Handle("GET /static/", cached(http.FileServerFS(static)))
	mux.Handle("/", a.web.Pages(a.pageRoutes()))
	return mux
}

func (a *app) pageRoutes() http.Handler {
	mux := http.NewServeMux()
	open := mux.HandleFunc
	signedIn := func(route string, h http.HandlerFunc) { mux.Handle(route, a.web.RequireSession(h)) }
	sales := func(route string, h http.HandlerFunc) { mux.Handle(route, a.atLeast(roleSales, a.web, a.errorPage, h)) }
	admin := func(route string, h http.HandlerFunc) {
		mux.Handle(route, a.web.RequireSession(a.web.RequireRole(roleAdmin, h)))
	}
	recent := func(h http.HandlerFunc) http.HandlerFunc { return a.web.RequireRecent(0, h).ServeHTTP }

	open("GET /signin", a.signInForm)
	open("POST /signin", a.signIn)
	open("POST /signin/password", a.signInNewPassword)
	open("GET /password", a.passwordForm)
	open("POST /password", a.setPassword)
	open("POST /signout", a.signOut)

	signedIn("GET /{$}", a.home)
	sales("POST /customers", a.addCustomer)
	sales("POST /deals", a.addDeal)
	sales("POST /deals/{id}", a.moveDeal)
	mux.Handle("POST /export", a.web.RequireRecent(exportRecent, http.HandlerFunc(a.export)))

	signedIn("GET /confirm", a.confirmForm)
	signedIn("POST /confirm", a.confirm)
	signedIn("GET /account", a.account)
	signedIn("POST /account/password", a.changePassword)
	signedIn("POST /account/sessions", a.endOthers)
	signedIn("POST /account/sessions/{id}", a.endSession)
	signedIn("POST /account/devices/{id}", a.removeDevice)

	admin("GET /admin", recent(a.admin))
	admin("POST /admin/accounts", a.inviteAccount)
	admin("POST /admin/accounts/{id}/{act}", a.actOnAccount)

	open("/", func(w http.ResponseWriter, r *http.Request) { a.errorPage(w, r, auth.ErrNotFound) })
	return mux
}

// atLeast lets through who holds the role or a higher one.
func (a *app) atLeast(role string, web *authhttp.Web, refuse func(http.ResponseWriter, *http.Request, error), next http.HandlerFunc) http.Handler {
	return web.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.PrincipalFrom(r.Context())
		if !holds(who, role) {
			refuse(w, r, a.svc.Forbidden(r.Context(), who, web.Client(r), r.Pattern)) // on record
			return
		}
		next(w, r)
	}))
}

// holds reports whether somebody has the role or a higher one.
func holds(who auth.Principal, role string) bool {
	return slices.ContainsFunc(roles[slices.Index(roles, role):], who.HasRole)
}

// cached serves the style sheet and the icon.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "public, max-age=300")
		next.ServeHTTP(w, r)
	})
}
