package sqlstore

import (
	"context"
	"time"

	"github.com/crmauth/crmauth/auth"
)

type tokens struct{ run *runner }

var (
	_ auth.TokenStore = (*tokens)(nil)
	_ auth.Expirer    = (*tokens)(nil)
)

func (s *tokens) Issue(ctx context.Context, t auth.Token) error {
	return s.run.inTx(ctx, func(c conn) error {
		if _, err := c.exec(ctx, "token.empty_slot", t.Tenant, t.Account, t.Slot, t.Digest[:]); err != nil {
			return err
		}
		n, err := c.exec(ctx, "token.insert", t.Digest[:], t.Purpose, t.Tenant, t.Account, t.Slot,
			micros(t.Created), micros(t.Expires), t.Data)
		if err == nil && n == 0 {
			err = auth.ErrExists
		}
		return err
	})
}

func (s *tokens) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (t auth.Token, won bool, err error) {
	err = s.run.write(ctx, func(c conn) error {
		t, won, err = oneToken(ctx, c, "token.take", d, purpose, now)
		return err
	})
	return t, won, err
}

func (s *tokens) Peek(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, error) {
	t, found, err := oneToken(ctx, s.run.reader(), "token.peek", d, purpose, now)
	if err == nil && !found {
		err = auth.ErrNotFound
	}
	return t, err
}

func oneToken(ctx context.Context, c conn, statement string, d auth.Digest, purpose string, now time.Time) (auth.Token, bool, error) {
	t := auth.Token{Digest: d}
	var created, expires int64
	found, err := c.one(ctx, statement, []any{d[:], purpose, micros(now)},
		&t.Purpose, &t.Tenant, &t.Account, &t.Slot, &created, &expires, &t.Data)
	if err != nil || !found {
		return auth.Token{}, false, err
	}
	t.Created, t.Expires = fromMicros(created), fromMicros(expires)
	return t, true, nil
}

func (s *tokens) Revoke(ctx context.Context, tenant, account string, purposes ...string) (int, error) {
	return s.run.count(ctx, "token.revoke", tenant, account, list(purposes))
}

func (s *tokens) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.run.count(ctx, "token.expire", micros(now), limit)
}
