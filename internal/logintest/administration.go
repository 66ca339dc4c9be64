package logintest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/password"
)

func administration(t *testing.T, open Open) {
	t.Run("it needs the role, from the stores, and a recent authentication", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right, "sales")
		w.Account("boss@example.com", Other, "admin")
		sales := w.SignIn(Person, Right, Browser(1))
		boss := w.SignIn("boss@example.com", Other, Browser(2))
		_, err := w.Admin(sales.Principal, Browser(1)).Lookup(t.Context(), Person)
		assert.ErrorIs(t, err, auth.ErrForbidden)
		_, err = w.Admin(auth.Operator{}, Browser(1)).Lookup(t.Context(), Person)
		assert.Equal(t, auth.CodeMalformed, auth.CodeOf(err))
		_, err = w.Admin(nil, Browser(1)).Lookup(t.Context(), Person)
		assert.ErrorIs(t, err, auth.ErrForbidden)
		found, err := w.Admin(boss.Principal, Browser(2)).Lookup(t.Context(), "LI.NA@example.com")
		require.NoError(t, err)
		assert.Equal(t, id, found.ID)
		assert.True(t, found.LastLogin.Equal(w.Clock.Now()))
		w.Clock.Add(11 * time.Minute)
		_, err = w.Admin(boss.Principal, Browser(2)).Lookup(t.Context(), Person)
		assert.Equal(t, auth.CodeReauthentication, auth.CodeOf(err))
	})

	t.Run("suspending ends all sessions and links at once, resuming revives none", func(t *testing.T) {
		w := New(t, open(t))
		node := w.Again()
		id := w.Account(Person, Right)
		admin := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		ins := []*auth.SignIn{w.SignIn(Person, Right, Browser(1)), w.SignIn(Person, Right, Browser(2)), w.SignIn(Person, Right, Browser(3))}
		require.NoError(t, admin.StartReset(t.Context(), id))
		token := w.mailed(t, Person)
		require.NoError(t, admin.Suspend(t.Context(), id))
		require.NoError(t, admin.Suspend(t.Context(), id))
		for _, in := range ins {
			assert.False(t, node.Valid(in))
		}
		assert.ErrorIs(t, w.Recovery().Complete(t.Context(), token, Other, Browser(1)), auth.ErrTokenInvalid)
		_, err := w.Try(Person, Right, Browser(4))
		assert.Same(t, auth.ErrInvalidCredentials, err)
		require.NoError(t, admin.Resume(t.Context(), id))
		for _, in := range ins {
			assert.False(t, node.Valid(in))
		}
		w.SignIn(Person, Right, Browser(4))
		assert.ErrorIs(t, admin.Suspend(t.Context(), "nobody"), auth.ErrNotFound)
	})

	t.Run("the last administrator stays, and of two who suspend each other one wins", func(t *testing.T) {
		for range 5 {
			w := New(t, open(t))
			a := w.Account("a@example.com", Right, "admin")
			_, err := w.Stores.Accounts.(auth.AccountCreator).Create(t.Context(), auth.Account{Identifier: "invited@example.com", Roles: []string{"admin"}})
			require.NoError(t, err)
			root := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
			require.ErrorIs(t, root.Suspend(t.Context(), a), auth.ErrLastAdministrator)
			b := w.Account("b@example.com", Other, "admin")
			ids := []string{a, b}
			errs := make([]error, 2)
			together(2, func(i int) { errs[i] = root.Suspend(t.Context(), ids[i]) })
			require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v", errs)
			assert.ErrorIs(t, errors.Join(errs...), auth.ErrLastAdministrator)
		}
	})

	t.Run("roles change for everybody at once, and never the last administrator's", func(t *testing.T) {
		w := New(t, open(t))
		a := w.Account("a@example.com", Right, "admin")
		b := w.Account("b@example.com", Other, "sales")
		root := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		require.ErrorIs(t, root.SetRoles(t.Context(), a, "sales"), auth.ErrLastAdministrator)
		in := w.SignIn("b@example.com", Other, Browser(1))
		require.NoError(t, root.SetRoles(t.Context(), b, "sales", "admin"))
		assert.False(t, w.Valid(in), "a session goes on with roles of before")
		assert.True(t, w.SignIn("b@example.com", Other, Browser(1)).Principal.HasRole("admin"))
		errs := make([]error, 2)
		ids := []string{a, b}
		together(2, func(i int) { errs[i] = root.SetRoles(t.Context(), ids[i], "sales") })
		require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v", errs)
		assert.Equal(t, auth.CodeMalformed, auth.CodeOf(root.SetRoles(t.Context(), a, "")))
	})

	t.Run("imported hashes are checked first and renewed at sign-in", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) { c.Hashing.Accept = []password.Scheme{password.Bcrypt(5)} })
		root := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		crypt, err := bcrypt.GenerateFromPassword([]byte(Right), 4)
		require.NoError(t, err)
		id, err := root.Import(t.Context(), auth.NewAccount{Identifier: "Li.Na@Example.com"}, string(crypt))
		require.NoError(t, err)
		_, err = w.Try(Person, Wrong, Browser(1))
		require.Same(t, auth.ErrInvalidCredentials, err)
		w.SignIn(Person, Right, Browser(1))
		renewed, err := w.Stores.Accounts.Get(t.Context(), "", id)
		require.NoError(t, err)
		assert.Contains(t, renewed.PasswordHash, "argon2id")
		w.SignIn(Person, Right, Browser(1))
		dear, err := bcrypt.GenerateFromPassword([]byte(Right), 6)
		require.NoError(t, err)
		for _, hash := range []string{"junk", string(dear), "5f4dcc3b5aa765d61d8327deb882cf99"} {
			_, err := root.Import(t.Context(), auth.NewAccount{Identifier: "x@example.com"}, hash)
			assert.Equal(t, auth.CodeMalformed, auth.CodeOf(err), hash)
			assert.NotContains(t, err.Error(), hash)
		}
		_, err = root.Import(t.Context(), auth.NewAccount{Identifier: "LI.NA@example.com"}, "")
		assert.ErrorIs(t, err, auth.ErrExists)
	})

	t.Run("a list streams by prefix and goes on behind an id", func(t *testing.T) {
		w := New(t, open(t))
		for _, name := range []string{"a1@example.com", "a2@example.com", "b1@example.com"} {
			w.Account(name, "")
		}
		admin := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		var names []string
		after := ""
		for a, err := range admin.List(t.Context(), "a", "") {
			require.NoError(t, err)
			names = append(names, a.Identifier)
			after = a.ID
		}
		assert.ElementsMatch(t, []string{"a1@example.com", "a2@example.com"}, names)
		for range admin.List(t.Context(), "a", after) {
			t.Error("behind the last one")
		}
	})

	t.Run("invitations are checked", func(t *testing.T) {
		w := New(t, open(t))
		admin := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		for _, n := range []auth.NewAccount{
			{}, {Identifier: "lina"}, {Identifier: "l\u0456na@example.com"}, {Identifier: "*"},
			{Identifier: "lina", Email: "a@example.com\r\nBcc: b@example.com"},
		} {
			_, err := admin.Invite(t.Context(), n)
			assert.Equal(t, auth.CodeMalformed, auth.CodeOf(err), "%+v: %v", n, err)
		}
	})
}
