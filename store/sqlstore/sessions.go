package sqlstore

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/crmauth/crmauth/session"
)

type sessions struct {
	run      *runner
	accounts *accounts
	security *security
}

var (
	_ session.Store   = (*sessions)(nil)
	_ session.Expirer = (*sessions)(nil)
)

// factor is a session.Factor at rest.
type factor struct {
	Method string `json:"m"`
	Time   int64  `json:"t"`
}

// sessionRow receives the columns of a session, but for its key.
type sessionRow struct {
	session.Session
	roles, factors, ip           string
	created, seen, idle, expires int64
}

func (r *sessionRow) into() []any {
	return []any{&r.ID, &r.Tenant, &r.Account, &r.Identifier, &r.roles, &r.Epoch, &r.Level, &r.factors,
		&r.Device, &r.ip, &r.UserAgent, &r.Kind, &r.created, &r.seen, &r.idle, &r.expires}
}

func (r *sessionRow) session() (s session.Session, err error) {
	s = r.Session
	s.Created, s.Seen, s.Expires = fromMicros(r.created), fromMicros(r.seen), fromMicros(r.expires)
	s.Idle = time.Duration(r.idle) * time.Microsecond
	if s.Roles, err = fromList(r.roles); err != nil {
		return session.Session{}, err
	}
	if s.IP, err = fromAddress(r.ip); err != nil {
		return session.Session{}, err
	}
	if r.factors != "[]" {
		var used []factor
		if err := decode(r.factors, &used); err != nil {
			return session.Session{}, err
		}
		s.Factors = make([]session.Factor, len(used))
		for i, f := range used {
			s.Factors[i] = session.Factor{Method: f.Method, Time: fromMicros(f.Time)}
		}
	}
	return s, nil
}

// columns are the arguments of session.create.
func columns(s *session.Session) []any {
	used := make([]factor, len(s.Factors))
	for i, f := range s.Factors {
		used[i] = factor{f.Method, micros(f.Time)}
	}
	idle := s.Idle.Microseconds()
	return []any{s.Key.Digest[:], int64(s.Key.Tag), s.ID, s.Tenant, s.Account, s.Identifier, list(s.Roles), s.Epoch, int64(s.Level), encode(used),
		s.Device, address(s.IP), s.UserAgent, int64(s.Kind), micros(s.Created), micros(s.Seen), idle, micros(s.Expires),
		min(micros(s.Expires), micros(s.Seen)+idle)}
}

func (s *sessions) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	insert := func(c conn) (others int, err error) {
		found, err := c.one(ctx, "session.create", columns(&next), &others)
		if err == nil && !found {
			err = session.ErrExists
		}
		return others, err
	}
	if keep <= 0 {
		return nil, s.run.write(ctx, func(c conn) error {
			_, err := insert(c)
			return err
		})
	}
	var ended []string
	err := s.run.inTx(ctx, func(c conn) error {
		ended = nil
		others, err := insert(c)
		if err != nil || others < keep {
			return err
		}
		at := next.Created
		args := []any{next.Tenant, next.Account, next.Key.Digest[:], keep - 1, micros(at), micros(at.Add(session.Tombstone))}
		return c.each(ctx, "session.end_oldest", args, func(r row) error {
			var id string
			err := r.Scan(&id)
			ended = append(ended, id)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

func (s *sessions) Get(ctx context.Context, k session.Key) (session.Session, error) {
	r := sessionRow{Session: session.Session{Key: k}}
	found, err := s.run.reader().one(ctx, "session.get", []any{k.Digest[:], int64(k.Tag)}, r.into()...)
	if err != nil {
		return session.Session{}, err
	}
	if !found {
		return session.Session{}, session.ErrNotFound
	}
	return r.session()
}

func (s *sessions) Touch(ctx context.Context, k session.Key, seen time.Time) (bool, error) {
	return s.run.changed(ctx, "session.touch", k.Digest[:], int64(k.Tag), micros(seen))
}

var errLost = errors.New("sqlstore: another one won")

func (s *sessions) Rotate(ctx context.Context, old session.Key, next session.Session) (bool, error) {
	at := next.Created
	if next.Seen.After(at) {
		at = next.Seen
	}
	err := s.run.inTx(ctx, func(c conn) error {
		n, err := c.exec(ctx, "session.end_key", old.Digest[:], int64(old.Tag), micros(at), micros(at.Add(session.Tombstone)))
		if err != nil {
			return err
		}
		if n == 0 {
			return errLost
		}
		var others int
		found, err := c.one(ctx, "session.create", columns(&next), &others)
		if err == nil && !found {
			err = session.ErrExists
		}
		return err
	})
	if errors.Is(err, errLost) {
		return false, nil
	}
	return err == nil, err
}

func (s *sessions) End(ctx context.Context, f session.Filter, at time.Time) (int, error) {
	if f.Account == "" {
		return 0, errors.New("sqlstore: ending sessions needs an account")
	}
	return s.run.count(ctx, "session.end", f.Tenant, f.Account, f.ID, f.Except, micros(at), micros(at.Add(session.Tombstone)))
}

func (s *sessions) List(ctx context.Context, tenant, account string) iter.Seq2[session.Session, error] {
	type position struct {
		created int64
		id      string
	}
	start := position{created: math.MaxInt64}
	return pages(start, func(after position) (items []session.Session, last position, err error) {
		args := []any{tenant, account, after.created, after.id, page}
		err = s.run.reader().each(ctx, "session.list", args, func(r row) error {
			var s sessionRow
			var digest []byte
			if err := r.Scan(append([]any{&digest, &s.Key.Tag}, s.into()...)...); err != nil {
				return err
			}
			copy(s.Key.Digest[:], digest)
			item, err := s.session()
			items, last = append(items, item), position{s.created, s.ID}
			return err
		})
		return items, last, err
	})
}

func (s *sessions) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.run.count(ctx, "session.expire", micros(now), limit)
}
