package password

import (
	"crypto"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"strings"
)

const (
	pbkdf2MaxIterations          = 100_000_000
	pbkdf2SaltMin, pbkdf2SaltMax = 4, 64 // NIST SP 800-63B-4, 3.1.1.2: 32 bits at least
	pbkdf2HashMin                = 16
	pbkdf2Memory                 = 4 << 10
)

type pbkdf2Scheme struct {
	digest crypto.Hash
	max    int
}

// PBKDF2 declares PBKDF2-HMAC hashes (RFC 8018) with the given digest,
// crypto.SHA1, crypto.SHA256 or crypto.SHA512, of at most maxIterations, 1 to
// 100,000,000; 600,000 with SHA-256 take about 100 ms. Each digest is a scheme
// of its own.
//
// Two spellings are read: PHC strings, $pbkdf2-sha256$i=…[,l=…]$salt$hash, and
// those of Python's passlib, $pbkdf2-sha256$iterations$salt$hash, with "."
// for "+" in the base64 and plain "pbkdf2" for SHA-1. The hash must not be
// longer than the digest: further bytes multiply the defender's work only.
func PBKDF2(digest crypto.Hash, maxIterations int) Scheme {
	return pbkdf2Scheme{digest: digest, max: maxIterations}
}

// Validate reports another digest, or a maximum out of range.
func (s pbkdf2Scheme) Validate() error {
	if s.newDigest() == nil {
		return fmt.Errorf("password: PBKDF2: the digest must be crypto.SHA1, SHA256 or SHA512, not %d", s.digest)
	}
	if s.max < 1 || s.max > pbkdf2MaxIterations {
		return fmt.Errorf("password: PBKDF2: the iterations must be 1 to %d", pbkdf2MaxIterations)
	}
	return nil
}

func (s pbkdf2Scheme) newDigest() func() hash.Hash {
	switch s.digest {
	case crypto.SHA1:
		return sha1.New
	case crypto.SHA256:
		return sha256.New
	case crypto.SHA512:
		return sha512.New
	}
	return nil
}

// ids returns what the scheme is called in PHC strings and in passlib.
func (s pbkdf2Scheme) ids() (phc, passlib string) {
	switch s.digest {
	case crypto.SHA1:
		return "pbkdf2-sha1", "pbkdf2"
	case crypto.SHA256:
		return "pbkdf2-sha256", "pbkdf2-sha256"
	case crypto.SHA512:
		return "pbkdf2-sha512", "pbkdf2-sha512"
	}
	return "", ""
}

func (s pbkdf2Scheme) Parse(stored string) (Verifier, error) {
	phc, passlib := s.ids()
	newDigest := s.newDigest()
	if newDigest == nil || !strings.HasPrefix(stored, "$"+phc+"$") && !strings.HasPrefix(stored, "$"+passlib+"$") {
		return nil, ErrOtherScheme
	}
	v, err := parsePBKDF2(stored, phc, passlib, newDigest().Size())
	if err != nil {
		return nil, fmt.Errorf("malformed PBKDF2: %w", err)
	}
	if v.iterations > s.max {
		return nil, fmt.Errorf("PBKDF2 with %d iterations: %w", v.iterations, ErrTooDear)
	}
	v.newDigest, v.max = newDigest, s.max
	return v, nil
}

func (s pbkdf2Scheme) Decoy() Verifier {
	return &pbkdf2Verifier{newDigest: s.newDigest(), iterations: s.max, max: s.max, salt: make([]byte, 16)}
}

// pbkdf2Verifier is a stored PBKDF2 hash. A hash of nil matches nothing.
type pbkdf2Verifier struct {
	newDigest       func() hash.Hash
	iterations, max int
	salt, hash      []byte
}

// parsePBKDF2 reads both spellings, for a digest of size bytes.
func parsePBKDF2(stored, phc, passlib string, size int) (*pbkdf2Verifier, error) {
	s, err := parsePHC(stored)
	if err != nil {
		return nil, err
	}
	if s.version != "" {
		return nil, errors.New("it has no versions")
	}
	v := new(pbkdf2Verifier)
	r := phcParams{rest: s.params}
	length := -1
	switch {
	case strings.Contains(s.params, "=") && s.id == phc:
		v.iterations = int(r.uint("i", 31))
		if strings.HasPrefix(r.rest, "l=") {
			length = int(r.uint("l", 16))
		}
		err = r.done()
	case s.id == passlib:
		var n uint64
		n, err = phcUint(s.params, 31)
		v.iterations = int(n)
		if strings.Contains(s.salt+s.hash, "+") {
			err = errors.New(`"+" in passlib's base64`)
		}
		s.salt, s.hash = strings.ReplaceAll(s.salt, ".", "+"), strings.ReplaceAll(s.hash, ".", "+")
	default:
		err = errors.New("parameter i is missing")
	}
	if err != nil {
		return nil, err
	}
	if v.iterations < 1 {
		return nil, errors.New("no iterations")
	}
	if v.salt, v.hash, err = s.saltAndHash(pbkdf2SaltMin, pbkdf2SaltMax, pbkdf2HashMin, size); err != nil {
		return nil, err
	}
	if length >= 0 && length != len(v.hash) {
		return nil, errors.New("parameter l isn't the length of the hash")
	}
	return v, nil
}

func (v *pbkdf2Verifier) Verify(password []byte) (bool, error) {
	size := len(v.hash)
	if v.hash == nil {
		size = pbkdf2HashMin
	}
	out, err := pbkdf2.Key(v.newDigest, string(password), v.salt, v.iterations, size)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnverifiable, err)
	}
	return subtle.ConstantTimeCompare(out, v.hash) == 1, nil
}

// TopUp does the iterations that are left over.
func (v *pbkdf2Verifier) TopUp(password []byte) error {
	if v.iterations == v.max {
		return nil
	}
	_, err := pbkdf2.Key(v.newDigest, string(password), v.salt, v.max-v.iterations, pbkdf2HashMin)
	return err
}

func (v *pbkdf2Verifier) Memory() int64 { return pbkdf2Memory }
