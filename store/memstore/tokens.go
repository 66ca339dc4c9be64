package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth"
)

// tokens implements auth.TokenStore and auth.Expirer.
type tokens struct {
	shelf shelf[auth.Digest, auth.Token]
	slots map[scoped]map[string]auth.Digest // of each account; under the shelf's lock
}

var (
	_ auth.TokenStore = (*tokens)(nil)
	_ auth.Expirer    = (*tokens)(nil)
)

func (s *tokens) Issue(ctx context.Context, t auth.Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.Data = slices.Clone(t.Data)
	owner := scoped{t.Tenant, t.Account}

	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if _, taken := s.shelf.records[t.Digest]; taken {
		return auth.ErrExists
	}
	s.shelf.told(t.Created)
	s.shelf.sweep(s.drop)
	if old, ok := s.slots[owner][t.Slot]; ok {
		s.drop(old)
	}
	if s.slots == nil {
		s.slots = make(map[scoped]map[string]auth.Digest)
	}
	if s.slots[owner] == nil {
		s.slots[owner] = make(map[string]auth.Digest)
	}
	s.slots[owner][t.Slot] = t.Digest
	s.shelf.put(t.Digest, t, t.Expires)
	return nil
}

func (s *tokens) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (t auth.Token, won bool, err error) {
	if err := ctx.Err(); err != nil {
		return auth.Token{}, false, err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	t, ok := s.live(d, purpose, now)
	if !ok {
		return auth.Token{}, false, nil
	}
	s.drop(d)
	s.shelf.sweep(s.drop)
	return t, true, nil
}

func (s *tokens) Peek(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, error) {
	if err := ctx.Err(); err != nil {
		return auth.Token{}, err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	t, ok := s.live(d, purpose, now)
	if !ok {
		return auth.Token{}, auth.ErrNotFound
	}
	t.Data = slices.Clone(t.Data)
	return t, nil
}

// live returns the token of that purpose if it may be used at now. It needs the
// lock.
func (s *tokens) live(d auth.Digest, purpose string, now time.Time) (auth.Token, bool) {
	s.shelf.told(now)
	t := s.shelf.records[d].value
	if t.Purpose != purpose || !now.Before(t.Expires) {
		return auth.Token{}, false
	}
	return t, true
}

func (s *tokens) Revoke(ctx context.Context, tenant, account string, purposes ...string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	n := 0
	for _, d := range s.slots[scoped{tenant, account}] {
		if len(purposes) == 0 || slices.Contains(purposes, s.shelf.records[d].value.Purpose) {
			s.drop(d)
			n++
		}
	}
	return n, nil
}

func (s *tokens) Expire(ctx context.Context, now time.Time, limit int) (n int, err error) {
	return s.shelf.expire(ctx, now, limit, s.drop)
}

// drop removes a token and the slot it stands in. It needs the lock.
func (s *tokens) drop(d auth.Digest) {
	t := s.shelf.records[d].value
	owner := scoped{t.Tenant, t.Account}
	delete(s.shelf.records, d)
	delete(s.slots[owner], t.Slot)
	if len(s.slots[owner]) == 0 {
		delete(s.slots, owner)
	}
}
