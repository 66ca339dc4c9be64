package storetest_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/lockout"
)

type counters interface {
	lockout.Store
	lockout.Deduper
	lockout.Expirer
}

// withReserve is a store with another Reserve.
type withReserve struct {
	counters
	reserve func(ctx context.Context, now time.Time, requests []lockout.Request) ([]lockout.Count, error)
}

func (s withReserve) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	return s.reserve(ctx, now, requests)
}

// withSettle is a store with another way to settle one reservation.
type withSettle struct {
	counters
	settle func(ctx context.Context, s lockout.Settlement) error
}

func (s withSettle) Settle(ctx context.Context, settlements ...lockout.Settlement) error {
	for _, one := range settlements {
		if err := s.settle(ctx, one); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func counterFaults() []fault {
	broken := func(what, found string, wrap func(counters) lockout.Store) fault {
		return fault{what, "counters/" + found, func(s *auth.Stores) { s.Counters = wrap(s.Counters.(counters)) }}
	}
	// rewritten changes time and requests on their way in.
	rewritten := func(what, found string, rewrite func(now time.Time, r *lockout.Request) time.Time) fault {
		return broken(what, found, func(s counters) lockout.Store {
			return withReserve{s, func(ctx context.Context, now time.Time, requests []lockout.Request) ([]lockout.Count, error) {
				requests = slices.Clone(requests)
				at := now
				for i := range requests {
					at = rewrite(now, &requests[i])
				}
				return s.Reserve(ctx, at, requests...)
			}}
		})
	}
	settled := func(what, found string, settle func(ctx context.Context, s counters, one lockout.Settlement) error) fault {
		return broken(what, found, func(s counters) lockout.Store {
			return withSettle{s, func(ctx context.Context, one lockout.Settlement) error { return settle(ctx, s, one) }}
		})
	}
	return []fault{
		rewritten("opens a microsecond early", "ladder", func(now time.Time, _ *lockout.Request) time.Time { return now.Add(time.Microsecond) }),
		rewritten("keeps times to the second", "ladder", func(now time.Time, _ *lockout.Request) time.Time { return now.Truncate(time.Second) }),
		broken("counts refusals", "refusals change nothing", func(s counters) lockout.Store { return countsRefusals{s} }),
		rewritten("forgets a minute early", "forget", func(now time.Time, r *lockout.Request) time.Time { r.Policy.Forget -= time.Minute; return now }),
		rewritten("ends even what never ends", "never", func(now time.Time, r *lockout.Request) time.Time {
			if r.Policy.Forget == lockout.Never {
				r.Policy = lockout.Policy{Free: r.Policy.Free, Waits: []time.Duration{365 * 24 * time.Hour}, Forget: 400 * 24 * time.Hour}
			}
			return now
		}),
		broken("keeps the first policy of a key", "the policy is the request's", func(s counters) lockout.Store { return &firstPolicy{counters: s} }),
		settled("clears later attempts by a success", "success clears up to itself", func(ctx context.Context, s counters, one lockout.Settlement) error {
			if one.Outcome == lockout.Succeeded {
				one.Seq = latest(ctx, s, one.Key)
			}
			return s.Settle(ctx, one)
		}),
		settled("takes a refund for a success", "refund gives one back", func(ctx context.Context, s counters, one lockout.Settlement) error {
			one.Outcome = lockout.Succeeded
			return s.Settle(ctx, one)
		}),
		broken("gives a unit back but leaves the lock", "refund reopens", func(s counters) lockout.Store { return &neverReopens{counters: s, now: make(map[string]time.Time)} }),
		broken("clears every key", "clear", func(s counters) lockout.Store { return &clearsAll{counters: s} }),
		broken("believes late settlements", "late settlements hand out nothing", func(s counters) lockout.Store { return &believes{counters: s, credit: make(map[string]int)} }),
		broken("returns counts in the order of the keys", "several keys", func(s counters) lockout.Store { return inKeyOrder{s} }),
		broken("goes on behind a refusal", "a refused key stops those behind it", func(s counters) lockout.Store { return goesOn(s, false) }),
		broken("goes on behind a refusal and then gives back", "a refused key stops those behind it", func(s counters) lockout.Store { return goesOn(s, true) }),
		rewritten("folds the case of keys", "exact keys", func(now time.Time, r *lockout.Request) time.Time { r.Key = strings.ToLower(r.Key); return now }),
		broken("refuses a clock that is behind", "clocks that differ", func(s counters) lockout.Store { return &refusesPast{counters: s, at: make(map[string]time.Time)} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s counters) lockout.Store {
			return withReserve{s, func(ctx context.Context, now time.Time, requests []lockout.Request) ([]lockout.Count, error) {
				return s.Reserve(context.WithoutCancel(ctx), now, requests...)
			}}
		}),
		broken("expires what counts for an hour more", "expiry spares what counts", func(s counters) lockout.Store { return expiresCountersEarly{s} }),
		broken("counts each repeat of an id", "one id counts once", func(s counters) lockout.Store { return countsRepeats{s} }),
		broken("records a refused attempt", "a refused attempt is no record", func(s counters) lockout.Store {
			return &recordsRefused{counters: s, answers: make(map[string]lockout.Once)}
		}),
		broken("keeps the record of an id an hour longer", "records end", func(s counters) lockout.Store { return keepsIDs{s} }),
		broken("tells every holder that it is the last", "the last holder", func(s counters) lockout.Store { return &lastForAll{counters: s} }),
		broken("checks first and records afterwards", "race for the free attempts", func(s counters) lockout.Store { return checksFirst(s, 0) }),
		broken("checks first once a wait is over", "race at the end of a wait", func(s counters) lockout.Store { return checksFirst(s, 3) }),
		broken("checks several keys first", "race over several keys", func(s counters) lockout.Store { return checksFirst(s, 0) }),
		broken("reads the number, then counts", "exact numbers", func(s counters) lockout.Store { return &readsNumber{counters: s} }),
		broken("loses settlements under load", "exact settlements", func(s counters) lockout.Store { return &losesSettlements{counters: s} }),
		broken("looks for an id, then reserves", "race of one id", func(s counters) lockout.Store { return looksForID(s) }),
		broken("looks whether it is the last, then lets go", "race to let go", func(s counters) lockout.Store { return &lastForAll{counters: s, racing: true} }),
	}
}

// wide is a policy under which nothing is ever refused.
var wide = lockout.Policy{Free: math.MaxInt32, Waits: []time.Duration{time.Minute}, Forget: lockout.Never}

// latest is the number of the latest reservation of a key: it makes one more and
// gives it back.
func latest(ctx context.Context, s counters, key string) int64 {
	counts, err := s.Reserve(ctx, time.Time{}, lockout.Request{Key: key, Policy: wide})
	if err != nil {
		return 0
	}
	_ = s.Settle(ctx, lockout.Settlement{Key: key, Seq: counts[0].Seq, Outcome: lockout.Refunded})
	return counts[0].Seq
}

type countsRefusals struct{ counters }

func (s countsRefusals) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	counts, err := s.counters.Reserve(ctx, now, requests...)
	for i, c := range counts {
		if !c.Granted && !c.Skipped {
			_, _ = s.counters.Reserve(ctx, now, lockout.Request{Key: requests[i].Key, Policy: wide})
		}
	}
	return counts, err
}

type firstPolicy struct {
	counters
	policies sync.Map
}

func (s *firstPolicy) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	requests = slices.Clone(requests)
	for i, r := range requests {
		p, _ := s.policies.LoadOrStore(r.Key, r.Policy)
		requests[i].Policy = p.(lockout.Policy)
	}
	return s.counters.Reserve(ctx, now, requests...)
}

// neverReopens counts a refunded reservation once more, at its own time, and
// gives that one back: the latest is then never the refunded one.
type neverReopens struct {
	counters
	mu  sync.Mutex
	now map[string]time.Time
}

func (s *neverReopens) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	counts, err := s.counters.Reserve(ctx, now, requests...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range counts {
		if c.Granted {
			s.now[requests[i].Key] = now
		}
	}
	return counts, err
}

func (s *neverReopens) Settle(ctx context.Context, settlements ...lockout.Settlement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range settlements {
		if err := s.counters.Settle(ctx, one); err != nil {
			return err
		}
		if now, ok := s.now[one.Key]; ok && one.Outcome == lockout.Refunded {
			p := wide
			counts, err := s.counters.Reserve(ctx, now, lockout.Request{Key: one.Key, Policy: p})
			if err != nil {
				return err
			}
			// Two reservations at one time: giving back one of them leaves the time.
			again, err := s.counters.Reserve(ctx, now, lockout.Request{Key: one.Key, Policy: p})
			if err != nil {
				return err
			}
			for _, c := range []lockout.Count{again[0], counts[0]} {
				_ = s.counters.Settle(ctx, lockout.Settlement{Key: one.Key, Seq: c.Seq, Outcome: lockout.Refunded})
			}
		}
	}
	return ctx.Err()
}

type clearsAll struct {
	counters
	keys sync.Map
}

func (s *clearsAll) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	for _, r := range requests {
		s.keys.Store(r.Key, true)
	}
	return s.counters.Reserve(ctx, now, requests...)
}

func (s *clearsAll) Clear(ctx context.Context, _ ...string) error {
	for key := range s.keys.Range {
		if err := s.counters.Clear(ctx, key.(string)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// believes turns every settlement of what is not there into credit.
type believes struct {
	counters
	mu     sync.Mutex
	credit map[string]int
}

func (s *believes) Settle(ctx context.Context, settlements ...lockout.Settlement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range settlements {
		if latest(ctx, s.counters, one.Key) <= one.Seq {
			s.credit[one.Key]++
		}
	}
	return s.counters.Settle(ctx, settlements...)
}

func (s *believes) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests = slices.Clone(requests)
	for i, r := range requests {
		requests[i].Policy.Free += s.credit[r.Key]
	}
	return s.counters.Reserve(ctx, now, requests...)
}

type inKeyOrder struct{ counters }

func (s inKeyOrder) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	requests = slices.SortedFunc(slices.Values(requests), func(a, b lockout.Request) int { return strings.Compare(a.Key, b.Key) })
	return s.counters.Reserve(ctx, now, requests...)
}

// goesOn decides the keys behind a refused one, too: it says so, or it takes
// back what it counted and says that it skipped them.
func goesOn(s counters, back bool) lockout.Store {
	return withReserve{s, func(ctx context.Context, now time.Time, requests []lockout.Request) ([]lockout.Count, error) {
		counts, err := s.Reserve(ctx, now, requests...)
		for i, c := range counts {
			if !c.Skipped {
				continue
			}
			one, err := s.Reserve(ctx, now, requests[i])
			if err != nil {
				return nil, err
			}
			if !back {
				counts[i] = one[0]
			} else if one[0].Granted {
				_ = s.Settle(ctx, lockout.Settlement{Key: requests[i].Key, Seq: one[0].Seq, Outcome: lockout.Refunded})
			}
		}
		return counts, err
	}}
}

type refusesPast struct {
	counters
	mu sync.Mutex
	at map[string]time.Time
}

func (s *refusesPast) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range requests {
		if at := s.at[r.Key]; now.Before(at) {
			return []lockout.Count{{RetryAt: at}}, nil
		}
		s.at[r.Key] = now
	}
	return s.counters.Reserve(ctx, now, requests...)
}

type expiresCountersEarly struct{ counters }

func (s expiresCountersEarly) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.counters.Expire(ctx, now.Add(time.Hour), limit)
}

// checksFirst looks whether a key is open, and counts later whatever happened
// meanwhile: what most login systems did once. It begins to be so careless
// after so many failures.
func checksFirst(s counters, after int64) lockout.Store {
	return withReserve{s, func(ctx context.Context, now time.Time, requests []lockout.Request) (counts []lockout.Count, err error) {
		for _, r := range requests {
			if len(counts) > 0 && !counts[len(counts)-1].Granted {
				counts = append(counts, lockout.Count{Skipped: true})
				continue
			}
			seen, err := s.Reserve(ctx, now, r)
			if err != nil {
				return nil, err
			}
			c := seen[0]
			if c.Granted && c.Failures > after { // it only looked
				_ = s.Settle(ctx, lockout.Settlement{Key: r.Key, Seq: c.Seq, Outcome: lockout.Refunded})
				dawdle()
				r.Policy.Free = wide.Free
				if seen, err = s.Reserve(ctx, now, r); err != nil {
					return nil, err
				}
			}
			counts = append(counts, seen[0])
		}
		return counts, nil
	}}
}

// readsNumber makes up the numbers of reservations in a step of its own.
type readsNumber struct {
	counters
	mu   sync.Mutex
	last int64
}

func (s *readsNumber) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	s.mu.Lock()
	next := s.last + 1
	s.mu.Unlock()
	dawdle()
	counts, err := s.counters.Reserve(ctx, now, requests...)
	for i := range counts {
		if counts[i].Granted {
			counts[i].Seq = next
		}
	}
	s.mu.Lock()
	s.last = next
	s.mu.Unlock()
	return counts, err
}

// losesSettlements drops what comes while another one is at work.
type losesSettlements struct {
	counters
	busy sync.Mutex
}

func (s *losesSettlements) Settle(ctx context.Context, settlements ...lockout.Settlement) error {
	if !s.busy.TryLock() {
		return nil
	}
	defer s.busy.Unlock()
	dawdle()
	return s.counters.Settle(ctx, settlements...)
}
