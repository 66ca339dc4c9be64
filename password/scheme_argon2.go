package password

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params is the cost of an Argon2id hash. Each zero field takes its default,
// together the first choice of the OWASP cheat sheet for small hosts. The
// time of a hash grows with Memory × Time.
type Params struct {
	// Memory in KiB; 0 = 19456 (19 MiB), at most 4194304 (4 GiB). A hash holds
	// it for as long as it runs.
	Memory uint32
	// Time is the number of passes over the memory; 0 = 2, at most 65536.
	Time uint32
	// Threads is the number of lanes, which one hash computes in parallel;
	// 0 = 1. A server has as many logins at once as processors, so 1 is right
	// for most. Memory must be at least 8 KiB for each.
	Threads uint8
}

const (
	argon2DefaultMemory  = 19456
	argon2DefaultTime    = 2
	argon2DefaultThreads = 1

	argon2MaxMemory = 4 << 20 // KiB
	argon2MaxTime   = 1 << 16

	// RFC 9106 and the PHC format: salt and tag in bytes.
	argon2SaltMin, argon2SaltSize, argon2SaltMax = 8, 16, 48
	argon2TagMin, argon2TagSize, argon2TagMax    = 12, 32, 64

	argon2Prefix = "$argon2id$"
)

func (p Params) withDefaults() Params {
	if p.Memory == 0 {
		p.Memory = argon2DefaultMemory
	}
	if p.Time == 0 {
		p.Time = argon2DefaultTime
	}
	if p.Threads == 0 {
		p.Threads = argon2DefaultThreads
	}
	return p
}

// Bytes returns the memory that one hash with these parameters holds while it
// runs, for sizing a [Pool].
func (p Params) Bytes() int64 { return int64(p.withDefaults().Memory) << 10 }

// String returns the parameters as they stand in a stored hash, m=…,t=…,p=….
func (p Params) String() string {
	p = p.withDefaults()
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Time, p.Threads)
}

// valid reports parameters that Argon2id can't run with, or that are absurd.
func (p Params) valid() error {
	switch {
	case p.Memory == 0 || p.Time == 0 || p.Threads == 0:
		return errors.New("m, t and p must be at least 1")
	case p.Memory < 8*uint32(p.Threads):
		return fmt.Errorf("%v needs at least 8 KiB for each thread", p)
	case p.Memory > argon2MaxMemory || p.Time > argon2MaxTime:
		return fmt.Errorf("%v is above m=%d,t=%d", p, argon2MaxMemory, argon2MaxTime)
	}
	return nil
}

// strong reports parameters below the floors of ASVS 5.0, Appendix C.
func (p Params) strong() error {
	floor := uint32(12288)
	switch p.Time {
	case 1:
		floor = 47104
	case 2:
		floor = 19456
	}
	if p.Memory < floor {
		return fmt.Errorf("%v is below the floor of ASVS 5.0, Appendix C: with t=%d at least m=%d", p, p.Time, floor)
	}
	return nil
}

// work returns the number of 1 KiB blocks that are computed. Argon2 rounds the
// memory down to a multiple of four blocks a lane.
func (p Params) work() uint64 {
	quantum := 4 * uint32(p.Threads)
	return uint64(p.Memory/quantum*quantum) * uint64(p.Time)
}

// argon2Scheme accepts hashes of at most threads lanes, memory KiB and work
// blocks.
type argon2Scheme struct {
	usual  Params // of the decoy, and of new hashes if this is a Hasher's own
	memory uint32
	work   uint64
	pepper Pepper
}

// Argon2id declares Argon2id hashes (PHC strings, $argon2id$v=19$…) whose
// memory, number of lanes and product of memory and passes are at most those
// of max; zero fields of max take the defaults of [Params].
//
// A Hasher always accepts what its own Config.Argon2id allows. Declare this
// scheme for hashes that are dearer: of another system, or from before
// Config.Argon2id was lowered. Maxima with the same number of threads are
// merged; each different number of threads is a scheme of its own, with its
// own share of the work of each failure.
func Argon2id(max Params) Scheme {
	max = max.withDefaults()
	return &argon2Scheme{usual: max, memory: max.Memory, work: max.work()}
}

// Validate reports a maximum that Argon2id can't run with.
func (s *argon2Scheme) Validate() error {
	if err := s.usual.valid(); err != nil {
		return fmt.Errorf("password: Argon2id: %w", err)
	}
	return nil
}

func (s *argon2Scheme) Parse(stored string) (Verifier, error) {
	if !strings.HasPrefix(stored, argon2Prefix) {
		return nil, ErrOtherScheme
	}
	v, err := parseArgon2(stored)
	if err != nil {
		return nil, fmt.Errorf("malformed Argon2id: %w", err)
	}
	if v.params.Threads > s.usual.Threads || v.params.Memory > s.memory || v.params.work() > s.work {
		return nil, fmt.Errorf("Argon2id with %v: %w", v.params, ErrTooDear)
	}
	if v.keyID != "" && s.pepper == nil {
		return nil, fmt.Errorf("it needs pepper key %q and Config.Pepper is nil", v.keyID)
	}
	v.scheme = s
	return v, nil
}

func (s *argon2Scheme) Decoy() Verifier {
	v := &argon2Verifier{scheme: s, params: s.usual, salt: make([]byte, argon2SaltSize)}
	if s.pepper != nil {
		v.keyID = s.pepper.Current()
	}
	return v
}

// hash makes a new hash with the usual parameters.
func (s *argon2Scheme) hash(password, salt []byte) (string, error) {
	v := argon2Verifier{scheme: s, params: s.usual, salt: salt}
	if s.pepper != nil {
		var err error
		if v.keyID, err = currentPepperKey(s.pepper); err != nil {
			return "", err
		}
	}
	tag, err := v.derive(password)
	if err != nil {
		return "", err
	}
	v.tag = tag
	return v.String(), nil
}

// argon2Verifier is a stored Argon2id hash. A tag of nil matches nothing.
type argon2Verifier struct {
	scheme *argon2Scheme
	params Params
	keyID  string
	salt   []byte
	tag    []byte
}

// parseArgon2 reads $argon2id$v=19$m=…,t=…,p=…[,keyid=…]$salt$hash.
func parseArgon2(stored string) (*argon2Verifier, error) {
	s, err := parsePHC(stored)
	if err != nil {
		return nil, err
	}
	if s.version != "19" {
		return nil, errors.New("version must be v=19")
	}
	r := phcParams{rest: s.params}
	v := &argon2Verifier{params: Params{
		Memory:  uint32(r.uint("m", 32)),
		Time:    uint32(r.uint("t", 32)),
		Threads: uint8(r.uint("p", 8)),
	}}
	if id, ok := r.next("keyid"); ok {
		key, err := phcDecode(id, 1, pepperKeyIDMax)
		if err != nil {
			return nil, fmt.Errorf("keyid: %w", err)
		}
		v.keyID = string(key)
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	if err := v.params.valid(); err != nil {
		return nil, err
	}
	v.salt, v.tag, err = s.saltAndHash(argon2SaltMin, argon2SaltMax, argon2TagMin, argon2TagMax)
	return v, err
}

// String returns the hash in the PHC format.
func (v *argon2Verifier) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%sv=%d$m=%d,t=%d,p=%d", argon2Prefix, argon2.Version, v.params.Memory, v.params.Time, v.params.Threads)
	if v.keyID != "" {
		b.WriteString(",keyid=" + phcEncode([]byte(v.keyID)))
	}
	b.WriteString("$" + phcEncode(v.salt) + "$" + phcEncode(v.tag))
	return b.String()
}

func (v *argon2Verifier) derive(password []byte) ([]byte, error) {
	size := argon2TagSize
	if v.keyID == "" && v.tag != nil {
		size = len(v.tag)
	}
	out := argon2.IDKey(password, v.salt, v.params.Time, v.params.Memory, v.params.Threads, uint32(size))
	if v.keyID == "" {
		return out, nil
	}
	return applyPepper(v.scheme.pepper, v.keyID, out)
}

func (v *argon2Verifier) Verify(password []byte) (bool, error) {
	out, err := v.derive(password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(out, v.tag) == 1, nil
}

// remainder returns the parameters of the one call that tops up. It takes the
// usual number of passes, so that as much memory is touched for the first time
// as in a hash with the usual parameters. It is made even if nothing is left,
// with some work of its own, so that every failure makes the same number of
// calls: each has fixed costs beside its blocks.
func (v *argon2Verifier) remainder() Params {
	s := v.scheme
	quantum := 4 * uint64(s.usual.Threads)
	least := s.leastTopUp()
	left := s.work - v.params.work() + least
	time := min(uint64(s.usual.Time), left/(2*quantum))
	if most := uint64(s.memory); left > time*most {
		time = (left + most - 1) / most
	}
	memory := (left/time + quantum/2) / quantum * quantum
	return Params{Memory: uint32(max(memory, 2*quantum)), Time: uint32(time), Threads: s.usual.Threads}
}

// leastTopUp returns the blocks of the call that has nothing to top up: 0.7 %
// of the default hash. With fewer, a call is too short for the waits between
// its threads to cost what they cost in a call that does top up.
func (s *argon2Scheme) leastTopUp() uint64 {
	return uint64(min(s.memory, max(256, 8*uint32(s.usual.Threads))))
}

func (v *argon2Verifier) TopUp(password []byte) error {
	p := v.remainder()
	out := argon2.IDKey(password, v.salt, p.Time, p.Memory, p.Threads, argon2TagSize)
	if v.keyID == "" && v.scheme.pepper != nil {
		_, err := applyPepper(v.scheme.pepper, v.scheme.pepper.Current(), out)
		return err
	}
	return nil
}

func (v *argon2Verifier) Memory() int64 {
	return max(v.params.Bytes(), v.remainder().Bytes())
}

// current reports that the hash is just as s would make it today.
func (s *argon2Scheme) current(v Verifier) bool {
	a, ok := v.(*argon2Verifier)
	if !ok || a.params != s.usual || len(a.salt) != argon2SaltSize {
		return false
	}
	if s.pepper == nil {
		return len(a.tag) == argon2TagSize
	}
	return a.keyID == s.pepper.Current()
}
