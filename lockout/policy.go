package lockout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Never, as a wait or as a time to forget, stands for "until somebody clears
// the counter".
const Never = time.Duration(math.MaxInt64)

// MaxWaits is the largest number of steps of a ladder.
const MaxWaits = 8

// Policy is a ladder: some failures are free, then every further one closes
// the key for a longer time. Each zero field takes its documented default, so
// that the zero Policy is a sound one for the passwords of an account: at most
// nine guesses in 25 hours, whatever the pace, and never a lock of more than a
// day (ASVS 5.0, 6.3.1; growing waits as in NIST SP 800-63B-4, 3.2.2).
//
// An attempt counts as a failure from the moment it is reserved, so failure
// number n below means "while n attempts count".
type Policy struct {
	// Free is how many attempts may count before the key is closed: the one
	// that makes it Free begins the first wait. 0 means 5, less is an error.
	Free int

	// Waits[i] is how long the key stays closed after failure Free+i, from the
	// time of that failure; the last one repeats. At most [MaxWaits], each
	// positive, or [Never]. Empty means 1, 5, 15 and 60 minutes, then 24 hours.
	Waits []time.Duration

	// Forget is how long after the latest counted attempt everything is
	// forgotten, or [Never]. 0 means 24 hours, or the longest wait if that is
	// longer; it may not be shorter than the longest wait.
	Forget time.Duration
}

const (
	defaultFree   = 5
	defaultForget = 24 * time.Hour
)

func defaultWaits() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour}
}

// Cap is the policy that disables a key after n consecutive failures, until
// [Clear]: no passing of time opens it, only a success before the n-th starts
// the count again. NIST SP 800-63B-4, 3.2.2 allows at most 100 for an
// authenticator. n must be at least 1; [Policy.Complete] reports it otherwise.
func Cap(n int) Policy {
	return Policy{Free: explicit(n), Waits: []time.Duration{Never}, Forget: Never}
}

// Quota is the policy for things that may be done n times, such as sending a
// message: after n of them the key is closed for per, counted from the last,
// and then all n are free again. Without any for the time per, all n are free
// again too. n must be at least 1 and per positive; [Policy.Complete] reports
// it otherwise.
func Quota(n int, per time.Duration) Policy {
	return Policy{Free: explicit(n), Waits: []time.Duration{per}, Forget: per}
}

// explicit keeps a number that was given as 0 from turning into a default.
func explicit(n int) int {
	if n < 1 {
		return -1
	}
	return n
}

// Complete returns p with its defaults filled in and its waits copied, or every
// problem it has, joined. [New] calls it; a program calls it to report a
// mistake in its configuration early.
func (p Policy) Complete() (Policy, error) {
	var problems []error
	if p.Free < 0 {
		problems = append(problems, errors.New("lockout: policy: the number of free attempts must be at least 1 (or Free 0 for 5)"))
	}
	if p.Free == 0 {
		p.Free = defaultFree
	}
	if len(p.Waits) == 0 {
		p.Waits = defaultWaits()
	}
	p.Waits = slices.Clone(p.Waits)
	if len(p.Waits) > MaxWaits {
		problems = append(problems, fmt.Errorf("lockout: policy: %d waits, at most %d are possible", len(p.Waits), MaxWaits))
	}
	longest := slices.Max(p.Waits)
	if shortest := slices.Min(p.Waits); shortest <= 0 {
		problems = append(problems, fmt.Errorf("lockout: policy: a wait of %v, every wait must be positive", shortest))
	}
	switch {
	case p.Forget == 0:
		p.Forget = max(defaultForget, longest)
	case p.Forget < longest:
		problems = append(problems, fmt.Errorf("lockout: policy: Forget is %v, shorter than the longest wait %v", p.Forget, longest))
	}
	return p, errors.Join(problems...)
}

// Wait is how long a key stays closed once failures attempts count, from the
// latest of them: 0 below Free, [Never] for ever. The policy must be complete;
// one without waits answers Never.
func (p Policy) Wait(failures int64) time.Duration {
	over := failures - int64(p.Free)
	if over < 0 {
		return 0
	}
	if len(p.Waits) == 0 {
		return Never
	}
	return p.Waits[min(over, int64(len(p.Waits)-1))]
}
