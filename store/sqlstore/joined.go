package sqlstore

import (
	"context"
	"database/sql"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

// joined reads over several tables at once.
type joined struct{ run *runner }

var _ auth.Joiner = (*sessions)(nil)

func (s *sessions) Join(a auth.AccountStore, sec auth.SecurityStore) auth.Joined {
	if a != auth.AccountStore(s.accounts) || sec != auth.SecurityStore(s.security) {
		return nil
	}
	return joined{s.run}
}

func (j joined) Find(ctx context.Context, tenant, identifier string) (auth.Account, auth.Security, error) {
	var a accountRow
	var r securityRow
	found, err := j.run.reader().one(ctx, "joined.find", []any{tenant, identifier}, append(a.into(), r.into()...)...)
	if err != nil {
		return auth.Account{}, auth.Security{}, err
	}
	if !found {
		return auth.Account{}, auth.Security{}, auth.ErrNotFound
	}
	return both(&a, &r)
}

func both(a *accountRow, r *securityRow) (auth.Account, auth.Security, error) {
	account, err := a.account()
	if err != nil {
		return auth.Account{}, auth.Security{}, err
	}
	record, err := r.security(account.Tenant, account.ID)
	if err != nil {
		return auth.Account{}, auth.Security{}, err
	}
	return account, record, nil
}

func (j joined) Session(ctx context.Context, k session.Key) (session.Session, auth.Account, auth.Security, error) {
	var (
		s sessionRow
		a accountRow
		r securityRow
		// An account that is gone has none of these.
		id, identifier, hash, roles, name, email, locale sql.NullString
		disabled                                         sql.NullBool
		created                                          sql.NullInt64
	)
	into := append(s.into(), &id, &identifier, &hash, &disabled, &roles, &name, &email, &locale, &created)
	found, err := j.run.reader().one(ctx, "joined.session", []any{k.Digest[:], int64(k.Tag)}, append(into, r.into()...)...)
	switch {
	case err != nil:
		return session.Session{}, auth.Account{}, auth.Security{}, err
	case !found:
		return session.Session{}, auth.Account{}, auth.Security{}, session.ErrNotFound
	case !id.Valid:
		return session.Session{}, auth.Account{}, auth.Security{}, auth.ErrNotFound
	}
	s.Key = k
	current, err := s.session()
	if err != nil {
		return session.Session{}, auth.Account{}, auth.Security{}, err
	}
	a.Account = auth.Account{
		Tenant: current.Tenant, ID: id.String, Identifier: identifier.String, PasswordHash: hash.String,
		Disabled: disabled.Bool, Name: name.String, Email: email.String, Locale: locale.String,
	}
	a.roles, a.created = roles.String, created.Int64
	account, record, err := both(&a, &r)
	if err != nil {
		return session.Session{}, auth.Account{}, auth.Security{}, err
	}
	return current, account, record, nil
}
