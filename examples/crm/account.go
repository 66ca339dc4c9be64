package main

import (
	"errors"
	"net/http"
	"slices"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// accountData is the page of one's own account.
type accountData struct {
	Sessions []auth.SessionInfo
	Devices  []auth.Device
	Here     string // id of the device that asks
}

// self is the own account of whoever asks.
func (a *app) self(r *http.Request) *auth.Self {
	who, _ := auth.PrincipalFrom(r.Context())
	return a.svc.Self(who, a.web.Client(r))
}

func (a *app) account(w http.ResponseWriter, r *http.Request) { a.showAccount(w, r, nil) }

func (a *app) showAccount(w http.ResponseWriter, r *http.Request, problem error) {
	who, _ := auth.PrincipalFrom(r.Context())
	d := accountData{Here: who.Device}
	me := a.self(r)
	for s, err := range me.Sessions().List(r.Context()) {
		if err != nil {
			a.fail(w, r, err, "/account")
			return
		}
		d.Sessions = append(d.Sessions, s)
	}
	devices, err := me.Devices().List(r.Context())
	if err != nil {
		a.fail(w, r, err, "/account")
		return
	}
	slices.Reverse(devices)
	d.Devices = devices
	a.show(w, r, "account", view{Title: "Your account", Data: d}, problem)
}

func (a *app) changePassword(w http.ResponseWriter, r *http.Request) {
	pw, err := twice(r)
	if err == nil {
		_, err = a.web.ChangePassword(w, r, r.PostFormValue("current"), pw)
	}
	if errors.Is(err, auth.ErrInvalidCredentials) {
		err = errCurrent
	}
	switch {
	case err == nil:
		done(w, r, "/account", "password")
	case about(err):
		a.showAccount(w, r, err)
	default:
		a.fail(w, r, err, "/account")
	}
}

func (a *app) endSession(w http.ResponseWriter, r *http.Request) {
	a.managed(w, r, a.self(r).Sessions().End(r.Context(), r.PathValue("id")), "ended")
}

func (a *app) endOthers(w http.ResponseWriter, r *http.Request) {
	_, err := a.self(r).Sessions().EndOthers(r.Context())
	a.managed(w, r, err, "others")
}

func (a *app) removeDevice(w http.ResponseWriter, r *http.Request) {
	a.managed(w, r, a.self(r).Devices().Remove(r.Context(), r.PathValue("id")), "removed")
}

// managed goes back to the account page.
func (a *app) managed(w http.ResponseWriter, r *http.Request, err error, what string) {
	if err != nil {
		a.fail(w, r, err, "/account")
		return
	}
	done(w, r, "/account", what)
}

// confirmForm asks for the password again, before what needs a recent one.
func (a *app) confirmForm(w http.ResponseWriter, r *http.Request) {
	back := "/?done=confirmed" // led here by a form, which has no way back
	if q := r.URL.Query(); q.Has("return") {
		back = authhttp.SafeReturn(q.Get("return"))
	}
	a.showConfirm(w, r, back, nil)
}

func (a *app) showConfirm(w http.ResponseWriter, r *http.Request, back string, err error) {
	a.show(w, r, "confirm", view{Title: "Confirm that it is you", Data: back}, err)
}

func (a *app) confirm(w http.ResponseWriter, r *http.Request) {
	back := authhttp.SafeReturn(r.PostFormValue("return"))
	_, err := a.web.Reauthenticate(w, r, r.PostFormValue("password"))
	if errors.Is(err, auth.ErrInvalidCredentials) {
		err = errConfirm
	}
	switch {
	case err == nil:
		http.Redirect(w, r, back, http.StatusSeeOther)
	case about(err):
		a.showConfirm(w, r, back, err)
	default:
		a.fail(w, r, err, back)
	}
}
