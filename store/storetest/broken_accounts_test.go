package storetest_test

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
)

type accounts interface {
	auth.AccountStore
	auth.AccountCreator
	auth.AccountLister
	auth.RoleChanger
}

func accountFaults() []fault {
	broken := func(what, found string, wrap func(accounts) auth.AccountStore) fault {
		return fault{what, "accounts/" + found, func(s *auth.Stores) { s.Accounts = wrap(s.Accounts.(accounts)) }}
	}
	renamed := func(rename func(tenant, name string) (string, string)) func(accounts) auth.AccountStore {
		return func(a accounts) auth.AccountStore { return renames{a, rename} }
	}
	return []fault{
		broken("keeps creation times to the second", "round trip", func(a accounts) auth.AccountStore { return secondsOnly{a} }),
		broken("folds the case of identifiers", "identifiers by exact bytes", renamed(func(t, n string) (string, string) { return t, strings.ToLower(n) })),
		broken("trims spaces of identifiers", "identifiers by exact bytes", renamed(func(t, n string) (string, string) { return t, strings.TrimSpace(n) })),
		broken("folds the case of ids", "ids by exact bytes", func(a accounts) auth.AccountStore { return foldsIDs{a} }),
		broken("forgets the tenant", "tenants never meet", renamed(func(_, n string) (string, string) { return "", n })),
		broken("glues tenant and name", "tenants never meet", renamed(func(t, n string) (string, string) { return "", t + ":" + n })),
		broken("returns a zero account for an unknown one", "unknown is ErrNotFound", func(a accounts) auth.AccountStore { return zeroForUnknown{a} }),
		broken("creates the account without the alias that is taken", "create is all or nothing", func(a accounts) auth.AccountStore { return halfCreates{a} }),
		broken("replaces any password", "replace password if equal", func(a accounts) auth.AccountStore { return replacesAny{a} }),
		broken("takes \"\" for any hash", "replace password if equal", func(a accounts) auth.AccountStore { return emptyMatchesAll{a} }),
		broken("reports every SetDisabled as a change", "disable tells what changed", func(a accounts) auth.AccountStore { return alwaysChanged{a} }),
		broken("replaces any roles", "roles if equal", func(a accounts) auth.AccountStore { return anyRoles{a} }),
		broken("compares roles in order", "roles if equal", func(a accounts) auth.AccountStore { return orderedRoles{a} }),
		broken("begins a page at the cursor, not behind it", "list in pages", func(a accounts) auth.AccountStore { return cursorIncluded{a} }),
		broken("takes a prefix for a pattern", "list by prefix", func(a accounts) auth.AccountStore { return likes{a} }),
		broken("holds its lock while the caller lists", "list while writing", func(a accounts) auth.AccountStore { return &lockedList{accounts: a} }),
		broken("cuts names at 255 bytes", "hostile names", renamed(func(t, n string) (string, string) { return t, n[:min(len(n), 255)] })),
		broken("cuts names at a NUL", "hostile names", renamed(func(t, n string) (string, string) { n, _, _ = strings.Cut(n, "\x00"); return t, n })),
		broken("works for cancelled requests", "cancelled calls change nothing", func(a accounts) auth.AccountStore { return tireless{a} }),
		broken("checks a name, then creates", "race for one name", func(a accounts) auth.AccountStore { return checksNames{a, new(sync.Map)} }),
		broken("checks aliases, then creates", "race for one alias", func(a accounts) auth.AccountStore { return checksNames{a, new(sync.Map)} }),
		broken("compares a hash, then replaces it", "race to replace a password", func(a accounts) auth.AccountStore { return comparesFirst{a} }),
		broken("reads the flag, then sets it", "race to disable", func(a accounts) auth.AccountStore { return readsFlag{a} }),
		broken("compares roles, then sets them", "race to set roles", func(a accounts) auth.AccountStore { return comparesRoles{a} }),
	}
}

type secondsOnly struct{ accounts }

func (s secondsOnly) Create(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	a.Created = a.Created.Truncate(time.Second).Add(-time.Second)
	return s.accounts.Create(ctx, a, aliases...)
}

// renames keeps names and tenants in another form than it was given.
type renames struct {
	accounts
	rename func(tenant, name string) (string, string)
}

func (s renames) Find(ctx context.Context, tenant, name string) (auth.Account, error) {
	kept, name := s.rename(tenant, name)
	a, err := s.accounts.Find(ctx, kept, name)
	a.Tenant = tenant
	return a, err
}

func (s renames) Get(ctx context.Context, tenant, id string) (auth.Account, error) {
	kept, _ := s.rename(tenant, "")
	a, err := s.accounts.Get(ctx, kept, id)
	a.Tenant = tenant
	return a, err
}

func (s renames) Create(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	aliases = slices.Clone(aliases)
	for i := range aliases {
		_, aliases[i] = s.rename(a.Tenant, aliases[i])
	}
	a.Tenant, a.Identifier = s.rename(a.Tenant, a.Identifier)
	return s.accounts.Create(ctx, a, aliases...)
}

type foldsIDs struct{ accounts }

func (s foldsIDs) Get(ctx context.Context, tenant, id string) (auth.Account, error) {
	return s.accounts.Get(ctx, tenant, strings.ToLower(id))
}

type zeroForUnknown struct{ accounts }

func (s zeroForUnknown) Find(ctx context.Context, tenant, name string) (auth.Account, error) {
	a, err := s.accounts.Find(ctx, tenant, name)
	if errors.Is(err, auth.ErrNotFound) {
		err = nil
	}
	return a, err
}

type halfCreates struct{ accounts }

func (s halfCreates) Create(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	id, err := s.accounts.Create(ctx, a, aliases...)
	if errors.Is(err, auth.ErrExists) {
		_, _ = s.accounts.Create(ctx, a)
	}
	return id, err
}

type replacesAny struct{ accounts }

func (s replacesAny) ReplacePassword(ctx context.Context, tenant, id, _, newHash string) (bool, error) {
	a, err := s.accounts.Get(ctx, tenant, id)
	if err != nil {
		return false, nil
	}
	return s.accounts.ReplacePassword(ctx, tenant, id, a.PasswordHash, newHash)
}

type emptyMatchesAll struct{ accounts }

func (s emptyMatchesAll) ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (bool, error) {
	if oldHash == "" {
		return replacesAny(s).ReplacePassword(ctx, tenant, id, oldHash, newHash)
	}
	return s.accounts.ReplacePassword(ctx, tenant, id, oldHash, newHash)
}

type alwaysChanged struct{ accounts }

func (s alwaysChanged) SetDisabled(ctx context.Context, tenant, id string, disabled bool) (bool, error) {
	_, err := s.accounts.SetDisabled(ctx, tenant, id, disabled)
	return err == nil, err
}

type anyRoles struct{ accounts }

func (s anyRoles) SetRoles(ctx context.Context, tenant, id string, _, to []string) (bool, error) {
	a, err := s.accounts.Get(ctx, tenant, id)
	if err != nil {
		return false, nil
	}
	return s.accounts.SetRoles(ctx, tenant, id, a.Roles, to)
}

type orderedRoles struct{ accounts }

func (s orderedRoles) SetRoles(ctx context.Context, tenant, id string, from, to []string) (bool, error) {
	if a, err := s.accounts.Get(ctx, tenant, id); err == nil && !slices.Equal(a.Roles, from) {
		return false, nil
	}
	return s.accounts.SetRoles(ctx, tenant, id, from, to)
}

type cursorIncluded struct{ accounts }

func (s cursorIncluded) List(ctx context.Context, tenant, prefix, after string) iter.Seq2[auth.Account, error] {
	return func(yield func(auth.Account, error) bool) {
		if a, err := s.accounts.Get(ctx, tenant, after); err == nil && !yield(a, nil) {
			return
		}
		s.accounts.List(ctx, tenant, prefix, after)(yield)
	}
}

type likes struct{ accounts }

func (s likes) List(ctx context.Context, tenant, prefix, after string) iter.Seq2[auth.Account, error] {
	pattern := regexp.MustCompile("^(?is)" + strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(prefix)))
	return func(yield func(auth.Account, error) bool) {
		for a, err := range s.accounts.List(ctx, tenant, "", after) {
			if (err != nil || pattern.MatchString(a.Identifier)) && !yield(a, err) {
				return
			}
		}
	}
}

type lockedList struct {
	accounts
	mu sync.RWMutex
}

func (s *lockedList) List(ctx context.Context, tenant, prefix, after string) iter.Seq2[auth.Account, error] {
	return func(yield func(auth.Account, error) bool) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		s.accounts.List(ctx, tenant, prefix, after)(yield)
	}
}

func (s *lockedList) SetDisabled(ctx context.Context, tenant, id string, disabled bool) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts.SetDisabled(ctx, tenant, id, disabled)
}

type tireless struct{ accounts }

func (s tireless) ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (bool, error) {
	return s.accounts.ReplacePassword(context.WithoutCancel(ctx), tenant, id, oldHash, newHash)
}

// checksNames looks whether the names are free and then takes them, whoever has
// them by now.
type checksNames struct {
	accounts
	aliases *sync.Map
}

func (s checksNames) Find(ctx context.Context, tenant, name string) (auth.Account, error) {
	if own, ok := s.aliases.Load([2]string{tenant, name}); ok {
		name = own.(string)
	}
	return s.accounts.Find(ctx, tenant, name)
}

func (s checksNames) Create(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	names := append([]string{a.Identifier}, aliases...)
	for _, name := range names {
		if _, err := s.Find(ctx, a.Tenant, name); err == nil {
			return "", auth.ErrExists
		}
	}
	dawdle()
	a.Identifier += " of " + a.Name
	for _, name := range names {
		s.aliases.Store([2]string{a.Tenant, name}, a.Identifier)
	}
	return s.accounts.Create(ctx, a)
}

type comparesFirst struct{ accounts }

func (s comparesFirst) ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (bool, error) {
	if a, err := s.accounts.Get(ctx, tenant, id); err != nil || a.PasswordHash != oldHash {
		return false, nil
	}
	dawdle()
	return replacesAny(s).ReplacePassword(ctx, tenant, id, "", newHash)
}

type readsFlag struct{ accounts }

func (s readsFlag) SetDisabled(ctx context.Context, tenant, id string, disabled bool) (bool, error) {
	if a, err := s.accounts.Get(ctx, tenant, id); err != nil || a.Disabled == disabled {
		return false, nil
	}
	dawdle()
	_, err := s.accounts.SetDisabled(ctx, tenant, id, disabled)
	return err == nil, err
}

type comparesRoles struct{ accounts }

func (s comparesRoles) SetRoles(ctx context.Context, tenant, id string, from, to []string) (bool, error) {
	a, err := s.accounts.Get(ctx, tenant, id)
	if err != nil || !slices.Equal(slices.Sorted(slices.Values(a.Roles)), slices.Sorted(slices.Values(from))) {
		return false, nil
	}
	dawdle()
	return anyRoles(s).SetRoles(ctx, tenant, id, from, to)
}
