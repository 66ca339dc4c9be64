package integration

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/lockout"
)

// model is the law of lockout.Store, word by word.
type model map[string]*counter

type counter struct {
	seq, cleared, given int64
	at, previous        time.Time
}

func (m model) reserve(now time.Time, requests []lockout.Request) []lockout.Count {
	counts := make([]lockout.Count, len(requests))
	refused := false
	for i, r := range requests {
		if refused {
			counts[i].Skipped = true
			continue
		}
		counts[i] = m.decide(now, r)
		refused = !counts[i].Granted
	}
	return counts
}

func (m model) decide(now time.Time, r lockout.Request) lockout.Count {
	c := m[r.Key]
	if c == nil {
		c = new(counter)
		m[r.Key] = c
	}
	if r.Policy.Forget != lockout.Never && !c.at.Add(r.Policy.Forget).After(now) {
		c.cleared, c.given = c.seq, 0
	}
	failures := c.seq - c.cleared - c.given
	switch wait := r.Policy.Wait(failures); {
	case wait == lockout.Never:
		return lockout.Count{Failures: failures}
	case wait > 0 && now.Before(c.at.Add(wait)):
		return lockout.Count{Failures: failures, RetryAt: c.at.Add(wait)}
	}
	c.seq++
	c.previous = c.at
	if now.After(c.at) {
		c.at = now
	}
	return lockout.Count{Seq: c.seq, Failures: failures + 1, Granted: true}
}

func (m model) settle(s lockout.Settlement) {
	c := m[s.Key]
	if c == nil || s.Seq <= c.cleared || s.Seq > c.seq {
		return
	}
	if s.Outcome == lockout.Succeeded {
		c.cleared, c.given = s.Seq, min(c.given, c.seq-s.Seq)
	} else {
		c.given = min(c.given+1, c.seq-c.cleared)
		if s.Seq == c.seq {
			c.at = c.previous
		}
	}
	if c.seq-c.cleared == c.given {
		c.cleared, c.given = c.seq, 0
	}
}

// TestCountersKeepTheirLaw drives the store and the model by the same random
// attempts, by a clock that is not always right, and compares the answers. Only
// the numbers of reservations differ.
func TestCountersKeepTheirLaw(t *testing.T) {
	stores, _ := openStores(t, newFile(t))
	const seed = 20261123
	random := rand.New(rand.NewPCG(seed, 0))
	policies := []lockout.Policy{
		complete(t, lockout.Policy{}),
		complete(t, lockout.Policy{Free: 1, Waits: []time.Duration{time.Second, time.Minute, time.Hour}, Forget: 2 * time.Hour}),
		lockout.Cap(3),
		lockout.Quota(2, 10*time.Minute),
	}
	keys := []string{"a", "b", "c", "d", "e"}
	law := make(model)
	type pair struct{ law, store int64 }
	granted := make(map[string][]pair)
	now := start
	for step := range 1500 {
		now = now.Add(time.Duration(random.Int64N(int64(8*time.Minute)) - int64(time.Minute)).Truncate(time.Microsecond))
		if random.IntN(150) == 0 {
			now = now.Add(3 * time.Hour)
		}
		random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		key := keys[0]
		switch choice, open := random.IntN(30), len(granted[key]); {
		case choice < 18:
			var requests []lockout.Request
			for _, key := range keys[:1+random.IntN(3)] {
				// Mostly a key's own policy; now and then it changes.
				policy := policies[(int(key[0])+random.IntN(30)/29)%len(policies)]
				requests = append(requests, lockout.Request{Key: key, Policy: policy})
			}
			counts, err := stores.Counters.Reserve(t.Context(), now, requests...)
			require.NoError(t, err)
			for i, want := range law.reserve(now, requests) {
				got := counts[i]
				if want.Granted {
					granted[requests[i].Key] = append(granted[requests[i].Key], pair{want.Seq, got.Seq})
				}
				want.Seq, got.Seq = 0, 0
				require.Equal(t, want, got, "seed %d, step %d, key %s", seed, step, requests[i].Key)
			}
		case choice < 29 && open > 0:
			i := random.IntN(open)
			p, outcome := granted[key][i], lockout.Refunded
			if choice < 22 {
				outcome = lockout.Succeeded
			}
			law.settle(lockout.Settlement{Key: key, Seq: p.law, Outcome: outcome})
			require.NoError(t, stores.Counters.Settle(t.Context(), lockout.Settlement{Key: key, Seq: p.store, Outcome: outcome}))
			granted[key] = append(granted[key][:i:i], granted[key][i+1:]...)
		case choice == 29 && random.IntN(4) == 0:
			delete(law, key)
			delete(granted, key)
			require.NoError(t, stores.Counters.Clear(t.Context(), key, "unknown"))
		}
	}
}

func TestARefusalWritesNothing(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	db, _ := openFile(t, path)
	request := lockout.Request{Key: "li", Policy: complete(t, lockout.Policy{Free: 1})}
	behind := lockout.Request{Key: "behind", Policy: request.Policy}
	_, err := stores.Counters.Reserve(t.Context(), start, request)
	require.NoError(t, err)
	// Of a connection that writes nothing, this number changes with each commit
	// of another one.
	version := func() (n int64) {
		require.NoError(t, db.QueryRow("PRAGMA data_version").Scan(&n))
		return n
	}
	db.SetMaxOpenConns(1)
	before := version()
	for range 10 {
		counts, err := stores.Counters.Reserve(t.Context(), start.Add(time.Second), request, behind)
		require.NoError(t, err)
		assert.Equal(t, []lockout.Count{{Failures: 1, RetryAt: start.Add(time.Minute)}, {Skipped: true}}, counts)
	}
	assert.Equal(t, before, version(), "a flood of refused attempts commits nothing")
	_, err = stores.Counters.Reserve(t.Context(), start.Add(time.Minute), request)
	require.NoError(t, err)
	assert.NotEqual(t, before, version())
}

func TestCountersExpireOnlyWhenForgotten(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	db, _ := openFile(t, path)
	expirer := stores.Counters.(lockout.Expirer)
	policy := complete(t, lockout.Policy{}) // forgets after 24 hours
	reserve := func(at time.Time, key string, p lockout.Policy) int64 {
		counts, err := stores.Counters.Reserve(t.Context(), at, lockout.Request{Key: key, Policy: p})
		require.NoError(t, err)
		return counts[0].Failures
	}
	rows := func() (n int) {
		require.NoError(t, db.QueryRow("SELECT count(*) FROM crmauth_counters").Scan(&n))
		return n
	}
	expire := func(after time.Duration, limit, want int) {
		n, err := expirer.Expire(t.Context(), start.Add(after), limit)
		require.NoError(t, err)
		assert.Equal(t, want, n, "dropped after %v", after)
	}
	for i := range 5 {
		reserve(start, fmt.Sprint(i), policy)
	}
	reserve(start, "capped", lockout.Cap(100))
	assert.EqualValues(t, 2, reserve(start.Add(23*time.Hour), "0", policy), "used again")

	expire(24*time.Hour-time.Microsecond, 10, 0)
	expire(24*time.Hour, 3, 3)
	expire(24*time.Hour, 10, 1)
	assert.Equal(t, 2, rows(), "the one that was used again, and the cap")
	expire(47*time.Hour-time.Microsecond, 10, 0)
	expire(47*time.Hour, 10, 1)
	expire(1000*24*time.Hour, 10, 0)
	assert.Equal(t, 1, rows(), "a cap is for ever")
}

func TestWhatIsSettledTooLateFindsNothing(t *testing.T) {
	stores, _ := openStores(t, newFile(t))
	now := start
	reserve := func() lockout.Count {
		now = now.Add(time.Millisecond)
		counts, err := stores.Counters.Reserve(t.Context(), now, lockout.Request{Key: "li", Policy: lockout.Cap(10)})
		require.NoError(t, err)
		return counts[0]
	}
	var old []lockout.Count
	for range 5 {
		old = append(old, reserve())
	}
	require.NoError(t, stores.Counters.Clear(t.Context(), "li"))
	for range 5 {
		reserve()
	}
	for i, outcome := range []lockout.Outcome{lockout.Succeeded, lockout.Refunded, lockout.Succeeded} {
		require.NoError(t, stores.Counters.Settle(t.Context(), lockout.Settlement{Key: "li", Seq: old[i].Seq, Outcome: outcome}))
	}
	assert.EqualValues(t, 6, reserve().Failures)

	require.NoError(t, stores.Counters.Clear(t.Context(), "li"))
	now = now.Add(-time.Hour) // on a node whose clock is behind
	assert.EqualValues(t, 1, reserve().Failures)
	for _, c := range old {
		require.NoError(t, stores.Counters.Settle(t.Context(), lockout.Settlement{Key: "li", Seq: c.Seq, Outcome: lockout.Succeeded}))
	}
	assert.EqualValues(t, 2, reserve().Failures)
}
