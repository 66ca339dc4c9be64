package authhttp

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

// cookies are the names and attributes that the base URL leads to.
type cookies struct {
	secure  bool
	session string // the token
	device  string // the device keys
	browser string // the pre-session value
}

const (
	deviceAge = 180 * 24 * time.Hour
	// maxCookie bounds what is taken from one cookie; browsers keep no more than
	// 4096 bytes of one (RFC 6265, 6.1).
	maxCookie = 4096
)

func newCookies(secure bool) cookies {
	c := cookies{secure: secure, session: "auth_session", device: "auth_device", browser: "auth_browser"}
	if secure {
		c.session, c.device, c.browser = "__Host-"+c.session, "__Host-"+c.device, "__Host-"+c.browser
	}
	return c
}

// carried is what a request's cookies say; "" where there is none.
type carried struct{ session, device, browser string }

// read finds the three cookies in one pass. It allocates nothing.
func (c *cookies) read(r *http.Request) (found carried) {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
			if !ok {
				continue
			}
			switch name {
			case c.session:
				keep(&found.session, value)
			case c.device:
				keep(&found.device, value)
			case c.browser:
				keep(&found.browser, value)
			}
		}
	}
	for _, v := range [...]*string{&found.session, &found.device, &found.browser} {
		if *v == clash {
			*v = ""
		}
	}
	return found
}

// clash marks a cookie that came twice with different values. Then somebody else
// set one of them (RFC 6265, 8.6), and neither counts.
const clash = ","

func keep(to *string, value string) {
	value = strings.TrimRight(value, " \t")
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	for i := range len(value) { // token68 characters: all that we ever set
		b := value[i]
		if !(b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '-' || b == '_' || b == '.') {
			value = ""
			break
		}
	}
	switch {
	case value == "" || len(value) > maxCookie:
	case *to == "":
		*to = value
	case *to != value:
		*to = clash
	}
}

func (c *cookies) set(w http.ResponseWriter, name, value string, age time.Duration) {
	cookie := http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode}
	switch {
	case value == "":
		cookie.MaxAge = -1
	case age > 0:
		cookie.MaxAge = int(age / time.Second)
	}
	http.SetCookie(w, &cookie)
}

// expire makes the browser forget a cookie, if it has it.
func (c *cookies) expire(w http.ResponseWriter, name, carried string) {
	if carried != "" {
		c.set(w, name, "", 0)
	}
}

// signedIn hands the token to the browser, and what else changes with it. The
// pre-session value has done its work: whatever was bound to it ends.
func (web *Web) signedIn(w http.ResponseWriter, r *http.Request, in *auth.SignIn) {
	had := web.cookies.read(r)
	age := time.Duration(0) // until the browser is closed
	if in.Kind == session.Remembered {
		age = in.Principal.Expires.Sub(web.settings.Now())
	}
	web.cookies.set(w, web.cookies.session, in.Token.Reveal(), age)
	switch key := in.DeviceKey.Reveal(); {
	case key == "":
		web.cookies.expire(w, web.cookies.device, had.device)
	case key != had.device:
		web.cookies.set(w, web.cookies.device, key, deviceAge)
	}
	web.cookies.expire(w, web.cookies.browser, had.browser)
}

// newBrowser returns a pre-session value: 130 random bits.
func newBrowser() string { return rand.Text() }

// Client is the client of a request, as package auth wants it: its address by
// [Config].TrustedProxies, and what its cookies say.
func (web *Web) Client(r *http.Request) auth.Client {
	c := web.cookies.read(r)
	return auth.Client{
		IP: web.clientAddress(r), UserAgent: userAgent(r), DeviceKey: c.device, Session: c.session, Binding: web.browser(r),
	}
}

// browser returns the pre-session value: what the browser sent, or what
// [Web.Pages] is about to give it.
func (web *Web) browser(r *http.Request) string {
	if c := web.cookies.read(r); c.browser != "" {
		return c.browser
	}
	given, _ := r.Context().Value(browserKey{}).(string)
	return given
}

// userAgent is r.UserAgent, cut to what is kept of it.
func userAgent(r *http.Request) string {
	const most = 512
	if v := r.Header["User-Agent"]; len(v) > 0 {
		return v[0][:min(len(v[0]), most)]
	}
	return ""
}
