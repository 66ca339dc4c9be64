// Package store is the place of the stores, and says what one must promise. Take
//
//   - store/memstore for tests and for a single process that may forget
//   - store/sqlstore for a database that you have already
//
// or write your own: the interfaces are small, each beside the package that uses
// it ([github.com/crmauth/crmauth/lockout.Store],
// [github.com/crmauth/crmauth/session.Store], and those of
// [github.com/crmauth/crmauth/auth.Stores]), and store/storetest tells which
// promise a store breaks, and why that matters.
//
// # Verbs, not rows
//
// Each method is one thing that happens, not the saving of a record, because
// only the store can decide a race. Its comment is its law. A verb that several
// callers may race for tells each of them whether it won; exactly one does.
// Nothing is saved over, nothing that ended is inserted again.
//
// # Half nothing
//
// What a verb returned without an error is durable, and every later call on any
// node sees it. After an error it has happened as a whole or not at all. When its
// context is done before it began, nothing has changed.
//
// # Bytes and times
//
// Tenants, identifiers, ids and keys are compared byte by byte: no folding of
// case, no trimming, no collation of a language. Times keep at least
// microseconds. The caller says what time it is; a store needs no clock.
//
// # Ends
//
// Rows that are over are dropped by Expire, in batches, called by whoever owns
// the program's housekeeping. A store starts no goroutine.
package store
