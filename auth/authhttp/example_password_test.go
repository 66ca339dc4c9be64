package authhttp_test

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"github.com/crmauth/crmauth/auth/authhttp"
)

var choose = template.Must(template.New("").Parse(`<!doctype html><title>Choose a password</title><p>{{.Link.Identifier}} {{.Error}}
<form method="post"><input type="hidden" name="form_token" value="{{.Form}}"><input type="hidden" name="token" value="{{.Token}}">
<input name="new" type="password" autocomplete="new-password"><button>Choose</button></form>
`))

// The page that one-time links lead to (auth.Config.PasswordPage), which every
// application with invitations needs. Looking at a link consumes nothing, and a
// password that is refused leaves it as it was.
func ExampleWeb_Pages() {
	svc := emptyService()
	web, err := authhttp.New(svc, authhttp.Config{})
	check(err)
	page := func(w http.ResponseWriter, r *http.Request, err error) {
		token := r.FormValue("token")
		link, gone := svc.Recovery().Peek(r.Context(), token)
		if gone != nil {
			err = gone
		}
		text := ""
		if err != nil {
			text = web.Message(r, err)
		}
		w.WriteHeader(authhttp.Status(err))
		check(choose.Execute(w, map[string]any{"Link": link, "Token": token, "Form": web.FormToken(r), "Error": text}))
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET /password", func(w http.ResponseWriter, r *http.Request) { page(w, r, nil) })
	pages.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		if err := svc.Recovery().Complete(r.Context(), r.PostFormValue("token"), r.PostFormValue("new"), web.Client(r)); err != nil {
			page(w, r, err)
			return
		}
		fmt.Fprint(w, "Now sign in.") // a link opens no session
	})
	server := httptest.NewServer(web.Pages(pages))
	defer server.Close()

	// The first administrator opens the link twice, tries a short password, and
	// chooses a better one.
	link, err := svc.Bootstrap(context.Background(), "", "wang@example.com")
	check(err)
	path := strings.TrimPrefix(link, "http://localhost:8080")
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	send := func(password string) {
		res, err := browser.Get(server.URL + path)
		check(err)
		body, err := io.ReadAll(res.Body)
		check(err)
		check(res.Body.Close())
		fields := regexp.MustCompile(`name="(form_token|token)" value="([^"]+)"`).FindAllSubmatch(body, -1)
		form := url.Values{"new": {password}}
		for _, f := range fields {
			form.Set(string(f[1]), string(f[2]))
		}
		res, err = browser.PostForm(server.URL+"/password", form)
		check(err)
		check(res.Body.Close())
		fmt.Println(res.StatusCode)
	}
	send("short")
	send("seven copper kettles whistling")
	// Output:
	// 422
	// 200
}
