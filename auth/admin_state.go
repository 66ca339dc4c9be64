package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// SetRoles replaces the roles of an account and ends its sessions, so that
// nobody goes on with the old ones. [ErrLastAdministrator] if nobody would be
// left to administer.
func (ad *Admin) SetRoles(ctx context.Context, id string, roles ...string) error {
	changer, ok := ad.s.config.Stores.Accounts.(RoleChanger)
	if !ok {
		return ErrUnsupported
	}
	if err := checkRoles(roles); err != nil {
		return err
	}
	a, account, err := ad.account(ctx, id)
	if err != nil {
		return err
	}
	do := func() error {
		won, err := changer.SetRoles(ctx, a.tenant.ID, id, account.Roles, roles)
		if err != nil {
			return storeError("change the roles", err)
		}
		if !won {
			return ErrConflict
		}
		ctx := context.WithoutCancel(ctx) // nobody who hangs up leaves the sessions
		if _, err := ad.s.sessions.End(ctx, session.Filter{Tenant: a.tenant.ID, Account: id}); err != nil {
			return storeError("end the sessions", err)
		}
		return ad.s.append(ctx, audit.Event{
			Name: audit.PermissionsChanged, Outcome: audit.Success, Tenant: a.tenant.ID, Account: id, Actor: a.who,
			Session: a.session, Client: clientOf(a.client), From: strings.Join(account.Roles, " "), To: strings.Join(roles, " "),
		})
	}
	if slices.Contains(roles, ad.s.config.AdminRole) {
		return do()
	}
	return ad.s.guarded(ctx, account, do)
}

// Suspend disables an account and ends its sessions: when it returns nil, no
// node accepts any of them. [ErrLastAdministrator] if nobody would be left to
// administer. Suspending who is suspended is no error.
func (ad *Admin) Suspend(ctx context.Context, id string) error {
	a, account, err := ad.account(ctx, id)
	if err != nil {
		return err
	}
	return ad.s.guarded(ctx, account, func() error {
		changed, err := ad.s.config.Stores.Accounts.SetDisabled(ctx, a.tenant.ID, id, true)
		if err != nil {
			return storeError("disable the account", err)
		}
		ctx := context.WithoutCancel(ctx) // nobody who hangs up leaves the sessions
		// Unfinished logins and links end with the epoch.
		if err := ad.s.change(ctx, a.tenant.ID, id, func(sec *Security) error { sec.Epoch++; return nil }); err != nil {
			return err
		}
		if _, err := ad.s.config.Stores.Tokens.Revoke(ctx, a.tenant.ID, id); err != nil {
			return storeError("revoke the account's links", err)
		}
		if _, err := ad.s.sessions.End(ctx, session.Filter{Tenant: a.tenant.ID, Account: id}); err != nil {
			return storeError("end the sessions", err)
		}
		if err := ad.record(ctx, a, id, audit.UserSuspended, ""); err != nil || !changed {
			return err
		}
		return ad.s.notify(ctx, a.tenant, account, notify.Message{Kind: notify.Suspended})
	})
}

// Resume enables an account again. Its sessions stay ended.
func (ad *Admin) Resume(ctx context.Context, id string) error {
	a, account, err := ad.account(ctx, id)
	if err != nil {
		return err
	}
	changed, err := ad.s.config.Stores.Accounts.SetDisabled(ctx, a.tenant.ID, id, false)
	if err != nil {
		return storeError("enable the account", err)
	}
	if err := ad.record(ctx, a, id, audit.UserResumed, ""); err != nil || !changed {
		return err
	}
	return ad.s.notify(ctx, a.tenant, account, notify.Message{Kind: notify.Resumed})
}

// Unlock opens the account's attempt counters, the cap of its password too. The
// counters of further names that were typed for it open by themselves in time.
func (ad *Admin) Unlock(ctx context.Context, id string) error {
	a, err := ad.open(ctx)
	if err != nil {
		return err
	}
	account, sec, err := ad.s.load(ctx, a.tenant.ID, id)
	if err != nil {
		return storeError("read the account", err)
	}
	if err := lockout.Clear(ctx, ad.s.passwordCounters(account, sec)...); err != nil {
		return storeError("open the counters", err)
	}
	return ad.record(ctx, a, id, audit.LoginUnlock, "")
}

// EndSessions ends all sessions of an account and returns how many.
func (ad *Admin) EndSessions(ctx context.Context, id string) (int, error) {
	a, err := ad.open(ctx)
	if err != nil {
		return 0, err
	}
	n, err := ad.s.sessions.End(ctx, session.Filter{Tenant: a.tenant.ID, Account: id})
	if err != nil {
		return n, storeError("end the sessions", err)
	}
	return n, ad.record(ctx, a, id, audit.SessionExpired, audit.ReasonRevoked)
}

// AccountChanged tells that the application changed an account in its own
// table: disabled it, changed its roles, replaced its password. Sessions that
// no longer follow from it end before it returns. For an account that was
// deleted all of them do.
func (ad *Admin) AccountChanged(ctx context.Context, id string) error {
	a, err := ad.open(ctx)
	if err != nil {
		return err
	}
	account, sec, err := ad.s.load(ctx, a.tenant.ID, id)
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return storeError("read the account", err)
	}
	for sess, err := range ad.s.sessions.List(ctx, a.tenant.ID, id) {
		if err != nil {
			return storeError("list the sessions", err)
		}
		if gone || !stands(&sess, account, sec, ad.s.now()) {
			if _, err := ad.s.sessions.End(ctx, session.Filter{Tenant: a.tenant.ID, Account: id, ID: sess.ID}); err != nil {
				return storeError("end a session", err)
			}
		}
	}
	return ad.record(ctx, a, id, audit.UserUpdated, audit.ReasonChanged)
}

// guard returns the record's guard, made on first use, as a copy to edit.
func (sec *Security) guard() *Guard {
	g := Guard{}
	if sec.Guard != nil {
		g = *sec.Guard
	}
	g.Leaving = maps.Clone(g.Leaving)
	sec.Guard = &g
	return &g
}

// leavingFor is how long a demotion that did not finish is respected.
const leavingFor = time.Minute

// guarded does what may stop an account from administering, if somebody else is
// left to. Who is about to stop is on record first, one entry for each operation,
// so that of two administrators who stop each other at once one wins. An account
// without the role is entered too: it may be given the role before do.
func (s *Service) guarded(ctx context.Context, a Account, do func() error) error {
	holds := slices.Contains(a.Roles, s.config.AdminRole)
	if _, ok := s.config.Stores.Accounts.(AccountLister); !ok {
		if holds {
			return ErrUnsupported
		}
		return do()
	}
	operation := a.ID + "/" + rand.Text()
	err := s.change(ctx, a.Tenant, GuardAccount, func(sec *Security) error {
		g := sec.guard()
		maps.DeleteFunc(g.Leaving, func(_ string, since time.Time) bool { return !s.now().Before(since.Add(leavingFor)) })
		now, err := s.config.Stores.Accounts.Get(ctx, a.Tenant, a.ID)
		if err != nil {
			return storeError("read the account again", err)
		}
		if holds || slices.Contains(now.Roles, s.config.AdminRole) {
			others, err := s.otherAdministrators(ctx, a.Tenant, a.ID, g.Leaving)
			if err != nil {
				return err
			}
			if others == 0 {
				return ErrLastAdministrator
			}
		}
		if g.Leaving == nil {
			g.Leaving = map[string]time.Time{}
		}
		g.Leaving[operation] = s.now()
		return nil
	})
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // on record for a minute: the next one waits rather than guesses
	}
	return s.change(ctx, a.Tenant, GuardAccount, func(sec *Security) error {
		delete(sec.guard().Leaving, operation)
		return nil
	})
}
