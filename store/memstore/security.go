package memstore

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/crmauth/crmauth/auth"
)

// security implements auth.SecurityStore.
type security struct {
	mu      sync.RWMutex
	records map[scoped]auth.Security
}

var _ auth.SecurityStore = (*security)(nil)

func (s *security) Load(ctx context.Context, tenant, account string) (auth.Security, error) {
	if err := ctx.Err(); err != nil {
		return auth.Security{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[scoped{tenant, account}]
	if !ok {
		return auth.Security{Tenant: tenant, Account: account}, nil
	}
	return cloneSecurity(r), nil
}

func (s *security) Save(ctx context.Context, r auth.Security, ifVersion int64) (won bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	r = cloneSecurity(r)
	r.Version = ifVersion + 1
	k := scoped{r.Tenant, r.Account}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records[k].Version != ifVersion {
		return false, nil
	}
	if s.records == nil {
		s.records = make(map[scoped]auth.Security)
	}
	s.records[k] = r
	return true, nil
}

func cloneSecurity(r auth.Security) auth.Security {
	r.Marks = slices.Clone(r.Marks)
	r.History = slices.Clone(r.History)
	r.Required = slices.Clone(r.Required)
	r.Devices = slices.Clone(r.Devices)
	if r.Guard != nil {
		g := *r.Guard
		g.Leaving = maps.Clone(g.Leaving)
		g.Keys = slices.Clone(g.Keys)
		r.Guard = &g
	}
	return r
}
