package authhttp

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/crmauth/crmauth/auth"
)

// Login is [auth.Service.Login] for a request: it takes tenant and client from
// r, and on success sets the cookies. Call it before anything is written, behind
// [Web.Pages], which checks the form's token. Like every act here it refuses
// requests for other hosts, from other origins and with safe methods by itself,
// and sets Retry-After where the error says how long to wait. The
// errors are those of [auth.Service.Login]; after an [*auth.IncompleteError] go
// on with [Web.Answer] or [Web.Act] from the same browser.
func (web *Web) Login(w http.ResponseWriter, r *http.Request, c auth.Credentials) (*auth.SignIn, error) {
	if err := web.meant(r); err != nil {
		return nil, err
	}
	tenant, err := web.tenant(r)
	if err != nil {
		return nil, err
	}
	c.Tenant = tenant
	client := web.Client(r)
	fresh := client.Binding == ""
	if fresh { // what the unfinished login, if it becomes one, is tied to
		client.Binding = newBrowser()
	}
	in, err := web.svc.Login(r.Context(), c, client)
	if _, more := errors.AsType[*auth.IncompleteError](err); more && fresh {
		web.cookies.set(w, web.cookies.browser, client.Binding, 0)
	}
	return web.enter(w, r, in, err)
}

// Answer responds to a factor of an unfinished login, see [auth.Flow.Answer],
// and sets the cookies if that finished it.
func (web *Web) Answer(w http.ResponseWriter, r *http.Request, flow, factor, response string) (*auth.SignIn, error) {
	if err := web.meant(r); err != nil {
		return nil, err
	}
	in, err := web.svc.Flow(flow, web.Client(r)).Answer(r.Context(), factor, response)
	return web.enter(w, r, in, err)
}

// Act does an action that an unfinished login asks for, see [auth.Flow.Act], and
// sets the cookies if that finished it.
func (web *Web) Act(w http.ResponseWriter, r *http.Request, flow, action string, input map[string]string) (*auth.SignIn, error) {
	if err := web.meant(r); err != nil {
		return nil, err
	}
	in, err := web.svc.Flow(flow, web.Client(r)).Act(r.Context(), action, input)
	return web.enter(w, r, in, err)
}

// Reauthenticate is [auth.Self.Reauthenticate] for the session of r. The token
// rotates, and with it the cookie.
func (web *Web) Reauthenticate(w http.ResponseWriter, r *http.Request, password string) (*auth.SignIn, error) {
	if err := web.meant(r); err != nil {
		return nil, err
	}
	me, err := web.self(r)
	if err != nil {
		return nil, err
	}
	in, err := me.Reauthenticate(r.Context(), password)
	return web.enter(w, r, in, err)
}

// ChangePassword is [auth.Self.ChangePassword] for the session of r: all other
// sessions end, this one's token rotates, and with it the cookie.
func (web *Web) ChangePassword(w http.ResponseWriter, r *http.Request, current, new string) (*auth.SignIn, error) {
	if err := web.meant(r); err != nil {
		return nil, err
	}
	me, err := web.self(r)
	if err != nil {
		return nil, err
	}
	in, err := me.ChangePassword(r.Context(), current, new)
	return web.enter(w, r, in, err)
}

// Logout ends the session of r, if it has one, and makes the browser forget the
// session and what it stored of it; it stays a known device. When Logout returns
// nil no node accepts the token.
func (web *Web) Logout(w http.ResponseWriter, r *http.Request) error {
	if err := web.meant(r); err != nil {
		return err
	}
	token := web.cookies.read(r).session
	if token != "" {
		if err := web.svc.Logout(r.Context(), token); err != nil {
			return err
		}
	}
	web.left(w, r)
	return nil
}

// left makes the browser forget an ended session (ASVS 14.3.1). Its other
// cookies, the device key among them, are of no session and stay.
func (web *Web) left(w http.ResponseWriter, r *http.Request) {
	web.cookies.expire(w, web.cookies.session, web.cookies.read(r).session)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
}

// enter hands the browser its token when err is nil.
func (web *Web) enter(w http.ResponseWriter, r *http.Request, in *auth.SignIn, err error) (*auth.SignIn, error) {
	if err != nil {
		if n := web.wait(err); n > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(n, 10))
		}
		return nil, err
	}
	web.signedIn(w, r, in)
	return in, nil
}

// meant refuses what an act must not follow from: a request for another host or
// from another origin, and a link.
func (web *Web) meant(r *http.Request) error {
	switch {
	case !web.hosts.served(r.Host):
		return errHost
	case web.cross.Check(r) != nil:
		return errOrigin
	case safe(r.Method):
		return errMethod
	}
	return nil
}

// self is the own account of the request's session.
func (web *Web) self(r *http.Request) (*auth.Self, error) {
	who, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		var err error
		if who, err = web.authenticate(r); err != nil {
			return nil, err
		}
	}
	return web.svc.Self(who, web.Client(r)), nil
}
