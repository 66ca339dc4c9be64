package main

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/password"
)

// The refusals of this program's own forms. Their codes are those of the library,
// which lead to the status; the texts are ours.
var (
	errPolicy  = formError{auth.CodePasswordRejected, "This password can't be used."} // above the list of reasons
	errDiffer  = formError{auth.CodePasswordRejected, "The two entries differ."}
	errCurrent = formError{auth.CodeInvalidCredentials, "The current password is wrong."}
	errConfirm = formError{auth.CodeInvalidCredentials, "The password is wrong."}
	errInput   = formError{auth.CodeMalformed, "Please fill in every field."}
)

// formError is a refusal with a text of ours, in English.
type formError struct {
	code auth.Code
	text string
}

func (e formError) Error() string   { return "crm: " + e.text }
func (e formError) Code() auth.Code { return e.code }

// message is what the reader is told about an error.
func (a *app) message(r *http.Request, err error) string {
	if own, ok := errors.AsType[formError](err); ok {
		if text, err := translate(language(r), own.text); err == nil {
			return text
		}
	}
	return a.web.Message(r, err)
}

// wait is after how long trying again makes sense, in whole seconds; 0 if that
// is not known.
func (a *app) wait(err error) time.Duration {
	var d time.Duration
	if e, ok := errors.AsType[*auth.RateLimitedError](err); ok {
		d = e.RetryAfter
	}
	if e, ok := errors.AsType[*auth.OverloadedError](err); ok {
		d = e.RetryAfter
	}
	if e, ok := errors.AsType[*auth.MaintenanceError](err); ok && !e.Until.IsZero() {
		d = e.Until.Sub(a.now())
	}
	return max(0, d+time.Second-1).Truncate(time.Second)
}

// errorPage is what a browser sees when it can't go on.
func (a *app) errorPage(w http.ResponseWriter, r *http.Request, err error) {
	a.show(w, r, "error", view{Title: "That did not work"}, err)
}

// fail answers a form that could not be done: it leads to what is missing, a
// session or a recent password, and back to the form's page; or says what is wrong.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error, back string) {
	_, confirm := errors.AsType[*auth.ReauthenticationError](err)
	switch {
	case confirm:
		http.Redirect(w, r, "/confirm?"+url.Values{"return": {back + "?done=confirmed"}}.Encode(), http.StatusSeeOther)
	case errors.Is(err, auth.ErrSessionRequired):
		http.Redirect(w, r, "/signin?"+url.Values{"return": {back}}.Encode(), http.StatusSeeOther)
	default:
		a.errorPage(w, r, err)
	}
}

// twice returns a password that was typed twice.
func twice(r *http.Request) (string, error) {
	pw := r.PostFormValue("new")
	if pw != r.PostFormValue("repeat") {
		return "", errDiffer
	}
	return pw, nil
}

// about tells errors that are shown at the form itself from those that end it.
func about(err error) bool {
	_, rejected := errors.AsType[*password.RejectedError](err)
	_, malformed := errors.AsType[*auth.MalformedError](err)
	_, own := errors.AsType[formError](err)
	switch auth.CodeOf(err) {
	case auth.CodeRateLimited, auth.CodeOverloaded, auth.CodeMaintenance, auth.CodeRefused, auth.CodeAttemptReplayed, auth.CodeInvalidCredentials:
		return true
	}
	return rejected || malformed || own
}
