package password

import "fmt"

// Pepper is a keyed MAC (HMAC-SHA-256 or better) whose keys are kept apart
// from the hashes, so that a stolen table of hashes is worth nothing by itself
// (NIST SP 800-63B-4, 3.1.1.2; ASVS 5.0, 13.3.1).
//
// It is applied to the output of Argon2id, and the id of its key is stored in
// the hash. So keys rotate without anybody choosing a new password: a hash
// under a former key still verifies while that key is kept, [Result].Rehash
// is then true, and the hash made in its place is under the current key.
// Hashes from before a Pepper was configured verify and are replaced likewise.
//
// Both methods must be safe for concurrent use. Apply is called exactly once,
// or twice for a password that isn't in normalization form C, in every
// verification that fails, so that even a slow one (a hardware module)
// doesn't tell accounts apart.
type Pepper interface {
	// Current returns the id of the key for new hashes, 1 to 32 bytes. It is
	// stored in clear.
	Current() (keyID string)
	// Apply returns the MAC of in under the named key, 16 to 64 bytes; in is
	// 12 to 64 bytes. An unknown key id is an error: never another key.
	Apply(keyID string, in []byte) ([]byte, error)
}

const (
	pepperKeyIDMax = 32
	pepperTagMin   = 16
)

// applyPepper guards what comes back from p. If the current key works and this
// one doesn't, that concerns this stored hash alone: ErrUnverifiable. Trouble
// with the current key is everybody's, and is told alike for all hashes.
func applyPepper(p Pepper, keyID string, in []byte) ([]byte, error) {
	out, err := p.Apply(keyID, in)
	if err == nil && (len(out) < pepperTagMin || len(out) > argon2TagMax) {
		err = fmt.Errorf("its MAC has %d bytes, must have %d to %d", len(out), pepperTagMin, argon2TagMax)
	}
	if err == nil {
		return out, nil
	}
	if current := p.Current(); keyID != current {
		_, broken := p.Apply(current, in)
		if broken == nil {
			return nil, fmt.Errorf("%w: pepper with key %q: %w", ErrUnverifiable, keyID, err)
		}
		keyID, err = current, broken
	}
	return nil, fmt.Errorf("password: pepper with key %q: %w", keyID, err)
}

// currentPepperKey returns the id of the key for new hashes.
func currentPepperKey(p Pepper) (string, error) {
	id := p.Current()
	if id == "" || len(id) > pepperKeyIDMax {
		return "", fmt.Errorf("password: Pepper.Current returned a key id of %d bytes; it must have 1 to %d", len(id), pepperKeyIDMax)
	}
	return id, nil
}

// checkPepper makes sure that p works before it is depended on.
func checkPepper(p Pepper) error {
	id, err := currentPepperKey(p)
	if err != nil {
		return err
	}
	_, err = applyPepper(p, id, make([]byte, argon2TagSize))
	return err
}
