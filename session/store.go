package session

import (
	"context"
	"iter"
	"net/netip"
	"time"
)

// Key is what a store knows a session by; the token itself is never stored.
// It is an array, so that a look-up through the interface costs no allocation.
type Key struct {
	Tag    uint32   // routing tag of the account, see [Tag], so that a session and its account's index can share a shard
	Digest [32]byte // SHA-256 of the token's 48 characters
}

// Level is an authentication assurance level (NIST SP 800-63B-4, 2).
type Level uint8

// The levels. A session's level never rises without a new authentication.
const (
	AAL1 Level = iota + 1
	AAL2
	AAL3
)

// Factor is one method that was used to sign in, and when it was last used.
type Factor struct {
	Method string // RFC 8176 amr value: "pwd", "otp", "hwk", …
	Time   time.Time
}

// Session is a finished login. Its slices are shared with the store: treat
// them as read-only.
type Session struct {
	Key     Key
	ID      string // public handle for lists, logs and revocation; not a secret
	Tenant  string // "" where there is only one
	Account string

	Identifier string   // what the account is called, for display
	Roles      []string // as they were at sign-in
	Epoch      int64    // the account's credential epoch at sign-in
	Level      Level
	Factors    []Factor // in the order of use

	Device    string // known device, "" if none
	IP        netip.Addr
	UserAgent string
	Kind      Kind

	Created time.Time
	Seen    time.Time     // latest activity, to the minute
	Idle    time.Duration // ends when nothing is seen for so long
	Expires time.Time     // ends at this instant whatever happens
}

// Kind says how long a browser keeps a session.
type Kind uint8

// The kinds of session.
const (
	Normal     Kind = iota // cookie ends with the browser
	Remembered             // cookie survives a restart; still ends by Idle and Expires
	Public                 // public computer: shorter limits, no device is remembered
)

// Active reports whether the session may be used at now: activity is required
// within Idle, and now must be before Expires. At the exact instant it is over.
func (s *Session) Active(now time.Time) bool {
	return now.Before(s.Expires) && now.Before(s.Seen.Add(s.Idle))
}

// Filter selects sessions of one account.
type Filter struct {
	Tenant  string
	Account string // required
	ID      string // only this one; "" = all
	Except  string // all but this one; "" = none spared
}

// Store keeps sessions. It is the part of this package that teams replace by
// their own; store/storetest tells whether a store keeps these laws.
//
// A session that ended (by End, by Rotate, by Create's limit) is gone for every
// verb: it is not found, not touched, not listed, not rotated. Its key stays
// taken for [Tombstone], so that nothing can bring it back.
//
// Every method is safe for concurrent use, by several processes too, and what
// it acknowledged is seen by every later call on any node. When ctx is done
// before the work has begun, nothing changes and ctx's error is returned. Times
// round-trip with a resolution of one microsecond at least. Sessions that are
// no longer Active may be dropped at any time.
type Store interface {
	// Create inserts s, at s.Created. If keep > 0 and the account then has more
	// than keep sessions that are active at s.Created, the ones created first
	// are ended, never s itself, and their IDs are returned; after parallel
	// Creates have all returned, keep are active: no more, and no more were
	// ended than that takes. [ErrExists] if the key is taken, by a live session
	// or a tombstone; then nothing changes.
	Create(ctx context.Context, s Session, keep int) (ended []string, err error)

	// Get returns the session, active or not, or [ErrNotFound] if there is none
	// or it ended.
	Get(ctx context.Context, k Key) (Session, error)

	// Touch moves Seen forward to seen, never backward, and reports whether the
	// session was there. It never inserts: touching what ended reports false.
	Touch(ctx context.Context, k Key, seen time.Time) (active bool, err error)

	// Rotate ends old and inserts next in one atomic step, or does neither. Of
	// several racing rotations of one session exactly one wins; the others, and
	// a rotation of what ended, report false. next is of the same account and
	// may keep old's ID and Created; old ends at next.Seen, so its tombstone
	// lasts until next.Seen + [Tombstone]. [ErrExists] if next's key is taken.
	Rotate(ctx context.Context, old Key, next Session) (won bool, err error)

	// End ends the sessions that f selects and returns how many. Ending none
	// is no error. Once it has returned, no node finds them. at is when they
	// ended; their tombstones last until at + [Tombstone].
	End(ctx context.Context, f Filter, at time.Time) (n int, err error)

	// List yields the sessions of an account that have not ended, active or
	// not, newest first (by Created, then ID, both descending). It streams; an
	// error ends it.
	List(ctx context.Context, tenant, account string) iter.Seq2[Session, error]
}

// Tombstone is how long the key of an ended session stays taken.
const Tombstone = 10 * time.Minute

// Expirer is an optional interface of a store whose rows do not vanish by
// themselves. Whoever owns the program's housekeeping calls it now and then.
type Expirer interface {
	// Expire drops at most limit sessions that are not active at now, and
	// tombstones that are over, and reports how many it dropped. It never holds
	// a lock for longer than a batch takes.
	Expire(ctx context.Context, now time.Time, limit int) (n int, err error)
}
