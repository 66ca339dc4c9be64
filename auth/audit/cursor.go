package audit

import (
	"errors"
	"strconv"
)

// ErrCursor is returned for a text that is no cursor.
var ErrCursor = errors.New("audit: malformed cursor: pass back the one that was given out, or none to begin anew")

// A Cursor is a position in a log: behind the event with this Seq. The zero
// Cursor is before the first event, or behind the last where the newest come
// first. It carries no right to read: a reader's filter must be set by the
// server, and holds whatever the cursor says.
type Cursor struct{ Seq int64 }

// ParseCursor reads what [Cursor.String] wrote, and nothing else; the empty
// string is the zero Cursor. The error is [ErrCursor].
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	if len(s) > 16 {
		return Cursor{}, ErrCursor
	}
	seq, err := strconv.ParseInt(s, 36, 64)
	c := Cursor{Seq: seq}
	if err != nil || seq <= 0 || c.String() != s {
		return Cursor{}, ErrCursor
	}
	return c, nil
}

// String returns at most 13 characters (0-9, a-z), "" for the zero Cursor.
func (c Cursor) String() string {
	if c.Seq <= 0 {
		return ""
	}
	return strconv.FormatInt(c.Seq, 36)
}

// MarshalText is String.
func (c Cursor) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is [ParseCursor].
func (c *Cursor) UnmarshalText(text []byte) error {
	parsed, err := ParseCursor(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}
