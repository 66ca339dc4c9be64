package lockout_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangsUp is a store whose client is gone as soon as the attempt is counted.
// Like a database it then answers with the error of a context that is done.
type hangsUp struct {
	*lockout.MemoryStore
	client context.CancelFunc
}

func (s *hangsUp) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) ([]lockout.Count, error) {
	counts, err := s.MemoryStore.Reserve(ctx, now, requests...)
	s.client()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return counts, err
}

func (s *hangsUp) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (lockout.Once, error) {
	once, err := s.MemoryStore.ReserveOnce(ctx, now, id, until, requests...)
	s.client()
	if err := ctx.Err(); err != nil {
		return lockout.Once{}, err
	}
	return once, err
}

func TestAClientThatHangsUpLeavesNoCountBehind(t *testing.T) {
	store := &hangsUp{new(lockout.MemoryStore), func() {}}
	l := lockout.New(store, "test", lockout.Policy{Free: 2})
	source, name := l.Key("source"), l.Key("name")
	fail(t, 2, name)
	connect := func() (ctx context.Context) {
		ctx, store.client = context.WithCancel(t.Context())
		return ctx
	}

	ctx := connect()
	_, err := lockout.Reserve(ctx, source, name)
	require.ErrorIs(t, err, lockout.ErrBlocked)
	require.Error(t, ctx.Err())
	assert.Zero(t, failures(t, source), "it is known what was counted, and given back")

	for _, id := range []string{"", "id"} {
		ctx = connect()
		a, err := lockout.Try(ctx, id, source, name)
		require.NoError(t, err)
		require.Error(t, ctx.Err())
		assert.True(t, a.Granted(source))
		require.NoError(t, a.Refund(ctx))
		assert.Zero(t, failures(t, source))
	}

	// Between two stores, too: the second one is asked all the same.
	other := lockout.New(new(lockout.MemoryStore), "other", lockout.Policy{Free: 2}).Key()
	fail(t, 2, other)
	_, err = lockout.Reserve(connect(), source, other)
	require.ErrorIs(t, err, lockout.ErrBlocked)
	assert.Zero(t, failures(t, source))
}

func TestNothingIsCountedForAClientThatIsGone(t *testing.T) {
	p := newProbe()
	l := lockout.New(p, "test", lockout.Policy{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, id := range []string{"", "id"} {
		_, err := lockout.Try(ctx, id, l.Key("a"))
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err := lockout.Reserve(ctx, l.Key("a"))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, lockout.Clear(ctx, l.Key("a")), context.Canceled)
	assert.Equal(t, []string{"clear"}, p.called(), "the store isn't asked")
}

func TestASuccessCountsAlthoughTheClientHungUp(t *testing.T) {
	p := newProbe()
	key := lockout.New(p, "test", lockout.Policy{}).Key("open")
	ctx, cancel := context.WithCancel(t.Context())
	p.onReserve = cancel
	a, err := lockout.Reserve(ctx, key)
	require.NoError(t, err)
	require.Error(t, ctx.Err())
	require.NoError(t, a.Succeed(ctx))
	assert.Zero(t, failures(t, key))
}

// stuck is a store that never answers.
type stuck struct{ lockout.Store }

func (stuck) Reserve(ctx context.Context, _ time.Time, _ ...lockout.Request) ([]lockout.Count, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCountingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lockout.New(stuck{}, "test", lockout.Policy{})
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := lockout.Reserve(ctx, l.Key())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 5*time.Second, time.Since(begin))
	})
}
