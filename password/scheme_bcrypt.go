package password

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/blowfish" //lint:ignore SA1019 bcrypt is made of it, and the exact remainder of its work can be done no other way
)

const (
	bcryptLength      = 60
	bcryptMaxPassword = 72 // bytes that take part in the hash
	bcryptMinCost     = 4
	bcryptMaxCost     = 31
	bcryptAlphabet    = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	// A Blowfish state, a block of output, and their copies.
	bcryptMemory = 16 << 10
)

// bcryptScheme accepts bcrypt hashes of at most this cost.
type bcryptScheme int

// Bcrypt declares bcrypt hashes ($2a$, $2b$ and $2y$) of at most maxCost, 4 to
// 31: the work is 2^cost rounds, about 50 ms at 10, doubling with each step.
//
// bcrypt takes 72 bytes and repeats them behind a zero byte. So a longer
// password, and one that contains U+0000, matches no bcrypt hash, after the
// same work: otherwise two different passwords would open the same account.
func Bcrypt(maxCost int) Scheme { return bcryptScheme(maxCost) }

// Validate reports a maximum that bcrypt doesn't have.
func (s bcryptScheme) Validate() error {
	if s < bcryptMinCost || s > bcryptMaxCost {
		return fmt.Errorf("password: Bcrypt(%d): the cost must be %d to %d", int(s), bcryptMinCost, bcryptMaxCost)
	}
	return nil
}

func (s bcryptScheme) Parse(stored string) (Verifier, error) {
	known := false
	for _, prefix := range []string{"$2a$", "$2b$", "$2y$"} {
		known = known || strings.HasPrefix(stored, prefix)
	}
	if !known {
		return nil, ErrOtherScheme
	}
	if len(stored) != bcryptLength || stored[6] != '$' {
		return nil, fmt.Errorf("malformed bcrypt: not %d characters of the form $2b$cost$salthash", bcryptLength)
	}
	if strings.Trim(stored[7:], bcryptAlphabet) != "" {
		return nil, errors.New("malformed bcrypt: a character that isn't in its base64 alphabet")
	}
	tens, ones := stored[4]-'0', stored[5]-'0'
	cost := 10*int(tens) + int(ones)
	if tens > 9 || ones > 9 || cost < bcryptMinCost || cost > bcryptMaxCost {
		return nil, errors.New("malformed bcrypt: the cost isn't 04 to 31")
	}
	if cost > int(s) {
		return nil, fmt.Errorf("bcrypt of cost %d: %w", cost, ErrTooDear)
	}
	return &bcryptVerifier{stored: stored, cost: cost, max: int(s)}, nil
}

func (s bcryptScheme) Decoy() Verifier {
	stored := fmt.Sprintf("$2b$%02d$%s", int(s), strings.Repeat(".", bcryptLength-7))
	return &bcryptVerifier{stored: stored, cost: int(s), max: int(s)}
}

type bcryptVerifier struct {
	stored    string
	cost, max int
}

func (v *bcryptVerifier) Verify(password []byte) (bool, error) {
	whole := len(password) <= bcryptMaxPassword && bytes.IndexByte(password, 0) < 0
	if !whole {
		password = password[:min(len(password), bcryptMaxPassword)] // for the work alone
	}
	err := bcrypt.CompareHashAndPassword([]byte(v.stored), password)
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, fmt.Errorf("%w: %w", ErrUnverifiable, err)
	}
	return whole && err == nil, nil
}

// TopUp does the rounds of the key schedule that are left over, just as bcrypt
// does them.
func (v *bcryptVerifier) TopUp(password []byte) error {
	rounds := uint64(1)<<v.max - uint64(1)<<v.cost
	key := append(password[:len(password):len(password)], 0)
	var salt [16]byte
	state := new(blowfish.Cipher)
	for range rounds {
		blowfish.ExpandKey(key, state)
		blowfish.ExpandKey(salt[:], state)
	}
	return nil
}

func (v *bcryptVerifier) Memory() int64 { return bcryptMemory }
