package auth

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
)

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
	a, account, err := ad.create(ctx, n, func(made *Account) error {
		if address(*made) == "" {
			return &MalformedError{"email", "is needed: the identifier is no e-mail address"}
		}
		return nil
	})
	if err != nil {
		return "", err
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
	a, account, err := ad.account(ctx, id)
	if err != nil {
		return err
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
	a, account, err := ad.create(ctx, n, func(made *Account) error {
		if hash == "" {
			return nil
		}
		if err := ad.s.hasher.Check(hash); err != nil {
			return &MalformedError{"hash", strings.TrimPrefix(err.Error(), "password: ")}
		}
		made.PasswordHash = hash
		return nil
	})
	if err != nil {
		return "", err
	}
	return account.ID, ad.record(ctx, a, account.ID, audit.UserCreated, "")
}

// create makes the account that n describes, once complete has nothing against it.
func (ad *Admin) create(ctx context.Context, n NewAccount, complete func(*Account) error) (*act, Account, error) {
	a, err := ad.open(ctx)
	if err != nil {
		return nil, Account{}, err
	}
	creator, ok := ad.s.config.Stores.Accounts.(AccountCreator)
	if !ok {
		return nil, Account{}, ErrUnsupported
	}
	account, aliases, err := n.account(a.tenant.ID, ad.s.now())
	if err != nil {
		return nil, Account{}, err
	}
	if err := complete(&account); err != nil {
		return nil, Account{}, err
	}
	if account.ID, err = creator.Create(ctx, account, aliases...); err != nil {
		return nil, Account{}, storeError("make the account", err)
	}
	return a, account, nil
}
