package lockout_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// together runs f n times at once, all let go at the same moment.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	gun := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gun
			f(i)
		})
	}
	close(gun)
	wg.Wait()
}

func TestContendersOnOneKey(t *testing.T) {
	for _, free := range []int{1, 5, 100} {
		l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{Free: free})
		var granted, blocked atomic.Int64
		together(200, func(int) {
			_, err := lockout.Reserve(t.Context(), l.Key("li.na"))
			switch {
			case err == nil:
				granted.Add(1)
			case errors.Is(err, lockout.ErrBlocked):
				blocked.Add(1)
			}
		})
		assert.EqualValues(t, free, granted.Load())
		assert.EqualValues(t, 200-free, blocked.Load())
	}
}

// Callers read their clocks before they reach the store, in any order. None of
// them may be refused because another one's time is a little ahead.
func TestContendersWithinTheLimitAreAllGranted(t *testing.T) {
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{Free: 200})
	var granted atomic.Int64
	together(200, func(int) {
		if _, err := lockout.Reserve(t.Context(), l.Key("a")); err == nil {
			granted.Add(1)
		}
	})
	assert.EqualValues(t, 200, granted.Load())
}

func TestContendersOnSeveralKeys(t *testing.T) {
	store := new(lockout.MemoryStore)
	names := lockout.New(store, "name", lockout.Policy{Free: 5})
	sources := lockout.New(store, "source", lockout.Policy{Free: 20})
	var granted atomic.Int64
	together(200, func(i int) {
		name := string(rune('a' + i%3))
		if _, err := lockout.Reserve(t.Context(), sources.Key("192.0.2.1"), names.Key(name)); err == nil {
			granted.Add(1)
		}
	})
	assert.LessOrEqual(t, granted.Load(), int64(15))
	assert.Equal(t, granted.Load(), failures(t, sources.Key("192.0.2.1")), "what was refused was given back")
}

func TestExactCountsInParallel(t *testing.T) {
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Cap(2000))
	kept, refunded, cleared := l.Key("kept"), l.Key("refunded"), l.Key("cleared")
	together(1000, func(i int) {
		a, err := lockout.Reserve(t.Context(), kept, refunded, cleared)
		if !assert.NoError(t, err) {
			return
		}
		if i%2 == 0 {
			together(2, func(int) { assert.NoError(t, a.Refund(t.Context(), refunded)) })
		}
		assert.NoError(t, a.Succeed(t.Context(), cleared))
	})
	assert.EqualValues(t, 1000, failures(t, kept))
	assert.EqualValues(t, 500, failures(t, refunded))
	assert.Zero(t, failures(t, cleared))
}

func TestSuccessInParallelKeepsEveryLaterFailure(t *testing.T) {
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Cap(2000))
	key := l.Key("a")
	right, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	together(500, func(i int) {
		if i == 250 {
			assert.NoError(t, right.Succeed(t.Context()))
			return
		}
		_, err := lockout.Reserve(t.Context(), key)
		assert.NoError(t, err)
	})
	assert.EqualValues(t, 499, failures(t, key))
}

func TestClearInParallelHandsOutOneLadderMore(t *testing.T) {
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{Free: 5})
	key := l.Key("a")
	var granted atomic.Int64
	together(200, func(i int) {
		if i == 100 {
			assert.NoError(t, lockout.Clear(t.Context(), key))
		} else if _, err := lockout.Reserve(t.Context(), key); err == nil {
			granted.Add(1)
		}
	})
	assert.GreaterOrEqual(t, granted.Load(), int64(5))
	assert.LessOrEqual(t, granted.Load(), int64(10))
}

func requireRefused(t *testing.T, keys ...lockout.Key) {
	t.Helper()
	_, err := lockout.Reserve(t.Context(), keys...)
	blocked := new(lockout.BlockedError)
	require.ErrorAs(t, err, &blocked)
	require.Greater(t, blocked.RetryAfter, time.Duration(0))
}
