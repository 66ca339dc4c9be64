package logintest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

func sessions(t *testing.T, open Open) {
	t.Run("a principal tells who, how and how long", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right, "sales", "manager")
		in := w.SignIn("LI.NA@example.com", Right, Browser(1))
		p, err := w.Authenticate(t.Context(), in.Token.Reveal(), Browser(1))
		require.NoError(t, err)
		now := w.Clock.Now()
		assert.Equal(t, in.Principal, p)
		assert.Equal(t, id, p.Account)
		assert.Equal(t, Person, p.Identifier)
		assert.True(t, p.HasRole("sales") && p.HasRole("manager") && !p.HasRole("admin"))
		assert.Equal(t, session.AAL1, p.Assurance)
		assert.True(t, p.AuthenticatedAt.Equal(now))
		assert.True(t, p.IdleExpires.Equal(now.Add(30*time.Minute)))
		assert.True(t, p.Expires.Equal(now.Add(12*time.Hour)))
	})

	t.Run("idle and absolute limits", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		w.Clock.Add(30*time.Minute - time.Microsecond)
		assert.True(t, w.Valid(in))
		w.Clock.Add(30 * time.Minute)
		assert.False(t, w.Valid(in))
		in = w.SignIn(Person, Right, Browser(1))
		for range 24 {
			require.True(t, w.Valid(in))
			w.Clock.Add(29*time.Minute + 59*time.Second)
		}
		w.Clock.Add(time.Minute)
		assert.False(t, w.Valid(in))
	})

	t.Run("a login ends the session that the browser carried", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		first := w.SignIn(Person, Right, Browser(1))
		second := w.SignIn(Person, Right, With(Browser(1), first))
		assert.False(t, w.Valid(first))
		assert.True(t, w.Valid(second))
		assert.NotEqual(t, first.Token.Reveal(), second.Token.Reveal())
	})

	t.Run("ending sessions holds at once, on every node", func(t *testing.T) {
		w := New(t, open(t))
		node := w.Again()
		w.Account(Person, Right)
		w.Account("wang@example.com", Other)
		a, b, c := w.SignIn(Person, Right, Browser(1)), w.SignIn(Person, Right, Browser(2)), w.SignIn(Person, Right, Browser(3))
		stranger := w.SignIn("wang@example.com", Other, Browser(4))

		require.NoError(t, node.Logout(t.Context(), a.Token.Reveal()))
		require.NoError(t, node.Logout(t.Context(), a.Token.Reveal()))
		assert.False(t, w.Valid(a))

		me := w.Self(b.Principal, With(Browser(2), b))
		assert.ErrorIs(t, me.Sessions().End(t.Context(), stranger.Principal.Session), auth.ErrNotFound)
		assert.ErrorIs(t, me.Sessions().End(t.Context(), ""), auth.ErrNotFound)
		require.NoError(t, me.Sessions().End(t.Context(), c.Principal.Session))
		assert.False(t, node.Valid(c))
		assert.True(t, node.Valid(stranger))

		d := w.SignIn(Person, Right, Browser(5))
		n, err := me.Sessions().EndOthers(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		assert.False(t, node.Valid(d))
		assert.True(t, node.Valid(b))
	})

	t.Run("a list shows the own sessions and which one asks", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		first := w.SignIn(Person, Right, Browser(1))
		w.Clock.Add(time.Second)
		second := w.SignIn(Person, Right, Browser(2))
		var ids []string
		for s, err := range w.Self(first.Principal, Browser(1)).Sessions().List(t.Context()) {
			require.NoError(t, err)
			ids = append(ids, s.ID)
			assert.Equal(t, s.ID == first.Principal.Session, s.Current)
			assert.NotZero(t, s.IP)
		}
		assert.Equal(t, []string{second.Principal.Session, first.Principal.Session}, ids)
	})

	t.Run("a principal that nobody authenticated proves nothing", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right)
		forged := auth.Principal{Account: id, Identifier: Person, Roles: []string{"admin"}, AuthenticatedAt: w.Clock.Now()}
		_, err := w.Self(forged, Browser(1)).Sessions().EndOthers(t.Context())
		assert.ErrorIs(t, err, auth.ErrSessionRequired)
		assert.ErrorIs(t, w.Admin(forged, Browser(1)).Suspend(t.Context(), id), auth.ErrSessionRequired)
		real := w.SignIn(Person, Right, Browser(1)).Principal
		real.Account, real.Roles = "somebody else", []string{"admin"}
		assert.ErrorIs(t, w.Self(real, Browser(1)).Sessions().End(t.Context(), "x"), auth.ErrSessionRequired)
	})

	t.Run("re-authentication rotates and makes recent again", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		w.Clock.Add(11 * time.Minute)
		me := w.Self(in.Principal, With(Browser(1), in))
		_, err := me.Sessions().EndOthers(t.Context())
		_, ok := errors.AsType[*auth.ReauthenticationError](err)
		require.True(t, ok, "%v", err)
		_, err = me.Reauthenticate(t.Context(), Wrong)
		require.Same(t, auth.ErrInvalidCredentials, err)
		again, err := me.Reauthenticate(t.Context(), Right)
		require.NoError(t, err)
		assert.False(t, w.Valid(in), "the old token lives on")
		assert.True(t, w.Valid(again))
		_, err = w.Self(again.Principal, With(Browser(1), again)).Sessions().EndOthers(t.Context())
		assert.NoError(t, err)

		for range 4 {
			_, err = w.Self(again.Principal, With(Browser(1), again)).Reauthenticate(t.Context(), Wrong)
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err = w.Self(again.Principal, With(Browser(1), again)).Reauthenticate(t.Context(), Wrong)
		require.Same(t, auth.ErrInvalidCredentials, err)
		_, err = w.Self(again.Principal, With(Browser(1), again)).Reauthenticate(t.Context(), Right)
		limited(t, err)
	})

	t.Run("what the application changes behind our back ends sessions", func(t *testing.T) {
		for name, change := range map[string]func(w *World, id string){
			"disabled": func(w *World, id string) {
				_, err := w.Stores.Accounts.SetDisabled(t.Context(), "", id, true)
				require.NoError(t, err)
			},
			"password": func(w *World, id string) {
				a, err := w.Stores.Accounts.Get(t.Context(), "", id)
				require.NoError(t, err)
				_, err = w.Stores.Accounts.ReplacePassword(t.Context(), "", id, a.PasswordHash, "$2a$10$x")
				require.NoError(t, err)
			},
			"roles": func(w *World, id string) {
				won, err := w.Stores.Accounts.(auth.RoleChanger).SetRoles(t.Context(), "", id, []string{"sales"}, []string{"sales", "manager"})
				require.NoError(t, err)
				require.True(t, won)
			},
		} {
			w := New(t, open(t))
			id := w.Account(Person, Right, "sales")
			in := w.SignIn(Person, Right, Browser(1))
			other := w.SignIn(Person, Right, Browser(2))
			change(w, id)
			w.Clock.Add(time.Minute)
			assert.False(t, w.Valid(in), "%s: within the minute's touch", name)

			always := w.Again(func(c *auth.Config) { c.CheckAccountAlways = true })
			assert.False(t, always.Valid(other), "%s: at once", name)
		}
		w := New(t, open(t))
		id := w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		_, err := w.Stores.Accounts.SetDisabled(t.Context(), "", id, true)
		require.NoError(t, err)
		require.NoError(t, w.Admin(auth.Operator{Name: "crm"}, auth.Client{}).AccountChanged(t.Context(), id))
		assert.False(t, w.Valid(in))
	})

	t.Run("public computers and remembered browsers", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in, err := w.Login(t.Context(), auth.Credentials{Identifier: Person, Password: Right, Public: true, Remember: true}, Browser(1))
		require.NoError(t, err)
		assert.Empty(t, in.DeviceKey.Reveal())
		assert.Empty(t, in.Principal.Device)
		assert.Equal(t, session.Public, in.Kind)
		assert.True(t, in.Principal.Expires.Before(w.Clock.Now().Add(3*time.Hour)))
		in, err = w.Login(t.Context(), auth.Credentials{Identifier: Person, Password: Right, Remember: true}, Browser(1))
		require.NoError(t, err)
		assert.Equal(t, session.Remembered, in.Kind)
	})

	t.Run("removing a device makes it unknown and ends its sessions", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		lost := w.SignIn(Person, Right, Browser(1))
		here := w.SignIn(Person, Right, Browser(2))
		devices := w.Self(here.Principal, With(Browser(2), here)).Devices()
		all, err := devices.List(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.NoError(t, devices.Remove(t.Context(), lost.Principal.Device))
		assert.ErrorIs(t, devices.Remove(t.Context(), lost.Principal.Device), auth.ErrNotFound)
		assert.False(t, w.Valid(lost))
		assert.True(t, w.Valid(here))
		for range 6 {
			_, _ = w.Try(Person, Wrong, Browser(3))
		}
		_, err = w.Try(Person, Right, With(Browser(1), lost))
		limited(t, err)
	})
}
