package authhttp_test

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

var signIn = template.Must(template.New("").Parse(`<!doctype html><title>Sign in</title><p>{{.Error}}
<form method="post"><input type="hidden" name="form_token" value="{{.Form}}">
<input name="identifier" autocomplete="username"><input name="password" type="password" autocomplete="current-password">
<button>Sign in</button></form>
`))

// A sign-in page of the application's own, which works without JavaScript.
func ExampleWeb_Login() {
	web, err := authhttp.New(newService(), authhttp.Config{SignInPage: "/signin"})
	check(err)

	pages := http.NewServeMux()
	pages.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) {
		check(signIn.Execute(w, map[string]string{"Form": web.FormToken(r)}))
	})
	pages.HandleFunc("POST /signin", func(w http.ResponseWriter, r *http.Request) {
		_, err := web.Login(w, r, auth.Credentials{Identifier: r.PostFormValue("identifier"), Password: r.PostFormValue("password")})
		if more, ok := errors.AsType[*auth.IncompleteError](err); ok {
			_ = more // a page for more.Factors or more.Actions, with more.Flow.Reveal() in a hidden field
		}
		if err != nil {
			w.WriteHeader(authhttp.Status(err))
			check(signIn.Execute(w, map[string]string{"Form": web.FormToken(r), "Error": web.Message(r, err)}))
			return
		}
		http.Redirect(w, r, authhttp.SafeReturn(r.FormValue("return")), http.StatusSeeOther)
	})
	pages.Handle("GET /deals", web.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "deals")
	})))
	server := httptest.NewServer(web.Pages(pages))
	defer server.Close()

	// A browser asks for the deals, is led to the form, and back.
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	visit, err := http.NewRequest("GET", server.URL+"/deals", nil)
	check(err)
	visit.Header.Set("Accept", "text/html")
	res, err := browser.Do(visit)
	check(err)
	form, err := io.ReadAll(res.Body)
	check(err)
	check(res.Body.Close())
	fmt.Println(res.Request.URL.RequestURI())
	token := regexp.MustCompile(`value="([^"]+)"`).FindSubmatch(form)[1]

	show(browser.PostForm(res.Request.URL.String(), url.Values{
		"form_token": {string(token)}, "identifier": {"li.na@example.com"}, "password": {"quiet lantern above the river"},
	}))
	// Output:
	// /signin?return=%2Fdeals
	// 200 deals
}
