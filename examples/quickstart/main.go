// Quickstart is a whole login on one screen: a form, a page that nobody reaches
// who is not signed in, and an SQLite file. Run it in an empty folder:
//
//	go run github.com/crmauth/crmauth/examples/quickstart
//
// It prints the link by which the first administrator chooses a password.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	_ "modernc.org/sqlite"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/store/sqlstore"
)

func main() {
	log.Fatal(serve(context.Background(), "localhost:8080", "crm.db", os.Stdout))
}

func serve(ctx context.Context, address, file string, out io.Writer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite(), sqlstore.Options{}) // makes its tables
	if err != nil {
		return err
	}
	keys, err := keyring.Open(file + ".keys")
	if err != nil {
		return err
	}
	svc, err := auth.New(auth.Config{
		BaseURL:  "http://" + listener.Addr().String(),
		Stores:   store.Stores(),
		Keys:     keys,
		Notifier: notify.InsecureConsole(os.Stderr),
	})
	if err != nil {
		return err
	}
	switch link, err := svc.Bootstrap(ctx, "", "admin@example.com"); {
	case err == nil:
		fmt.Fprintln(out, "choose the first password for admin@example.com:", link)
	case errors.Is(err, auth.ErrBootstrapped):
		fmt.Fprintln(out, "sign in:", "http://"+listener.Addr().String())
	default:
		return err
	}
	web, err := authhttp.New(svc, authhttp.Config{SignInPage: "/signin"})
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.Handle("/auth/", web) // the JSON API
	mux.Handle("/", web.Pages(pages(svc, web)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- svc.Run(ctx) }() // messages, expiry; nil once ctx ends
	go func() { failed <- server.Serve(listener) }()
	err = <-failed
	return errors.Join(err, server.Close())
}

var page = template.Must(template.New("").Parse(`<!doctype html><meta charset="utf-8"><title>Quickstart</title><h1>Quickstart</h1>
{{with .Who}}<p>Signed in as {{.}}.</p>{{end}}{{with .Error}}<p role="alert">{{.}}</p>{{end}}
<form method="post">
<input type="hidden" name="form_token" value="{{.Form}}"><input type="hidden" name="token" value="{{.Link}}">
{{if .Name}}<p><label>Account <input name="identifier" autocomplete="username" required></label></p>{{end}}
{{if not .Who}}<p><label>Password <input name="password" type="password" required></label></p>{{end}}
<button>{{.Button}}</button></form>`))

type view struct {
	Button, Who, Error, Form, Link string
	Name                           bool
}

func pages(svc *auth.Service, web *authhttp.Web) http.Handler {
	show := func(w http.ResponseWriter, r *http.Request, v view, err error) {
		if err != nil {
			v.Error = web.Message(r, err)
			w.WriteHeader(authhttp.Status(err))
		}
		v.Form = web.FormToken(r)
		if err := page.Execute(w, v); err != nil {
			log.Print(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", web.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.PrincipalFrom(r.Context())
		show(w, r, view{Who: who.Identifier, Button: "Sign out"}, nil)
	})))
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		if err := web.Logout(w, r); err != nil {
			show(w, r, view{Button: "Sign out"}, err)
			return
		}
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) {
		show(w, r, view{Name: true, Button: "Sign in"}, nil)
	})
	mux.HandleFunc("POST /signin", func(w http.ResponseWriter, r *http.Request) {
		_, err := web.Login(w, r, auth.Credentials{Identifier: r.PostFormValue("identifier"), Password: r.PostFormValue("password")})
		if err != nil {
			show(w, r, view{Name: true, Button: "Sign in"}, err)
			return
		}
		http.Redirect(w, r, authhttp.SafeReturn(r.FormValue("return")), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /password", func(w http.ResponseWriter, r *http.Request) { // opening a link consumes nothing
		link, err := svc.Recovery().Peek(r.Context(), r.FormValue("token"))
		show(w, r, view{Link: r.FormValue("token"), Button: "Choose it for " + link.Identifier}, err)
	})
	mux.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		err := svc.Recovery().Complete(r.Context(), r.PostFormValue("token"), r.PostFormValue("password"), web.Client(r))
		if err != nil {
			show(w, r, view{Link: r.PostFormValue("token"), Button: "Choose it"}, err)
			return
		}
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
	})
	return mux
}
