package main

import (
	"errors"
	"net/http"

	"github.com/crmauth/crmauth/auth"
)

// linkData is what the form behind a one-time link holds.
type linkData struct {
	auth.Link
	Token string
}

// passwordForm shows where a link leads. Opening it, as scanners of mail do too,
// consumes nothing.
func (a *app) passwordForm(w http.ResponseWriter, r *http.Request) {
	a.showPassword(w, r, r.URL.Query().Get("token"), nil)
}

func (a *app) showPassword(w http.ResponseWriter, r *http.Request, token string, problem error) {
	link, err := a.svc.Recovery().Peek(r.Context(), token)
	if err != nil {
		a.errorPage(w, r, err)
		return
	}
	title := "Choose a new password"
	if link.First {
		title = "Choose your first password"
	}
	a.show(w, r, "password", view{Title: title, Data: linkData{link, token}}, problem)
}

func (a *app) setPassword(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("token")
	pw, err := twice(r)
	if err == nil {
		err = a.svc.Recovery().Complete(r.Context(), token, pw, a.web.Client(r))
	}
	switch {
	case err == nil:
		done(w, r, "/signin", "chosen")
	case about(err) && !errors.Is(err, auth.ErrTokenInvalid):
		a.showPassword(w, r, token, err)
	default:
		a.errorPage(w, r, err)
	}
}
