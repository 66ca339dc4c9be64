package password

import (
	"fmt"
	"strings"
)

// Code names one thing that is wrong with a password. It is stable: translate
// it for people, branch on it in programs.
type Code string

// The codes, each with the parameters of its [Violation].
const (
	// CodeTooShort: fewer than "min" code points.
	CodeTooShort Code = "too_short"
	// CodeTooLong: more than "max" code points, or more than "max_bytes" bytes
	// of UTF-8.
	CodeTooLong Code = "too_long"
	// CodeInvalidEncoding: not valid UTF-8.
	CodeInvalidEncoding Code = "invalid_encoding"
	// CodeCommon: a common password, or made of words that common passwords
	// are made of, or on a blocklist.
	CodeCommon Code = "common"
	// CodeContext: made of words of the place, such as the product, the company
	// or the tenant.
	CodeContext Code = "context"
	// CodePersonal: made of what others know about the person: the identifier,
	// name, e-mail address, phone number or birthday.
	CodePersonal Code = "personal"
	// CodeSequence: counting, as in abcdef, 654321, 一二三四五.
	CodeSequence Code = "sequence"
	// CodeKeyboard: neighbouring keys, as in qwerty, 1qaz2wsx, 147258.
	CodeKeyboard Code = "keyboard"
	// CodeRepeated: a character or a part again and again.
	CodeRepeated Code = "repeated"
	// CodeNumber: a date, a phone number or another short number.
	CodeNumber Code = "number"
	// CodeComposition: characters of fewer than "need" of the "of" classes
	// lower case, capitals, digits and everything else. Never with [NIST].
	CodeComposition Code = "composition"
	// CodeReused: one of the "last" passwords of the account. Never with
	// [NIST].
	CodeReused Code = "reused"
	// CodeBreached: found in breached data, "count" times as far as known.
	CodeBreached Code = "breached"
)

// Violation is one reason why a password is refused: a code and numbers. It
// never holds the password or a part of it, so it can be shown, sent back and
// recorded.
type Violation struct {
	Code   Code           `json:"code"`
	Params map[string]int `json:"params,omitempty"` // by the names documented at the code
}

// RejectedError is what [Policy.Check] returns for a password that breaks the
// policy.
type RejectedError struct {
	Violations []Violation // at least one, each code once
}

func (e *RejectedError) Error() string {
	codes := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		codes[i] = string(v.Code)
	}
	return "password: refused by the policy: " + strings.Join(codes, ", ")
}

// Has reports whether code is among the violations.
func (e *RejectedError) Has(code Code) bool {
	for _, v := range e.Violations {
		if v.Code == code {
			return true
		}
	}
	return false
}

// Hook names a question that a [Policy] asks somebody else.
type Hook string

const (
	HookHistory Hook = "history" // [Candidate].History
	HookBreach  Hook = "breach"  // [Options].Breach
)

// HookError is what [Policy.Check] returns when a hook fails: the password is
// neither accepted nor refused. The breach hook is asked last, so a HookError
// with [HookBreach] says that the password keeps every other rule; a caller
// whose breach service may be away can decide on that.
type HookError struct {
	Hook Hook
	Err  error // what the hook returned
}

func (e *HookError) Error() string {
	return fmt.Sprintf("password: %s check failed, nothing decided: %v", e.Hook, e.Err)
}

// Unwrap returns what the hook returned.
func (e *HookError) Unwrap() error { return e.Err }

// violations collects violations, each code once.
type violations []Violation

func (v *violations) add(code Code, params map[string]int) {
	for _, have := range *v {
		if have.Code == code {
			return
		}
	}
	*v = append(*v, Violation{Code: code, Params: params})
}
