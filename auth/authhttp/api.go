package authhttp

import (
	"net/http"
	"slices"
	"strings"

	"github.com/crmauth/crmauth/auth"
)

// endpoint serves one route. What it returns is answered by [Web.Error].
type endpoint func(w http.ResponseWriter, r *http.Request, in *input) error

// route is one method of one path of the API, below the prefix.
type route struct {
	method, path string
	serve        endpoint
}

// table is the whole API. openapi.json describes the same routes.
func (web *Web) table() []route {
	return []route{
		{"POST", "/login", web.postLogin},
		{"POST", "/login/challenge", web.postChallenge},
		{"POST", "/login/factor", web.postFactor},
		{"POST", "/login/action", web.postAction},
		{"POST", "/logout", web.postLogout},
		{"GET", "/session", web.getSession},
		{"POST", "/reauthenticate", web.postReauthenticate},
		{"GET", "/sessions", web.getSessions},
		{"DELETE", "/sessions", web.deleteSessions},
		{"DELETE", "/sessions/{id}", web.deleteSession},
		{"GET", "/devices", web.getDevices},
		{"DELETE", "/devices/{id}", web.deleteDevice},
		{"POST", "/password/change", web.postPasswordChange},
		{"POST", "/password/reset", web.postPasswordReset},
		{"POST", "/password/check", web.postPasswordCheck},
		{"GET", "/admin/accounts", web.getAccounts},
		{"POST", "/admin/accounts", web.postAccounts},
		{"GET", "/admin/accounts/{id}", web.getAccount},
		{"POST", "/admin/accounts/{id}/unlock", web.onAccount((*auth.Admin).Unlock)},
		{"POST", "/admin/accounts/{id}/suspend", web.onAccount((*auth.Admin).Suspend)},
		{"POST", "/admin/accounts/{id}/resume", web.onAccount((*auth.Admin).Resume)},
		{"POST", "/admin/accounts/{id}/reset-password", web.onAccount((*auth.Admin).StartReset)},
		{"DELETE", "/admin/accounts/{id}/sessions", web.deleteAccountSessions},
		{"GET", "/openapi.json", web.getOpenAPI},
	}
}

// methods are the handlers of one path. HEAD is served by GET.
type methods map[string]endpoint

func (m methods) allow() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// routes builds the handler of the table. A path that is none of it is 404, a
// method that a path doesn't have 405.
func (web *Web) routes() http.Handler {
	paths := map[string]methods{}
	for _, t := range web.table() {
		if paths[t.path] == nil {
			paths[t.path] = methods{}
		}
		paths[t.path][t.method] = t.serve
	}
	mux := http.NewServeMux()
	for path, m := range paths {
		mux.Handle(web.config.Prefix+path, web.serve(m))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, auth.ErrNotFound) })
	return mux
}

// serve reads the body of whatever changes state and calls the endpoint.
func (web *Web) serve(m methods) http.HandlerFunc {
	allow := m.allow()
	return func(w http.ResponseWriter, r *http.Request) {
		method, in := r.Method, &input{}
		if method == http.MethodHead {
			method = http.MethodGet
		}
		run, ok := m[method]
		if !ok {
			w.Header().Set("Allow", allow)
			web.Error(w, r, errMethod)
			return
		}
		var err error
		if method != http.MethodGet {
			in, err = readInput(r)
		}
		if err == nil {
			err = run(w, r, in)
		}
		if err != nil {
			web.Error(w, r, err)
		}
	}
}

// reply answers 200 with a body.
func reply(w http.ResponseWriter, body any) error {
	write(w, http.StatusOK, "application/json", body)
	return nil
}

// done answers 204.
func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
