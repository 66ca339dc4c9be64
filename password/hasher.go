package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
)

// Config says how a [Hasher] hashes and what it accepts. The zero value is the
// default and secure.
type Config struct {
	// Argon2id is the cost of new hashes. Parameters below the floors of ASVS
	// 5.0, Appendix C (t=1: 47104 KiB, t=2: 19456, t≥3: 12288) are refused.
	Argon2id Params
	// Accept declares what else is verified, each scheme with its maximal
	// cost: hashes that other systems made, and Argon2id hashes dearer than
	// those of today. Every failure does that much work of each scheme. nil:
	// Argon2id hashes at most as dear as new ones.
	//
	// If anything is declared, hashes may come from systems that don't
	// normalize: a password which isn't in normalization form C is then tried
	// in form C first and as it was sent afterwards, and a failure with such a
	// password does all work twice, whatever the account.
	Accept []Scheme
	// Pepper keys the hashes; nil: they aren't keyed.
	Pepper Pepper
	// Pool bounds the memory; nil: one of its own, with room for GOMAXPROCS of
	// the dearest job of this Hasher.
	Pool *Pool
	// InsecureCheap allows parameters below the floors. Such hashes are
	// guessed quickly once they leak: for tests.
	InsecureCheap bool
	// Rand is the source of salts; nil = crypto/rand.Reader. It must be safe
	// for concurrent use. If it fails, no hash is made.
	Rand io.Reader
}

// Hasher hashes and verifies passwords. It is safe for concurrent use, starts
// no goroutine that outlives its work and keeps nothing in memory. Make one with
// [New]: the zero Hasher panics.
type Hasher struct {
	own     *argon2Scheme
	home    int // own's place in schemes
	schemes []Scheme
	imports bool // hashes may have been made elsewhere
	pool    *Pool
	source  Source
	rand    io.Reader
	bare    bool // leave out the dummy work; tests show that it is needed
}

// Result is the outcome of [Hasher.Verify]. The zero value is a wrong password.
type Result struct {
	// OK is true if the password is right.
	OK bool
	// Rehash is true if the password is right and its hash isn't what Hash
	// would make today: in another scheme, with other parameters, be they
	// cheaper or dearer, under no pepper or another key of it, or made of the
	// password without normalization. Call Hash, and replace the stored hash
	// only if it is still the one that was verified.
	Rehash bool
}

// New returns a Hasher. Its error joins all that is wrong with cfg.
func New(cfg Config) (*Hasher, error) {
	params := cfg.Argon2id.withDefaults()
	h := &Hasher{imports: len(cfg.Accept) > 0, pool: cfg.Pool, rand: cfg.Rand}
	h.own = &argon2Scheme{usual: params, memory: params.Memory, work: params.work(), pepper: cfg.Pepper}

	var problems []error
	if err := params.valid(); err != nil {
		problems = append(problems, fmt.Errorf("password: Config.Argon2id: %w", err))
	} else if err := params.strong(); err != nil && !cfg.InsecureCheap {
		problems = append(problems, fmt.Errorf("password: Config.Argon2id: %w", err))
	}
	if cfg.Pepper != nil {
		problems = append(problems, checkPepper(cfg.Pepper))
	}
	for i, s := range cfg.Accept {
		if s == nil {
			problems = append(problems, fmt.Errorf("password: Config.Accept[%d] is nil", i))
		} else if v, ok := s.(interface{ Validate() error }); ok {
			problems = append(problems, v.Validate())
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}

	h.schemes = acceptedSchemes(h.own, cfg.Accept)
	h.home = slices.Index(h.schemes, Scheme(h.own))
	dearest := int64(0)
	for _, s := range h.schemes {
		if a, ok := s.(*argon2Scheme); ok {
			dearest = max(dearest, int64(a.memory)<<10)
		} else {
			dearest = max(dearest, s.Decoy().Memory())
		}
	}
	if h.pool == nil {
		h.pool = newPool(PoolConfig{Memory: int64(runtime.GOMAXPROCS(0)) * dearest})
	} else if h.pool.budget < dearest {
		return nil, fmt.Errorf("password: the Pool has %d bytes and one job may need %d: raise PoolConfig.Memory", h.pool.budget, dearest)
	}
	if h.rand == nil {
		h.rand = rand.Reader
	}
	return h, nil
}

// acceptedSchemes puts own and the declared schemes into the order in which a
// stored hash is shown to them. Argon2id hashes with the same number of
// threads share one scheme; those with fewer threads come first, so that each
// hash meets the scheme whose dummy work takes as many threads as itself.
func acceptedSchemes(own *argon2Scheme, accept []Scheme) []Scheme {
	lanes := []*argon2Scheme{own}
	var others []Scheme
	for _, s := range accept {
		a, ok := s.(*argon2Scheme)
		if !ok {
			others = append(others, s)
			continue
		}
		i := slices.IndexFunc(lanes, func(l *argon2Scheme) bool { return l.usual.Threads == a.usual.Threads })
		if i < 0 {
			copied := *a
			copied.pepper = own.pepper
			lanes = append(lanes, &copied)
			continue
		}
		lanes[i].memory = max(lanes[i].memory, a.memory)
		lanes[i].work = max(lanes[i].work, a.work)
	}
	slices.SortFunc(lanes, func(a, b *argon2Scheme) int {
		return int(a.usual.Threads) - int(b.usual.Threads)
	})
	var schemes []Scheme
	for _, l := range lanes {
		schemes = append(schemes, l)
	}
	return append(schemes, others...)
}

// For returns a view of h whose work is queued under src. It is cheap: call it
// for each request. The view shares everything else with h.
func (h *Hasher) For(src Source) *Hasher {
	view := *h
	view.source = src
	return &view
}

// Hash returns a new Argon2id hash of password, a PHC string of at most 241
// bytes, about 100 without a pepper. It refuses the empty password with
// [ErrEmpty], and otherwise takes every password that can be typed: whether it
// is good enough is the business of a [Policy]. It costs one hash of
// Config.Argon2id and may return what [Hasher.Verify] may, but never
// [ErrUnverifiable].
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	forms, err := exactForms(password, false)
	if err != nil {
		return "", err
	}
	if password == "" {
		return "", ErrEmpty
	}
	salt := make([]byte, argon2SaltSize)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("password: no random salt: %w", err)
	}
	var hash string
	err = h.pool.do(ctx, h.source, h.own.usual.Bytes(), func() (err error) {
		hash, err = h.own.hash(forms[0], salt)
		return err
	})
	if err != nil {
		return "", err // hash may still be written to
	}
	return hash, nil
}

// Verify compares password with a stored hash, by the parameters that are
// stored in it. A wrong password is the zero [Result] and no error, and so is
// any password if hash is "", an account without one.
//
// An error means that nothing was verified:
//   - [ErrTooLong], [ErrInvalidUTF8]: no password at all; told by it alone,
//     before any work.
//   - [ErrUnverifiable]: trouble with this stored hash, after the same work as
//     a wrong password. Answer it as a wrong password, and record it.
//   - an [OverloadedError]: the Pool is full, or the turn would come after the
//     deadline of ctx. Nothing was begun.
//   - the cause of ctx's end: the caller gave up; the work ends by itself.
//   - others: the Pepper or a Scheme failed. Answer that the service is
//     unavailable.
//
// A right password costs the hash that is stored. A failure costs as much for
// all accounts: the maximal cost of every accepted scheme, added up.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (Result, error) {
	forms, err := exactForms(password, h.imports)
	if err != nil {
		return Result{}, err
	}
	if hash == "" || password == "" {
		return Result{}, h.fail(ctx, forms)
	}
	target, home, unverifiable := parseStored(h.schemes, hash)
	if unverifiable != nil {
		if err := h.fail(ctx, forms); err != nil {
			return Result{}, err
		}
		return Result{}, unverifiable
	}
	return h.attempt(ctx, target, home, forms)
}

// Reject does exactly the work of a failed [Hasher.Verify]. Call it in its
// place for accounts that don't exist, are disabled or have no password, and
// answer nil as a wrong password. Its errors are those of Verify; answer them
// alike too.
func (h *Hasher) Reject(ctx context.Context, password string) error {
	forms, err := exactForms(password, h.imports)
	if err != nil {
		return err
	}
	return h.fail(ctx, forms)
}

// Check reports whether a stored hash can be verified here: it is well formed,
// in a declared scheme, within the declared cost, and its pepper key is there.
// Its error matches [ErrUnverifiable], and [ErrTooDear] or [ErrOtherScheme] if
// a declaration would help. Importers call it for every hash they bring in; ""
// stands for no password and is not one. It hashes nothing.
func (h *Hasher) Check(hash string) error {
	v, _, err := parseStored(h.schemes, hash)
	if err != nil {
		return err
	}
	if a, ok := v.(*argon2Verifier); ok && a.keyID != "" {
		_, err = applyPepper(h.own.pepper, a.keyID, make([]byte, argon2TagSize))
	}
	return err
}

// fail does the work of a wrong password against a hash as Hash makes it.
func (h *Hasher) fail(ctx context.Context, forms [][]byte) error {
	if h.bare {
		return nil
	}
	_, err := h.attempt(ctx, h.own.Decoy(), h.home, forms)
	return err
}

// attempt verifies the forms of a password with target, of scheme home, and
// unless one matches does the rest of the work that all failures have in
// common.
func (h *Hasher) attempt(ctx context.Context, target Verifier, home int, forms [][]byte) (Result, error) {
	others := make([]Verifier, 0, len(h.schemes)) // in the order of schemes
	topUps := make([]Verifier, 0, len(h.schemes))
	memory := int64(0)
	for i, s := range h.schemes {
		v := target
		if i != home {
			v = s.Decoy()
			others = append(others, v)
		}
		topUps = append(topUps, v)
		memory = max(memory, v.Memory())
	}
	if h.bare {
		others, topUps, memory = nil, nil, target.Memory()
	}
	// The top-ups come last and in one order, whatever came first: an attempt
	// that ended with another kind of work would leave the processor's threads
	// in another state, which shows.
	slices.Reverse(topUps)

	var result Result
	err := h.pool.do(ctx, h.source, memory, func() error {
		var problem error
		for i, form := range forms {
			ok, err := target.Verify(form)
			if ok && err == nil {
				result = Result{OK: true, Rehash: i > 0 || !h.own.current(target)}
				return nil
			}
			problem = graver(problem, err)
			for _, v := range others {
				_, err := v.Verify(form)
				problem = graver(problem, err)
			}
			for _, v := range topUps {
				problem = graver(problem, v.TopUp(form))
			}
		}
		return problem
	})
	if err != nil {
		return Result{}, err // result may still be written to
	}
	return result, nil
}

// graver returns the error that an attempt answers with: one that meets
// everybody before one of this stored hash alone, so that a Pepper out of order
// answers alike for all accounts.
func graver(problem, err error) error {
	if err != nil && (problem == nil || errors.Is(problem, ErrUnverifiable)) {
		return err
	}
	return problem
}
