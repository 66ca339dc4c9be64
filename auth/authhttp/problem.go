package authhttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
)

// refusal is an outcome that only exists over HTTP.
type refusal struct {
	status  int
	code    auth.Code
	english string
	chinese string
}

func (e *refusal) Error() string   { return "authhttp: " + e.english }
func (e *refusal) Code() auth.Code { return e.code }

var (
	errHost   = &refusal{http.StatusMisdirectedRequest, "wrong_host", "This server is not responsible for that host.", "本服务器不提供该域名的服务。"}
	errOrigin = &refusal{http.StatusForbidden, "cross_origin", "The request came from another site.", "该请求来自其他站点，已被拒绝。"}
	errForm   = &refusal{http.StatusForbidden, "form_invalid", "This form has expired. Please load the page again.", "表单已失效，请刷新页面后重试。"}
	errMethod = &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "This address does not support that method.", "该地址不支持此请求方法。"}
	errMedia  = &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "The content type must be application/json.", "内容类型必须为 application/json。"}
	errLarge  = &refusal{http.StatusRequestEntityTooLarge, auth.CodeTooLarge, "The input is too large.", "输入内容过大。"}
)

var statuses = map[auth.Code]int{
	auth.CodeInvalidCredentials: http.StatusUnauthorized,
	auth.CodeIncomplete:         http.StatusUnauthorized,
	auth.CodeRateLimited:        http.StatusTooManyRequests,
	auth.CodeOverloaded:         http.StatusServiceUnavailable,
	auth.CodeMaintenance:        http.StatusServiceUnavailable,
	auth.CodeRefused:            http.StatusForbidden,
	auth.CodeAttemptReplayed:    http.StatusConflict,
	auth.CodeSessionRequired:    http.StatusUnauthorized,
	auth.CodeReauthentication:   http.StatusForbidden,
	auth.CodeForbidden:          http.StatusForbidden,
	auth.CodePasswordRejected:   http.StatusUnprocessableEntity,
	auth.CodeTokenInvalid:       http.StatusGone,
	auth.CodeFlowInvalid:        http.StatusGone,
	auth.CodeMalformed:          http.StatusBadRequest,
	auth.CodeTooLarge:           http.StatusRequestEntityTooLarge,
	auth.CodeNotFound:           http.StatusNotFound,
	auth.CodeExists:             http.StatusConflict,
	auth.CodeConflict:           http.StatusConflict,
	auth.CodeLastAdministrator:  http.StatusConflict,
	auth.CodeUnsupported:        http.StatusNotImplemented,
	auth.CodeUnavailable:        http.StatusServiceUnavailable,
}

// Status returns the HTTP status of an error of package auth or of this one, by
// its [auth.CodeOf]; 503 for any other error, 200 for nil.
func Status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if e, ok := errors.AsType[*refusal](err); ok {
		return e.status
	}
	if s, ok := statuses[auth.CodeOf(err)]; ok {
		return s
	}
	return http.StatusServiceUnavailable
}

// problem is the body of a refusal (RFC 9457). Its type is about:blank, so the
// title is that of the status; code is what programs branch on.
type problem struct {
	Title      string      `json:"title"`
	Status     int         `json:"status"`
	Code       auth.Code   `json:"code"`
	Detail     string      `json:"detail"`
	RetryAfter int64       `json:"retry_after,omitzero"` // seconds
	Field      string      `json:"field,omitzero"`
	Violations []violation `json:"violations,omitempty"`
	Accepted   []string    `json:"accepted,omitempty"` // kinds of factors
	Within     int64       `json:"within,omitzero"`    // seconds
	Assurance  string      `json:"assurance,omitzero"`
	Until      time.Time   `json:"until,omitzero"`
}

// violation is one thing that is wrong with a password.
type violation struct {
	Code    password.Code  `json:"code"`
	Params  map[string]int `json:"params,omitempty"`
	Message string         `json:"message"`
}

// Error answers with the problem details of err: its status, its code, its
// [Web.Message], and what the code's error carries. What failed inside goes to
// the log, never to the client. Write nothing before it.
func (web *Web) Error(w http.ResponseWriter, r *http.Request, err error) {
	wishes := web.languages(r)
	p := problem{Status: Status(err), Code: auth.CodeOf(err), Detail: web.Message(r, err)}
	p.Title = http.StatusText(p.Status)
	p.fill(err, wishes)
	p.RetryAfter = web.wait(err)
	if p.Code == auth.CodeUnavailable && r.Context().Err() == nil { // a client that hung up is no fault
		web.settings.Logger.ErrorContext(r.Context(), "authhttp: a request failed", "method", r.Method, "error", err)
	}
	h := w.Header()
	h.Set("Content-Language", auth.Language(wishes...))
	h.Add("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(p.RetryAfter, 10))
	}
	write(w, p.Status, "application/problem+json", p)
}

// languages are what the reader prefers, then what the service speaks. A browser
// sends one line.
func (web *Web) languages(r *http.Request) []string {
	return []string{r.Header.Get("Accept-Language"), web.settings.Locale}
}

// Message is what the reader of r is told about err, on a page or in problem
// details: [auth.Message], and the texts for the codes that only exist here. The
// language is the one that Accept-Language asks for, else the service's.
func (web *Web) Message(r *http.Request, err error) string {
	wishes := web.languages(r)
	e, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return auth.Message(err, wishes...)
	case strings.HasPrefix(auth.Language(wishes...), "zh"):
		return e.chinese
	}
	return e.english
}

// wait is how many seconds an error asks to wait, 0 if it doesn't.
func (web *Web) wait(err error) int64 {
	if e, ok := errors.AsType[*auth.RateLimitedError](err); ok {
		return seconds(e.RetryAfter)
	}
	if e, ok := errors.AsType[*auth.OverloadedError](err); ok {
		return seconds(e.RetryAfter)
	}
	if e, ok := errors.AsType[*auth.MaintenanceError](err); ok && !e.Until.IsZero() {
		return seconds(e.Until.Sub(web.settings.Now()))
	}
	return 0
}

func (p *problem) fill(err error, wishes []string) {
	if e, ok := errors.AsType[*auth.MaintenanceError](err); ok && !e.Until.IsZero() {
		p.Until = e.Until
	}
	if e, ok := errors.AsType[*auth.ReauthenticationError](err); ok {
		p.Accepted, p.Within = e.Accepted, int64(e.Within/time.Second)
		if e.Level > 0 {
			p.Assurance = e.Level.String()
		}
	}
	if e, ok := errors.AsType[*auth.MalformedError](err); ok {
		p.Field = e.Field
	}
	if e, ok := errors.AsType[*password.RejectedError](err); ok {
		p.Violations = violations(e.Violations, wishes)
	}
}

func violations(in []password.Violation, wishes []string) []violation {
	out := []violation{}
	for _, v := range in {
		out = append(out, violation{v.Code, v.Params, auth.ViolationMessage(v, wishes...)})
	}
	return out
}

// seconds rounds up, so that whoever waits as told is not told again; at least 1,
// and 0 for what no waiting opens.
func seconds(d time.Duration) int64 {
	if d == lockout.Never {
		return 0
	}
	n := int64(d / time.Second)
	if d%time.Second > 0 {
		n++
	}
	return max(1, n)
}

// write encodes a body. It holds no secrets: those of package auth encode as
// redacted.
func write(w http.ResponseWriter, status int, media string, body any) {
	text, err := json.Marshal(body)
	if err != nil { // nothing that is written here can't be encoded
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone: nobody to tell
}
