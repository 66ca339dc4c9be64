// Package session keeps people signed in: opaque tokens whose sessions live on
// the server, expire, rotate and can be ended at any moment.
//
// Open a session once somebody has proven who they are, and check its token on
// every request:
//
//	m, err := session.New(new(session.MemoryStore), session.Config{})
//	...
//	created, err := m.Create(ctx, session.Login{Account: "42"})
//	setCookie(w, created.Token.Reveal())
//	...
//	s, err := m.Check(ctx, cookie)
//	if errors.Is(err, session.ErrNotFound) {
//		// sign in again
//	}
//
// # Tokens
//
// A token is 48 characters that are safe in a cookie: base64url of a 4-byte
// routing tag and 256 random bits. A store sees SHA-256 of it only, so what
// leaks from a store opens nothing. The tag is a hash of tenant and account. It
// lets a sharded store keep an account together, says nothing by itself, and
// isn't trusted.
//
// # Limits
//
// A session ends when nothing was seen of it for its idle limit, and at its
// absolute limit whatever happens; at the very instant it is over. The defaults
// are
//
//	                  idle      absolute
//	Normal            30 min    12 h
//	Remembered         1 h      24 h
//	Public            10 min     2 h
//
// and no session passes the ceiling of its level (NIST SP 800-63B-4, 2.1.3,
// 2.2.3 and 2.3.3):
//
//	AAL1              30 days   30 days
//	AAL2               1 h      24 h
//	AAL3              15 min    12 h
//
// "Remember me" means that the cookie survives a restart of the browser. It
// doesn't switch the idle limit off: who comes back after lunch is still signed
// in, who comes back the next morning is not.
//
// Activity is recorded once a minute, so a session may end up to a minute less
// than its idle limit after the latest request; never later.
//
// # Ending
//
// Every check reads the store. When [Manager.End] has returned, no process that
// shares the store accepts the session, and nothing brings it back: not a
// request in flight, not a rotation, not the repetition of the login. A rotated
// token is dead at once.
//
// # Levels and factors
//
// A session carries its authentication assurance level, and which methods were
// used when. The level never rises without a new authentication, and a new
// authentication makes a new token; see [Manager.Rotate].
//
// # Stores
//
// [MemoryStore] serves one process. For more than one, implement [Store] over
// the database that you have: six verbs, each one or two statements.
package session
