package lockout_test

import (
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLadderAtExactInstants(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{})
	key := l.Key("li.na")
	fail(t, 5, key)
	waits := append(l.Policy().Waits, 24*time.Hour)
	for i, wait := range waits {
		requireBlocked(t, wait, key)
		c.Advance(wait - time.Microsecond)
		requireBlocked(t, time.Microsecond, key)
		c.Advance(time.Microsecond)
		if wait == 24*time.Hour { // the default forgets with the end of its longest wait
			assert.Zero(t, failures(t, key))
			fail(t, 5, key)
			requireBlocked(t, time.Minute, key)
			return
		}
		a, err := lockout.Reserve(t.Context(), key)
		require.NoError(t, err)
		require.EqualValues(t, 6+i, a.Failures(key))
	}
}

func TestLastWaitRepeats(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{Free: 2, Waits: []time.Duration{time.Second, time.Minute}})
	key := l.Key("a")
	fail(t, 2, key)
	for _, wait := range []time.Duration{time.Second, time.Minute, time.Minute, time.Minute} {
		requireBlocked(t, wait, key)
		c.Advance(wait)
		fail(t, 1, key)
	}
}

func TestNothingCountsWhileBlocked(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	fail(t, 5, key)
	for range 30 {
		c.Advance(time.Second)
		_, err := lockout.Reserve(t.Context(), key)
		require.ErrorIs(t, err, lockout.ErrBlocked)
	}
	requireBlocked(t, 30*time.Second, key)
	c.Advance(30 * time.Second)
	a, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	assert.EqualValues(t, 6, a.Failures(key))
}

func TestForget(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{Forget: 48 * time.Hour})
	key := l.Key("a")
	fail(t, 4, key)
	c.Advance(48*time.Hour - time.Microsecond)
	assert.EqualValues(t, 4, failures(t, key))
	c.Advance(time.Microsecond)
	assert.Zero(t, failures(t, key))

	fail(t, 1, key)
	c.Advance(47 * time.Hour)
	fail(t, 1, key)
	c.Advance(47 * time.Hour)
	assert.EqualValues(t, 2, failures(t, key), "counted from the latest attempt")
}

func TestCap(t *testing.T) {
	l, c := newLimiter(t, lockout.Cap(3))
	key := l.Key("totp", "1")
	fail(t, 2, key)
	c.Advance(100 * 365 * 24 * time.Hour)
	fail(t, 1, key)
	requireBlocked(t, lockout.Never, key)
	c.Advance(100 * 365 * 24 * time.Hour)
	requireBlocked(t, lockout.Never, key)
	require.NoError(t, lockout.Clear(t.Context(), key, l.Key("unused")))
	require.NoError(t, lockout.Clear(t.Context(), key, key))
	fail(t, 3, key)
	requireBlocked(t, lockout.Never, key)
}

func TestCapCountsConsecutiveFailures(t *testing.T) {
	l, _ := newLimiter(t, lockout.Cap(3))
	key := l.Key("a")
	for range 10 {
		fail(t, 2, key)
		a, err := lockout.Reserve(t.Context(), key)
		require.NoError(t, err)
		require.NoError(t, a.Succeed(t.Context()))
	}
	assert.Zero(t, failures(t, key))
}

func TestQuota(t *testing.T) {
	l, c := newLimiter(t, lockout.Quota(3, time.Hour))
	key := l.Key("+86 138 0000 0000")
	for range 3 {
		fail(t, 3, key)
		requireBlocked(t, time.Hour, key)
		c.Advance(time.Hour)
	}
	fail(t, 2, key)
	c.Advance(time.Hour)
	fail(t, 3, key)
	requireBlocked(t, time.Hour, key)
}

func TestRefundReopensTheLockItBegan(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	fail(t, 4, key)
	fifth, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	requireBlocked(t, time.Minute, key)
	require.NoError(t, fifth.Refund(t.Context()))
	assert.EqualValues(t, 4, failures(t, key))

	fail(t, 1, key)
	c.Advance(time.Minute)
	sixth, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	requireBlocked(t, 5*time.Minute, key)
	require.NoError(t, sixth.Refund(t.Context()))
	fail(t, 1, key)
	requireBlocked(t, 5*time.Minute, key)
}

func TestRefundGivesBackOnce(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	fail(t, 3, key)
	a, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, a.Refund(t.Context()))
		require.NoError(t, a.Refund(t.Context(), key))
		require.NoError(t, a.Succeed(t.Context()), "nothing told later changes what was settled")
	}
	assert.EqualValues(t, 3, failures(t, key))
}

func TestSucceedKeepsLaterReservations(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	fail(t, 2, key)
	right, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	fail(t, 2, key)
	requireBlocked(t, time.Minute, key)
	require.NoError(t, right.Succeed(t.Context()))
	assert.EqualValues(t, 2, failures(t, key))
	require.NoError(t, right.Refund(t.Context()))
	assert.EqualValues(t, 2, failures(t, key))
}

func TestEarlierSuccessAfterLaterOneChangesNothing(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	key := l.Key("a")
	early, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	late, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, late.Succeed(t.Context()))
	fail(t, 2, key)
	require.NoError(t, early.Refund(t.Context()))
	assert.EqualValues(t, 2, failures(t, key))
}

// What is left over from before a Clear must not pay for attempts after it.
func TestLateSettlementAfterClear(t *testing.T) {
	settle := map[string]func(*lockout.Attempt) error{
		"succeed": func(a *lockout.Attempt) error { return a.Succeed(t.Context()) },
		"refund":  func(a *lockout.Attempt) error { return a.Refund(t.Context()) },
	}
	for name, end := range settle {
		t.Run(name, func(t *testing.T) {
			l, _ := newLimiter(t, lockout.Policy{})
			key := l.Key("a")
			first, err := lockout.Reserve(t.Context(), key)
			require.NoError(t, err)
			fail(t, 3, key)
			fifth, err := lockout.Reserve(t.Context(), key)
			require.NoError(t, err)
			require.NoError(t, lockout.Clear(t.Context(), key))
			fail(t, 3, key)
			require.NoError(t, end(first))
			require.NoError(t, end(fifth))
			assert.EqualValues(t, 3, failures(t, key))
			fail(t, 2, key)
			requireBlocked(t, time.Minute, key)
		})
	}
}

// Clocks of several machines differ a little, and goroutines overtake.
func TestClockBehindTheLatestAttempt(t *testing.T) {
	l, c := newLimiter(t, lockout.Policy{})
	behind := l.Clock(func() time.Time { return c.Now().Add(-time.Second) })
	fail(t, 3, l.Key("a"))
	fail(t, 2, behind.Key("a"))
	requireBlocked(t, time.Minute, l.Key("a"))
	requireBlocked(t, time.Minute+time.Second, behind.Key("a"))
}
