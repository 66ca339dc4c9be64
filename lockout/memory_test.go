package lockout_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// complete returns a policy as stores get it.
func complete(t testing.TB, p lockout.Policy) lockout.Policy {
	t.Helper()
	p, err := p.Complete()
	require.NoError(t, err)
	return p
}

// size drops everything and reports how much there was.
func size(t *testing.T, store *lockout.MemoryStore) int {
	t.Helper()
	n, err := store.Expire(t.Context(), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt)
	require.NoError(t, err)
	return n
}

func TestFloodNeitherOpensNorLocksOut(t *testing.T) {
	for _, maxKeys := range []int{1, 10, 1000, 10_000} {
		t.Run(fmt.Sprint(maxKeys), func(t *testing.T) {
			store, c := &lockout.MemoryStore{MaxKeys: 3 + maxKeys}, newClock()
			l := lockout.New(store, "name", lockout.Policy{}).Clock(c.Now)
			caps := lockout.New(store, "cap", lockout.Cap(7)).Clock(c.Now)
			blocked, capped, tried := l.Key("blocked"), caps.Key("capped"), l.Key("tried")
			fail(t, 5, blocked)
			fail(t, 7, capped)
			fail(t, 4, tried)
			for i := range 10 * maxKeys {
				fail(t, 1, l.Key("flood", fmt.Sprint(i)))
				if i%1000 == 0 {
					requireBlocked(t, time.Minute, blocked)
				}
			}
			requireBlocked(t, time.Minute, blocked)
			requireBlocked(t, lockout.Never, capped)
			fail(t, 1, l.Key("new"))
			fail(t, 1, tried)
			requireBlocked(t, time.Minute, tried)
			assert.LessOrEqual(t, size(t, store), 3+maxKeys)
		})
	}
}

func TestFewestFailuresGoFirst(t *testing.T) {
	store, c := &lockout.MemoryStore{MaxKeys: 4}, newClock()
	l := lockout.New(store, "name", lockout.Policy{}).Clock(c.Now)
	kept := map[string]int64{"once, newer": 1, "twice": 2, "thrice": 3}
	fail(t, 1, l.Key("once, older"))
	for name, n := range kept {
		fail(t, int(n), l.Key(name))
	}
	fail(t, 1, l.Key("new"))
	for name, n := range kept {
		assert.Equal(t, n, failures(t, l.Key(name)), name)
	}
}

func TestExpiredGoBeforeAllOthers(t *testing.T) {
	store, c := &lockout.MemoryStore{MaxKeys: 3}, newClock()
	l := lockout.New(store, "name", lockout.Policy{}).Clock(c.Now)
	short := lockout.New(store, "short", lockout.Quota(9, time.Minute)).Clock(c.Now)
	fail(t, 8, short.Key())
	fail(t, 1, l.Key("a"))
	fail(t, 1, l.Key("b"))
	c.Advance(time.Minute)
	fail(t, 1, l.Key("c"))
	assert.EqualValues(t, 1, failures(t, l.Key("a")))
	assert.EqualValues(t, 1, failures(t, l.Key("b")))
}

func TestExpiredGoFirstBehindThoseThatGoOn(t *testing.T) {
	store, c := &lockout.MemoryStore{MaxKeys: 3}, newClock()
	l := lockout.New(store, "name", lockout.Quota(9, time.Minute)).Clock(c.Now)
	long := lockout.New(store, "long", lockout.Quota(9, 65*time.Second)).Clock(c.Now)
	fail(t, 8, long.Key())
	fail(t, 1, l.Key("a"))
	fail(t, 1, l.Key("b"))
	c.Advance(50 * time.Second)
	fail(t, 1, l.Key("a"))
	fail(t, 1, l.Key("b"))
	c.Advance(15 * time.Second)
	fail(t, 1, l.Key("c"))
	assert.EqualValues(t, 2, failures(t, l.Key("a")))
	assert.EqualValues(t, 2, failures(t, l.Key("b")))
}

func TestFullOfBlockedKeys(t *testing.T) {
	store, c := &lockout.MemoryStore{MaxKeys: 10}, newClock()
	l := lockout.New(store, "name", lockout.Policy{}).Clock(c.Now)
	for i := range 10 {
		fail(t, 4, l.Key(fmt.Sprint(i)))
	}
	for i := range 9 {
		fail(t, 1, l.Key(fmt.Sprint(i)))
	}
	_, err := store.Reserve(t.Context(), c.Now(),
		lockout.Request{Key: l.Key("9").String(), Policy: l.Policy()}, lockout.Request{Key: "new", Policy: l.Policy()})
	require.ErrorIs(t, err, lockout.ErrFull, "the key that has no lock yet is asked first and then blocked")
	assert.EqualValues(t, 4, failures(t, l.Key("9")), "nothing was counted")
	fail(t, 1, l.Key("9"))

	_, err = lockout.Reserve(t.Context(), l.Key("new"))
	require.ErrorIs(t, err, lockout.ErrFull)
	require.NotErrorIs(t, err, lockout.ErrBlocked)
	for i := range 10 {
		requireBlocked(t, time.Minute, l.Key(fmt.Sprint(i)))
	}
	c.Advance(time.Minute)
	fail(t, 1, l.Key("new"))
}

func TestAKeyThatIsOpenAgainMayGo(t *testing.T) {
	ends := map[string]func(*lockout.Attempt) error{
		"refund":  func(a *lockout.Attempt) error { return a.Refund(t.Context()) },
		"succeed": func(a *lockout.Attempt) error { return a.Succeed(t.Context()) },
	}
	for name, end := range ends {
		for _, n := range []int{1, 2} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				store := &lockout.MemoryStore{MaxKeys: 1}
				l := lockout.New(store, "name", lockout.Cap(n))
				fail(t, n-1, l.Key("a"))
				a, err := lockout.Reserve(t.Context(), l.Key("a"))
				require.NoError(t, err)
				_, err = lockout.Reserve(t.Context(), l.Key("b"))
				require.ErrorIs(t, err, lockout.ErrFull)
				require.NoError(t, end(a))
				fail(t, 1, l.Key("b"))
			})
		}
	}
}

func TestAKeyThatStaysBlockedStays(t *testing.T) {
	store, c := &lockout.MemoryStore{MaxKeys: 1}, newClock()
	l := lockout.New(store, "name", lockout.Policy{Free: 1}).Clock(c.Now)
	early, err := lockout.Reserve(t.Context(), l.Key("a"))
	require.NoError(t, err)
	c.Advance(time.Minute)
	fail(t, 1, l.Key("a"))
	require.NoError(t, early.Refund(t.Context()))
	_, err = lockout.Reserve(t.Context(), l.Key("b"))
	require.ErrorIs(t, err, lockout.ErrFull)
	requireBlocked(t, time.Minute, l.Key("a"))
}

// Laws that a careful caller never needs.
func TestSettlementsThatDoNotFit(t *testing.T) {
	store, now := new(lockout.MemoryStore), newClock().Now()
	request := lockout.Request{Key: "a", Policy: complete(t, lockout.Cap(9))}
	reserve := func() lockout.Count {
		counts, err := store.Reserve(t.Context(), now, request)
		require.NoError(t, err)
		return counts[0]
	}
	seq := reserve().Seq
	for _, s := range []lockout.Settlement{
		{Key: "a", Seq: seq + 5, Outcome: lockout.Succeeded},
		{Key: "a", Seq: seq + 5, Outcome: lockout.Refunded},
		{Key: "a", Seq: 0, Outcome: lockout.Succeeded},
		{Key: "a", Seq: -1, Outcome: lockout.Refunded},
		{Key: "a", Seq: seq},
		{Key: "missing", Seq: 1, Outcome: lockout.Succeeded},
	} {
		require.NoError(t, store.Settle(t.Context(), s))
	}
	assert.EqualValues(t, 2, reserve().Failures)
	for range 5 {
		require.NoError(t, store.Settle(t.Context(), lockout.Settlement{Key: "a", Seq: seq, Outcome: lockout.Refunded}))
	}
	assert.EqualValues(t, 1, reserve().Failures, "never below nothing")
}

func TestReservationsDropWhatExpired(t *testing.T) {
	store, c := new(lockout.MemoryStore), newClock()
	l := lockout.New(store, "name", lockout.Quota(2, time.Minute)).Clock(c.Now)
	const n = 2000
	for i := range n {
		a := try(t, fmt.Sprint("id", i), l.Key("old", fmt.Sprint(i)))
		if i%3 == 0 {
			require.NoError(t, a.Refund(t.Context()))
		}
	}
	c.Advance(lockout.DedupeWindow)
	for i := range n { // 64 shards: each gets about as many as it has expired
		try(t, fmt.Sprint("new id", i), l.Key("new", fmt.Sprint(i)))
	}
	assert.InDelta(t, 2*n, size(t, store), 200)
}

func TestExpire(t *testing.T) {
	store, c := new(lockout.MemoryStore), newClock()
	l := lockout.New(store, "name", lockout.Policy{}).Clock(c.Now)
	never := lockout.New(store, "cap", lockout.Cap(9)).Clock(c.Now)
	for i := range 1000 {
		fail(t, 1, l.Key(fmt.Sprint(i)))
	}
	fail(t, 1, never.Key())
	expire := func(limit int) int {
		n, err := store.Expire(t.Context(), c.Now(), limit)
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, expire(math.MaxInt))
	c.Advance(24*time.Hour - time.Microsecond)
	fail(t, 1, l.Key("0"))
	assert.Zero(t, expire(math.MaxInt))
	c.Advance(time.Microsecond)
	assert.Zero(t, expire(0))
	assert.Zero(t, expire(-1))
	assert.Equal(t, 7, expire(7))
	assert.Equal(t, 992, expire(math.MaxInt), "all but the one that was used again")
	c.Advance(time.Hour * 24 * 365 * 200)
	assert.Equal(t, 1, expire(math.MaxInt))
	assert.EqualValues(t, 1, failures(t, never.Key()), "never forgotten")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Expire(ctx, c.Now(), 1)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMemoryStoreDoesNothingWhenContextIsDone(t *testing.T) {
	store := new(lockout.MemoryStore)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request := lockout.Request{Key: "a", Policy: complete(t, lockout.Policy{})}
	_, err := store.Reserve(ctx, time.Now(), request)
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.ReserveOnce(ctx, time.Now(), "id", time.Now(), request)
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Release(ctx, "id")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, store.Settle(ctx, lockout.Settlement{Key: "a"}), context.Canceled)
	require.ErrorIs(t, store.Clear(ctx, "a"), context.Canceled)
	assert.Zero(t, size(t, store))
}

func TestMemoryStoreRefusesIncompletePolicies(t *testing.T) {
	store := new(lockout.MemoryStore)
	good := lockout.Request{Key: "a", Policy: complete(t, lockout.Policy{})}
	for _, p := range []lockout.Policy{{}, {Free: 1}, {Free: 1, Forget: 1}, {Forget: 1, Waits: []time.Duration{1}}} {
		_, err := store.Reserve(t.Context(), time.Now(), good, lockout.Request{Key: "b", Policy: p})
		require.ErrorContains(t, err, "not complete")
	}
	assert.Zero(t, size(t, store))
}

func TestIDsAreBounded(t *testing.T) {
	store, c := &lockout.MemoryStore{MaxKeys: 10}, newClock()
	l := lockout.New(store, "name", lockout.Policy{}).Clock(c.Now)
	first := try(t, "first", l.Key())
	for i := range 100 {
		try(t, fmt.Sprint(i), l.Key(fmt.Sprint(i)))
	}
	assert.LessOrEqual(t, size(t, store), 20)
	require.NoError(t, first.Refund(t.Context()))
	assert.False(t, try(t, "first", l.Key()).Repeat(), "a repeat of what was forgotten counts")
}

func TestIDsWithWindowsOfTheirOwn(t *testing.T) {
	store, now := &lockout.MemoryStore{MaxKeys: 10}, newClock().Now()
	request := lockout.Request{Key: "a", Policy: complete(t, lockout.Cap(9))}
	once := func(id string, at, until time.Duration) bool {
		o, err := store.ReserveOnce(t.Context(), now.Add(at), id, now.Add(until), request)
		require.NoError(t, err)
		return o.Repeat
	}
	assert.False(t, once("long", 0, time.Hour))
	assert.False(t, once("short", 0, time.Minute))
	assert.True(t, once("short", time.Minute-1, time.Hour))
	assert.False(t, once("short", time.Minute, 2*time.Hour), "over, although the one before it isn't")
	assert.True(t, once("long", time.Hour-1, time.Hour))
	assert.True(t, once("short", time.Hour, time.Hour), "the end of the earlier one isn't its end")
}

func TestTimesOutsideTheUsualRange(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(0, 0), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{Waits: []time.Duration{time.Nanosecond, lockout.Never - 1}}).
			Clock(func() time.Time { return now })
		fail(t, 5, l.Key())
		requireBlocked(t, time.Microsecond, l.Key())
		now = now.Add(time.Microsecond)
		fail(t, 1, l.Key())
		requireRefused(t, l.Key())
	}
}
