// Package memstore keeps everything in memory: for tests, for demonstrations
// and for programs that run as one process and may forget all at its end.
//
//	var store memstore.Store
//	svc, err := auth.New(auth.Config{Stores: store.Stores(), …})
//
// It keeps the same promises as the stores over databases, except that nothing
// survives the process and that other processes see nothing of it.
//
// # Size
//
// Accounts and security records stay until the process ends. Everything that
// strangers can cause (tokens, flows, sessions, counters) vanishes by itself
// once it is over: each write looks at a few records and drops the dead, so that
// they stay a small share of the living, and no call waits for a sweep. The
// counters also have an upper limit, see [lockout.MemoryStore]. The outbox
// refuses more than [notify.MemoryEntries] messages, and the record keeps the
// newest [audit.MemoryEvents] events.
//
// # Time
//
// The stores have no clock. They believe the times that they are told, so that
// they work with any clock a test injects.
package memstore

import (
	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// Store holds every kind of record that [auth.Stores] names. The zero value is
// an empty store, ready to use, and safe for concurrent use. It must not be
// copied after first use.
type Store struct {
	accounts accounts
	security security
	tokens   tokens
	flows    flows
	sessions session.MemoryStore
	counters lockout.MemoryStore
	outbox   notify.MemoryOutbox
	audit    audit.Memory
}

// Stores returns the parts of s. Each call returns the same ones.
//
// The accounts can also be created, listed and given roles
// ([auth.AccountCreator], [auth.AccountLister], [auth.RoleChanger]).
func (s *Store) Stores() auth.Stores {
	return auth.Stores{
		Accounts: &s.accounts,
		Security: &s.security,
		Tokens:   &s.tokens,
		Flows:    &s.flows,
		Sessions: &s.sessions,
		Counters: &s.counters,
		Outbox:   &s.outbox,
		Audit:    &s.audit,
	}
}
