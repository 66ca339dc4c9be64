package memstore

import (
	"context"
	"crypto/rand"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/crmauth/crmauth/auth"
)

// scoped is a name within a tenant.
type scoped struct{ tenant, name string }

// accounts implements auth.AccountStore and its optional interfaces. Readers
// share a lock that writers hold only for a few map operations.
type accounts struct {
	mu    sync.RWMutex
	byID  map[scoped]*auth.Account
	names map[scoped]*auth.Account // primary identifiers and aliases
	order map[string][]string      // the ids of each tenant, sorted
}

var (
	_ auth.AccountStore   = (*accounts)(nil)
	_ auth.AccountCreator = (*accounts)(nil)
	_ auth.AccountLister  = (*accounts)(nil)
	_ auth.RoleChanger    = (*accounts)(nil)
)

func (s *accounts) Find(ctx context.Context, tenant, identifier string) (auth.Account, error) {
	return s.read(ctx, &s.names, scoped{tenant, identifier})
}

func (s *accounts) Get(ctx context.Context, tenant, id string) (auth.Account, error) {
	return s.read(ctx, &s.byID, scoped{tenant, id})
}

// read looks k up in one of the maps, which is passed by address because it
// may be looked at under the lock only.
func (s *accounts) read(ctx context.Context, m *map[scoped]*auth.Account, k scoped) (auth.Account, error) {
	if err := ctx.Err(); err != nil {
		return auth.Account{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := (*m)[k]
	if a == nil {
		return auth.Account{}, auth.ErrNotFound
	}
	return cloneAccount(a), nil
}

func (s *accounts) ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (won bool, err error) {
	return s.change(ctx, tenant, id, func(a *auth.Account) bool {
		if a.PasswordHash != oldHash {
			return false
		}
		a.PasswordHash = newHash
		return true
	})
}

func (s *accounts) SetDisabled(ctx context.Context, tenant, id string, disabled bool) (changed bool, err error) {
	return s.change(ctx, tenant, id, func(a *auth.Account) bool {
		if a.Disabled == disabled {
			return false
		}
		a.Disabled = disabled
		return true
	})
}

func (s *accounts) SetRoles(ctx context.Context, tenant, id string, from, to []string) (won bool, err error) {
	to = slices.Clone(to)
	return s.change(ctx, tenant, id, func(a *auth.Account) bool {
		if !slices.Equal(set(a.Roles), set(from)) {
			return false
		}
		a.Roles = to
		return true
	})
}

// change applies f to the account and reports what f reported; false if there
// is no such account.
func (s *accounts) change(ctx context.Context, tenant, id string, f func(*auth.Account) bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byID[scoped{tenant, id}]
	return a != nil && f(a), nil
}

func (s *accounts) Create(ctx context.Context, a auth.Account, aliases ...string) (id string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	a = cloneAccount(&a)
	if a.ID == "" {
		a.ID = rand.Text()
	}
	names := append([]string{a.Identifier}, aliases...)

	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ID == auth.GuardAccount || s.byID[scoped{a.Tenant, a.ID}] != nil {
		return "", auth.ErrExists
	}
	for _, name := range names {
		if s.names[scoped{a.Tenant, name}] != nil {
			return "", auth.ErrExists
		}
	}
	if s.byID == nil {
		s.byID = make(map[scoped]*auth.Account)
		s.names = make(map[scoped]*auth.Account)
		s.order = make(map[string][]string)
	}
	s.byID[scoped{a.Tenant, a.ID}] = &a
	for _, name := range names {
		s.names[scoped{a.Tenant, name}] = &a
	}
	order := s.order[a.Tenant]
	at, _ := slices.BinarySearch(order, a.ID)
	s.order[a.Tenant] = slices.Insert(order, at, a.ID)
	return a.ID, nil
}

// listBatch is how many accounts one hold of the lock looks at.
const listBatch = 128

func (s *accounts) List(ctx context.Context, tenant, prefix, after string) iter.Seq2[auth.Account, error] {
	return func(yield func(auth.Account, error) bool) {
		for after, more := after, true; more; {
			if err := ctx.Err(); err != nil {
				yield(auth.Account{}, err)
				return
			}
			var batch []auth.Account
			batch, after, more = s.page(tenant, prefix, after)
			for _, a := range batch {
				if !yield(a, nil) {
					return
				}
			}
		}
	}
}

// page returns what matches among the next ids, the last id it looked at, and
// whether there are more. The caller holds no lock while it uses the page, so
// that a slow reader hinders nobody and may call the store.
func (s *accounts) page(tenant, prefix, after string) (batch []auth.Account, last string, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	order := s.order[tenant]
	begin := 0
	if after != "" {
		at, found := slices.BinarySearch(order, after)
		if begin = at; found {
			begin++
		}
	}
	ids := order[begin:min(begin+listBatch, len(order))]
	for _, id := range ids {
		if a := s.byID[scoped{tenant, id}]; strings.HasPrefix(a.Identifier, prefix) {
			batch = append(batch, cloneAccount(a))
		}
		last = id
	}
	return batch, last, begin+len(ids) < len(order)
}

func cloneAccount(a *auth.Account) auth.Account {
	c := *a
	c.Roles = slices.Clone(c.Roles)
	return c
}

// set returns the distinct elements of list, sorted, in a slice of its own.
func set(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
