package sqlstore

import (
	"context"
	"time"

	"github.com/crmauth/crmauth/auth"
)

type flows struct{ run *runner }

var (
	_ auth.FlowStore = (*flows)(nil)
	_ auth.Expirer   = (*flows)(nil)
)

func (s *flows) Create(ctx context.Context, f auth.FlowRecord) error {
	won, err := s.run.changed(ctx, "flow.create", f.Digest[:], f.Step, f.Tenant, f.Account, micros(f.Expires), f.Data)
	if err == nil && !won {
		err = auth.ErrExists
	}
	return err
}

func (s *flows) Get(ctx context.Context, d auth.Digest, now time.Time) (auth.FlowRecord, error) {
	f := auth.FlowRecord{Digest: d}
	var expires int64
	found, err := s.run.reader().one(ctx, "flow.get", []any{d[:], micros(now)}, &f.Step, &f.Tenant, &f.Account, &expires, &f.Data)
	if err != nil {
		return auth.FlowRecord{}, err
	}
	if !found {
		return auth.FlowRecord{}, auth.ErrNotFound
	}
	f.Expires = fromMicros(expires)
	return f, nil
}

func (s *flows) Advance(ctx context.Context, d auth.Digest, fromStep int, next auth.FlowRecord) (bool, error) {
	return s.run.changed(ctx, "flow.advance", d[:], fromStep, next.Step, micros(next.Expires), next.Data)
}

func (s *flows) End(ctx context.Context, d auth.Digest, fromStep int) (bool, error) {
	return s.run.changed(ctx, "flow.end", d[:], fromStep)
}

func (s *flows) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.run.count(ctx, "flow.expire", micros(now), limit)
}
