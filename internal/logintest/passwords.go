package logintest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/password"
)

func passwords(t *testing.T, open Open) {
	t.Run("a change needs the current password, ends the other sessions and rotates this one", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		other := w.SignIn(Person, Right, Browser(2))
		in := w.SignIn(Person, Right, Browser(1))
		me := w.Self(in.Principal, With(Browser(1), in))
		_, err := me.ChangePassword(t.Context(), Wrong, Other)
		require.Same(t, auth.ErrInvalidCredentials, err)
		_, err = me.ChangePassword(t.Context(), Right, "short")
		_, ok := errors.AsType[*password.RejectedError](err)
		require.True(t, ok, "%v", err)
		assert.True(t, w.Valid(in) && w.Valid(other), "a refused change ends nothing")
		_, err = me.ChangePassword(t.Context(), Right, Right)
		_, ok = errors.AsType[*password.RejectedError](err)
		assert.True(t, ok, "the same password again: %v", err)

		after, err := me.ChangePassword(t.Context(), Right, Other)
		require.NoError(t, err)
		assert.False(t, w.Valid(in))
		assert.False(t, w.Valid(other))
		assert.True(t, w.Valid(after))
		_, err = w.Try(Person, Right, Browser(3))
		assert.Same(t, auth.ErrInvalidCredentials, err)
		w.SignIn(Person, Other, Browser(3))
	})

	t.Run("of parallel changes one wins", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		news := []string{Other, Third, "violet tractor on a glacier", "nine wooden spoons dancing"}
		results := make([]*auth.SignIn, len(news))
		together(len(news), func(i int) {
			results[i], _ = w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), Right, news[i])
		})
		won := 0
		for i, r := range results {
			_, err := w.Try(Person, news[i], Browser(50+i))
			assert.Equal(t, r != nil, err == nil)
			if r != nil {
				won++
			}
		}
		assert.LessOrEqual(t, won, 1)
	})

	t.Run("the first administrator, by a one-time link", func(t *testing.T) {
		w := New(t, open(t))
		link, err := w.Bootstrap(t.Context(), "", "Admin@example.com")
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(link, "https://crm.example.com/password?token="))
		_, err = w.Bootstrap(t.Context(), "", "somebody@example.com")
		assert.ErrorIs(t, err, auth.ErrBootstrapped)
		again, err := w.Bootstrap(t.Context(), "", "admin@example.com")
		require.NoError(t, err)
		_, err = w.Recovery().Peek(t.Context(), TokenOf(t, link))
		assert.ErrorIs(t, err, auth.ErrTokenInvalid, "a new link ends the old one")
		token := TokenOf(t, again)
		for range 3 { // looking consumes nothing
			info, err := w.Recovery().Peek(t.Context(), token)
			require.NoError(t, err)
			assert.True(t, info.First)
			assert.Equal(t, "admin@example.com", info.Identifier)
		}
		_, ok := errors.AsType[*password.RejectedError](w.Recovery().Complete(t.Context(), token, "admin@example.com", Browser(1)))
		require.True(t, ok, "a refused password leaves the link")
		require.NoError(t, w.Recovery().Complete(t.Context(), token, Right, Browser(1)))
		assert.ErrorIs(t, w.Recovery().Complete(t.Context(), token, Other, Browser(1)), auth.ErrTokenInvalid)
		in := w.SignIn("admin@example.com", Right, Browser(1))
		assert.True(t, in.Principal.HasRole("admin"))
		_, err = w.Bootstrap(t.Context(), "", "admin@example.com")
		assert.ErrorIs(t, err, auth.ErrBootstrapped)
	})

	t.Run("of parallel first administrators one is made", func(t *testing.T) {
		w := New(t, open(t))
		made := make([]error, 10)
		together(len(made), func(i int) {
			_, made[i] = w.Bootstrap(t.Context(), "", string(rune('a'+i))+"@example.com")
		})
		won := 0
		for _, err := range made {
			if err == nil {
				won++
			} else {
				assert.ErrorIs(t, err, auth.ErrBootstrapped)
			}
		}
		assert.Equal(t, 1, won)
	})

	t.Run("an invitation: 100 parallel uses of the link set one password", func(t *testing.T) {
		w := New(t, open(t))
		admin := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		id, err := admin.Invite(t.Context(), auth.NewAccount{Identifier: Person, Roles: []string{"sales"}, Aliases: []string{"lina"}})
		require.NoError(t, err)
		_, err = admin.Invite(t.Context(), auth.NewAccount{Identifier: "LINA", Email: "x@example.com"})
		assert.ErrorIs(t, err, auth.ErrExists)
		token := w.mailed(t, Person)
		errs := make([]error, 100)
		together(len(errs), func(i int) {
			errs[i] = w.Recovery().Complete(t.Context(), token, Right+strings.Repeat("!", i), Browser(i))
		})
		winner := -1
		for i, err := range errs {
			if err == nil {
				require.Equal(t, -1, winner, "two won")
				winner = i
			} else {
				assert.Contains(t, []auth.Code{auth.CodeTokenInvalid, auth.CodeOverloaded, auth.CodeRateLimited}, auth.CodeOf(err))
			}
		}
		require.GreaterOrEqual(t, winner, 0)
		in := w.SignIn("lina", Right+strings.Repeat("!", winner), Browser(1))
		assert.Equal(t, id, in.Principal.Account)
		assert.Equal(t, []string{"sales"}, in.Principal.Roles)
	})

	t.Run("links expire at the exact instant", func(t *testing.T) {
		w := New(t, open(t))
		link, err := w.Bootstrap(t.Context(), "", Person)
		require.NoError(t, err)
		w.Clock.Add(24*time.Hour - time.Microsecond)
		_, err = w.Recovery().Peek(t.Context(), TokenOf(t, link))
		require.NoError(t, err)
		w.Clock.Add(time.Microsecond)
		assert.ErrorIs(t, w.Recovery().Complete(t.Context(), TokenOf(t, link), Right, Browser(1)), auth.ErrTokenInvalid)
	})

	t.Run("a reset ends all sessions, opens none, forgets devices and opens the lanes", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		require.NoError(t, w.Admin(auth.Operator{Name: "root"}, auth.Client{}).StartReset(t.Context(), id))
		for range 6 {
			_, _ = w.Try(Person, Wrong, Browser(2))
		}
		assert.True(t, w.Valid(in), "asking for a reset changes nothing")
		require.NoError(t, w.Recovery().Complete(t.Context(), w.mailed(t, Person), Other, Browser(1)))
		assert.False(t, w.Valid(in))
		w.SignIn(Person, Other, Browser(3))
		for range 6 {
			_, _ = w.Try(Person, Wrong, Browser(2))
		}
		_, err := w.Try(Person, Other, With(Browser(1), in))
		limited(t, err)
	})

	t.Run("a change of the password ends the links before it", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right)
		require.NoError(t, w.Admin(auth.Operator{Name: "root"}, auth.Client{}).StartReset(t.Context(), id))
		token := w.mailed(t, Person)
		in := w.SignIn(Person, Right, Browser(1))
		_, err := w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), Right, Other)
		require.NoError(t, err)
		assert.ErrorIs(t, w.Recovery().Complete(t.Context(), token, Third, Browser(2)), auth.ErrTokenInvalid)
	})

	t.Run("hashes of older parameters and other schemes are renewed at login, sessions stay", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		old, err := w.Stores.Accounts.Get(t.Context(), "", id)
		require.NoError(t, err)
		dearer := w.Again(func(c *auth.Config) { c.Hashing.Argon2id.Memory = 128 })
		logins := make([]error, 4)
		together(len(logins), func(i int) { _, logins[i] = dearer.Try(Person, Right, Browser(2+i)) })
		for _, err := range logins {
			assert.NoError(t, err)
		}
		renewed, err := w.Stores.Accounts.Get(t.Context(), "", id)
		require.NoError(t, err)
		assert.NotEqual(t, old.PasswordHash, renewed.PasswordHash)
		assert.Contains(t, renewed.PasswordHash, "m=128")
		w.Clock.Add(time.Minute)
		assert.True(t, w.Valid(in), "renewing a hash is no change of the password")
	})

	t.Run("the MLPS profile expires, remembers, locks and idles as it is read", func(t *testing.T) {
		const first, second = "Kx7-Lantern!plum", "Vb4+Otter?quartz"
		w := New(t, open(t), func(c *auth.Config) { c.Policy = password.MLPS() })
		w.Account(Person, first)
		in := w.SignIn(Person, first, Browser(1))
		assert.True(t, in.Principal.IdleExpires.Equal(w.Clock.Now().Add(15*time.Minute)))
		w.Clock.Add(90*24*time.Hour - time.Microsecond)
		w.SignIn(Person, first, Browser(1))
		w.Clock.Add(time.Microsecond)
		_, err := w.Try(Person, first, Browser(1))
		e := more(t, err)
		assert.Equal(t, []string{auth.ActionChangePassword}, e.Actions)
		flow := w.Flow(e.Flow.Reveal(), Browser(1))
		_, err = flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": first})
		r, ok := errors.AsType[*password.RejectedError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, password.CodeReused, r.Violations[0].Code)
		in, err = flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": second})
		require.NoError(t, err)
		_, err = w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), second, first)
		_, ok = errors.AsType[*password.RejectedError](err)
		assert.True(t, ok, "the password before the last: %v", err)
		for n := range 5 {
			_, err = w.Try(Person, Wrong, Browser(10+n))
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err = w.Try(Person, second, Browser(20))
		assert.Equal(t, 30*time.Minute, limited(t, err))
		assert.Equal(t, "MLPS", w.Audit.Last().Policy)
	})

	t.Run("strength is told before a password is chosen", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		me := w.Self(in.Principal, Browser(1))
		bad, err := me.CheckPassword(t.Context(), "li.na@example.com")
		require.NoError(t, err)
		assert.NotEmpty(t, bad.Violations)
		good, err := me.CheckPassword(t.Context(), Other)
		require.NoError(t, err)
		assert.Empty(t, good.Violations)
		assert.Greater(t, good.Strength.Score, bad.Strength.Score)
		for range 60 {
			_, err = me.CheckPassword(t.Context(), "x")
		}
		limited(t, err)
	})
}

// mailed delivers what waits and returns the token of the latest link.
func (w *World) mailed(t *testing.T, to string) string {
	t.Helper()
	require.NoError(t, w.Deliver(t.Context()))
	token := ""
	for _, m := range w.Mail.Sent() {
		if m.To == to && !m.Link.IsZero() {
			token = TokenOf(t, m.Link.Reveal())
		}
	}
	require.NotEmpty(t, token)
	return token
}
