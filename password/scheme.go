package password

import (
	"errors"
	"fmt"
)

// Scheme verifies one family of stored hashes, such as bcrypt, up to a maximal
// cost that the installation declares in [Config].Accept. [Argon2id], [Bcrypt],
// [Scrypt] and [PBKDF2] are the schemes of this package; others can be added
// by implementing this interface.
//
// The maximal cost is a ceiling and a price. A stored hash that is dearer is
// refused, so that a hostile string can't allocate gigabytes. And every failed
// verification, of any account, does that much work of every declared scheme,
// so that time doesn't tell which scheme an account's hash is in. Declare what
// the imported hashes really use, and drop it when the last one is replaced.
//
// A Scheme is immutable and safe for concurrent use. It may have a method
// Validate() error; [New] calls it and reports what it says.
type Scheme interface {
	// Parse reads a stored hash without doing its work and without allocating
	// by what it says. Its error matches ErrOtherScheme if the string isn't in
	// this scheme's form at all, ErrTooDear if the hash is dearer than the
	// declared maximum, and says in other cases what is malformed. It never
	// contains the string.
	Parse(stored string) (Verifier, error)
	// Decoy returns a Verifier that matches no password, as dear as the usual
	// hash of the scheme. It stands in for hashes that aren't there.
	Decoy() Verifier
}

// Verifier is one stored hash that a [Scheme] has parsed. It needn't be safe
// for concurrent use.
//
// Verify and TopUp together do the same work for all Verifiers of a Scheme:
// its maximal cost.
type Verifier interface {
	// Verify does the whole work of the hash and compares in constant time.
	// A password that the scheme can't take as it stands (bcrypt: more than 72
	// bytes) doesn't match, after the same work; it is never changed to fit.
	// password has at most 3 × [MaxBytes] bytes and must not be altered or
	// kept. An error means that nothing was verified.
	Verify(password []byte) (bool, error)
	// TopUp does the work that Verify has left over from the scheme's maximal
	// cost.
	TopUp(password []byte) error
	// Memory returns the most bytes that Verify or TopUp hold at once.
	Memory() int64
}

var (
	// ErrUnverifiable is returned, after the work of a failed verification,
	// for a stored hash that is malformed, in no declared scheme, dearer than
	// declared, or under a pepper key that is missing. To the user it is a
	// wrong password; to the operator it is an account that needs a reset or
	// an installation that needs another entry in [Config].Accept. Its text
	// says which and holds nothing secret.
	ErrUnverifiable = errors.New("password: stored hash can't be verified")
	// ErrTooDear is returned together with ErrUnverifiable for a stored hash
	// above the declared maximal cost of its scheme.
	ErrTooDear = errors.New("dearer than the declared maximum; declare a higher one in Config.Accept")
	// ErrOtherScheme is what [Scheme].Parse returns for a stored hash that
	// isn't in its form.
	ErrOtherScheme = errors.New("in no declared scheme; declare it in Config.Accept")
)

// parseStored finds the scheme that accepts a stored hash. Every error matches
// ErrUnverifiable.
func parseStored(schemes []Scheme, stored string) (v Verifier, home int, err error) {
	reason := ErrOtherScheme
	if stored == "" {
		reason = errors.New("empty: the account has no password")
	} else if len(stored) > phcMaxLength {
		reason = fmt.Errorf("longer than %d bytes", phcMaxLength)
		schemes = nil
	}
	for i, s := range schemes {
		v, err := s.Parse(stored)
		if err == nil {
			return v, i, nil
		}
		if !errors.Is(err, ErrOtherScheme) {
			reason = err
		}
	}
	return nil, -1, fmt.Errorf("%w: %w", ErrUnverifiable, reason)
}
