package lockout_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clock is a time that tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newLimiter returns a limiter on a store of its own and the clock of both.
func newLimiter(t *testing.T, policy lockout.Policy) (*lockout.Limiter, *clock) {
	t.Helper()
	c := newClock()
	l := lockout.New(new(lockout.MemoryStore), "test", policy).Clock(c.Now)
	require.NoError(t, l.Err())
	return l, c
}

// fail reserves n attempts that are granted and end in a failure.
func fail(t *testing.T, n int, keys ...lockout.Key) {
	t.Helper()
	for range n {
		_, err := lockout.Reserve(t.Context(), keys...)
		require.NoError(t, err)
	}
}

// failures reserves on key, gives it back, and returns what counted before.
func failures(t *testing.T, key lockout.Key) int64 {
	t.Helper()
	a, err := lockout.Try(t.Context(), "", key)
	require.NoError(t, err)
	n := a.Failures(key)
	if a.Granted(key) {
		n--
	}
	require.NoError(t, a.Refund(t.Context()))
	return n
}

func requireBlocked(t *testing.T, wait time.Duration, keys ...lockout.Key) {
	t.Helper()
	_, err := lockout.Reserve(t.Context(), keys...)
	require.ErrorIs(t, err, lockout.ErrBlocked)
	blocked := new(lockout.BlockedError)
	require.ErrorAs(t, err, &blocked)
	require.Equal(t, wait, blocked.RetryAfter)
}

// valueStore is a store that == panics on.
type valueStore struct {
	*lockout.MemoryStore
	_ []int
}

func TestInvalidLimiterFailsClosed(t *testing.T) {
	store := new(lockout.MemoryStore)
	cases := map[string]*lockout.Limiter{
		"an empty Limiter":      new(lockout.Limiter),
		"needs a store":         lockout.New(nil, "test", lockout.Policy{}),
		"a limiter needs a sto": lockout.New((*lockout.MemoryStore)(nil), "test", lockout.Policy{}),
		"pass a pointer":        lockout.New(valueStore{MemoryStore: store}, "test", lockout.Policy{}),
		"needs a name":          lockout.New(store, "", lockout.Policy{}),
		"positive":              lockout.New(store, "test", lockout.Policy{Waits: []time.Duration{0}}),
	}
	good := lockout.New(store, "good", lockout.Policy{}).Key()
	for problem, l := range cases {
		t.Run(problem, func(t *testing.T) {
			require.ErrorContains(t, l.Err(), problem)
			_, err := lockout.Reserve(t.Context(), good, l.Key("a"))
			require.ErrorContains(t, err, problem)
			_, err = lockout.Try(t.Context(), "id", l.Key("a"))
			require.ErrorContains(t, err, problem)
			require.ErrorContains(t, lockout.Clear(t.Context(), l.Key("a")), problem)
		})
	}
	assert.Zero(t, failures(t, good), "nothing was counted on the good key")
}

func TestUnusableKeysAreRefused(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	twin := l.Clock(time.Now)
	many := make([]lockout.Key, lockout.MaxAttemptKeys+1)
	for i := range many {
		many[i] = l.Key(fmt.Sprint(i))
	}
	cases := map[string][]lockout.Key{
		"0 keys":       nil,
		"17 keys":      many,
		"an empty Key": {l.Key("a"), {}},
		"given twice":  {l.Key("a"), l.Key("b"), twin.Key("a")},
	}
	for problem, keys := range cases {
		_, err := lockout.Reserve(t.Context(), keys...)
		require.ErrorContains(t, err, problem)
	}
	_, err := lockout.Reserve(t.Context(), many[1:]...)
	require.NoError(t, err)
	assert.Zero(t, failures(t, l.Key("a")))
}

// The format of stored keys must stay: to change it opens every lock.
func TestKeyFormat(t *testing.T) {
	l := lockout.New(new(lockout.MemoryStore), "login name", lockout.Policy{})
	// printf '\0\0\0\0\0\0\0\x0alogin name\0\0\0\0\0\0\0\x04acme\0\0\0\0\0\0\0\x05li.na' | openssl dgst -sha256 -binary | basenc --base64url
	assert.Equal(t, "3_DBpjOM_XIth5VFxZpy3dzK1bq2-Nd6FObk0JnGHpc", l.Key("acme", "li.na").String())
}

func TestKeysNeverMeet(t *testing.T) {
	store := new(lockout.MemoryStore)
	l := lockout.New(store, "ab", lockout.Policy{})
	keys := []lockout.Key{
		l.Key(), l.Key(""), l.Key("", ""), l.Key("ab"), l.Key("a", "b"), l.Key("b", "a"), l.Key("ab", ""), l.Key("", "ab"),
		lockout.New(store, "a", lockout.Policy{}).Key("b"), lockout.New(store, "abab", lockout.Policy{}).Key(),
		l.Key(strings.Repeat("x", 1<<16)), l.Key(strings.Repeat("x", 1<<16-1), "x"),
	}
	seen := map[string]bool{}
	for _, key := range keys {
		seen[key.String()] = true
		assert.Len(t, key.String(), 43)
	}
	assert.Len(t, seen, len(keys))
	assert.Equal(t, l.Key("a", "b"), l.Key("a", "b"), "keys compare by what they name")
}

func TestNothingTypedIsPrinted(t *testing.T) {
	l, _ := newLimiter(t, lockout.Cap(1))
	key := l.Key("hunter2")
	fail(t, 1, key)
	_, err := lockout.Reserve(t.Context(), key)
	for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v %q", key, key, key, err)} {
		assert.NotContains(t, text, "hunter2")
	}
	assert.EqualError(t, err, "lockout: too many attempts: test is closed until it is cleared")
}

func TestClocksShareCounters(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{Free: 1})
	fail(t, 1, l.Key("a"))
	later := l.Clock(func() time.Time { return c.Now().Add(time.Minute) })
	requireBlocked(t, time.Minute, l.Key("a"))
	fail(t, 1, later.Key("a"))
	assert.NoError(t, l.Clock(nil).Err())
}
