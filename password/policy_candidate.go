package password

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Candidate is a password that somebody wants to set, and what the policy needs
// to judge it. Only Password is required; whatever is left out is not compared.
// A Candidate prints, logs and marshals without its contents.
//
// Of Aliases, Words and each list in Personal, the first 32 values and of each
// value the first 128 code points are looked at.
type Candidate struct {
	// Password as it was typed.
	Password string
	// FactorMandatory is true if the account can't sign in without a second
	// factor. That somebody has enrolled one voluntarily is not enough.
	FactorMandatory bool
	// Identifier is the user name or e-mail address of the account, and Aliases
	// are the others.
	Identifier string
	Aliases    []string
	// Personal is what is known about the person.
	Personal Personal
	// Words are further words of the context, such as the name of the tenant.
	Words []string
	// History reports whether password is among the account's last passwords.
	// It is called only by a policy that demands history, with the number it
	// demands. Comparing means verifying that many hashes, so the policy asks
	// only when the password keeps the other rules. Nil: a first password.
	History func(ctx context.Context, password string, last int) (reused bool, err error)
}

// Personal is what others may know about a person.
type Personal struct {
	// Names as they are written, and as they are spelled: "Li Na", "李娜",
	// "Anne-Marie O'Neill". For Chinese names give pinyin too, with a space
	// between the syllables: the package doesn't know how characters are read.
	Names  []string
	Emails []string
	// Phones with or without country code, spaces and punctuation.
	Phones []string
	// Birthday: only year, month and day count. The zero Time is none.
	Birthday time.Time
}

const redacted = "password.Candidate{redacted}"

// Format writes a constant, whatever the verb.
func (c Candidate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns a constant.
func (c Candidate) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a constant.
func (c Candidate) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
