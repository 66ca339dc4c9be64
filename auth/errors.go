package auth

import (
	"errors"
	"time"

	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
)

// Code is the stable name of an outcome, the same in every language, in the
// JSON API and in the catalogue of messages.
type Code string

// The codes. Whoever calls branches on these, or on the errors that carry them.
const (
	CodeInvalidCredentials Code = "invalid_credentials"
	CodeIncomplete         Code = "incomplete"
	CodeRateLimited        Code = "rate_limited"
	CodeOverloaded         Code = "overloaded"
	CodeMaintenance        Code = "maintenance"
	CodeRefused            Code = "login_refused"
	CodeAttemptReplayed    Code = "attempt_replayed"
	CodeSessionRequired    Code = "session_required"
	CodeReauthentication   Code = "reauthentication_required"
	CodeForbidden          Code = "forbidden"
	CodePasswordRejected   Code = "password_rejected"
	CodeTokenInvalid       Code = "token_invalid"
	CodeFlowInvalid        Code = "flow_invalid"
	CodeMalformed          Code = "malformed_request"
	CodeTooLarge           Code = "too_large"
	CodeNotFound           Code = "not_found"
	CodeExists             Code = "already_exists"
	CodeConflict           Code = "conflict"
	CodeLastAdministrator  Code = "last_administrator"
	CodeUnsupported        Code = "unsupported"
	CodeUnavailable        Code = "unavailable"
)

// Errors that carry nothing but their code. Compare with [errors.Is].
var (
	// ErrInvalidCredentials is the one answer to a wrong password, an unknown,
	// disabled or capped account and one without a password.
	ErrInvalidCredentials = coded(CodeInvalidCredentials, "auth: identifier or password is wrong")
	// ErrRefused: a rule or the risk policy refused; only whoever proved the
	// credential is told.
	ErrRefused = coded(CodeRefused, "auth: this sign-in is refused by policy")
	// ErrAttemptReplayed: the attempt already ended in a session, which is over.
	ErrAttemptReplayed = coded(CodeAttemptReplayed, "auth: this attempt was already used; sign in anew")
	// ErrSessionRequired: there is no session, or it ended or expired.
	ErrSessionRequired = coded(CodeSessionRequired, "auth: sign in first")
	// ErrForbidden: signed in, but without the right.
	ErrForbidden = coded(CodeForbidden, "auth: not allowed")
	// ErrTokenInvalid: the link was used, expired, replaced or never issued.
	ErrTokenInvalid = coded(CodeTokenInvalid, "auth: this link is no longer valid; ask for a new one")
	// ErrFlowInvalid: the unfinished login is over, or belongs to another browser.
	ErrFlowInvalid = coded(CodeFlowInvalid, "auth: this sign-in has expired; begin again")
	// ErrNotFound is what stores and administration answer for what is not there.
	ErrNotFound = coded(CodeNotFound, "auth: not found")
	// ErrExists is what stores and administration answer for what is taken.
	ErrExists = coded(CodeExists, "auth: already exists")
	// ErrConflict: somebody else changed the same thing at once; nothing was
	// done, try again.
	ErrConflict = coded(CodeConflict, "auth: it was changed meanwhile; try again")
	// ErrLastAdministrator: nobody would be left to administer.
	ErrLastAdministrator = coded(CodeLastAdministrator, "auth: this is the last active administrator")
	// ErrUnsupported: the account store lacks the optional interface this needs.
	ErrUnsupported = coded(CodeUnsupported, "auth: the account store can't do that")
)

type codedError struct {
	code Code
	text string
}

func coded(c Code, text string) error { return &codedError{c, text} }

func (e *codedError) Error() string { return e.text }

// CodeOf returns the code of an error of this package, of [password.RejectedError]
// and of what they wrap; [CodeUnavailable] for any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*codedError](err); ok {
		return e.code
	}
	if e, ok := errors.AsType[interface {
		error
		Code() Code
	}](err); ok {
		return e.Code()
	}
	if _, ok := errors.AsType[*password.RejectedError](err); ok {
		return CodePasswordRejected
	}
	return CodeUnavailable
}

// IncompleteError says that the password was right and more is needed: a
// factor of Factors, or the first of Actions.
type IncompleteError struct {
	Flow    Secret // continues the login, see [Service.Flow]
	Expires time.Time
	Factors []FactorInfo // one of these is to be answered; empty when only actions are left
	Actions []string     // what is to be done then, in order
}

func (e *IncompleteError) Error() string { return "auth: the sign-in needs a further step" }

// Code returns [CodeIncomplete].
func (e *IncompleteError) Code() Code { return CodeIncomplete }

// RateLimitedError says that there were too many attempts.
type RateLimitedError struct{ RetryAfter time.Duration }

func (e *RateLimitedError) Error() string { return "auth: too many attempts; wait before the next" }

// Code returns [CodeRateLimited].
func (e *RateLimitedError) Code() Code { return CodeRateLimited }

// OverloadedError says that the server can't verify in time. Nothing was counted.
type OverloadedError struct{ RetryAfter time.Duration }

func (e *OverloadedError) Error() string { return "auth: too busy to verify now; try again shortly" }

// Code returns [CodeOverloaded].
func (e *OverloadedError) Code() Code { return CodeOverloaded }

// MaintenanceError says that a gate is closed: nobody may sign in now.
type MaintenanceError struct {
	Until   time.Time         // zero if unknown
	Message map[string]string // by language, may be nil
}

func (e *MaintenanceError) Error() string { return "auth: sign-in is closed for maintenance" }

// Code returns [CodeMaintenance].
func (e *MaintenanceError) Code() Code { return CodeMaintenance }

// ReauthenticationError says that the session is real but its last
// authentication too long ago or not strong enough.
type ReauthenticationError struct {
	Accepted []string      // kinds of factors that would do: "password", "totp", …
	Within   time.Duration // how recent it must be
	Level    session.Level // how strong
}

func (e *ReauthenticationError) Error() string { return "auth: confirm that it is you first" }

// Code returns [CodeReauthentication].
func (e *ReauthenticationError) Code() Code { return CodeReauthentication }

// MalformedError says which input can't be what it should be. It never holds
// the input.
type MalformedError struct {
	Field   string
	Problem string
}

func (e *MalformedError) Error() string { return "auth: " + e.Field + ": " + e.Problem }

// Code returns [CodeMalformed].
func (e *MalformedError) Code() Code { return CodeMalformed }

// UnavailableError says that something the answer depends on failed. Nobody was
// let in. Its text is for the log; a client is told only the code.
type UnavailableError struct {
	Op  string
	Err error
}

func (e *UnavailableError) Error() string { return "auth: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Code returns [CodeUnavailable].
func (e *UnavailableError) Code() Code { return CodeUnavailable }
