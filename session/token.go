package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const (
	tagSize    = 4
	secretSize = 32
	rawSize    = tagSize + secretSize
	tokenSize  = rawSize / 3 * 4 // whole groups: no padding, and one spelling only
)

// Token is a session's token, 48 characters of the base64url alphabet. It shows
// itself to nobody but the caller of Reveal: printed, logged or marshalled it
// reads "[redacted]". The zero Token is none.
type Token struct{ text string }

const redacted = "[redacted]"

// Reveal returns the token itself, for the client that is to present it.
func (t Token) Reveal() string { return t.text }

// String returns "[redacted]".
func (Token) String() string { return redacted }

// GoString returns "[redacted]".
func (Token) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]"; JSON uses it too.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Parse returns the key that a store knows the session of token by, or
// [ErrNotFound] if it can't be a token. It needs no store and allocates nothing.
func (m *Manager) Parse(token string) (Key, error) { return parse(token) }

func parse(token string) (Key, error) {
	if len(token) != tokenSize {
		return Key{}, ErrNotFound
	}
	var text [tokenSize]byte
	copy(text[:], token)
	var raw [rawSize + 4]byte // with room to spare the decoder works in strides of 8
	// The decoder skips line breaks, and then finds less.
	if n, err := base64.RawURLEncoding.Decode(raw[:], text[:]); err != nil || n != rawSize {
		return Key{}, ErrNotFound
	}
	// One spelling only, so the text may be hashed as well as what it says.
	return Key{Tag: binary.BigEndian.Uint32(raw[:]), Digest: sha256.Sum256(text[:])}, nil
}

// Tag returns the routing tag of an account: the first 32 bits of SHA-256 over
// the tenant's length in 8 bytes, the tenant, and the account. It is the Tag of
// every [Key] of that account's sessions, so that a store which is partitioned
// by it finds a session by its key alone, and all of an account by its name.
func Tag(tenant, account string) uint32 {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 128), uint64(len(tenant)))
	b = append(append(b, tenant...), account...)
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint32(sum[:])
}

// issue sets s.Key and returns the token that belongs to it.
func (m *Manager) issue(s *Session, secret *[secretSize]byte) (Token, error) {
	var raw [rawSize]byte
	binary.BigEndian.PutUint32(raw[:], Tag(s.Tenant, s.Account))
	if secret == nil {
		if _, err := io.ReadFull(m.rand, raw[tagSize:]); err != nil {
			return Token{}, fmt.Errorf("random source: %w", err)
		}
	} else {
		if *secret == [secretSize]byte{} {
			return Token{}, errors.New("the Secret is all zero: fill it with 256 unpredictable bits, or leave it nil")
		}
		copy(raw[tagSize:], secret[:])
	}
	t := Token{base64.RawURLEncoding.EncodeToString(raw[:])}
	var err error
	s.Key, err = parse(t.text)
	return t, err
}
