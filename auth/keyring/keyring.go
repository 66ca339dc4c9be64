// Package keyring holds the secret keys of an installation and derives from them
// one subkey for each purpose, so that nothing a program seals or signs for one
// purpose can be used for another.
//
// Most programs need two calls:
//
//	keys, err := keyring.Open("crm.keys") // made on the first start, mode 0600
//	sealed, err := keys.Seal("totp seed", seed, tenant, account)
//
// and later keys.Unseal with the same purpose and context. A program that keeps
// its keys in a vault or an environment variable passes them to [New] or [Parse].
//
// # Purposes and context
//
// A purpose is a constant of the program that names what a value is for, such as
// "totp seed". Each purpose has a subkey of its own (HKDF-SHA-256, RFC 5869),
// and so has each use: a MAC never equals a tag of [Ring.Sign] or a pepper, even
// under one purpose. The context of a sealed value says whose it is. Whoever can
// write to the database can still not move a value to another account: it opens
// only with the purpose and the context it was sealed with.
//
// # Rotation
//
// The first key of a ring is the current one: it seals and signs. The others
// only open and verify what they once sealed. [RotateFile] puts a fresh key in
// front; running programs pick it up when they start again. Where several nodes
// share a ring, a node must not meet a key it does not know yet: give all nodes
// the file after [StageFile], and again after [PromoteFile].
//
// Whatever a lost key sealed is lost, and a removed key invalidates what it
// signed. [KeyID] tells which key a stored value needs, [Ring.Has] whether it is
// there.
//
// # Algorithms
//
// MACs are HMAC-SHA-256 (RFC 2104) with 256-bit subkeys. Sealing is
// XChaCha20-Poly1305: its nonces have 192 bits, so that random ones may be used
// without counting messages (even after 2^64 messages under one subkey a repeat
// has a chance of 2^-65), which holds on many nodes that share a key and know
// nothing of each other, and it needs no hardware to run in constant time.
// AES-256-GCM with random 96-bit nonces would have to be rotated after 2^32
// messages. Everything stored begins with a format version and the key's id
// (ASVS 11.2.2, 11.3.3, 11.3.4).
package keyring

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
)

// MaxKeys is the largest number of keys a ring holds.
const MaxKeys = 256

// A Ring is a set of keys, of which the first is the current one. It never
// changes after it was made and may be used by any number of goroutines.
//
// Make one with [Open], [OpenExisting], [Parse] or [New]. The zero Ring has no
// key; its methods that need one panic.
//
// A Ring prints, logs and marshals as its key ids, never as its secrets.
type Ring struct {
	keys []*key // the first is current
	byID map[string]*key
}

// UnknownKeyError is returned where a value needs a key that the ring lacks: it
// was made with another key file, or the key was removed.
type UnknownKeyError struct {
	// ID is the id of the missing key.
	ID string
}

// Error names the missing key.
func (e *UnknownKeyError) Error() string {
	return "keyring: no key with id " + strconv.Quote(e.ID) + ": restore it to the key ring"
}

// New makes a ring of the given keys, the first of which becomes the current
// one. Secrets are copied. It refuses an empty list, more than [MaxKeys] keys, a
// malformed key and an id or a secret that occurs twice, and names every fault.
func New(keys ...Key) (*Ring, error) {
	r, err := newRing(keys)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return r, nil
}

func newRing(keys []Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("a ring needs at least one key: make one with Generate")
	}
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("%d keys, at most %d are possible: remove old ones", len(keys), MaxKeys)
	}
	r := &Ring{byID: make(map[string]*key, len(keys))}
	secrets := make(map[string]string, len(keys))
	var faults []error
	for i, k := range keys {
		if err := k.check(); err != nil {
			faults = append(faults, fmt.Errorf("key %d: %w", i+1, err))
			continue
		}
		if r.byID[k.ID] != nil {
			faults = append(faults, fmt.Errorf("key %d: the id %q occurs twice", i+1, k.ID))
			continue
		}
		if twin, ok := secrets[string(k.Secret)]; ok {
			faults = append(faults, fmt.Errorf("key %d: %q has the same secret as %q", i+1, k.ID, twin))
			continue
		}
		secrets[string(k.Secret)] = k.ID
		own := newKey(k)
		r.byID[k.ID] = own
		r.keys = append(r.keys, own)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return r, nil
}

// Rotate returns a further ring, in which next is the current key and all keys
// of r follow it. r itself stays as it is. For a ring that lives in a file, see
// [RotateFile].
func (r *Ring) Rotate(next Key) (*Ring, error) {
	return New(append([]Key{next}, r.export()...)...)
}

// Current returns the id of the key that seals and signs.
func (r *Ring) Current() string { return r.current().ID }

// IDs returns the ids of all keys, the current one first.
func (r *Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.ID
	}
	return ids
}

// Has tells whether the ring holds the key with this id.
func (r *Ring) Has(id string) bool { return r.byID[id] != nil }

// String lists the key ids.
func (r *Ring) String() string {
	if r == nil {
		return "keyring.Ring(nil)"
	}
	return fmt.Sprintf("keyring.Ring%q", r.IDs())
}

// GoString is String, so that %#v shows no secret.
func (r *Ring) GoString() string { return r.String() }

// Format writes String for every verb, so that none shows a secret.
func (r *Ring) Format(s fmt.State, _ rune) { fmt.Fprint(s, r.String()) }

// LogValue is String.
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON encodes String: a ring can't be stored as JSON.
func (r *Ring) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(r.String())), nil }

func (r *Ring) current() *key {
	if len(r.keys) == 0 {
		panic("keyring: Ring without keys: make it with Open, Parse or New")
	}
	return r.keys[0]
}

func (r *Ring) find(id string) (*key, error) {
	if k := r.byID[id]; k != nil {
		return k, nil
	}
	return nil, &UnknownKeyError{ID: id}
}

func (r *Ring) export() []Key {
	keys := make([]Key, len(r.keys))
	for i, k := range r.keys {
		keys[i] = k.Key
	}
	return keys
}
