package audit_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/audit"
)

func TestListenersDeliverInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got, faults []string
		l := audit.NewListeners(
			audit.ListenersConfig{Fault: func(err error) { faults = append(faults, err.Error()) }},
			nil,
			func(_ context.Context, e audit.Event) { panic("listener " + e.Account) },
			func(_ context.Context, e audit.Event) { e.Methods[0] = "changed" },
			func(_ context.Context, e audit.Event) { got = append(got, e.Account+e.Methods[0]) },
		)
		ctx, stop := context.WithCancel(t.Context())
		l.Offer(audit.Event{Account: "1", Methods: []string{"a"}}, audit.Event{Account: "2\n", Methods: []string{"b"}})
		synctest.Wait()
		assert.Empty(t, got, "the constructor must start nothing")

		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		assert.Equal(t, []string{"1a", `2\u000ab`}, got)
		assert.Len(t, faults, 2)
		assert.Contains(t, faults[0], "listener 1")
		require.Error(t, l.Run(ctx), "two at once would lose the order")

		stop()
		require.NoError(t, <-done)
		l.Offer(audit.Event{Account: "3", Methods: []string{"c"}})
		require.NoError(t, l.Run(ctx), "may run again")
		assert.Len(t, got, 3, "what is queued at the end is still delivered")
		assert.Zero(t, l.Dropped())
	})
}

func TestListenersNeverHoldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		n := 0
		l := audit.NewListeners(audit.ListenersConfig{Queue: 4}, func(context.Context, audit.Event) { <-release; n++ })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		l.Offer(audit.Event{})
		synctest.Wait() // the listener holds one
		for i := range 10 {
			l.Offer(audit.Event{Account: fmt.Sprint(i)})
		}
		assert.EqualValues(t, 6, l.Dropped())
		stop()
		close(release)
		require.NoError(t, <-done)
		assert.Equal(t, 5, n)
	})
}

func TestListenersDrainWithALivingContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	called := false
	l := audit.NewListeners(audit.ListenersConfig{}, func(ctx context.Context, _ audit.Event) {
		called = true
		assert.NoError(t, ctx.Err())
	})
	l.Offer(audit.Event{})
	require.NoError(t, l.Run(ctx))
	assert.True(t, called)

	none := audit.NewListeners(audit.ListenersConfig{Queue: 1})
	none.Offer(audit.Event{}, audit.Event{})
	assert.Zero(t, none.Dropped(), "nobody listens, so nothing is lost")
}
