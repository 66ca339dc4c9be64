package logintest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
)

// root administers from a console.
func root(w *World) *auth.Admin { return w.Admin(auth.Operator{Name: "root"}, auth.Client{}) }

// administered reports whether one of these accounts can administer.
func (w *World) administered(ids ...string) bool {
	w.t.Helper()
	return slices.ContainsFunc(ids, func(id string) bool {
		a, err := w.Stores.Accounts.Get(w.t.Context(), "", id)
		require.NoError(w.t, err)
		return !a.Disabled && a.PasswordHash != "" && slices.Contains(a.Roles, "admin")
	})
}

// hostileAdministration: somebody who can sign in administers at every moment,
// and the first one can be made for as long as nobody does.
func hostileAdministration(t *testing.T, open Open) {
	t.Run("somebody administers, whatever happens during a suspension", func(t *testing.T) {
		for name, before := range map[string]func(w *World, id string) (meanwhile func()){
			"of one who is suspended, and resumed": func(w *World, id string) func() {
				_, err := w.Stores.Accounts.SetDisabled(t.Context(), "", id, true)
				require.NoError(t, err)
				return func() { require.NoError(t, root(w).Resume(t.Context(), id)) }
			},
			"of one who is invited, and accepts": func(w *World, id string) func() {
				a, err := w.Stores.Accounts.Get(t.Context(), "", id)
				require.NoError(t, err)
				_, err = w.Stores.Accounts.ReplacePassword(t.Context(), "", id, a.PasswordHash, "")
				require.NoError(t, err)
				require.NoError(t, root(w).StartReset(t.Context(), id))
				token := w.mailed(t, Person)
				return func() { _ = w.Recovery().Complete(t.Context(), token, Third, Browser(1)) } // while the link is good
			},
		} {
			t.Run(name, func(t *testing.T) {
				atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
					id, other := w.Account(Person, Right, "admin"), w.Account("wang@example.com", Other, "admin")
					then := before(w, id)
					return func() { _ = root(w).Suspend(t.Context(), id) },
						func() { then(); _ = root(w).Suspend(t.Context(), other) },
						func(calls []string) { assert.True(t, w.administered(id, other), "nobody does, after %v", calls) }
				})
			})
		}
	})

	t.Run("an administrator out of time is nobody who is left", func(t *testing.T) {
		for name, edit := range map[string]func(s *auth.Security, now time.Time){
			"expired":        func(s *auth.Security, now time.Time) { s.NotAfter = now },
			"not yet active": func(s *auth.Security, now time.Time) { s.NotBefore = now.Add(time.Microsecond) },
		} {
			w := New(t, open(t))
			last := w.Account(Person, Right, "admin")
			other := w.Account("wang@example.com", Other, "admin")
			w.SignIn("wang@example.com", Other, Browser(1))
			w.secure(other, func(s *auth.Security) { edit(s, w.Clock.Now()) })
			assert.ErrorIs(t, root(w).Suspend(t.Context(), last), auth.ErrLastAdministrator, name)
			assert.ErrorIs(t, root(w).SetRoles(t.Context(), last, "sales"), auth.ErrLastAdministrator, name)
			w.secure(other, func(s *auth.Security) { s.NotAfter, s.NotBefore = time.Time{}, time.Time{} })
			assert.NoError(t, root(w).Suspend(t.Context(), last), name)
		}
	})

	t.Run("an account that doesn't administer is not made the first administrator, and claims nothing", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right, "sales")
		_, err := root(w).Invite(t.Context(), auth.NewAccount{Identifier: "clerk@example.com", Roles: []string{"sales"}})
		require.NoError(t, err)
		for _, name := range []string{Person, "clerk@example.com"} {
			link, err := w.Bootstrap(t.Context(), "", name)
			require.ErrorIs(t, err, auth.ErrExists, name)
			require.Empty(t, link)
		}
		link, err := w.Bootstrap(t.Context(), "", "admin@example.com")
		require.NoError(t, err)
		require.NoError(t, w.Recovery().Complete(t.Context(), TokenOf(t, link), Other, Browser(1)))
		assert.True(t, w.SignIn("admin@example.com", Other, Browser(1)).Principal.HasRole("admin"))
		_, err = w.Bootstrap(t.Context(), "", Person)
		assert.ErrorIs(t, err, auth.ErrBootstrapped)
	})
}
