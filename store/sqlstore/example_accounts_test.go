package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/sqlstore"
)

// users is the adapter to a table that the CRM has had for years. It serves one
// customer, so that the tenant is always "": with several, every query needs it,
// or one customer gets into another.
type users struct{ q sqlstore.Querier }

func (u users) Find(ctx context.Context, tenant, identifier string) (auth.Account, error) {
	return u.one(ctx, "SELECT id, login, coalesce(hash, ''), retired, role FROM users WHERE login = ?", identifier)
}

func (u users) Get(ctx context.Context, tenant, id string) (auth.Account, error) {
	return u.one(ctx, "SELECT id, login, coalesce(hash, ''), retired, role FROM users WHERE id = ?", id)
}

func (u users) one(ctx context.Context, query, arg string) (a auth.Account, err error) {
	a.Roles = make([]string, 1)
	err = u.q.QueryRowContext(ctx, query, arg).Scan(&a.ID, &a.Identifier, &a.PasswordHash, &a.Disabled, &a.Roles[0])
	if errors.Is(err, sql.ErrNoRows) {
		err = auth.ErrNotFound
	}
	return a, err
}

func (u users) ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (bool, error) {
	return u.change(ctx, "UPDATE users SET hash = ? WHERE id = ? AND coalesce(hash, '') = ?", newHash, id, oldHash)
}

func (u users) SetDisabled(ctx context.Context, tenant, id string, disabled bool) (bool, error) {
	return u.change(ctx, "UPDATE users SET retired = ? WHERE id = ? AND retired <> ?", disabled, id, disabled)
}

func (u users) change(ctx context.Context, query string, args ...any) (bool, error) {
	result, err := u.q.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// A CRM keeps its own table of accounts; the store makes the rest.
func ExampleOptions_accounts() {
	options := sqlstore.Options{
		Accounts: func(q sqlstore.Querier) auth.AccountStore { return users{q} },
	}
	_ = options
}
