package authhttp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/crmauth/crmauth/auth"
)

// hosts are the values of the Host header that are served, and those that moved.
// Links and redirects never take a host from a request.
type hosts struct {
	base   *url.URL
	main   string // the base URL's, as browsers send it
	local  bool   // every local name is served
	more   map[string]bool
	former map[string]bool
}

func newHosts(base *url.URL, former, more []string) (hosts, error) {
	h := hosts{
		base: base, main: plainHost(base.Host), local: base.Scheme == "http",
		more: map[string]bool{}, former: map[string]bool{},
	}
	var problems []error
	for _, host := range more {
		if u, err := url.Parse("https://" + host); err != nil || host == "" || u.Host != host {
			problems = append(problems, fmt.Errorf("Hosts: %q must be a host name such as crm.example.com, with a port where it isn't the usual one", host))
		}
		h.more[plainHost(host)] = true
	}
	for _, f := range former {
		u, err := auth.ParseBaseURL(f)
		if err != nil {
			return h, fmt.Errorf("FormerURLs: %w", err)
		}
		if host := plainHost(u.Host); host == h.main || h.more[host] {
			problems = append(problems, fmt.Errorf("FormerURLs: %q is still served, so it can't be redirected", f))
		} else {
			h.former[host] = true
		}
	}
	return h, errors.Join(problems...)
}

// plainHost lowers a Host header's letters and drops the ports that the schemes
// imply, which clients may send or not.
func plainHost(host string) string {
	host = strings.ToLower(host)
	if name, ok := strings.CutSuffix(host, ":443"); ok {
		return name
	}
	return strings.TrimSuffix(host, ":80")
}

func (h *hosts) served(host string) bool {
	if host == h.main {
		return true
	}
	host = plainHost(host)
	return host == h.main || h.more[host] || h.local && !h.former[host] && isLocal(host)
}

// isLocal tells names that every resolver leads to this machine: a page from
// elsewhere can't have one of them.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// moved is where a request for a former host is to go, "" for any other host.
func (h *hosts) moved(r *http.Request) string {
	if !h.former[plainHost(r.Host)] {
		return ""
	}
	to := url.URL{Scheme: h.base.Scheme, Host: h.base.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	return to.String()
}

// redirect sends a client to the new host for good: 301, or 308 where method and
// body are to be kept.
func redirect(w http.ResponseWriter, r *http.Request, to string) {
	status := http.StatusPermanentRedirect
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		status = http.StatusMovedPermanently
	}
	w.Header().Set("Location", to)
	w.WriteHeader(status)
}

// headers are the security headers. Their slices are shared by all answers.
type headers struct{ transport []string }

// hsts lasts two years. Subdomains are not ours to decide about.
const hsts = "max-age=63072000"

func newHeaders(secure bool) (h headers) {
	if secure {
		h.transport = []string{hsts}
	}
	return h
}

var (
	noStore    = []string{"no-store"}
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	sameOrigin = []string{"same-origin"}
	unframed   = []string{"frame-ancestors 'none'"}
	apiPolicy  = []string{"default-src 'none'; frame-ancestors 'none'"}
	pagePolicy = []string{"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"}
)

// guarded are the headers of whatever stands behind a session: not cached, not
// framed, no guessing of types (ASVS 3.4, 14.3.2). The keys are in canonical
// form, so that nothing is allocated. A stricter policy that is set stays.
func (h *headers) guarded(to http.Header) {
	to["Cache-Control"] = noStore
	to["X-Content-Type-Options"] = noSniff
	if to["Content-Security-Policy"] == nil {
		to["Content-Security-Policy"] = unframed
	}
	if h.transport != nil {
		to["Strict-Transport-Security"] = h.transport
	}
}

func (h *headers) api(to http.Header) {
	h.guarded(to)
	to["Content-Security-Policy"] = apiPolicy
	to["Referrer-Policy"] = noReferrer
	to["Cross-Origin-Resource-Policy"] = sameOrigin
}

func (h *headers) page(to http.Header) {
	h.guarded(to)
	to["Content-Security-Policy"] = pagePolicy
	to["Referrer-Policy"] = noReferrer
	to["Cross-Origin-Opener-Policy"] = sameOrigin
}
