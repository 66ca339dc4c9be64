package authhttp

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

// RequireSession lets through whoever is signed in, with the principal in the
// request's context; see [auth.PrincipalFrom]. Everybody else gets 401
// session_required, or the sign-in page. It also refuses unsafe requests from
// other origins, other hosts' requests and sessions of another tenant, forbids
// caching and framing, and leaves every header for next to replace.
//
// Each request is one check of the session in its store. Where the context has a
// principal already, because handlers are nested, that one is used.
func (web *Web) RequireSession(next http.Handler) http.Handler {
	return web.require(next, nil)
}

// RequireRole is [Web.RequireSession] for those who hold the role; the others
// get 403 forbidden, which goes on record (ASVS 16.3.2).
func (web *Web) RequireRole(role string, next http.Handler) http.Handler {
	return web.require(next, func(r *http.Request, who auth.Principal) error {
		if who.HasRole(role) {
			return nil
		}
		resource := "role " + role
		if r.Pattern != "" {
			resource += " for " + r.Pattern
		}
		return web.svc.Forbidden(r.Context(), who, web.Client(r), resource)
	})
}

// RequireRecent is [Web.RequireSession] for those who authenticated within age,
// 0 (or less) being the service's RecentFor. The others get 403 reauthentication_required
// with what they may use, or the confirmation page: before what is sensitive, it
// must be the person and not just the browser (ASVS 7.5).
func (web *Web) RequireRecent(age time.Duration, next http.Handler) http.Handler {
	if age <= 0 {
		age = web.settings.RecentFor
	}
	return web.require(next, func(_ *http.Request, who auth.Principal) error {
		if !who.Recent(web.settings.Now(), age) {
			return &auth.ReauthenticationError{Accepted: []string{"password"}, Within: age, Level: session.AAL1}
		}
		return nil
	})
}

// require is the one gate before the application's handlers. demand, if any, asks
// for more than a session.
func (web *Web) require(next http.Handler, demand func(*http.Request, auth.Principal) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.headers.guarded(w.Header())
		if !web.admit(w, r, web.Refuse) {
			return
		}
		who, nested := auth.PrincipalFrom(r.Context())
		var err error
		if nested {
			err = web.sameTenant(r, &who)
		} else {
			who, err = web.authenticate(r)
		}
		if err == nil && demand != nil {
			err = demand(r, who)
		}
		if err != nil {
			web.Refuse(w, r, err)
			return
		}
		if !nested {
			r = r.WithContext(auth.WithPrincipal(r.Context(), who))
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate returns whose session a request carries.
func (web *Web) authenticate(r *http.Request) (auth.Principal, error) {
	client := web.Client(r)
	if client.Session == "" {
		return auth.Principal{}, auth.ErrSessionRequired
	}
	who, err := web.svc.Authenticate(r.Context(), client.Session, client)
	if err != nil {
		return auth.Principal{}, err
	}
	if err := web.sameTenant(r, &who); err != nil {
		return auth.Principal{}, err
	}
	return who, nil
}

// sameTenant refuses a session that was opened for another tenant: to this one
// it does not exist.
func (web *Web) sameTenant(r *http.Request, who *auth.Principal) error {
	tenant, err := web.tenant(r)
	if err != nil {
		return err
	}
	if who.Tenant != tenant {
		return auth.ErrSessionRequired
	}
	return nil
}

// Refuse is [Web.Error] for the application's routes, where a browser may be
// shown a page: it leads to [Config].SignInPage or ConfirmPage where err asks for
// that, and shows [Config].ErrorPage otherwise. The middleware refuses by it; so
// can handlers, with the errors of [auth.Self] and [auth.Admin].
func (web *Web) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	if !acceptsPage(r) {
		web.Error(w, r, err)
		return
	}
	_, confirm := errors.AsType[*auth.ReauthenticationError](err)
	switch {
	case web.config.SignInPage != "" && errors.Is(err, auth.ErrSessionRequired):
		leadTo(w, r, web.config.SignInPage)
	case web.config.ConfirmPage != "" && confirm:
		leadTo(w, r, web.config.ConfirmPage)
	case web.config.ErrorPage != nil:
		web.config.ErrorPage(w, r, err)
	default:
		web.Error(w, r, err)
	}
}

// acceptsPage tells browsers, which name HTML when they navigate, from programs.
func acceptsPage(r *http.Request) bool {
	for _, accept := range r.Header["Accept"] {
		if strings.Contains(accept, "text/html") {
			return true
		}
	}
	return false
}

// leadTo sends a browser to a page. The way back is that of a GET only: what a
// form was to do is done by sending it again.
func leadTo(w http.ResponseWriter, r *http.Request, page string) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if back := SafeReturn(r.URL.RequestURI()); back != "/" {
			page += "?" + url.Values{"return": {back}}.Encode()
		}
	}
	w.Header().Set("Location", page)
	w.WriteHeader(http.StatusSeeOther)
}
