package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth"
)

// flows implements auth.FlowStore and auth.Expirer.
type flows struct {
	shelf shelf[auth.Digest, auth.FlowRecord]
}

var (
	_ auth.FlowStore = (*flows)(nil)
	_ auth.Expirer   = (*flows)(nil)
)

func (s *flows) Create(ctx context.Context, f auth.FlowRecord) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.Data = slices.Clone(f.Data)

	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if _, taken := s.shelf.records[f.Digest]; taken {
		return auth.ErrExists
	}
	s.shelf.sweep(s.drop)
	s.shelf.put(f.Digest, f, f.Expires)
	return nil
}

func (s *flows) Get(ctx context.Context, d auth.Digest, now time.Time) (auth.FlowRecord, error) {
	if err := ctx.Err(); err != nil {
		return auth.FlowRecord{}, err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	s.shelf.told(now)
	f, ok := s.shelf.records[d]
	if !ok || !now.Before(f.ends) {
		return auth.FlowRecord{}, auth.ErrNotFound
	}
	f.value.Data = slices.Clone(f.value.Data)
	return f.value, nil
}

func (s *flows) Advance(ctx context.Context, d auth.Digest, fromStep int, next auth.FlowRecord) (won bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	data := slices.Clone(next.Data)

	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	r, ok := s.shelf.records[d]
	if !ok || r.value.Step != fromStep {
		return false, nil
	}
	f := r.value
	f.Step, f.Expires, f.Data = next.Step, next.Expires, data
	s.shelf.put(d, f, f.Expires)
	return true, nil
}

func (s *flows) End(ctx context.Context, d auth.Digest, fromStep int) (won bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	r, ok := s.shelf.records[d]
	if !ok || r.value.Step != fromStep {
		return false, nil
	}
	s.drop(d)
	return true, nil
}

func (s *flows) Expire(ctx context.Context, now time.Time, limit int) (n int, err error) {
	return s.shelf.expire(ctx, now, limit, s.drop)
}

// drop removes a record. It needs the lock.
func (s *flows) drop(d auth.Digest) { delete(s.shelf.records, d) }
