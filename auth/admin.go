package auth

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
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

// account begins a call that concerns one account.
func (ad *Admin) account(ctx context.Context, id string) (*act, Account, error) {
	a, err := ad.open(ctx)
	if err != nil {
		return nil, Account{}, err
	}
	account, err := ad.s.config.Stores.Accounts.Get(ctx, a.tenant.ID, id)
	if err != nil {
		return nil, Account{}, storeError("read the account", err)
	}
	return a, account, nil
}

func storeError(op string, err error) error {
	if err == nil {
		return nil
	}
	if CodeOf(err) != CodeUnavailable {
		return err
	}
	return &UnavailableError{Op: op, Err: err}
}
