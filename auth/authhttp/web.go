package authhttp

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/crmauth/crmauth/auth"
)

// Config are the options of [New]. The zero value is the secure one: no proxy
// is trusted, no other origin and no other host admitted.
type Config struct {
	// Prefix is the path that the JSON API is mounted under; "" means "/auth".
	// It begins with a slash and does not end with one.
	Prefix string

	// TrustedProxies are the networks of the reverse proxies in front of this
	// server. Only a peer among them is believed about X-Forwarded-For, and the
	// client is its rightmost hop that is none of them. Empty: the client is the
	// peer. Networks that contain every address are refused.
	TrustedProxies []netip.Prefix
	// ClientAddress, if set, replaces that rule altogether, for instance where
	// the proxy is on a Unix socket. The zero Addr is an unknown address; all of
	// those share one attempt counter. Whatever clients can forge here lets them
	// escape the limits by source, or close them for somebody else.
	ClientAddress func(*http.Request) netip.Addr

	// Tenant tells which customer a request is for; nil: there is one, called "".
	// It returns the name as the request has it: one that doesn't exist answers
	// as an unknown account does. An error refuses the request, with 503 or, if
	// it has a code of package auth, with that. A session of another tenant
	// counts as none.
	Tenant func(*http.Request) (string, error)

	// Hosts are further values of the Host header that are served, such as
	// "acme.crm.example.com" where tenants have base URLs of their own. The
	// hosts of the service's base URL always are; under a local base URL all
	// local names on every port. Other hosts get 421 (RFC 9110, 15.5.20), so a
	// proxy in front has to pass the Host header on as it came.
	Hosts []string
	// Origins are other front ends, as "https://app.example.com", whose requests
	// pass the cross-origin protection. Answering their CORS preflights remains
	// with the application.
	Origins []string

	// SignInPage is the path of the application's sign-in page: a browser that
	// has no session is redirected there, with ?return= and the path it asked
	// for. "" answers 401 to browsers too. Who doesn't accept HTML always gets
	// the 401.
	SignInPage string
	// ConfirmPage is the same for [Web.RequireRecent]: a page that asks for the
	// password again. "" answers 403.
	ConfirmPage string
	// ErrorPage, if set, writes what browsers see when the middleware refuses;
	// [Status] tells the status of err and [Web.Message] its text. nil writes the
	// problem details that everybody else gets.
	ErrorPage func(w http.ResponseWriter, r *http.Request, err error)

	// MaxBody limits the bodies that the API and [Web.Pages] read, in bytes;
	// 0 means 64 KiB, the maximum is 1 MiB. Larger ones get 413.
	MaxBody int64
}

const (
	defaultBody = 64 << 10
	largestBody = 1 << 20
)

// Web serves one [auth.Service] over HTTP; [New] makes it. As an http.Handler it
// is the JSON API. It is safe for concurrent use.
type Web struct {
	svc      *auth.Service
	config   Config
	settings auth.Settings
	hosts    hosts
	cross    *http.CrossOriginProtection
	cookies  cookies
	headers  headers
	api      http.Handler
}

// New returns the front of svc, or every problem that c has.
func New(svc *auth.Service, c Config) (*Web, error) {
	if svc == nil {
		return nil, errors.New("authhttp: config: a service is required; auth.New makes one")
	}
	c.TrustedProxies = slices.Clone(c.TrustedProxies)
	web := &Web{svc: svc, config: c, settings: svc.Settings(), cross: http.NewCrossOriginProtection()}
	var problems []error
	check := func(err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("authhttp: config: %w", err))
		}
	}
	base, err := auth.ParseBaseURL(web.settings.BaseURL)
	if err != nil { // the service has checked it
		return nil, fmt.Errorf("authhttp: config: BaseURL: %w", err)
	}
	secure := base.Scheme == "https"
	web.cookies, web.headers = newCookies(secure), newHeaders(secure)

	if c.Prefix == "" {
		web.config.Prefix = "/auth"
	}
	check(checkPrefix(web.config.Prefix))
	check(checkPage("SignInPage", c.SignInPage))
	check(checkPage("ConfirmPage", c.ConfirmPage))
	check(checkProxies(c.TrustedProxies))
	web.hosts, err = newHosts(base, web.settings.FormerURLs, c.Hosts)
	check(err)
	check(web.trust(base, c.Origins))
	if c.MaxBody == 0 {
		web.config.MaxBody = defaultBody
	}
	if c.MaxBody < 0 || c.MaxBody > largestBody {
		check(fmt.Errorf("MaxBody is %d, must be between 1 and %d (or 0 for %d)", c.MaxBody, largestBody, defaultBody))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	web.api = web.routes()
	return web, nil
}

func checkPrefix(p string) error {
	if !strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") || SafeReturn(p) != p || strings.ContainsAny(p, "{}?#% ") {
		return fmt.Errorf("Prefix is %q, must be a path such as /auth, without a slash at its end", p)
	}
	return nil
}

func checkPage(name, p string) error {
	if p != "" && (SafeReturn(p) != p || strings.ContainsAny(p, "?#")) {
		return fmt.Errorf("%s is %q, must be a path such as /login", name, p)
	}
	return nil
}

// trust admits the origins that are configured and the base URL's own, which a
// proxy may hide by rewriting the Host header.
func (web *Web) trust(base *url.URL, origins []string) error {
	var problems []error
	for _, o := range append([]string{base.Scheme + "://" + base.Host}, origins...) {
		if err := web.cross.AddTrustedOrigin(o); err != nil {
			problems = append(problems, fmt.Errorf("Origins: %w", err))
		}
	}
	return errors.Join(problems...)
}

// ServeHTTP answers the JSON API below [Config].Prefix. Mount it for the prefix
// and all paths below it, without stripping the prefix.
func (web *Web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	web.headers.api(w.Header())
	if !web.admit(w, r, web.Error) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, web.config.MaxBody)
	web.api.ServeHTTP(w, r)
}

// admit turns away what is meant for another host, or comes from elsewhere.
func (web *Web) admit(w http.ResponseWriter, r *http.Request, refuse func(http.ResponseWriter, *http.Request, error)) bool {
	if !web.hosts.served(r.Host) {
		if to := web.hosts.moved(r); to != "" {
			redirect(w, r, to)
		} else {
			refuse(w, r, errHost)
		}
		return false
	}
	if web.cross.Check(r) != nil {
		refuse(w, r, errOrigin)
		return false
	}
	return true
}

// tenant returns whom the request is for.
func (web *Web) tenant(r *http.Request) (string, error) {
	if web.config.Tenant == nil {
		return "", nil
	}
	return web.config.Tenant(r)
}
