package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/crmauth/crmauth/auth"
)

// accounts is our own table, for programs that have none.
type accounts struct{ run *runner }

var (
	_ auth.AccountStore   = (*accounts)(nil)
	_ auth.AccountCreator = (*accounts)(nil)
	_ auth.AccountLister  = (*accounts)(nil)
	_ auth.RoleChanger    = (*accounts)(nil)
)

// accountRow receives the columns of an account.
type accountRow struct {
	auth.Account
	roles   string
	created int64
}

func (r *accountRow) into() []any {
	return []any{&r.Tenant, &r.ID, &r.Identifier, &r.PasswordHash, &r.Disabled, &r.roles, &r.Name, &r.Email, &r.Locale, &r.created}
}

func (r *accountRow) account() (a auth.Account, err error) {
	a = r.Account
	a.Created = fromMicros(r.created)
	a.Roles, err = fromList(r.roles)
	return a, err
}

func (s *accounts) Find(ctx context.Context, tenant, identifier string) (auth.Account, error) {
	return s.one(ctx, "account.find", tenant, identifier)
}

func (s *accounts) Get(ctx context.Context, tenant, id string) (auth.Account, error) {
	return s.one(ctx, "account.get", tenant, id)
}

func (s *accounts) one(ctx context.Context, statement, tenant, name string) (auth.Account, error) {
	var r accountRow
	found, err := s.run.reader().one(ctx, statement, []any{tenant, name}, r.into()...)
	if err != nil {
		return auth.Account{}, err
	}
	if !found {
		return auth.Account{}, auth.ErrNotFound
	}
	return r.account()
}

func (s *accounts) ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (bool, error) {
	return s.run.changed(ctx, "account.replace_password", tenant, id, oldHash, newHash)
}

func (s *accounts) SetDisabled(ctx context.Context, tenant, id string, disabled bool) (bool, error) {
	return s.run.changed(ctx, "account.set_disabled", tenant, id, disabled)
}

func (s *accounts) SetRoles(ctx context.Context, tenant, id string, from, to []string) (bool, error) {
	return s.run.changed(ctx, "account.set_roles", tenant, id, list(from), list(to))
}

func (s *accounts) Create(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	if a.ID == "" {
		a.ID = strings.ToLower(rand.Text())
	}
	if a.ID == auth.GuardAccount || len(a.ID) > 128 {
		return "", errors.New("sqlstore: an account's id has 1 to 128 bytes and is not " + auth.GuardAccount)
	}
	names := append([]string{a.Identifier}, aliases...)
	if slices.ContainsFunc(names, invalidText) {
		return "", errInvalidText
	}
	slices.Sort(names)
	names = slices.Compact(names)
	err := s.run.inTx(ctx, func(c conn) error {
		n, err := c.exec(ctx, "account.create", a.Tenant, a.ID, a.Identifier, a.PasswordHash, a.Disabled,
			list(a.Roles), a.Name, a.Email, a.Locale, micros(a.Created))
		if err != nil {
			return err
		}
		if n == 0 {
			return auth.ErrExists
		}
		n, err = c.exec(ctx, "account.create_identifiers", a.Tenant, a.ID, list(names))
		if err == nil && n < int64(len(names)) {
			err = auth.ErrExists
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// page is how many rows a listing reads at a time. Nothing is held open while
// the caller looks at them.
const page = 100

func (s *accounts) List(ctx context.Context, tenant, prefix, after string) iter.Seq2[auth.Account, error] {
	return pages(after, func(after string) (items []auth.Account, last string, err error) {
		err = s.run.reader().each(ctx, "account.list", []any{tenant, prefix, after, page}, func(r row) error {
			var a accountRow
			if err := r.Scan(a.into()...); err != nil {
				return err
			}
			account, err := a.account()
			items, last = append(items, account), account.ID
			return err
		})
		return items, last, err
	})
}

// pages yields what next finds behind a position, until a page is not full. An
// error ends it.
func pages[T, Position any](start Position, next func(after Position) ([]T, Position, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for at := start; ; {
			items, last, err := next(at)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if len(items) < page {
				return
			}
			at = last
		}
	}
}
