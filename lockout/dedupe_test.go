package lockout_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func try(t *testing.T, id string, keys ...lockout.Key) *lockout.Attempt {
	t.Helper()
	a, err := lockout.Try(t.Context(), id, keys...)
	require.NoError(t, err)
	return a
}

func TestRepeatCountsOnce(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{Free: 2})
	a, b := l.Key("a"), l.Key("b")
	fail(t, 1, a)
	first := try(t, "id", a, b)
	assert.False(t, first.Repeat())
	assert.Equal(t, c.Now(), first.First())
	requireBlocked(t, time.Minute, a)

	c.Advance(lockout.DedupeWindow - time.Microsecond)
	again := try(t, "id", a, b)
	assert.True(t, again.Repeat())
	assert.True(t, again.Granted(a), "granted what the first one was")
	assert.Equal(t, first.First(), again.First())
	assert.EqualValues(t, 2, again.Failures(a))
	assert.EqualValues(t, 1, failures(t, b))

	c.Advance(time.Microsecond)
	late := try(t, "id", a, b)
	assert.False(t, late.Repeat(), "the window is over")
	assert.EqualValues(t, 3, late.Failures(a))
	assert.Equal(t, c.Now(), late.First())
}

func TestFirstIsToTheMicrosecondInUTC(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{})
	east := l.Clock(func() time.Time { return c.Now().Add(1999).In(time.FixedZone("", 8*3600)) })
	first := try(t, "id", east.Key()).First()
	assert.Equal(t, c.Now().Add(time.Microsecond), first)
}

func TestWhatIsNoRepeat(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	other := lockout.New(new(lockout.MemoryStore), "other", lockout.Policy{})
	simple := lockout.New(newProbe(), "test", lockout.Policy{})
	a, b := l.Key("a"), l.Key("b")
	try(t, "id", a, b)
	for name, second := range map[string]func() *lockout.Attempt{
		"another id":             func() *lockout.Attempt { return try(t, "di", a, b) },
		"no id":                  func() *lockout.Attempt { try(t, "", a); return try(t, "", a) },
		"other keys":             func() *lockout.Attempt { return try(t, "id", a, l.Key("c")) },
		"fewer keys":             func() *lockout.Attempt { return try(t, "id", a) },
		"several stores":         func() *lockout.Attempt { try(t, "id", a, other.Key()); return try(t, "id", a, other.Key()) },
		"a store that can't":     func() *lockout.Attempt { try(t, "id", simple.Key("a")); return try(t, "id", simple.Key("a")) },
		"a Reserve never is one": func() *lockout.Attempt { x, _ := lockout.Reserve(t.Context(), b); return x },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, lockout.Clear(t.Context(), a, b))
			assert.False(t, second().Repeat())
		})
	}
}

func TestRefusedIDIsNotRecorded(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{Free: 1})
	open, closed := l.Key("open"), l.Key("closed")
	fail(t, 1, closed)
	a := try(t, "id", open, closed)
	require.NoError(t, a.Refund(t.Context()))
	assert.Zero(t, failures(t, open), "it has no record to be released from")
	c.Advance(time.Minute)
	b := try(t, "id", open, closed)
	assert.False(t, b.Repeat())
	assert.True(t, b.Granted(closed))
}

func TestParallelSubmitsCountOnce(t *testing.T) {
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{Free: 5})
	key := l.Key("a")
	var firsts, granted atomic.Int64
	together(200, func(int) {
		a, err := lockout.Try(t.Context(), "id", key)
		if assert.NoError(t, err) && !a.Repeat() {
			firsts.Add(1)
		}
		if a.Granted(key) {
			granted.Add(1)
		}
	})
	assert.EqualValues(t, 1, firsts.Load())
	assert.EqualValues(t, 200, granted.Load())
	assert.EqualValues(t, 1, failures(t, key))
}

// One of two submits is overloaded and gives back, the other one verifies.
func TestOnlyTheLastHolderRefunds(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	first, second := try(t, "id", key), try(t, "id", key)
	require.NoError(t, first.Refund(t.Context()))
	require.NoError(t, first.Refund(t.Context()), "it leaves only once")
	assert.EqualValues(t, 1, failures(t, key), "the second one may be verifying")
	third := try(t, "id", key)
	assert.True(t, third.Repeat())
	require.NoError(t, second.Refund(t.Context()))
	assert.EqualValues(t, 1, failures(t, key))
	require.NoError(t, third.Refund(t.Context()))
	assert.Zero(t, failures(t, key))
	assert.False(t, try(t, "id", key).Repeat(), "all gave back: the next one counts")
	assert.EqualValues(t, 1, failures(t, key))
}

func TestRefundOfAnAttemptThatMayStillVerify(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	name, source := l.Key("name"), l.Key("source")
	first, second := try(t, "id", name, source), try(t, "id", name, source)
	require.NoError(t, first.Refund(t.Context(), source))
	assert.EqualValues(t, 1, failures(t, source), "in part: it goes on with name")
	require.NoError(t, second.Refund(t.Context()))
	assert.EqualValues(t, 1, failures(t, name), "the first one is counted still")
	require.NoError(t, first.Refund(t.Context()))
	assert.Zero(t, failures(t, name))
	assert.Zero(t, failures(t, source))
}

func TestSuccessGivesTheSourceItsUnitBackOnce(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{Free: 10})
	name, source := l.Key("name"), l.Key("source")
	fail(t, 3, source)
	for i := range 20 {
		a := try(t, "id", name, source)
		assert.Equal(t, i > 0, a.Repeat(), "a success stays known")
		require.NoError(t, a.Settle(t.Context(), []lockout.Key{name}, []lockout.Key{source}))
		assert.EqualValues(t, 3, failures(t, source), "replays of a right password don't pay for guesses")
	}
}

func TestLateRefundStaysCounted(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	first := try(t, "id", key)
	c.Advance(lockout.DedupeWindow / 2)
	require.NoError(t, first.Refund(t.Context()))
	assert.EqualValues(t, 1, failures(t, key))

	// Long after the window the id is that of other attempts: an early one must
	// not leave in their place.
	c.Advance(lockout.DedupeWindow)
	second, third := try(t, "id", key), try(t, "id", key)
	require.True(t, third.Repeat())
	require.NoError(t, first.Refund(t.Context()))
	require.NoError(t, second.Refund(t.Context()))
	assert.EqualValues(t, 2, failures(t, key), "the third one may be verifying")
}

// noRelease is a Deduper that can't be reached when it matters.
type noRelease struct{ *lockout.MemoryStore }

var errNoRelease = errors.New("connection lost")

func (noRelease) Release(context.Context, string) (bool, error) { return true, errNoRelease }

func TestReleaseThatFails(t *testing.T) {
	l := lockout.New(noRelease{new(lockout.MemoryStore)}, "test", lockout.Policy{})
	key := l.Key("a")
	a := try(t, "id", key)
	require.ErrorIs(t, a.Refund(t.Context()), errNoRelease)
	require.NoError(t, a.Refund(t.Context()), "whether it left isn't known")
	assert.EqualValues(t, 1, failures(t, key), "so it stays counted")
}

// Every order of three submits of one id, each with every end that can meet
// the others: no failure is ever given back, and no unit twice.
func TestEveryOrderOfThreeSubmits(t *testing.T) {
	const submits = 3
	for _, wrong := range []bool{true, false} { // all verify the same: wrong or right
		for ends := range 1 << submits { // bit set: overloaded, else verified
			for _, order := range orders(submits) {
				l, _ := newLimiter(t, lockout.Cap(100))
				name, source := l.Key("name"), l.Key("source")
				fail(t, 3, name, source)
				attempts := make([]*lockout.Attempt, submits)
				verified := make([]bool, submits)
				for _, i := range order {
					switch {
					case attempts[i] == nil:
						attempts[i] = try(t, "id", name, source)
						verified[i] = ends>>i&1 == 0
					case !verified[i]:
						require.NoError(t, attempts[i].Refund(t.Context()))
					case !wrong:
						require.NoError(t, attempts[i].Settle(t.Context(), []lockout.Key{name}, []lockout.Key{source}))
					}
				}
				what := fmt.Sprintf("wrong %v, overloaded %03b, order %v", wrong, ends, order)
				left := failures(t, source)
				require.GreaterOrEqual(t, left, int64(3), "given back twice: "+what)
				if ends == 1<<submits-1 {
					require.EqualValues(t, 3, left, "all gave back: "+what)
				}
				if wrong {
					require.Equal(t, left, failures(t, name), what)
					require.GreaterOrEqual(t, left, 3+int64(reservations(attempts, verified, name)), "uncounted: "+what)
				}
			}
		}
	}
}

// reservations counts the reservations that the verified attempts stand on.
// Each of them saw another number of failures, if none was taken away.
func reservations(attempts []*lockout.Attempt, verified []bool, key lockout.Key) int {
	seen := map[int64]bool{}
	for i, a := range attempts {
		if verified[i] {
			seen[a.Failures(key)] = true
		}
	}
	return len(seen)
}

// orders lists every order of the begins and ends of n attempts: an attempt's
// number stands for its begin first and for its end then.
func orders(n int) (all [][]int) {
	var extend func(order []int, left []int)
	extend = func(order []int, left []int) {
		if len(order) == 2*n {
			all = append(all, append([]int(nil), order...))
			return
		}
		for i := range left {
			if left[i] > 0 {
				left[i]--
				extend(append(order, i), left)
				left[i]++
			}
		}
	}
	left := make([]int, n)
	for i := range left {
		left[i] = 2
	}
	extend(nil, left)
	return all
}
