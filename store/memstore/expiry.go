package memstore

import (
	"context"
	"sync"
	"time"
)

const (
	// sweepLooks is how many records each write looks at. When a share d of the
	// records is dead, a write drops sweepLooks × d of them on average while it
	// adds at most one, so that d settles at 1/sweepLooks.
	sweepLooks = 8

	// sweepGrace is how long a record stays behind its end: callers whose
	// clocks differ by less than that never miss what is alive for them.
	sweepGrace = time.Minute

	// expireBatch is how many records Expire looks at in one hold of the lock.
	expireBatch = 256
)

// shelf is a map of records that end at a time, under one lock.
type shelf[K comparable, V any] struct {
	mu      sync.Mutex
	records map[K]perishable[V]
	latest  time.Time // the latest time that a caller told
}

type perishable[V any] struct {
	value V
	ends  time.Time
}

// told notes a time that a caller told. It needs the lock.
func (s *shelf[K, V]) told(now time.Time) {
	if now.After(s.latest) {
		s.latest = now
	}
}

// put stores a record. It needs the lock.
func (s *shelf[K, V]) put(k K, v V, ends time.Time) {
	if s.records == nil {
		s.records = make(map[K]perishable[V])
	}
	s.records[k] = perishable[V]{v, ends}
}

// sweep looks at a few records, beginning wherever the map does this time, and
// drops those that are long over. It needs the lock.
func (s *shelf[K, V]) sweep(drop func(K)) {
	looks := 0
	for k, r := range s.records {
		if looks++; looks > sweepLooks {
			return
		}
		if !s.latest.Before(r.ends.Add(sweepGrace)) {
			drop(k)
		}
	}
}

// expire drops at most limit records that are over at now. It takes the lock
// itself and lets go of it after each batch, between two steps of an iteration
// that bears changes; each step happens under the lock.
func (s *shelf[K, V]) expire(ctx context.Context, now time.Time, limit int, drop func(K)) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told(now)
	looks := 0
	for k, r := range s.records {
		if n >= limit {
			return n, nil
		}
		if !now.Before(r.ends) {
			drop(k)
			n++
		}
		if looks++; looks%expireBatch == 0 {
			s.mu.Unlock()
			err := ctx.Err()
			s.mu.Lock()
			if err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
