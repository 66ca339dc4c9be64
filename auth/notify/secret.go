package notify

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is a link, token or code on its way to its owner. However it is
// printed, logged or marshalled, it shows as "[redacted]", also from within an
// unexported field; the zero Secret, which is none, shows as "".
type Secret struct{ value *string } // fmt shows a pointer, where it can't call methods

// NewSecret wraps a value; "" is the zero Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero tells whether there is no value.
func (s Secret) IsZero() bool { return s.value == nil }

// String returns "[redacted]", or "" if there is no value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// Format writes String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, in JSON too: a secret can't be stored by marshalling it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
