package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

func TestJoinedReadsWhatTheSingleOnesRead(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	ctx := t.Context()
	joined := stores.Sessions.(auth.Joiner).Join(stores.Accounts, stores.Security)
	id, err := stores.Accounts.(auth.AccountCreator).Create(ctx, auth.Account{
		Tenant: "acme", Identifier: "li", PasswordHash: "hash", Disabled: true, Roles: []string{"sales", "经理"},
		Name: "李", Email: "li@example.com", Locale: "zh-CN", Created: start,
	}, "li@example.com")
	require.NoError(t, err)
	s := newSession(id, "token")
	s.Tenant = "acme"
	_, err = stores.Sessions.Create(ctx, s, 1)
	require.NoError(t, err)

	same := func() {
		t.Helper()
		account, err := stores.Accounts.Get(ctx, "acme", id)
		require.NoError(t, err)
		record, err := stores.Security.Load(ctx, "acme", id)
		require.NoError(t, err)
		stored, err := stores.Sessions.Get(ctx, s.Key)
		require.NoError(t, err)
		assert.Equal(t, s, stored)

		for _, name := range []string{"li", "li@example.com"} {
			a, r, err := joined.Find(ctx, "acme", name)
			require.NoError(t, err)
			assert.Equal(t, account, a)
			assert.Equal(t, record, r)
		}
		current, a, r, err := joined.Session(ctx, s.Key)
		require.NoError(t, err)
		assert.Equal(t, stored, current)
		assert.Equal(t, account, a)
		assert.Equal(t, record, r)
	}
	same() // without a security record
	won, err := stores.Security.Save(ctx, auth.Security{Tenant: "acme", Account: id, Epoch: 4, Marks: []string{"mark"}, LastLogin: start}, 0)
	require.NoError(t, err)
	require.True(t, won)
	same()

	_, _, err = joined.Find(ctx, "", "li")
	assert.ErrorIs(t, err, auth.ErrNotFound, "of another tenant")
	other := s.Key
	other.Tag++
	_, _, _, err = joined.Session(ctx, other)
	assert.ErrorIs(t, err, session.ErrNotFound, "of another tag")

	db, _ := openFile(t, path)
	_, err = db.Exec("DELETE FROM crmauth_accounts")
	require.NoError(t, err)
	_, _, _, err = joined.Session(ctx, s.Key)
	assert.ErrorIs(t, err, auth.ErrNotFound, "its account is gone")
	_, _, err = joined.Find(ctx, "acme", "li@example.com")
	assert.ErrorIs(t, err, auth.ErrNotFound, "the names went with it")

	_, err = stores.Sessions.End(ctx, session.Filter{Tenant: "acme", Account: id}, start)
	require.NoError(t, err)
	_, _, _, err = joined.Session(ctx, s.Key)
	assert.ErrorIs(t, err, session.ErrNotFound, "it ended")
}
