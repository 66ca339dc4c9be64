package lockout_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireSkipped says that the attempt has the keys, and was not counted on them.
func requireSkipped(t *testing.T, a *lockout.Attempt, keys ...lockout.Key) {
	t.Helper()
	for _, key := range keys {
		_, blocked := a.Blocked(key)
		require.False(t, blocked)
		require.False(t, a.Granted(key))
		require.Zero(t, a.Failures(key))
		require.NoError(t, a.Settle(t.Context(), []lockout.Key{key}, nil), "like one that refused, it is passed over")
	}
}

func TestAKeyThatRefusesStopsThoseBehindIt(t *testing.T) {
	store, c := new(lockout.MemoryStore), newClock()
	l := lockout.New(store, "test", lockout.Policy{Free: 2}).Clock(c.Now)
	source, lane, name, unused := l.Key("source"), l.Key("lane"), l.Key("name"), l.Key("unused")
	fail(t, 2, lane)
	fail(t, 1, name)
	rows := []lockout.Key{source, lane, name}

	for _, id := range []string{"", "id"} {
		a, err := lockout.Try(t.Context(), id, source, lane, name, unused)
		require.NoError(t, err)
		assert.True(t, a.Granted(source))
		_, blocked := a.Blocked(lane)
		assert.True(t, blocked)
		requireSkipped(t, a, name, unused)
		require.NoError(t, a.Refund(t.Context()))
	}
	c.Advance(time.Second)
	for range 100 {
		requireBlocked(t, 59*time.Second, source, lane, name, unused)
	}

	counts, err := store.Reserve(t.Context(), c.Now(),
		lockout.Request{Key: lane.String(), Policy: l.Policy()}, lockout.Request{Key: name.String(), Policy: l.Policy()})
	require.NoError(t, err)
	assert.Equal(t, lockout.Count{Skipped: true}, counts[1])

	a, err := lockout.Reserve(t.Context(), name)
	require.NoError(t, err)
	assert.EqualValues(t, 2, a.Failures(name), "what was behind is as it was")
	assert.Zero(t, failures(t, source))
	assert.Equal(t, len(rows), size(t, store), "no row was made, and no record of the id")
}

func TestStoresAreAskedInTheOrderOfTheirFirstKeys(t *testing.T) {
	var probes [3]*probe
	var limiters [3]*lockout.Limiter
	for i := range probes {
		probes[i] = newProbe()
		limiters[i] = lockout.New(probes[i], fmt.Sprint(i), lockout.Policy{Free: 2})
	}
	asked := func() (n [3]int) {
		for i, p := range probes {
			n[i] = len(p.called())
		}
		return n
	}
	a, b, c := limiters[0], limiters[1], limiters[2]
	fail(t, 2, a.Key("closed"))
	fail(t, 2, b.Key("closed"))
	for _, tt := range []struct {
		keys    []lockout.Key
		refused lockout.Key
		asked   [3]int
	}{
		{[]lockout.Key{a.Key("1"), b.Key("1"), b.Key("closed"), c.Key("1"), a.Key("2")}, b.Key("closed"), [3]int{1, 1, 0}},
		{[]lockout.Key{b.Key("1"), c.Key("1"), a.Key("1"), b.Key("closed"), a.Key("closed")}, b.Key("closed"), [3]int{0, 1, 0}},
		{[]lockout.Key{c.Key("1"), a.Key("1"), b.Key("1"), b.Key("closed"), a.Key("closed"), c.Key("2")}, a.Key("closed"), [3]int{1, 0, 1}},
		{[]lockout.Key{a.Key("1"), b.Key("1"), c.Key("1"), a.Key("2"), b.Key("closed"), b.Key("2"), c.Key("2")}, b.Key("closed"), [3]int{1, 1, 0}},
	} {
		asked()
		attempt, err := lockout.Try(t.Context(), "", tt.keys...)
		require.NoError(t, err)
		assert.Equal(t, tt.asked, asked())
		for _, key := range tt.keys {
			_, blocked := attempt.Blocked(key)
			assert.Equal(t, key == tt.refused, blocked)
		}
		require.NoError(t, attempt.Refund(t.Context()))
		_, err = lockout.Reserve(t.Context(), tt.keys...)
		require.ErrorIs(t, err, lockout.ErrBlocked)
		for i, key := range tt.keys {
			if key != a.Key("closed") && key != b.Key("closed") {
				assert.Zero(t, failures(t, key), "key %d", i)
			}
		}
	}
}

// ordered is a store that notes the order of the requests it gets.
type ordered struct {
	lockout.Store
	keys []string
}

func (s *ordered) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	for _, r := range requests {
		s.keys = append(s.keys, r.Key)
	}
	return s.Store.Reserve(ctx, now, requests...)
}

func TestEachStoreGetsItsKeysInTheOrderGiven(t *testing.T) {
	var stores [3]*ordered
	var limiters [3]*lockout.Limiter
	for i := range stores {
		stores[i] = &ordered{Store: new(lockout.MemoryStore)}
		limiters[i] = lockout.New(stores[i], fmt.Sprint(i), lockout.Policy{})
	}
	var keys []lockout.Key
	var want [3][]string
	for n, i := range []int{0, 1, 2, 1, 0, 2, 2, 0, 1, 0} {
		key := limiters[i].Key(fmt.Sprint(n))
		keys = append(keys, key)
		want[i] = append(want[i], key.String())
	}
	_, err := lockout.Reserve(t.Context(), keys...)
	require.NoError(t, err)
	for i, s := range stores {
		assert.Equal(t, want[i], s.keys)
	}
}

// answers is a store that says what it is told to.
type answers struct {
	lockout.Store
	counts []lockout.Count
}

func (s answers) Reserve(context.Context, time.Time, ...lockout.Request) ([]lockout.Count, error) {
	return s.counts, nil
}

func TestAStoreThatSkipsForNoReasonIsNotBelieved(t *testing.T) {
	for _, counts := range [][]lockout.Count{
		{{Skipped: true}, {Skipped: true}},
		{{Seq: 1, Failures: 1, Granted: true}, {Skipped: true}},
		{{}, {Seq: 1, Failures: 1, Granted: true, Skipped: true}},
	} {
		s := &answers{new(lockout.MemoryStore), counts}
		l := lockout.New(s, "test", lockout.Policy{})
		a, err := lockout.Reserve(t.Context(), l.Key("a"), l.Key("b"))
		require.ErrorContains(t, err, "verify nothing")
		require.NotErrorIs(t, err, lockout.ErrBlocked)
		require.Nil(t, a)
	}
}

// A store of many processes may have counted behind a key that refused.
func TestWhatWasCountedBehindARefusalIsGivenBack(t *testing.T) {
	p := newProbe()
	l := lockout.New(&answers{p, []lockout.Count{{}, {Skipped: true}, {Seq: 1, Failures: 1, Granted: true}}}, "test", lockout.Policy{})
	_, err := lockout.Reserve(t.Context(), l.Key("a"), l.Key("b"), l.Key("c"))
	require.ErrorIs(t, err, lockout.ErrBlocked)
	assert.Equal(t, []string{"settle"}, p.called())
}
