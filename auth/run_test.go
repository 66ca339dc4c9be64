package auth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/internal/logintest"
	"github.com/crmauth/crmauth/session"
	"github.com/crmauth/crmauth/store/memstore"
)

// Run sends, tells listeners, records sums and drops what expired, until its
// context ends; then no goroutine is left.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard atomic.Int64
		w := logintest.New(t, new(memstore.Store).Stores(), func(c *auth.Config) {
			c.Now = time.Now
			c.Listeners = []audit.Listener{func(context.Context, audit.Event) { heard.Add(1) }}
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()

		_, err := w.Admin(auth.Operator{Name: "root"}, auth.Client{}).Invite(t.Context(), auth.NewAccount{Identifier: logintest.Person})
		require.NoError(t, err)
		pass(2 * time.Second)
		require.Len(t, w.Mail.Sent(), 1)
		assert.EqualValues(t, 1, heard.Load())

		id := w.Account("wang@example.com", logintest.Right)
		w.SignIn("wang@example.com", logintest.Right, logintest.Browser(1))
		for range 8 {
			_, _ = w.Try("nobody", logintest.Wrong, logintest.Browser(2))
		}
		before := len(w.Audit.Events())
		pass(2 * time.Minute)
		events := w.Audit.Events()
		require.Greater(t, len(events), before)
		assert.EqualValues(t, 2, events[len(events)-1].Count, "of three refusals the first was recorded at once")

		pass(13 * time.Hour)
		left := 0
		for range sessionsOf(t, w, id) {
			left++
		}
		assert.Zero(t, left)
		stop()
		require.NoError(t, <-ended)
	})
}

// pass lets the time of the test's bubble pass.
func pass(d time.Duration) { <-time.After(d) }

func sessionsOf(t *testing.T, w *logintest.World, account string) (list []session.Session) {
	for s, err := range w.Stores.Sessions.List(t.Context(), "", account) {
		require.NoError(t, err)
		list = append(list, s)
	}
	return list
}
