// Package authhttp puts package auth behind net/http: a JSON API, middleware
// for the application's own routes, and what server-rendered pages need.
//
// Most programs need two lines. The API answers below one prefix, and a handler
// that is wrapped is reached by nobody who is not signed in:
//
//	web, err := authhttp.New(svc, authhttp.Config{})
//	mux.Handle("/auth/", web)
//	mux.Handle("/deals", web.RequireSession(deals)) // inside: who, _ := auth.PrincipalFrom(r.Context())
//
// [Web.RequireRole] and [Web.RequireRecent] ask for more, [Config].SignInPage
// sends browsers to a page instead of answering 401.
//
// # Cookies and HTTPS
//
// The base URL of the service decides, never the connection, so that a proxy
// which ends TLS changes nothing. Under https every cookie has the __Host-
// prefix and Secure, and every answer carries Strict-Transport-Security; under
// http, which only a local base URL can have, cookies have plain names. All of
// them are HttpOnly, SameSite=Lax, host-only and of path "/" (ASVS 3.3). There
// are three: the session's token; the device key, which tells the account's
// known browsers from strangers; and, before a session exists, a random value
// that ties an unfinished sign-in and the tokens of forms to one browser. The
// session's token appears in Set-Cookie only, never in a body or URL.
//
// # Requests from elsewhere
//
// Requests with unsafe methods that come from another origin are refused
// ([net/http.CrossOriginProtection]), on the application's routes too. The API
// takes JSON only; forms behind [Web.Pages] carry a token bound to the browser.
// Requests for a host other than the base URL's are refused, those for a former
// one redirected. Links back after signing in pass [SafeReturn].
//
// # Pages without JavaScript
//
// [Web.Pages] wraps the application's HTML pages: headers, form tokens. Their
// handlers call [Web.Login], [Web.Answer], [Web.Act], [Web.Reauthenticate],
// [Web.ChangePassword] and [Web.Logout], which do what the JSON routes do and
// set the same cookies. First and new passwords are chosen through
// [auth.Service.Recovery], with [Web.Client].
//
// # Answers
//
// Errors are problem details (RFC 9457) with the stable code of package auth, a
// text in the reader's language, and where they apply retry_after, violations
// and what a re-authentication may use; see [Web.Error]. Codes that only exist
// here are wrong_host, cross_origin, form_invalid, method_not_allowed and
// unsupported_media_type. Wrong password, unknown
// and disabled account are one answer, byte for byte. Nothing is cached. The
// API describes itself as OpenAPI under {prefix}/openapi.json.
//
// # Routes
//
// Below the prefix, JSON in and out; retry_after and within are seconds, times
// RFC 3339:
//
//	POST   /login                       identifier, password, attempt_id?, public_computer?, remember?
//	POST   /login/challenge             flow, factor
//	POST   /login/factor                flow, factor, response
//	POST   /login/action                flow, action, and what the action takes
//	POST   /logout
//	GET    /session
//	POST   /reauthenticate              password
//	GET    /sessions                    DELETE ends all others, DELETE /sessions/{id} one
//	GET    /devices                     DELETE /devices/{id} forgets one
//	POST   /password/change             current, new
//	POST   /password/reset              token, new
//	POST   /password/check              password, and token or flow where there is no session
//	GET    /admin/accounts              q?, cursor?, limit?; POST invites; GET /admin/accounts/{id}
//	POST   /admin/accounts/{id}/…       unlock, suspend, resume, reset-password
//	DELETE /admin/accounts/{id}/sessions
//
// # Client address
//
// It is the peer's, unless [Config].TrustedProxies names the proxies in front;
// then the rightmost hop of X-Forwarded-For that is none of them.
package authhttp
