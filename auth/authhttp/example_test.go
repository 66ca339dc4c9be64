package authhttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/store/memstore"
)

// The API below /auth, and a route of the application that is reached by nobody
// who is not signed in.
func Example() {
	svc := newService()
	web, err := authhttp.New(svc, authhttp.Config{})
	check(err)

	deals := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.PrincipalFrom(r.Context())
		fmt.Fprintf(w, "the deals of %s", who.Identifier)
	})
	mux := http.NewServeMux()
	mux.Handle("/auth/", web)
	mux.Handle("/deals", web.RequireSession(deals))
	server := httptest.NewServer(mux)
	defer server.Close()

	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	show(browser.Get(server.URL + "/deals"))
	show(browser.Post(server.URL+"/auth/login", "application/json",
		strings.NewReader(`{"identifier":"li.na@example.com","password":"quiet lantern above the river"}`)))
	show(browser.Get(server.URL + "/deals"))
	show(browser.Post(server.URL+"/auth/logout", "application/json", nil))
	show(browser.Get(server.URL + "/deals"))
	// Output:
	// 401 session_required
	// 200 authenticated
	// 200 the deals of li.na@example.com
	// 204
	// 401 session_required
}

// emptyService returns a service on http://localhost without accounts. A real
// program runs svc.Run beside its server: without it no message is sent.
func emptyService() *auth.Service {
	keys, err := keyring.New(keyring.Generate())
	check(err)
	svc, err := auth.New(auth.Config{
		BaseURL:  "http://localhost:8080",
		Stores:   new(memstore.Store).Stores(),
		Keys:     keys,
		Notifier: notify.InsecureConsole(os.Stderr),
	})
	check(err)
	return svc
}

// newService returns a service with one administrator.
func newService() *auth.Service {
	svc, ctx := emptyService(), context.Background()
	link, err := svc.Bootstrap(ctx, "", "li.na@example.com")
	check(err)
	visit, err := url.Parse(link)
	check(err)
	check(svc.Recovery().Complete(ctx, visit.Query().Get("token"), "quiet lantern above the river", auth.Client{}))
	return svc
}

// show prints the status of an answer, and its body, code or state.
func show(res *http.Response, err error) {
	check(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(err)
	line := string(text)
	for _, name := range []string{`"code":"`, `"status":"`} {
		if _, rest, ok := strings.Cut(line, name); ok {
			line, _, _ = strings.Cut(rest, `"`)
		}
	}
	fmt.Println(strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", line)))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
