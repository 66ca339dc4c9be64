package lockout

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// MaxAttemptKeys is the largest number of keys of one attempt.
const MaxAttemptKeys = 16

// DedupeWindow is how long the id of an attempt is remembered, see [Try].
const DedupeWindow = 2 * time.Minute

// Reserve counts one attempt on every key, all or none, before anything is
// verified. The keys, 1 to [MaxAttemptKeys] and each another counter, may
// belong to several limiters and stores. A store is asked once, whatever the
// number of its keys, and decides them in the order given; stores are asked in
// the order of their first keys.
//
// The first key that is blocked ends it: those behind it are left as they are,
// what was granted before it is refunded, and the error is its [*BlockedError],
// joined with the store's error if the refund failed. So order keys from the
// widest to the dearest: what should refuse first stands first, such as the
// source of a flood, and what a flood must not reach, such as the cap of an
// authenticator, stands last.
//
// Any other error means that a store failed, ctx was done before anything was
// counted, or a limiter or key is unusable: nothing may be verified, and what
// other stores had granted is refunded. Counting that has begun goes on for up
// to 5 seconds although ctx is done, so that it is known what to refund if the
// client hangs up; the caller, who gets the attempt then, looks at ctx itself.
func Reserve(ctx context.Context, keys ...Key) (*Attempt, error) {
	a, err := Try(ctx, "", keys...)
	if err != nil {
		return nil, err
	}
	if blocked := a.refusal(); blocked != nil {
		if err := a.Refund(ctx); err != nil {
			return nil, errors.Join(blocked, err)
		}
		return nil, blocked
	}
	return a, nil
}

// Try is [Reserve] for callers who decide themselves what a blocked key means:
// it returns the attempt even so, and refunds nothing. The keys before the
// blocked one are granted, those behind it are not asked and so neither granted
// nor blocked: order them from the widest to the dearest. [Attempt.Granted] and
// [Attempt.Blocked] tell; the caller refunds what it doesn't use.
//
// An id that isn't empty lets a repeat of the attempt, a double click or a
// retry after a dropped connection, count once. The id must be a keyed hash
// over everything that the attempt verifies: whoever repeats an id for another
// password would guess without being counted. For [DedupeWindow] after an
// attempt whose keys were all granted, an attempt with the same id and the same
// keys in the same order is a repeat: it counts nothing, it is granted what the
// first one was, and [Attempt.Repeat] says so. Where repeats can't be told they
// count like any other attempt: with no id, with a store that is no [Deduper],
// with keys on several stores.
func Try(ctx context.Context, id string, keys ...Key) (*Attempt, error) {
	if err := check(keys); err != nil {
		return nil, err
	}
	now := keys[0].limiter.now().UTC().Truncate(time.Microsecond)
	a := &Attempt{slots: make([]slot, len(keys)), first: now}
	for i, key := range keys {
		a.slots[i].Key = key
	}
	if err := a.count(ctx, now, id); err != nil {
		err = fmt.Errorf("lockout: the attempt could not be counted, verify nothing: %w", err)
		return nil, errors.Join(err, a.Refund(ctx))
	}
	return a, nil
}

// count asks store after store until a key refuses.
func (a *Attempt) count(ctx context.Context, now time.Time, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := outlive(ctx)
	defer cancel()
	for group := range byStore(a.slots) {
		if len(group) < len(a.slots) {
			id = ""
		}
		if err := a.reserve(ctx, now, id, group); err != nil || a.refusal() != nil {
			return err
		}
	}
	return nil
}

// Clear forgets all attempts on the keys, locks and caps included: for an
// administrator's unlock and for a completed recovery. It takes any number of
// keys and may be repeated. Attempts that are under way lose their reservation.
func Clear(ctx context.Context, keys ...Key) error {
	for _, key := range keys {
		if err := key.check(); err != nil {
			return err
		}
	}
	var failed []error
	for group := range byStore(slices.Clone(keys)) {
		ids := make([]string, len(group))
		for i, key := range group {
			ids[i] = key.id
		}
		failed = append(failed, group[0].home().Clear(ctx, ids...))
	}
	return errors.Join(failed...)
}

func check(keys []Key) error {
	if len(keys) == 0 || len(keys) > MaxAttemptKeys {
		return fmt.Errorf("lockout: %d keys, an attempt needs 1 to %d", len(keys), MaxAttemptKeys)
	}
	for i, key := range keys {
		if err := key.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(keys[:i], key.same) {
			return fmt.Errorf("lockout: a key of limiter %q is given twice", key.limiter.name)
		}
	}
	return nil
}

// reserve asks the one store of the group and notes its answers. The attempt
// gets an id only if the store keeps a record of it.
func (a *Attempt) reserve(ctx context.Context, now time.Time, id string, group []slot) error {
	requests := make([]Request, len(group))
	for i, s := range group {
		requests[i] = Request{Key: s.id, Policy: s.limiter.policy}
	}
	var answer Once
	var err error
	once := group[0].limiter.once
	if id == "" || once == nil {
		id = ""
		answer.Counts, err = group[0].home().Reserve(ctx, now, requests...)
	} else {
		id = bindID(id, group)
		answer, err = once.ReserveOnce(ctx, now, id, now.Add(DedupeWindow), requests...)
	}
	if err != nil {
		return err
	}
	if len(answer.Counts) != len(group) {
		return fmt.Errorf("lockout: store %T gave %d answers to %d requests", group[0].home(), len(answer.Counts), len(group))
	}
	recorded, refused := id != "", false
	for i, count := range answer.Counts {
		if count.Skipped && (count.Granted || !refused) {
			return fmt.Errorf("lockout: store %T skipped a request although none before it was refused", group[0].home())
		}
		group[i].count = count
		group[i].blocked = blocked(group[i].Key, now, count)
		refused = refused || group[i].blocked != nil
		recorded = recorded && count.Granted
	}
	if recorded {
		a.id, a.first, a.repeat = id, answer.First.UTC(), answer.Repeat
	}
	return nil
}

// bindID makes the id one of these counters only. A record holds the answers
// for its own keys; taken for other keys, a refund would hit strangers.
func bindID(id string, group []slot) string {
	parts := make([]string, len(group))
	for i, s := range group {
		parts[i] = s.id
	}
	return digest(id, parts)
}

func blocked(key Key, now time.Time, count Count) *BlockedError {
	if count.Granted || count.Skipped {
		return nil
	}
	e := &BlockedError{Limiter: key.limiter.name, Key: key, RetryAfter: Never}
	if !count.RetryAt.IsZero() {
		e.RetryAfter = max(count.RetryAt.Sub(now), time.Microsecond)
	}
	return e
}

// byStore yields the items of each store together, stores in the order of their
// first items and items in the order given. It reorders items for that.
func byStore[T interface{ home() Store }](items []T) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(items) > 0 {
			store, n := items[0].home(), 1
			for i := 1; i < len(items); i++ {
				if item := items[i]; item.home() == store {
					copy(items[n+1:i+1], items[n:i])
					items[n] = item
					n++
				}
			}
			if !yield(items[:n:n]) {
				return
			}
			items = items[n:]
		}
	}
}
