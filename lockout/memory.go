package lockout

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// ErrFull is the error of a [MemoryStore] that has no room for a new key
// because all its keys are blocked. Nothing was counted; verify nothing.
var ErrFull = errors.New("lockout: memory store: no room for a new key, all the others are blocked: raise MaxKeys")

const (
	defaultMaxKeys = 1_000_000
	maxShards      = 64
	shardKeys      = 1024 // a store is split only if each shard may hold as many
	expiryStep     = 2    // rows that each reservation may drop
	expiryBatch    = 256  // rows that Expire drops while it holds a lock
)

// MemoryStore keeps counters in the memory of one process. The zero value is
// ready. It is a [Store], a [Deduper] and an [Expirer], safe for concurrent use
// and must not be copied. What it counted is lost when the process ends, so
// each restart hands out the free attempts again: use a store on disk where an
// attacker can make the process restart, or where several processes serve.
//
// Its memory is bounded, about 250 bytes per key or id. Every reservation drops
// up to two rows that have expired, so that nobody needs to call Expire while
// attempts come in. When the store is full nevertheless, a new key takes the
// place of an expired one, or else of the one with the fewest failures, the
// oldest among equals, but never of a key that is blocked. So a flood of random
// names neither opens a lock nor locks out a name that is new. To make the store
// forget f failures of a key, an attacker must first get about MaxKeys others to
// f failures, each attempt counted.
//
// What is left is [ErrFull], when all keys are blocked at once. For the default
// policy that takes nine attempts on each of a million names within a day. A key
// of a quota of one is blocked by one attempt: such a limiter should have a
// MemoryStore of its own.
type MemoryStore struct {
	// MaxKeys is the largest number of keys, and of ids of attempts, that are
	// kept; 0 and less mean 1,000,000. It is read once, at the first use.
	MaxKeys int

	start   sync.Once
	seed    maphash.Seed
	shards  []shard
	records []records
}

var (
	_ Store   = (*MemoryStore)(nil)
	_ Deduper = (*MemoryStore)(nil)
	_ Expirer = (*MemoryStore)(nil)
)

func (m *MemoryStore) init() {
	m.start.Do(func() {
		limit := m.MaxKeys
		if limit <= 0 {
			limit = defaultMaxKeys
		}
		n := min(max(limit/shardKeys, 1), maxShards)
		m.seed = maphash.MakeSeed()
		m.shards = make([]shard, n)
		m.records = make([]records, n)
		for i := range n {
			m.shards[i].limit = limit / n
			m.records[i].limit = limit / n
		}
	})
}

// index finds the shard of a key or id; the seed keeps anybody from aiming at
// one shard.
func (m *MemoryStore) index(key string) int {
	m.init()
	return int(maphash.String(m.seed, key) % uint64(len(m.shards)))
}

// Reserve implements [Store]. If it returns an error nothing was counted.
func (m *MemoryStore) Reserve(ctx context.Context, now time.Time, requests ...Request) ([]Count, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, r := range requests {
		if r.Policy.Free < 1 || r.Policy.Forget <= 0 || len(r.Policy.Waits) == 0 {
			return nil, fmt.Errorf("lockout: memory store: the policy of key %q is not complete", r.Key)
		}
	}
	counts := make([]Count, len(requests))
	for i, r := range requests {
		count, ok := m.shards[m.index(r.Key)].reserve(now.UnixMicro(), r)
		if !ok {
			for j, c := range counts[:i] {
				if c.Granted {
					m.settle(Settlement{Key: requests[j].Key, Seq: c.Seq, Outcome: Refunded})
				}
			}
			return nil, ErrFull
		}
		counts[i] = count
		if !count.Granted {
			for behind := i + 1; behind < len(counts); behind++ {
				counts[behind] = Count{Skipped: true}
			}
			break
		}
	}
	return counts, nil
}

// Settle implements [Store].
func (m *MemoryStore) Settle(ctx context.Context, settlements ...Settlement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, s := range settlements {
		m.settle(s)
	}
	return nil
}

func (m *MemoryStore) settle(s Settlement) {
	m.shards[m.index(s.Key)].settle(s)
}

// Clear implements [Store].
func (m *MemoryStore) Clear(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, key := range keys {
		m.shards[m.index(key)].clear(key)
	}
	return nil
}

// Expire implements [Expirer]. Ids of attempts count as rows too.
func (m *MemoryStore) Expire(ctx context.Context, now time.Time, limit int) (n int, err error) {
	m.init()
	for i := range m.shards {
		for _, expire := range []func(now int64, limit int) (int, bool){m.shards[i].expire, m.records[i].expire} {
			for more := true; more && n < limit; {
				if err := ctx.Err(); err != nil {
					return n, err
				}
				var dropped int
				dropped, more = expire(now.UnixMicro(), limit-n)
				n += dropped
			}
		}
	}
	return n, nil
}

// ReserveOnce implements [Deduper]. When there is no room for another id the
// oldest one is forgotten: a repeat of it counts.
func (m *MemoryStore) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...Request) (Once, error) {
	if err := ctx.Err(); err != nil {
		return Once{}, err
	}
	return m.records[m.index(id)].once(now, id, until, func() ([]Count, error) {
		return m.Reserve(ctx, now, requests...)
	})
}

// Release implements [Deduper].
func (m *MemoryStore) Release(ctx context.Context, id string) (last bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return m.records[m.index(id)].release(id), nil
}
