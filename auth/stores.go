package auth

import (
	"context"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// Stores is where everything is kept. Take all of it from one of our stores, or
// mix them with your own. [New] names everything that is missing. The audit
// sinks of our stores are [audit.Reader]s too; [audit.Tee] writes to several.
type Stores struct {
	Accounts AccountStore
	Security SecurityStore
	Tokens   TokenStore
	Flows    FlowStore
	Sessions session.Store
	Counters lockout.Store
	Outbox   notify.Outbox
	Audit    audit.Sink
}

// Joiner is an optional interface of a [session.Store] that shares its database
// with accounts and security records, and reads them in one statement. It saves
// a login two statements, and lets every check see the account at no further
// cost. [New] finds it.
type Joiner interface {
	// Join returns a reader, or nil if accounts or security are not kept in the
	// same database by the same store.
	Join(accounts AccountStore, security SecurityStore) Joined
}

// Joined reads several records at once. Each method is one consistent read.
type Joined interface {
	// Find is [AccountStore.Find] and [SecurityStore.Load] of what it finds.
	Find(ctx context.Context, tenant, identifier string) (Account, Security, error)

	// Session is [session.Store.Get] with the account and security record of the
	// session. [session.ErrNotFound] if there is no such session, [ErrNotFound]
	// if its account is gone.
	Session(ctx context.Context, k session.Key) (session.Session, Account, Security, error)
}
