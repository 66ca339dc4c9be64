package password

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// ScryptParams is the cost of an scrypt hash (RFC 7914). Each zero field takes
// its default, together the first choice of the OWASP cheat sheet.
type ScryptParams struct {
	// LogN is the base-2 logarithm of the cost N; 0 = 17, at most 24.
	LogN int
	// R is the block size; 0 = 8, at most 64. A hash holds 128 × N × R bytes,
	// with the defaults 128 MiB.
	R int
	// P is the parallelization, computed one after the other; 0 = 1, at most
	// 1024.
	P int
}

const (
	scryptMaxLogN, scryptMaxR, scryptMaxP = 24, 64, 1024

	scryptSaltMin, scryptSaltMax = 4, 64 // NIST SP 800-63B-4, 3.1.1.2: 32 bits at least
	scryptHashMin, scryptHashMax = 16, 64

	scryptPrefix = "$scrypt$"
)

func (p ScryptParams) withDefaults() ScryptParams {
	if p.LogN == 0 {
		p.LogN = 17
	}
	if p.R == 0 {
		p.R = 8
	}
	if p.P == 0 {
		p.P = 1
	}
	return p
}

// String returns the parameters as they stand in a stored hash, ln=…,r=…,p=….
func (p ScryptParams) String() string {
	p = p.withDefaults()
	return fmt.Sprintf("ln=%d,r=%d,p=%d", p.LogN, p.R, p.P)
}

func (p ScryptParams) valid() error {
	if p.LogN < 1 || p.LogN > scryptMaxLogN || p.R < 1 || p.R > scryptMaxR || p.P < 1 || p.P > scryptMaxP {
		return fmt.Errorf("ln must be 1 to %d, r 1 to %d, p 1 to %d", scryptMaxLogN, scryptMaxR, scryptMaxP)
	}
	return nil
}

// work returns the number of 128-byte blocks that are mixed, each way.
func (p ScryptParams) work() uint64 {
	return uint64(p.R) * uint64(p.P) << p.LogN
}

// bytes returns the memory that one hash holds while it runs.
func (p ScryptParams) bytes() int64 {
	return 128*int64(p.R)<<p.LogN + 128*int64(p.R)*int64(p.P) + 256*int64(p.R)
}

type scryptScheme ScryptParams

// Scrypt declares scrypt hashes (PHC strings, $scrypt$ln=…,r=…,p=…$salt$hash)
// whose memory, 128 × N × R bytes, and work, N × R × P, are at most those of
// max.
func Scrypt(max ScryptParams) Scheme { return scryptScheme(max.withDefaults()) }

// Validate reports a maximum out of range.
func (s scryptScheme) Validate() error {
	if err := ScryptParams(s).valid(); err != nil {
		return fmt.Errorf("password: Scrypt: %w", err)
	}
	return nil
}

func (s scryptScheme) Parse(stored string) (Verifier, error) {
	if !strings.HasPrefix(stored, scryptPrefix) {
		return nil, ErrOtherScheme
	}
	v, err := parseScrypt(stored)
	if err != nil {
		return nil, fmt.Errorf("malformed scrypt: %w", err)
	}
	most := ScryptParams(s)
	if v.params.R<<v.params.LogN > most.R<<most.LogN || v.params.work() > most.work() {
		return nil, fmt.Errorf("scrypt with %v: %w", v.params, ErrTooDear)
	}
	v.max = most
	return v, nil
}

func (s scryptScheme) Decoy() Verifier {
	return &scryptVerifier{params: ScryptParams(s), max: ScryptParams(s)}
}

// scryptVerifier is a stored scrypt hash. A hash of nil matches nothing.
type scryptVerifier struct {
	params, max ScryptParams
	salt, hash  []byte
}

// parseScrypt reads $scrypt$ln=…,r=…,p=…$salt$hash.
func parseScrypt(stored string) (*scryptVerifier, error) {
	s, err := parsePHC(stored)
	if err != nil {
		return nil, err
	}
	if s.version != "" {
		return nil, errors.New("it has no versions")
	}
	r := phcParams{rest: s.params}
	v := &scryptVerifier{params: ScryptParams{
		LogN: int(r.uint("ln", 8)),
		R:    int(r.uint("r", 16)),
		P:    int(r.uint("p", 16)),
	}}
	if err := r.done(); err != nil {
		return nil, err
	}
	if err := v.params.valid(); err != nil {
		return nil, err
	}
	v.salt, v.hash, err = s.saltAndHash(scryptSaltMin, scryptSaltMax, scryptHashMin, scryptHashMax)
	return v, err
}

func (v *scryptVerifier) Verify(password []byte) (bool, error) {
	size := len(v.hash)
	if v.hash == nil {
		size = 32
	}
	out, err := scrypt.Key(password, v.salt, 1<<v.params.LogN, v.params.R, v.params.P, size)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnverifiable, err)
	}
	return subtle.ConstantTimeCompare(out, v.hash) == 1, nil
}

// remainder returns the calls that mix the blocks left over: with the maximal N
// as often as it fits, then with the power of two for each bit of the rest.
// Less than two blocks of R are left undone.
func (v *scryptVerifier) remainder() []ScryptParams {
	var calls []ScryptParams
	left := (v.max.work() - v.params.work()) / uint64(v.max.R)
	if p := left >> v.max.LogN; p > 0 {
		calls = append(calls, ScryptParams{v.max.LogN, v.max.R, int(p)})
	}
	for ln := v.max.LogN - 1; ln > 0; ln-- {
		if left>>ln&1 == 1 {
			calls = append(calls, ScryptParams{ln, v.max.R, 1})
		}
	}
	return calls
}

func (v *scryptVerifier) TopUp(password []byte) error {
	for _, p := range v.remainder() {
		if _, err := scrypt.Key(password, v.salt, 1<<p.LogN, p.R, p.P, 32); err != nil {
			return err
		}
	}
	return nil
}

func (v *scryptVerifier) Memory() int64 { return max(v.params.bytes(), v.max.bytes()) }
