package auth

import (
	"context"
	"iter"
	"time"
)

// Account is who can sign in, as the CRM's own table knows it. What such a
// table has no columns for lives in [Security].
type Account struct {
	Tenant string // "" where there is only one
	// ID is chosen by the store, 1 to 128 bytes, and never reused. It is unique
	// within its tenant only: tenant and ID together are the key.
	ID string
	// Identifier is the primary name to sign in with, in the form that
	// [CanonicalIdentifier] gives it: the stores compare bytes.
	Identifier string
	// PasswordHash is what [password.Hasher] made, or a hash that another
	// system made of a scheme that is declared. "" means that no password
	// opens the account.
	PasswordHash string
	Disabled     bool
	Roles        []string

	Name    string    // how people call this person; optional
	Email   string    // where notices go; "" means Identifier, if that is an address
	Locale  string    // BCP 47; "" means the tenant's
	Created time.Time // zero if unknown
}

// AccountStore is the CRM's table of accounts: the four things that the login
// needs. An adapter to an existing table takes about forty lines.
//
// Identifiers reach the store in canonical form and are compared byte by byte:
// "li", "LI", "lí" and "li " are four identifiers. What the application writes
// into its table itself must pass [CanonicalIdentifier] first, or nobody can
// sign in with it. Accounts of different tenants never meet: a query that leaves
// the tenant out lets one customer into another. Package storetest examines a
// store by all of this. Every method is safe for concurrent use, sees what
// earlier calls acknowledged on any node, and changes nothing when ctx is done
// before it began.
type AccountStore interface {
	// Find returns the account that identifier names, by its primary identifier
	// or by an alias, or [ErrNotFound].
	Find(ctx context.Context, tenant, identifier string) (Account, error)

	// Get returns the account of that id, or [ErrNotFound].
	Get(ctx context.Context, tenant, id string) (Account, error)

	// ReplacePassword stores newHash if the stored hash is exactly oldHash, in
	// one atomic step, and reports whether it was. Of several racing
	// replacements of one hash exactly one wins. "" stands for no password on
	// both sides. An account that does not exist reports false.
	ReplacePassword(ctx context.Context, tenant, id, oldHash, newHash string) (won bool, err error)

	// SetDisabled reports whether that changed anything: false when the account
	// already was so, or does not exist. Of several racing calls one changes it.
	SetDisabled(ctx context.Context, tenant, id string, disabled bool) (changed bool, err error)
}

// AccountCreator is an optional interface of an [AccountStore]. Without it
// accounts are made by the application alone: [Service.Bootstrap], [Admin.Invite]
// and [Admin.Import] are [ErrUnsupported], and somebody's first password is
// chosen by a link of [Admin.StartReset].
type AccountCreator interface {
	// Create inserts the account, with further names that lead to it, all or
	// nothing. a.ID may be "": then the store chooses one. [ErrExists] if the id
	// or any of the names is taken in this tenant.
	Create(ctx context.Context, a Account, aliases ...string) (id string, err error)
}

// AccountLister is an optional interface of an [AccountStore]. Without it nobody
// can tell whether an administrator is the last one: [Admin.List], and
// [Admin.Suspend] and [Admin.SetRoles] of administrators, are [ErrUnsupported].
type AccountLister interface {
	// List yields the accounts of a tenant whose primary identifier begins with
	// prefix ("" = all), ordered by ID, beginning behind the id after (""  = from
	// the start). It streams: nothing loads the table. Accounts that are inserted
	// or deleted meanwhile may be missed or seen, all others come exactly once.
	List(ctx context.Context, tenant, prefix, after string) iter.Seq2[Account, error]
}

// RoleChanger is an optional interface of an [AccountStore], for [Admin.SetRoles].
type RoleChanger interface {
	// SetRoles replaces the roles if they are exactly from (compared as sets),
	// in one atomic step, and reports whether they were.
	SetRoles(ctx context.Context, tenant, id string, from, to []string) (won bool, err error)
}
