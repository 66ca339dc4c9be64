package keyring

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxIDLength is the largest length of a key's id in bytes: as long as a
	// PHC string allows its keyid to be.
	MaxIDLength = 8

	// MinSecret is the least length of a key's secret in bytes.
	MinSecret = 32
	// MaxSecret is the largest length of a key's secret in bytes.
	MaxSecret = 256

	idLength = 8 // of generated ids
)

// A Key is one secret with its id. It prints, logs and marshals without its
// secret.
type Key struct {
	// ID names the key in everything it seals or signs: 1 to 8 letters and
	// digits (a-z, A-Z, 0-9). It is no secret. An id must never be given to
	// another secret.
	ID string

	// Secret is 32 to 256 bytes from a cryptographic random source. No
	// passphrase: it is not stretched.
	Secret []byte

	// Created is for those who read the key file; nothing depends on it.
	Created time.Time
}

// Generate makes a key from 32 random bytes, with a random id and the present
// time.
func Generate() Key {
	secret := make([]byte, MinSecret)
	rand.Read(secret) // never fails: the runtime ends the program rather than return
	return Key{
		ID:      strings.ToLower(rand.Text()[:idLength]),
		Secret:  secret,
		Created: time.Now().UTC().Truncate(time.Second),
	}
}

// String shows the id alone.
func (k Key) String() string { return "keyring.Key(" + strconv.Quote(k.ID) + ")" }

// GoString is String, so that %#v shows no secret.
func (k Key) GoString() string { return k.String() }

// Format writes String for every verb, so that none shows the secret.
func (k Key) Format(s fmt.State, _ rune) { fmt.Fprint(s, k.String()) }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON encodes String: a key can't be stored as JSON.
func (k Key) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(k.String())), nil }

func (k Key) check() error {
	if !validID(k.ID) {
		return fmt.Errorf("an id is 1 to %d letters and digits (a-z, A-Z, 0-9)", MaxIDLength)
	}
	if n := len(k.Secret); n < MinSecret || n > MaxSecret {
		return fmt.Errorf("the secret of %q has %d bytes: use %d to %d random ones", k.ID, n, MinSecret, MaxSecret)
	}
	if bytes.Count(k.Secret, k.Secret[:1]) == len(k.Secret) {
		return errors.New("the secret of " + strconv.Quote(k.ID) + " repeats a single byte: use random ones")
	}
	return nil
}

func validID(id string) bool {
	if len(id) == 0 || len(id) > MaxIDLength {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
