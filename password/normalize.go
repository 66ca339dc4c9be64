package password

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxBytes is the longest password accepted, in bytes of UTF-8 as it was sent,
// before normalization: room for 256 characters of any script. It bounds the
// work that an input can cause and is no rule about good passwords.
const MaxBytes = 1024

var (
	// ErrInvalidUTF8 is returned for a password that is not valid UTF-8.
	ErrInvalidUTF8 = errors.New("password: not valid UTF-8; send the text as UTF-8")
	// ErrTooLong is returned for a password of more than [MaxBytes] bytes.
	// It is never cut off instead.
	ErrTooLong = fmt.Errorf("password: longer than %d bytes; choose a shorter one", MaxBytes)
	// ErrEmpty is returned by [Hasher.Hash] for the empty password.
	ErrEmpty = errors.New("password: empty; choose one")
)

// exactForms returns the bytes that are hashed for a password: its NFC form,
// and behind it, if raw is asked for and differs, the bytes as they were sent.
func exactForms(password string, raw bool) ([][]byte, error) {
	if len(password) > MaxBytes {
		return nil, ErrTooLong
	}
	if !utf8.ValidString(password) {
		return nil, ErrInvalidUTF8
	}
	if norm.NFC.IsNormalString(password) {
		return [][]byte{[]byte(password)}, nil
	}
	forms := [][]byte{norm.NFC.Bytes([]byte(password))}
	if raw {
		forms = append(forms, []byte(password))
	}
	return forms, nil
}
