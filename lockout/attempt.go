package lockout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// callTime bounds what is counted or settled despite the caller's context.
const callTime = 5 * time.Second

// Attempt is a set of reservations, each of which counts as a failure until
// the attempt tells otherwise. An attempt that is dropped stays a failure.
//
// Each key is settled at most once: what is told about it later changes
// nothing. Settling goes on for up to 5 seconds after ctx is done, so that a
// client that hung up doesn't leave a success or a refund untold. After an
// error a success may be told again; a refund isn't repeated, as giving back
// twice would hand out an attempt, so the unit stays counted.
//
// An attempt is safe for concurrent use.
type Attempt struct {
	first  time.Time
	repeat bool
	id     string // "" if no record is kept of the attempt

	mu        sync.Mutex
	slots     []slot // only settled changes
	held      hold
	succeeded bool // on any key
}

// slot is one key of an attempt and what the store answered.
type slot struct {
	Key
	count   Count
	blocked *BlockedError
	settled bool
}

// hold is the part of an attempt in the record of its id. The record counts
// the attempts that share one reservation; whoever leaves it last may refund.
type hold uint8

const (
	holding hold = iota
	leftFirst
	leftLast
)

// end is how one slot is settled.
type end struct {
	*slot
	outcome Outcome
}

// Granted reports whether the attempt was counted on key. Verify only if the
// keys that matter are granted. A key behind one that refused isn't granted,
// nor is one that the attempt doesn't have.
func (a *Attempt) Granted(key Key) bool {
	s := a.slot(key)
	return s != nil && s.count.Granted
}

// Blocked returns why key refused the attempt, if it did: a key behind one that
// refused wasn't asked and didn't. It is never so for an attempt that came from
// [Reserve].
func (a *Attempt) Blocked(key Key) (*BlockedError, bool) {
	s := a.slot(key)
	if s == nil || s.blocked == nil {
		return nil, false
	}
	return s.blocked, true
}

// Failures is how many attempts counted on key when this one was reserved: this
// one and those under way included if it was granted, 0 for a key that wasn't
// asked or that the attempt doesn't have. [Policy.Wait] of it tells whether the
// key is closed now.
func (a *Attempt) Failures(key Key) int64 {
	if s := a.slot(key); s != nil {
		return s.count.Failures
	}
	return 0
}

// Repeat reports whether the attempt was recognised as a repeat, which counted
// nothing; see [Try].
func (a *Attempt) Repeat() bool { return a.repeat }

// First is when the attempt was reserved, for a repeat when the first one was:
// in UTC, to the microsecond, the same for all of them.
func (a *Attempt) First() time.Time { return a.first }

// Succeed clears the keys, none meaning all that were granted: what was counted
// up to this attempt is no failure any more, what was reserved since stays, but
// for units given back before, which are taken to be of those; see [Store].
func (a *Attempt) Succeed(ctx context.Context, keys ...Key) error {
	return a.Settle(ctx, a.orAll(keys), nil)
}

// Refund gives one unit back on each of the keys, none meaning all that were
// granted, and opens the lock that this attempt began. Refund only what was no
// guess: the verification never began, or what was verified was right and
// something else is missing. See [Attempt.Settle] about attempts with an id.
func (a *Attempt) Refund(ctx context.Context, keys ...Key) error {
	return a.Settle(ctx, nil, a.orAll(keys))
}

// Settle is Succeed on some keys and Refund on others in one call of the store.
// Keys that refused the attempt, or weren't asked, are passed over; a key the attempt doesn't
// have, or one that is given twice, is an error and nothing is settled.
//
// Attempts that share an id share one reservation, and no refund may take it
// from one that still verifies. A refund of such an attempt takes effect only
//
//   - if it is the first one and has succeeded on some key, or
//   - if all others of its id gave up before it, it has succeeded on some key or
//     gives back all its keys at once, and less than half of [DedupeWindow] has
//     passed since the first one.
//
// Otherwise nothing is given back: the unit stays counted. Once all have given
// up the id is forgotten, and the next attempt with it counts anew.
func (a *Attempt) Settle(ctx context.Context, succeed, refund []Key) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	ends, err := a.add(make([]end, 0, len(succeed)+len(refund)), succeed, Succeeded)
	if err == nil {
		ends, err = a.add(ends, refund, Refunded)
	}
	if err != nil {
		return err
	}
	a.succeeded = a.succeeded || len(succeed) > 0
	ctx, cancel := outlive(ctx)
	defer cancel()

	ends, refused := a.withoutUnsafeRefunds(ctx, ends)
	failed := []error{refused}
	for group := range byStore(ends) {
		failed = append(failed, settle(ctx, group))
	}
	return errors.Join(failed...)
}

func (a *Attempt) slot(key Key) *slot {
	for i := range a.slots {
		if a.slots[i].same(key) {
			return &a.slots[i]
		}
	}
	return nil
}

// refusal is that of the key which stopped the attempt, nil if every key is
// granted.
func (a *Attempt) refusal() *BlockedError {
	for _, s := range a.slots {
		if s.blocked != nil {
			return s.blocked
		}
	}
	return nil
}

func (a *Attempt) orAll(keys []Key) []Key {
	if len(keys) > 0 {
		return keys
	}
	for _, s := range a.slots {
		if s.count.Granted {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// add appends what is left to settle of these keys.
func (a *Attempt) add(ends []end, keys []Key, outcome Outcome) ([]end, error) {
	for _, key := range keys {
		s := a.slot(key)
		if s == nil {
			return nil, errors.New("lockout: a key is settled that the attempt does not have")
		}
		for _, e := range ends {
			if e.slot == s {
				return nil, fmt.Errorf("lockout: a key of limiter %q is settled twice in one call", key.limiter.name)
			}
		}
		if s.count.Granted && !s.settled {
			ends = append(ends, end{s, outcome})
		}
	}
	return ends, nil
}

// withoutUnsafeRefunds drops the refunds that could leave an attempt of the
// same id verifying uncounted, or give one reservation back twice.
func (a *Attempt) withoutUnsafeRefunds(ctx context.Context, ends []end) ([]end, error) {
	successes := make([]end, 0, len(ends))
	for _, e := range ends {
		if e.outcome == Succeeded {
			successes = append(successes, e)
		}
	}
	if len(successes) == len(ends) {
		return ends, nil
	}
	may, err := a.mayRefund(ctx, len(ends))
	if may {
		return ends, nil
	}
	return successes, err
}

// mayRefund decides about an attempt that settles n of its keys now.
func (a *Attempt) mayRefund(ctx context.Context, n int) (bool, error) {
	limiter := a.slots[0].limiter
	switch {
	case a.id == "" || a.held == leftLast:
		return true, nil
	case a.held == leftFirst:
		return false, nil
	case a.succeeded && !a.repeat:
		// A repeat can only find right what was found right already. The first
		// one keeps its hold, so that no repeat gives back the same unit.
		return true, nil
	case !a.succeeded && n < a.unsettled():
		return false, nil // it may still be verifying: no leaving the record
	case !limiter.now().Before(a.first.Add(DedupeWindow / 2)):
		return false, nil // the record may soon be that of another reservation
	}
	a.held = leftFirst
	last, err := limiter.once.Release(ctx, a.id)
	if err != nil {
		return false, fmt.Errorf("lockout: refund: %w", err)
	}
	if last {
		a.held = leftLast
	}
	return last, nil
}

func (a *Attempt) unsettled() (n int) {
	for _, s := range a.slots {
		if s.count.Granted && !s.settled {
			n++
		}
	}
	return n
}

// settle tells one store about its ends.
func settle(ctx context.Context, group []end) error {
	settlements := make([]Settlement, len(group))
	for i, e := range group {
		e.settled = true
		settlements[i] = Settlement{Key: e.id, Seq: e.count.Seq, Outcome: e.outcome}
	}
	err := group[0].home().Settle(ctx, settlements...)
	if err == nil {
		return nil
	}
	for _, e := range group {
		e.settled = e.outcome == Refunded
	}
	return fmt.Errorf("lockout: settle: %w", err)
}

// outlive returns a context that isn't cancelled with ctx but ends all the same.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Done() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), callTime)
}
