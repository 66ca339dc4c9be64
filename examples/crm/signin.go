package main

import (
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// signInData is what the sign-in form and the step behind it hold.
type signInData struct {
	Identifier string
	Public     bool
	Attempt    string // of this rendering: a double click is one attempt
	Return     string
	Flow       string // the unfinished sign-in
}

func (a *app) signInForm(w http.ResponseWriter, r *http.Request) {
	back := authhttp.SafeReturn(r.URL.Query().Get("return"))
	client := a.web.Client(r)
	if _, err := a.svc.Authenticate(r.Context(), client.Session, client); err == nil {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	a.showSignIn(w, r, signInData{Return: back}, nil)
}

func (a *app) showSignIn(w http.ResponseWriter, r *http.Request, d signInData, err error) {
	d.Attempt = rand.Text()
	a.show(w, r, "signin", view{Title: "Sign in", Data: d}, err)
}

func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	d := signInData{
		Identifier: r.PostFormValue("identifier"),
		Public:     r.PostFormValue("public_computer") != "",
		Return:     authhttp.SafeReturn(r.PostFormValue("return")),
	}
	_, err := a.web.Login(w, r, auth.Credentials{
		Identifier: d.Identifier,
		Password:   r.PostFormValue("password"),
		AttemptID:  r.PostFormValue("attempt_id"),
		Public:     d.Public,
	})
	a.enter(w, r, d, err)
}

// enter goes where a sign-in, or a step of one, leads.
func (a *app) enter(w http.ResponseWriter, r *http.Request, d signInData, err error) {
	more, incomplete := errors.AsType[*auth.IncompleteError](err)
	switch {
	case err == nil:
		http.Redirect(w, r, d.Return, http.StatusSeeOther)
	case incomplete && len(more.Factors) == 0 && more.Actions[0] == auth.ActionChangePassword:
		d.Flow = more.Flow.Reveal()
		a.showNewPassword(w, r, d, nil)
	default: // a flow that is over begins again
		a.showSignIn(w, r, d, err)
	}
}

// showNewPassword is the step of whose password has expired.
func (a *app) showNewPassword(w http.ResponseWriter, r *http.Request, d signInData, err error) {
	a.show(w, r, "expired", view{Title: "Choose a new password", Data: d}, err)
}

func (a *app) signInNewPassword(w http.ResponseWriter, r *http.Request) {
	d := signInData{Flow: r.PostFormValue("flow"), Return: authhttp.SafeReturn(r.PostFormValue("return"))}
	pw, err := twice(r)
	if err == nil {
		_, err = a.web.Act(w, r, d.Flow, auth.ActionChangePassword, map[string]string{"new": pw})
	}
	if err != nil && about(err) {
		a.showNewPassword(w, r, d, err)
		return
	}
	a.enter(w, r, d, err)
}

func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	if err := a.web.Logout(w, r); err != nil {
		a.errorPage(w, r, err)
		return
	}
	done(w, r, "/signin", "signout")
}
