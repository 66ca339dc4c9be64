package keyring

import (
	"crypto/rand"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNotSealed is returned for a value that can't be opened: it is malformed or
// was altered, or it was sealed for another purpose or context. Which of these,
// nobody can tell.
var ErrNotSealed = errors.New("keyring: value can't be opened: it was altered, or sealed for another purpose or context")

// formatVersion begins every tag and every sealed value.
const formatVersion = 1

// Seal encrypts plaintext (any length, also none) so that it can be neither read
// nor altered without the ring, and opened only for the same purpose and with the
// same context strings in the same order: by convention tenant, account, and
// what else tells one value from another. The context is not stored.
//
// The result is 42 bytes longer than plaintext, plus the key's id. Sealing
// twice gives different results. The error is for other implementations of the
// same interface; a Ring returns none.
func (r *Ring) Seal(purpose string, plaintext []byte, context ...string) ([]byte, error) {
	k := r.current()
	aead := k.subkey(useSeal, purpose).aead
	head := header(k.ID, chacha20poly1305.NonceSizeX+len(plaintext)+aead.Overhead())
	aad := associated(head, context)
	sealed := head[:len(head)+chacha20poly1305.NonceSizeX]
	nonce := sealed[len(head):]
	rand.Read(nonce) // never fails: the runtime ends the program rather than return
	return aead.Seal(sealed, nonce, plaintext, aad), nil
}

// Unseal returns the plaintext that [Ring.Seal] was given, if the purpose and
// the context are the same; otherwise [ErrNotSealed]. A value under a key that
// the ring lacks is an [*UnknownKeyError].
func (r *Ring) Unseal(purpose string, sealed []byte, context ...string) ([]byte, error) {
	id, rest, ok := cut(sealed)
	if !ok || len(rest) < chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return nil, ErrNotSealed
	}
	k, err := r.find(id)
	if err != nil {
		return nil, err
	}
	aad := associated(sealed[:len(sealed)-len(rest)], context)
	nonce, box := rest[:chacha20poly1305.NonceSizeX], rest[chacha20poly1305.NonceSizeX:]
	plaintext, err := k.subkey(useSeal, purpose).aead.Open(nil, nonce, box, aad)
	if err != nil {
		return nil, ErrNotSealed
	}
	return plaintext, nil
}

// KeyID returns the id of the key that made a tag of [Ring.Sign] or a value of
// [Ring.Seal], without checking either. A program that asks [Ring.Has] for every
// id its database uses finds out at its start that a key is missing; one that
// compares with [Ring.Current] finds what a rotation left to be sealed again.
// The error is [ErrNotSealed].
func KeyID(sealedOrTag []byte) (string, error) {
	id, _, ok := cut(sealedOrTag)
	if !ok {
		return "", ErrNotSealed
	}
	return id, nil
}

// header is the version, the length of the id, and the id; with room for more
// bytes behind it.
func header(id string, more int) []byte {
	b := make([]byte, 0, 2+len(id)+more)
	b = append(b, formatVersion, byte(len(id)))
	return append(b, id...)
}

func cut(b []byte) (id string, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != formatVersion || b[1] > MaxIDLength || len(b) < 2+int(b[1]) {
		return "", nil, false
	}
	end := 2 + int(b[1])
	id = string(b[2:end])
	return id, b[end:], validID(id)
}

// associated is the header and the context strings, each behind its length.
func associated(head []byte, context []string) []byte {
	size := 8 + len(head)
	for _, c := range context {
		size += 8 + len(c)
	}
	b := make([]byte, 0, size)
	b = binary.BigEndian.AppendUint64(b, uint64(len(head)))
	b = append(b, head...)
	for _, c := range context {
		b = binary.BigEndian.AppendUint64(b, uint64(len(c)))
		b = append(b, c...)
	}
	return b
}
