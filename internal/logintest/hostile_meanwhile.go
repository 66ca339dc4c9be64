package logintest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
)

// hostileMeanwhile: what happens between two steps of the same thing.
func hostileMeanwhile(t *testing.T, open Open) {
	root := func(w *World) *auth.Admin { return w.Admin(auth.Operator{Name: "root"}, auth.Client{}) }

	t.Run("a stranger with the password uses up no quota of a known browser", func(t *testing.T) {
		enrolled := push{}
		w := New(t, open(t), func(c *auth.Config) { c.Factors = enrolled })
		id := w.Account(Person, Right)
		owner := With(Browser(1), w.SignIn(Person, Right, Browser(1)))
		enrolled[id] = true
		for range 25 {
			_, _ = w.Try(Person, Right, Browser(2))
		}
		_, err := w.Try(Person, Right, Browser(3))
		limited(t, err)
		assert.True(t, w.recorded(audit.RateLimitExceeded))
		_, err = w.Try(Person, Right, owner)
		flow := w.Flow(more(t, err).Flow.Reveal(), owner)
		_, err = flow.Challenge(t.Context(), "f1")
		assert.NoError(t, err)
	})

	t.Run("a password that changes between two reads is nobody else's change", func(t *testing.T) {
		var known, fresh *auth.SignIn
		atEveryCall(t, open, true, func(w *World) (act, meanwhile func(), check func([]string)) {
			id := w.Account(Person, Right)
			known = w.SignIn(Person, Right, Browser(2))
			act = func() { _, _ = w.Try(Person, Right, Browser(1)) }
			meanwhile = func() {
				var err error
				fresh, err = w.Self(known.Principal, With(Browser(2), known)).ChangePassword(t.Context(), Right, Other)
				require.NoError(t, err)
			}
			check = func(calls []string) {
				assert.True(t, w.Valid(fresh), "the session of the new password ended, after %v", calls)
				sec, err := w.Stores.Security.Load(t.Context(), "", id)
				require.NoError(t, err)
				assert.Zero(t, sec.DeviceEpoch, "every device was forgotten, after %v", calls)
				w.SignIn(Person, Other, Browser(3))
			}
			return act, meanwhile, check
		})
	})

	t.Run("a request in flight does not end the session whose password is being changed", func(t *testing.T) {
		var in *auth.SignIn
		atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
			w.Account(Person, Right)
			known := w.SignIn(Person, Right, Browser(2))
			act = func() {
				var err error
				in, err = w.Self(known.Principal, With(Browser(2), known)).ChangePassword(t.Context(), Right, Other)
				require.NoError(t, err)
			}
			meanwhile = func() { w.Valid(known) }
			check = func(calls []string) { assert.True(t, w.Valid(in), "a request before %v", calls) }
			return act, meanwhile, check
		}, func(c *auth.Config) { c.CheckAccountAlways = true })
	})

	t.Run("a changed password is recorded and told, whatever fails behind it", func(t *testing.T) {
		stores, tap := tapped(open(t))
		w := New(t, stores)
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		tap.failEnd(errBroken)
		_, err := w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), Right, Other)
		tap.failEnd(nil)
		assert.Equal(t, auth.CodeUnavailable, auth.CodeOf(err))
		assert.True(t, w.recorded(audit.PasswordChange))
		assert.True(t, w.told(notify.PasswordChanged))
		w.SignIn(Person, Other, Browser(2))
	})

	t.Run("a login that must change its password ends with a suspension, though resumed", func(t *testing.T) {
		var in *auth.SignIn
		atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
			in = nil
			id := w.Account(Person, Right)
			w.secure(id, func(sec *auth.Security) { sec.Required = []string{auth.ActionChangePassword} })
			_, err := w.Try(Person, Right, Browser(1))
			flow := w.Flow(more(t, err).Flow.Reveal(), Browser(1))
			act = func() { in, _ = flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": Other}) }
			meanwhile = func() {
				require.NoError(t, root(w).Suspend(t.Context(), id))
				require.NoError(t, root(w).Resume(t.Context(), id))
			}
			check = func(calls []string) {
				if in != nil {
					assert.False(t, w.Valid(in), "suspended before %v", calls)
				}
			}
			return act, meanwhile, check
		})
	})

	t.Run("one lock is one alert", func(t *testing.T) {
		w := New(t, open(t))
		w.AccountWith(auth.Account{Identifier: Person}, Right, "lina", "na.li")
		for i, name := range []string{Person, "lina", "na.li"} {
			for n := range 5 {
				_, _ = w.Try(name, Wrong, Browser(10*i+n))
			}
		}
		alerts := 0
		for _, e := range w.Audit.Events() {
			if e.Name == audit.LoginLock {
				alerts++
			}
		}
		assert.Equal(t, 1, alerts)
	})

	t.Run("one suspension does not speak for another of the same account", func(t *testing.T) {
		atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
			x := w.Account("x@example.com", Right, "admin")
			y := w.Account("y@example.com", Other, "admin")
			act = func() { _ = root(w).Suspend(t.Context(), x) }
			meanwhile = func() {
				_ = root(w).Suspend(t.Context(), x)
				_ = root(w).Resume(t.Context(), x)
				_ = root(w).Suspend(t.Context(), y)
			}
			check = func(calls []string) {
				a, err := w.Stores.Accounts.Get(t.Context(), "", x)
				require.NoError(t, err)
				b, err := w.Stores.Accounts.Get(t.Context(), "", y)
				require.NoError(t, err)
				assert.False(t, a.Disabled && b.Disabled, "nobody administers, after %v", calls)
			}
			return act, meanwhile, check
		})
	})

	t.Run("who is given the role while being suspended was not the last", func(t *testing.T) {
		atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
			x := w.Account("x@example.com", Right, "sales")
			y := w.Account("y@example.com", Other, "admin")
			act = func() { _ = root(w).Suspend(t.Context(), x) }
			meanwhile = func() {
				_ = root(w).SetRoles(t.Context(), x, "admin")
				_ = root(w).SetRoles(t.Context(), y, "sales")
			}
			check = func(calls []string) {
				left := 0
				for _, id := range []string{x, y} {
					a, err := w.Stores.Accounts.Get(t.Context(), "", id)
					require.NoError(t, err)
					if !a.Disabled && len(a.Roles) == 1 && a.Roles[0] == "admin" {
						left++
					}
				}
				assert.Positive(t, left, "nobody administers, after %v", calls)
			}
			return act, meanwhile, check
		})
	})
}
