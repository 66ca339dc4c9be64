package auth

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
)

const (
	bootstrapLife = 24 * time.Hour
	inviteLife    = 72 * time.Hour
	resetLife     = 30 * time.Minute
)

// ErrBootstrapped is what [Service.Bootstrap] answers once somebody administers.
var ErrBootstrapped = coded(CodeExists, "auth: there is an administrator already; invite further ones")

// Bootstrap makes a tenant's first administrator and returns the one-time link,
// good for 24 hours, by which that person chooses a password. There is no
// default password anywhere. Until it was used, calling it again with the same
// identifier returns a new link; after that, and for any other identifier, it
// is [ErrBootstrapped]. An account that exists and does not administer is
// [ErrExists]: name another, or give it the role. The caller prints the link where only an operator sees
// it.
func (s *Service) Bootstrap(ctx context.Context, tenant, identifier string) (link string, err error) {
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return "", &UnavailableError{Op: "resolve the tenant", Err: err}
	}
	creator, ok := s.config.Stores.Accounts.(AccountCreator)
	if !ok {
		return "", ErrUnsupported
	}
	name, err := newIdentifier(identifier)
	if err != nil {
		return "", &MalformedError{"identifier", err.Error()}
	}
	// An account of that name that is not this administrator claims nothing.
	a, err := s.config.Stores.Accounts.Find(ctx, tenant, name)
	if err == nil && (a.PasswordHash != "" || a.Disabled || !slices.Contains(a.Roles, s.config.AdminRole)) {
		if others, err := s.otherAdministrators(ctx, tenant, "", nil); err != nil || others > 0 {
			return "", cmp.Or(err, ErrBootstrapped)
		}
		return "", ErrExists
	}
	if err := s.claimBootstrap(ctx, tenant, name); err != nil {
		return "", err
	}
	a, err = s.config.Stores.Accounts.Find(ctx, tenant, name)
	switch {
	case errors.Is(err, ErrNotFound):
		a = Account{Tenant: tenant, Identifier: name, Roles: []string{s.config.AdminRole}, Created: s.now()}
		if a.ID, err = creator.Create(ctx, a); errors.Is(err, ErrExists) { // somebody else's call of this moment
			a, err = s.config.Stores.Accounts.Find(ctx, tenant, name)
		}
	case err == nil && (a.PasswordHash != "" || a.Disabled):
		return "", ErrBootstrapped
	}
	if err != nil {
		return "", &UnavailableError{Op: "make the administrator", Err: err}
	}
	if err := s.append(ctx, audit.Event{
		Name: audit.UserCreated, Outcome: audit.Success, Tenant: tenant, Account: a.ID,
		Actor: audit.Actor{Kind: audit.ActorSystem, ID: "bootstrap"},
	}); err != nil {
		return "", err
	}
	secret, _, err := s.newLink(ctx, t, a.ID, bootstrapLife)
	return secret.Reveal(), err
}

// claimBootstrap lets one identifier through, unless somebody administers.
func (s *Service) claimBootstrap(ctx context.Context, tenant, name string) error {
	if others, err := s.otherAdministrators(ctx, tenant, "", nil); err != nil {
		return err
	} else if others > 0 {
		return ErrBootstrapped
	}
	return s.change(ctx, tenant, GuardAccount, func(sec *Security) error {
		g := sec.guard()
		if g.First != "" && g.First != name {
			return ErrBootstrapped
		}
		g.First = name
		return nil
	})
}

// otherAdministrators counts who administers a tenant and can sign in, without
// one account and those that are about to stop. Where the store lists no
// accounts, that is not known: 0.
func (s *Service) otherAdministrators(ctx context.Context, tenant, without string, leaving map[string]time.Time) (n int, err error) {
	lister, ok := s.config.Stores.Accounts.(AccountLister)
	if !ok {
		return 0, nil
	}
	for a, err := range lister.List(ctx, tenant, "", "") {
		if err != nil {
			return 0, &UnavailableError{Op: "list the administrators", Err: err}
		}
		stops := func(operation string) bool { return strings.HasPrefix(operation, a.ID+"/") }
		if a.ID == without || !s.administers(a) || slices.ContainsFunc(slices.Collect(maps.Keys(leaving)), stops) {
			continue
		}
		sec, err := s.config.Stores.Security.Load(ctx, tenant, a.ID)
		if err != nil {
			return 0, &UnavailableError{Op: "read an administrator's security record", Err: err}
		}
		if sec.inTime(s.now()) {
			n++
		}
	}
	return n, nil
}
