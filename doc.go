// Package crmauth is the map of a library that gives the back end of a CRM, or
// of any application whose users have accounts, its whole login. It holds no
// code. Enter where you need something:
//
//   - [github.com/crmauth/crmauth/auth]: the whole login as calls. Accounts,
//     sign-in, first and new passwords by one-time links, sessions and devices
//     of one's own, administration.
//   - [github.com/crmauth/crmauth/auth/authhttp]: the same over net/http. JSON
//     API, middleware, cookies, what server-rendered pages need.
//   - [github.com/crmauth/crmauth/store/sqlstore] keeps it in an SQL database,
//     [github.com/crmauth/crmauth/store/memstore] in memory.
//
// Each of these stands alone, for a program that wants nothing else of ours:
//
//   - [github.com/crmauth/crmauth/password]: Argon2id hashing in bounded memory,
//     equal work for every failure, password policy, strength.
//   - [github.com/crmauth/crmauth/lockout]: attempts that are counted before
//     anything is verified.
//   - [github.com/crmauth/crmauth/session]: opaque tokens whose sessions live on
//     the server and can be ended at any moment.
//   - [github.com/crmauth/crmauth/auth/keyring]: keys with ids, a subkey for
//     each purpose, rotation.
//   - [github.com/crmauth/crmauth/auth/audit]: security events, sinks, listeners.
//   - [github.com/crmauth/crmauth/auth/notify]: messages to the owners of
//     accounts, and the outbox they wait in.
//
// Whoever writes a store begins at [github.com/crmauth/crmauth/store], which says
// what one must promise, and runs
// [github.com/crmauth/crmauth/store/storetest] over it.
//
// # Two commands
//
// From a clone of the repository, on a machine that has only Go:
//
//	go run ./examples/crm
//	go test work
//
// The first serves a small CRM that uses every feature, the second runs all
// tests of all modules. examples/quickstart is a login on one screen.
//
// # Promises
//
// An attempt is counted before it is verified: however many requests race, on
// however many nodes, no more than the limit is ever verified. Who closes an
// account's counter from outside doesn't keep its owner out. Unknown account,
// wrong password, disabled account and account without a password are one
// answer, after the same work. What is stored opens nothing by itself. A session
// that was ended is refused by every node once the call that ended it has
// returned, and comes back by nothing. What can't be counted, verified or
// recorded is refused. The zero value of every option is the secure one.
//
// docs/architecture.md says how, and why so.
package crmauth
