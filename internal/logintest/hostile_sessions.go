package logintest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
)

// atEveryCall makes a world and does act, with meanwhile at its n-th store call,
// before or after it, for every n that there is. check is told the calls up to
// that one.
func atEveryCall(t *testing.T, open Open, after bool, set func(w *World) (act, meanwhile func(), check func(calls []string)), edits ...func(*auth.Config)) {
	t.Helper()
	for n, more := 1, true; more; n++ {
		stores, tap := tapped(open(t))
		w := New(t, stores, edits...)
		act, meanwhile, check := set(w)
		more = false
		tap.arm(n, after, func() error { more = true; meanwhile(); return nil })
		act()
		if calls := tap.disarm(); more {
			check(calls)
		} else {
			require.Greater(t, n, 3, "the tap saw too few calls: %v", calls)
		}
	}
}

// secure edits the security record of an account.
func (w *World) secure(id string, edit func(*auth.Security)) {
	w.t.Helper()
	sec, err := w.Stores.Security.Load(w.t.Context(), "", id)
	require.NoError(w.t, err)
	sec.Tenant, sec.Account = "", id
	edit(&sec)
	won, err := w.Stores.Security.Save(w.t.Context(), sec, sec.Version)
	require.NoError(w.t, err)
	require.True(w.t, won)
}

// recorded reports whether an event of one of these names is on record.
func (w *World) recorded(names ...audit.Name) bool {
	return slices.ContainsFunc(w.Audit.Events(), func(e audit.Event) bool { return slices.Contains(names, e.Name) })
}

// told reports whether a message of this kind was sent.
func (w *World) told(kind notify.Kind) bool {
	w.t.Helper()
	require.NoError(w.t, w.Deliver(w.t.Context()))
	return slices.ContainsFunc(w.Mail.Sent(), func(m notify.Message) bool { return m.Kind == kind })
}

// touched are sessions that tell when one was touched.
type touched struct {
	session.Store
	then func()
}

func (s *touched) Touch(ctx context.Context, k session.Key, at time.Time) (bool, error) {
	ok, err := s.Store.Touch(ctx, k, at)
	s.then()
	return ok, err
}

// hostileSessions: no session outlives what it follows from, whoever hangs up,
// and whatever happens at the same time.
func hostileSessions(t *testing.T, open Open) {
	t.Run("an external identity opens no account out of its time", func(t *testing.T) {
		for name, edit := range map[string]func(s *auth.Security, now time.Time){
			"expired":        func(s *auth.Security, now time.Time) { s.NotAfter = now },
			"not yet active": func(s *auth.Security, now time.Time) { s.NotBefore = now.Add(time.Microsecond) },
		} {
			w := New(t, open(t), func(c *auth.Config) { c.Providers = map[string]auth.Provider{"corp": corp{}} })
			id := w.Account(Person, Right)
			before := w.SignIn(Person, Right, Browser(1))
			w.secure(id, func(s *auth.Security) { edit(s, w.Clock.Now()) })
			in, err := w.LoginWith(t.Context(), "", "corp", []byte(Person), Browser(2))
			assert.Same(t, auth.ErrInvalidCredentials, err, name)
			assert.Nil(t, in, name)
			w.Clock.Add(time.Minute)
			assert.Equal(t, name != "expired", w.Valid(before), "%s: by then it is active", name)
		}
	})

	t.Run("a tenant of another profile than the service's lets nobody in", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) {
			c.Tenants = func(_ context.Context, id string) (auth.Tenant, error) {
				return auth.Tenant{Name: id, Policy: password.MLPS()}, nil
			}
		})
		w.AccountWith(auth.Account{Tenant: "gov", Identifier: Person}, Right)
		in, err := w.Login(t.Context(), auth.Credentials{Tenant: "gov", Identifier: Person, Password: Right}, Browser(1))
		assert.Equal(t, auth.CodeUnavailable, auth.CodeOf(err), "%v", err)
		assert.Nil(t, in)
	})

	t.Run("a removed device stays removed, whatever it does at that moment", func(t *testing.T) {
		atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
			id := w.Account(Person, Right)
			thief, owner := w.SignIn(Person, Right, Browser(1)), w.SignIn(Person, Right, Browser(2))
			lost := thief.Principal.Device
			var in *auth.SignIn
			return func() { in, _ = w.Try(Person, Right, With(Browser(1), thief)) },
				func() {
					require.NoError(t, w.Self(owner.Principal, With(Browser(2), owner)).Devices().Remove(t.Context(), lost))
				},
				func(calls []string) {
					sec, err := w.Stores.Security.Load(t.Context(), "", id)
					require.NoError(t, err)
					assert.False(t, slices.ContainsFunc(sec.Devices, func(d auth.Device) bool { return d.ID == lost }), "known again, after %v", calls)
					assert.False(t, w.Valid(thief))
					assert.False(t, in != nil && in.Principal.Device == lost && w.Valid(in), "a session of it lives, after %v", calls)
				}
		})
	})

	t.Run("a changed password ends the others although its own session ends meanwhile", func(t *testing.T) {
		atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
			w.Account(Person, Right)
			stranger, in := w.SignIn(Person, Right, Browser(2)), w.SignIn(Person, Right, Browser(1))
			return func() { _, _ = w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), Right, Other) },
				func() { require.NoError(t, w.Logout(t.Context(), in.Token.Reveal())) },
				func(calls []string) {
					assert.False(t, w.Valid(in), "%v", calls)
					w.changed(t, stranger, calls)
				}
		})
	})

	t.Run("whoever hangs up can't cut off what follows a new password", func(t *testing.T) {
		for way, choose := range map[string]func(ctx context.Context, w *World, in *auth.SignIn, link string){
			"a change": func(ctx context.Context, w *World, in *auth.SignIn, _ string) {
				_, _ = w.Self(in.Principal, With(Browser(1), in)).ChangePassword(ctx, Right, Other)
			},
			"a reset": func(ctx context.Context, w *World, _ *auth.SignIn, link string) {
				_ = w.Recovery().Complete(ctx, link, Other, Browser(3))
			},
		} {
			t.Run(way, func(t *testing.T) {
				atEveryCall(t, open, true, func(w *World) (act, meanwhile func(), check func([]string)) {
					id := w.Account(Person, Right)
					stranger, in := w.SignIn(Person, Right, Browser(2)), w.SignIn(Person, Right, Browser(1))
					require.NoError(t, root(w).StartReset(t.Context(), id))
					link := w.mailed(t, Person)
					ctx, hangUp := context.WithCancel(t.Context())
					return func() { choose(ctx, w, in, link) }, hangUp, func(calls []string) {
						if w.changed(t, stranger, calls) {
							assert.ErrorIs(t, w.Recovery().Complete(t.Context(), link, Third, Browser(5)), auth.ErrTokenInvalid, "a link of before, %v", calls)
						}
					}
				})
			})
		}
	})

	t.Run("whoever hangs up behind the minute's touch is checked by the next request", func(t *testing.T) {
		stores := open(t)
		sessions := &touched{Store: stores.Sessions, then: func() {}}
		stores.Sessions = sessions
		w := New(t, stores)
		id := w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		_, err := w.Stores.Accounts.SetDisabled(t.Context(), "", id, true)
		require.NoError(t, err)
		w.Clock.Add(time.Minute)
		ctx, hangUp := context.WithCancel(t.Context())
		sessions.then = hangUp
		_, err = w.Authenticate(ctx, in.Token.Reveal(), Browser(1))
		assert.Error(t, err)
		sessions.then = func() {}
		assert.False(t, w.Valid(in))
	})

	t.Run("re-authentication doesn't put the minute's check off", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right, "manager")
		in := w.SignIn(Person, Right, Browser(1))
		won, err := w.Stores.Accounts.(auth.RoleChanger).SetRoles(t.Context(), "", id, []string{"manager"}, []string{"sales"})
		require.NoError(t, err)
		require.True(t, won)
		w.Clock.Add(time.Second)
		next, err := w.Self(in.Principal, With(Browser(1), in)).Reauthenticate(t.Context(), Right)
		assert.ErrorIs(t, err, auth.ErrSessionRequired)
		assert.Nil(t, next)
		assert.False(t, w.Valid(in))
	})

	t.Run("an earlier hash that somebody puts back is a foreign change", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		old, err := w.Stores.Accounts.Get(t.Context(), "", id)
		require.NoError(t, err)
		in, err = w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), Right, Other)
		require.NoError(t, err)
		now, err := w.Stores.Accounts.Get(t.Context(), "", id)
		require.NoError(t, err)
		won, err := w.Stores.Accounts.ReplacePassword(t.Context(), "", id, now.PasswordHash, old.PasswordHash)
		require.NoError(t, err)
		require.True(t, won)
		require.NoError(t, root(w).AccountChanged(t.Context(), id))
		assert.False(t, w.Valid(in))
	})

	t.Run("an unfinished login ends with a suspension, and resuming revives none", func(t *testing.T) {
		w, id := factored(t, open)
		_, err := w.Try(Person, Right, Browser(1))
		flow := w.Flow(more(t, err).Flow.Reveal(), Browser(1))
		_, err = flow.Challenge(t.Context(), "f1")
		require.NoError(t, err)
		require.NoError(t, root(w).Suspend(t.Context(), id))
		require.NoError(t, root(w).Resume(t.Context(), id))
		_, err = flow.Answer(t.Context(), "f1", "yes")
		assert.ErrorIs(t, err, auth.ErrFlowInvalid)
	})
}

// changed reports whether the password is now Other. If it is, the account's
// other sessions have ended, and the change is on record and told to its owner;
// if not, the other sessions live.
func (w *World) changed(t *testing.T, other *auth.SignIn, calls []string) bool {
	t.Helper()
	_, before := w.Try(Person, Right, Browser(60))
	_, after := w.Try(Person, Other, Browser(61))
	require.True(t, (before == nil) != (after == nil), "exactly one password works after %v: %v", calls, errors.Join(before, after))
	w.Clock.Add(time.Minute) // everything is checked again
	assert.Equal(t, before == nil, w.Valid(other), "another session, after %v", calls)
	if after == nil {
		assert.True(t, w.recorded(audit.PasswordChange, audit.PasswordResetComplete), "it is not on record, after %v", calls)
		assert.True(t, w.told(notify.PasswordChanged), "its owner isn't told, after %v", calls)
	}
	return after == nil
}
