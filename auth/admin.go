package auth

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// Actor is who administers: a [Principal] who holds Config.AdminRole and signed
// in or re-authenticated recently, for the own tenant; or an [Operator].
type Actor interface{ actor() }

func (Principal) actor() {}
func (Operator) actor()  {}

// Operator is somebody with access to the machine, at the command line. The
// program vouches for the name; the reason goes on record with every act. Never
// make one in a request handler: it needs neither the role nor a recent
// authentication. There the actor is the [Principal].
type Operator struct {
	Name   string // required
	Reason string
	Tenant string // whose accounts; "" where there is only one
}

// Admin returns what the actor may do to the accounts of its tenant. The
// actor's right is checked at each call, from the stores.
func (s *Service) Admin(a Actor, c Client) *Admin {
	c.IP = knownAddress(c.IP)
	return &Admin{s: s, actor: a, client: c}
}

// Admin administers accounts; [Service.Admin] makes it. There is no way here to
// choose or learn somebody's password (ASVS 6.4.6).
type Admin struct {
	s      *Service
	actor  Actor
	client Client
}

// act is one administrative call: who, for which tenant.
type act struct {
	tenant  Tenant
	who     audit.Actor
	account string // the actor's own, "" for operators
	session string
	client  Client
}

func (ad *Admin) open(ctx context.Context) (*act, error) {
	switch who := ad.actor.(type) {
	case Operator:
		if who.Name == "" {
			return nil, &MalformedError{"operator", "needs a name, for the record"}
		}
		t, err := ad.s.tenant(ctx, who.Tenant)
		if err != nil {
			return nil, ErrNotFound
		}
		return &act{tenant: t, who: audit.Actor{Kind: audit.ActorOperator, ID: who.Name, Reason: who.Reason}, client: ad.client}, nil
	case Principal:
		o, err := ad.s.Self(who, ad.client).open(ctx)
		if err != nil {
			return nil, err
		}
		if !ad.s.administers(o.account) {
			e := o.event()
			e.Name, e.Outcome, e.Reason = audit.AuthzFail, audit.Refused, audit.ReasonRoleMissing
			if err := ad.s.append(ctx, e); err != nil {
				return nil, err
			}
			return nil, ErrForbidden
		}
		if err := o.recent(); err != nil {
			return nil, err
		}
		return &act{
			tenant: o.tenant, account: o.account.ID, session: o.session.ID, client: ad.client,
			who: audit.Actor{Kind: audit.ActorPrincipal, ID: o.account.ID},
		}, nil
	}
	return nil, ErrForbidden
}

// administers reports whether the account holds the role and can sign in. One
// that was invited and has no password yet can't.
func (s *Service) administers(a Account) bool {
	return !a.Disabled && a.PasswordHash != "" && slices.Contains(a.Roles, s.config.AdminRole)
}

func (ad *Admin) record(ctx context.Context, a *act, account string, name audit.Name, reason audit.Reason) error {
	return ad.s.append(ctx, audit.Event{
		Name: name, Outcome: audit.Success, Reason: reason, Tenant: a.tenant.ID, Account: account,
		Actor: a.who, Session: a.session, Client: clientOf(a.client),
	})
}

// AccountInfo is an account as an administrator sees it: no secrets.
type AccountInfo struct {
	ID          string    `json:"id"`
	Identifier  string    `json:"identifier"`
	Name        string    `json:"name,omitempty"`
	Email       string    `json:"email,omitempty"`
	Roles       []string  `json:"roles"`
	Disabled    bool      `json:"disabled"`
	HasPassword bool      `json:"has_password"`
	Created     time.Time `json:"created,omitzero"`
	Invited     time.Time `json:"invited,omitzero"`
	LastLogin   time.Time `json:"last_login,omitzero"`
}

func info(a Account, sec Security) AccountInfo {
	return AccountInfo{
		ID: a.ID, Identifier: a.Identifier, Name: a.Name, Email: a.Email, Roles: slices.Clone(a.Roles), Disabled: a.Disabled,
		HasPassword: a.PasswordHash != "", Created: a.Created, Invited: sec.Invited, LastLogin: sec.LastLogin,
	}
}

// Lookup finds an account by any of its identifiers.
func (ad *Admin) Lookup(ctx context.Context, identifier string) (AccountInfo, error) {
	a, err := ad.open(ctx)
	if err != nil {
		return AccountInfo{}, err
	}
	name, err := CanonicalIdentifier(identifier)
	if err != nil {
		return AccountInfo{}, &MalformedError{"identifier", err.Error()}
	}
	found, err := ad.s.config.Stores.Accounts.Find(ctx, a.tenant.ID, name)
	if err != nil {
		return AccountInfo{}, storeError("find the account", err)
	}
	return ad.Get(ctx, found.ID)
}

// Get returns an account by its id.
func (ad *Admin) Get(ctx context.Context, id string) (AccountInfo, error) {
	a, err := ad.open(ctx)
	if err != nil {
		return AccountInfo{}, err
	}
	found, sec, err := ad.s.load(ctx, a.tenant.ID, id)
	if err != nil {
		return AccountInfo{}, storeError("read the account", err)
	}
	return info(found, sec), nil
}

// List yields accounts whose identifier begins with prefix, ordered by id,
// beginning behind the id after. [ErrUnsupported] if the store lists none. Invited
// and LastLogin are left out, they take [Admin.Get].
func (ad *Admin) List(ctx context.Context, prefix, after string) iter.Seq2[AccountInfo, error] {
	return func(yield func(AccountInfo, error) bool) {
		a, err := ad.open(ctx)
		lister, ok := ad.s.config.Stores.Accounts.(AccountLister)
		if err == nil && !ok {
			err = ErrUnsupported
		}
		if err != nil {
			yield(AccountInfo{}, err)
			return
		}
		for found, err := range lister.List(ctx, a.tenant.ID, prefix, after) {
			if err != nil {
				yield(AccountInfo{}, storeError("list the accounts", err))
				return
			}
			if !yield(info(found, Security{}), nil) {
				return
			}
		}
	}
}

// NewAccount is whom to invite.
type NewAccount struct {
	Identifier string
	Aliases    []string // further names that lead to the account and share its attempts
	Email      string   // where the link goes; "" = Identifier, which then must be an address
	Name       string
	Locale     string
	Roles      []string
}

// Invite makes an account without a password and sends its owner a one-time
// link, good for 72 hours, to choose one. [ErrExists] if a name is taken.
func (ad *Admin) Invite(ctx context.Context, n NewAccount) (id string, err error) {
	a, err := ad.open(ctx)
	if err != nil {
		return "", err
	}
	creator, ok := ad.s.config.Stores.Accounts.(AccountCreator)
	if !ok {
		return "", ErrUnsupported
	}
	account, aliases, err := n.account(a.tenant.ID, ad.s.now())
	if err != nil {
		return "", err
	}
	if address(account) == "" {
		return "", &MalformedError{"email", "is needed: the identifier is no e-mail address"}
	}
	if account.ID, err = creator.Create(ctx, account, aliases...); err != nil {
		return "", storeError("make the account", err)
	}
	if err := ad.s.change(ctx, a.tenant.ID, account.ID, func(sec *Security) error {
		sec.Invited = ad.s.now()
		return nil
	}); err != nil {
		return "", err
	}
	if err := ad.record(ctx, a, account.ID, audit.UserInvited, ""); err != nil {
		return "", err
	}
	return account.ID, ad.s.sendLink(ctx, a.tenant, account, notify.Invitation, inviteLife)
}

func (n NewAccount) account(tenant string, now time.Time) (a Account, aliases []string, err error) {
	a = Account{Tenant: tenant, Email: n.Email, Name: n.Name, Locale: n.Locale, Roles: slices.Clone(n.Roles), Created: now}
	if a.Identifier, err = newIdentifier(n.Identifier); err != nil {
		return a, nil, &MalformedError{"identifier", strings.TrimPrefix(err.Error(), "auth: the identifier ")}
	}
	for _, alias := range n.Aliases {
		name, err := newIdentifier(alias)
		if err != nil {
			return a, nil, &MalformedError{"aliases", strings.TrimPrefix(err.Error(), "auth: the identifier ")}
		}
		if name != a.Identifier {
			aliases = append(aliases, name)
		}
	}
	if len(n.Name) > 256 || len(n.Aliases) > 16 || len(n.Locale) > 64 {
		return a, nil, &MalformedError{"account", "has a field that is too long"}
	}
	if err := checkRoles(n.Roles); err != nil {
		return a, nil, err
	}
	if n.Email != "" && address(a) == "" {
		return a, nil, &MalformedError{"email", "is no bare e-mail address"}
	}
	return a, slices.Compact(slices.Sorted(slices.Values(aliases))), nil
}

func checkRoles(roles []string) error {
	if len(roles) > 64 || slices.ContainsFunc(roles, func(r string) bool { return r == "" || len(r) > 64 }) {
		return &MalformedError{"roles", "must be at most 64 names of 1 to 64 bytes"}
	}
	return nil
}

// address is where notices to the account go, "" if nowhere.
func address(a Account) string {
	to := a.Email
	if to == "" {
		to = a.Identifier
	}
	if parsed, err := mail.ParseAddress(to); err != nil || parsed.Address != to {
		return ""
	}
	return to
}

// StartReset sends the owner a one-time link, good for 30 minutes, to choose a
// new password, and ends the link before it. For somebody who never chose one
// it is the invitation anew, good for 72 hours. The present password keeps
// working until then.
func (ad *Admin) StartReset(ctx context.Context, id string) error {
	a, err := ad.open(ctx)
	if err != nil {
		return err
	}
	account, err := ad.s.config.Stores.Accounts.Get(ctx, a.tenant.ID, id)
	if err != nil {
		return storeError("read the account", err)
	}
	if err := ad.record(ctx, a, id, audit.PasswordResetRequest, ""); err != nil {
		return err
	}
	if account.PasswordHash == "" {
		return ad.s.sendLink(ctx, a.tenant, account, notify.Invitation, inviteLife)
	}
	return ad.s.sendLink(ctx, a.tenant, account, notify.PasswordReset, resetLife)
}

// sendLink issues a link and has it sent, off the path of the request.
func (s *Service) sendLink(ctx context.Context, t Tenant, a Account, kind notify.Kind, life time.Duration) error {
	link, token, err := s.newLink(ctx, t, a.ID, life)
	if err != nil {
		return err
	}
	return s.notify(ctx, t, a, notify.Message{
		Kind: kind, Link: link, Token: token, Expires: s.now().Add(life),
	})
}

// Import makes an account with a password hash that another system made, or none
// (""). The hash must be of a declared scheme and within its cost, or it is a
// [*MalformedError]; it is renewed when its owner signs in. Nothing is sent.
// [ErrExists] if a name is taken.
func (ad *Admin) Import(ctx context.Context, n NewAccount, hash string) (id string, err error) {
	a, err := ad.open(ctx)
	if err != nil {
		return "", err
	}
	creator, ok := ad.s.config.Stores.Accounts.(AccountCreator)
	if !ok {
		return "", ErrUnsupported
	}
	account, aliases, err := n.account(a.tenant.ID, ad.s.now())
	if err != nil {
		return "", err
	}
	if hash != "" {
		if err := ad.s.hasher.Check(hash); err != nil {
			return "", &MalformedError{"hash", strings.TrimPrefix(err.Error(), "password: ")}
		}
		account.PasswordHash = hash
	}
	if account.ID, err = creator.Create(ctx, account, aliases...); err != nil {
		return "", storeError("make the account", err)
	}
	return account.ID, ad.record(ctx, a, account.ID, audit.UserCreated, "")
}

// SetRoles replaces the roles of an account and ends its sessions, so that
// nobody goes on with the old ones. [ErrLastAdministrator] if nobody would be
// left to administer.
func (ad *Admin) SetRoles(ctx context.Context, id string, roles ...string) error {
	a, err := ad.open(ctx)
	if err != nil {
		return err
	}
	changer, ok := ad.s.config.Stores.Accounts.(RoleChanger)
	if !ok {
		return ErrUnsupported
	}
	if err := checkRoles(roles); err != nil {
		return err
	}
	account, err := ad.s.config.Stores.Accounts.Get(ctx, a.tenant.ID, id)
	if err != nil {
		return storeError("read the account", err)
	}
	do := func() error {
		won, err := changer.SetRoles(ctx, a.tenant.ID, id, account.Roles, roles)
		if err != nil {
			return storeError("change the roles", err)
		}
		if !won {
			return ErrConflict
		}
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
	a, err := ad.open(ctx)
	if err != nil {
		return err
	}
	account, err := ad.s.config.Stores.Accounts.Get(ctx, a.tenant.ID, id)
	if err != nil {
		return storeError("read the account", err)
	}
	return ad.s.guarded(ctx, account, func() error {
		changed, err := ad.s.config.Stores.Accounts.SetDisabled(ctx, a.tenant.ID, id, true)
		if err != nil {
			return storeError("disable the account", err)
		}
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
	a, err := ad.open(ctx)
	if err != nil {
		return err
	}
	account, err := ad.s.config.Stores.Accounts.Get(ctx, a.tenant.ID, id)
	if err != nil {
		return storeError("read the account", err)
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

func storeError(op string, err error) error {
	if CodeOf(err) != CodeUnavailable {
		return err
	}
	return &UnavailableError{Op: op, Err: err}
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

// guarded does what stops an account from administering, if somebody else is
// left to. Who is about to stop is on record first, so that of two
// administrators who stop each other at once one wins.
//
// Whoever holds the role is guarded, whatever state the account seemed to be in:
// that may change before do.
func (s *Service) guarded(ctx context.Context, a Account, do func() error) error {
	if !slices.Contains(a.Roles, s.config.AdminRole) {
		return do()
	}
	if _, ok := s.config.Stores.Accounts.(AccountLister); !ok {
		return ErrUnsupported
	}
	err := s.change(ctx, a.Tenant, GuardAccount, func(sec *Security) error {
		g := sec.guard()
		maps.DeleteFunc(g.Leaving, func(id string, since time.Time) bool {
			return id == a.ID || !s.now().Before(since.Add(leavingFor))
		})
		others, err := s.otherAdministrators(ctx, a.Tenant, a.ID, g.Leaving)
		if err != nil {
			return err
		}
		if others == 0 {
			return ErrLastAdministrator
		}
		if g.Leaving == nil {
			g.Leaving = map[string]time.Time{}
		}
		g.Leaving[a.ID] = s.now()
		return nil
	})
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // on record for a minute: the next one waits rather than guesses
	}
	return s.change(ctx, a.Tenant, GuardAccount, func(sec *Security) error {
		delete(sec.guard().Leaving, a.ID)
		return nil
	})
}
