package lockout_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// probe is a store whose calls are counted and can be made to fail. It is no
// Deduper.
type probe struct {
	lockout.Store
	calls                  []string
	onReserve              func()
	reserve, settle, clear error
	short                  bool // answers too little
}

func newProbe() *probe { return &probe{Store: new(lockout.MemoryStore)} }

func (p *probe) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	p.calls = append(p.calls, "reserve")
	if p.reserve != nil {
		return nil, p.reserve
	}
	counts, err := p.Store.Reserve(ctx, now, requests...)
	if p.onReserve != nil {
		p.onReserve()
	}
	if p.short {
		counts = counts[1:]
	}
	return counts, err
}

func (p *probe) Settle(ctx context.Context, settlements ...lockout.Settlement) error {
	p.calls = append(p.calls, "settle")
	if p.settle != nil {
		return p.settle
	}
	return p.Store.Settle(ctx, settlements...)
}

func (p *probe) Clear(ctx context.Context, keys ...string) error {
	p.calls = append(p.calls, "clear")
	if p.clear != nil {
		return p.clear
	}
	return p.Store.Clear(ctx, keys...)
}

// called returns the calls since it was last asked.
func (p *probe) called() []string {
	calls := p.calls
	p.calls = nil
	return calls
}

func TestAllOrNone(t *testing.T) {
	one, two := newProbe(), newProbe()
	stores := map[string][2]*probe{"one store": {one, one}, "two stores": {newProbe(), two}}
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			names := lockout.New(s[0], "name", lockout.Policy{Free: 3}).Clock(c.Now)
			sources := lockout.New(s[1], "source", lockout.Policy{Free: 5}).Clock(c.Now)
			name, source := names.Key("li.na"), sources.Key("192.0.2.1")
			fail(t, 3, name, source)
			for range 10 {
				requireBlocked(t, time.Minute, source, name)
				requireBlocked(t, time.Minute, name, source)
			}
			assert.EqualValues(t, 3, failures(t, source), "a refused attempt counts nowhere")
			assert.EqualValues(t, 3, failures(t, name))
			fail(t, 2, source)
			c.Advance(10 * time.Second)
			fail(t, 3, names.Key("wang"))
			requireBlocked(t, time.Minute, names.Key("wang"), source)
			requireBlocked(t, 50*time.Second, source, names.Key("wang"))
			_, err := lockout.Reserve(t.Context(), names.Key("wang"), source)
			blocked, ok := errors.AsType[*lockout.BlockedError](err)
			require.True(t, ok)
			assert.Equal(t, "name", blocked.Limiter)
			assert.Equal(t, names.Key("wang"), blocked.Key)
		})
	}
}

func TestOneCallPerStore(t *testing.T) {
	one, two := newProbe(), newProbe()
	a := lockout.New(one, "a", lockout.Policy{})
	b := lockout.New(two, "b", lockout.Policy{})
	c := lockout.New(one, "c", lockout.Policy{})
	keys := []lockout.Key{a.Key("1"), b.Key("1"), c.Key("1"), b.Key("2"), a.Key("2")}

	attempt, err := lockout.Reserve(t.Context(), keys...)
	require.NoError(t, err)
	assert.Equal(t, []string{"reserve"}, one.called())
	assert.Equal(t, []string{"reserve"}, two.called())
	require.NoError(t, attempt.Settle(t.Context(), keys[:2], keys[2:]))
	assert.Equal(t, []string{"settle"}, one.called())
	assert.Equal(t, []string{"settle"}, two.called())
	require.NoError(t, attempt.Succeed(t.Context()))
	require.NoError(t, lockout.Clear(t.Context(), keys...))
	assert.Equal(t, []string{"clear"}, one.called(), "what is settled isn't told again")
	assert.Equal(t, []string{"clear"}, two.called())
	assert.Equal(t, a.Key("1"), keys[0], "the caller's keys stay in order")
	assert.Equal(t, a.Key("2"), keys[4])
}

func TestTryTellsOfEachKey(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{Free: 2})
	open, closed, other := l.Key("open"), l.Key("closed"), l.Key("other")
	fail(t, 2, closed)
	a, err := lockout.Try(t.Context(), "", open, closed)
	require.NoError(t, err)
	assert.True(t, a.Granted(open))
	assert.EqualValues(t, 1, a.Failures(open))
	_, is := a.Blocked(open)
	assert.False(t, is)

	blocked, is := a.Blocked(closed)
	require.True(t, is)
	assert.Equal(t, time.Minute, blocked.RetryAfter)
	assert.False(t, a.Granted(closed))
	assert.EqualValues(t, 2, a.Failures(closed))

	assert.False(t, a.Granted(other), "a key that wasn't asked for isn't granted")
	assert.False(t, a.Granted(lockout.Key{}))
	assert.Zero(t, a.Failures(other))
	require.ErrorContains(t, a.Succeed(t.Context(), open, other), "does not have")
	require.ErrorContains(t, a.Settle(t.Context(), []lockout.Key{open}, []lockout.Key{open}), "twice")

	require.NoError(t, a.Succeed(t.Context(), open, closed))
	assert.Zero(t, failures(t, open), "the mistaken calls settled nothing")
	assert.EqualValues(t, 2, failures(t, closed), "what refused isn't cleared")
}

func TestWhatRefusedIsNotSettled(t *testing.T) {
	p := newProbe()
	l := lockout.New(p, "test", lockout.Cap(1))
	fail(t, 1, l.Key("closed"))
	a, err := lockout.Try(t.Context(), "", l.Key("closed"))
	require.NoError(t, err)
	p.called()
	require.NoError(t, a.Succeed(t.Context(), l.Key("closed")))
	require.NoError(t, a.Refund(t.Context()))
	assert.Empty(t, p.called())
}

func TestSettleSuccessAndRefundTogether(t *testing.T) {
	l, _ := newLimiter(t, lockout.Policy{})
	name, source := l.Key("name"), l.Key("source")
	fail(t, 3, name, source)
	a, err := lockout.Reserve(t.Context(), name, source)
	require.NoError(t, err)
	require.NoError(t, a.Settle(t.Context(), []lockout.Key{name}, []lockout.Key{source}))
	assert.Zero(t, failures(t, name))
	assert.EqualValues(t, 3, failures(t, source), "one's success doesn't pay for others")
}

func TestStoreErrorRefusesAndRefunds(t *testing.T) {
	down := errors.New("connection refused")
	good, bad := newProbe(), newProbe()
	g, b := lockout.New(good, "good", lockout.Policy{}), lockout.New(bad, "bad", lockout.Policy{})
	for _, fault := range []func(){
		func() { bad.reserve = down },
		func() { bad.reserve, bad.short = nil, true },
	} {
		fault()
		for _, keys := range [][]lockout.Key{{g.Key("a"), b.Key("a")}, {b.Key("a"), g.Key("a")}} {
			attempt, err := lockout.Reserve(t.Context(), keys...)
			require.ErrorContains(t, err, "verify nothing")
			require.NotErrorIs(t, err, lockout.ErrBlocked)
			require.Nil(t, attempt)
			attempt, err = lockout.Try(t.Context(), "id", keys...)
			require.Error(t, err)
			require.Nil(t, attempt)
		}
		assert.Zero(t, failures(t, g.Key("a")))
	}
	good.settle = errors.New("gone too")
	_, err := lockout.Reserve(t.Context(), g.Key("a"), b.Key("a"))
	require.ErrorIs(t, err, good.settle)
	good.settle = nil
	assert.EqualValues(t, 1, failures(t, g.Key("a")), "a refund that fails leaves an over-count")
}

func TestBlockedWithFailingRefund(t *testing.T) {
	p := newProbe()
	l := lockout.New(p, "test", lockout.Policy{Free: 1})
	fail(t, 1, l.Key("closed"))
	p.settle = errors.New("gone")
	_, err := lockout.Reserve(t.Context(), l.Key("open"), l.Key("closed"))
	require.ErrorIs(t, err, lockout.ErrBlocked)
	require.ErrorIs(t, err, p.settle)
	_, err = lockout.Reserve(t.Context(), l.Key("closed"), l.Key("open"))
	require.ErrorIs(t, err, lockout.ErrBlocked)
	require.NotErrorIs(t, err, p.settle, "there is nothing to give back")
}

func TestSettlementsThatFail(t *testing.T) {
	p := newProbe()
	l := lockout.New(p, "test", lockout.Policy{})
	name, source := l.Key("name"), l.Key("source")
	fail(t, 1, name, source)
	a, err := lockout.Reserve(t.Context(), name, source)
	require.NoError(t, err)
	p.settle = errors.New("gone")
	require.ErrorIs(t, a.Settle(t.Context(), []lockout.Key{name}, []lockout.Key{source}), p.settle)
	p.settle = nil
	require.NoError(t, a.Settle(t.Context(), []lockout.Key{name}, []lockout.Key{source}))
	assert.Zero(t, failures(t, name), "a success may be told again")
	assert.EqualValues(t, 2, failures(t, source), "a refund isn't: it could be given twice")

	p.clear = errors.New("gone")
	require.ErrorIs(t, lockout.Clear(t.Context(), name), p.clear)
}
