package authhttp

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"time"

	"github.com/crmauth/crmauth/auth"
)

// FormTokenField is the name of the hidden field, in every form that changes
// something, that carries what [Web.FormToken] returned.
const FormTokenField = "form_token"

const (
	formPurpose = "form token"
	formLife    = 12 * time.Hour
)

// browserKey is under what a request's context holds the pre-session value that
// its answer sets, a string.
type browserKey struct{}

// Pages wraps the application's HTML pages, the public ones as well as those
// behind [Web.RequireSession], which then stands inside; static files are better
// served beside it. It sets the security headers, which a handler may
// replace; refuses requests for other hosts and, with unsafe methods, from other
// origins; gives a browser without a session the pre-session cookie; and refuses
// every form that doesn't carry the token of [Web.FormToken], or is larger than
// [Config].MaxBody. Behind it r.PostForm is filled in.
//
// The Content-Security-Policy is default-src 'self': scripts and styles in
// files, none in the page (ASVS 3.4.3).
func (web *Web) Pages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.headers.page(w.Header())
		if !web.admit(w, r, web.Refuse) {
			return
		}
		if had := web.cookies.read(r); had.session == "" && had.browser == "" {
			browser := newBrowser()
			web.cookies.set(w, web.cookies.browser, browser, 0)
			r = r.WithContext(context.WithValue(r.Context(), browserKey{}, browser))
		}
		if !safe(r.Method) {
			r.Body = http.MaxBytesReader(w, r.Body, web.config.MaxBody)
			if err := web.CheckForm(r); err != nil {
				web.Refuse(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// safe tells the methods that change nothing (RFC 9110, 9.2.1).
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// FormToken returns the token that a form on the page answered to r must send
// back in the field [FormTokenField]. It is bound to the session's cookie or,
// before there is a session, to the pre-session cookie, and serves for 12 hours.
// It is "", which no check accepts, if r has neither and didn't pass [Web.Pages].
//
// A new session token ends it: redirect after signing in, re-authenticating and
// changing the password.
func (web *Web) FormToken(r *http.Request) string {
	binding := web.formBinding(r)
	if binding == "" {
		return ""
	}
	ends := binary.BigEndian.AppendUint64(nil, uint64(web.settings.Now().Add(formLife).Unix()))
	tag := web.settings.Keys.Sign(formPurpose, []byte(binding), ends)
	return base64.RawURLEncoding.EncodeToString(append(ends, tag...))
}

// CheckForm refuses a request whose form lacks a valid token. [Web.Pages] calls
// it; call it yourself for forms outside of them. It parses the form, so limit
// the body first. The comparison takes constant time.
func (web *Web) CheckForm(r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(r.PostForm.Get(FormTokenField))
	binding := web.formBinding(r)
	if err != nil || len(raw) < 8 || binding == "" {
		return errForm
	}
	ends, tag := raw[:8], raw[8:]
	end := time.Unix(int64(binary.BigEndian.Uint64(ends)), 0)
	if !web.settings.Keys.Verify(formPurpose, tag, []byte(binding), ends) || !web.settings.Now().Before(end) {
		return errForm
	}
	return nil
}

// parseForm fills in r.PostForm; a multipart form is kept in memory.
func parseForm(r *http.Request) error {
	err := r.ParseForm() // first: the other one hides its error
	if err == nil {
		err = r.ParseMultipartForm(largestBody)
	}
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errLarge
	}
	if err != nil {
		return &auth.MalformedError{Field: "form", Problem: "can't be read"}
	}
	return nil
}

// formBinding is what only this browser knows.
func (web *Web) formBinding(r *http.Request) string {
	if had := web.cookies.read(r); had.session != "" {
		return had.session
	}
	return web.browser(r)
}
