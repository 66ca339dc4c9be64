package auth

import (
	"context"
	"time"
)

// Digest is the SHA-256 of a one-time secret of at least 128 random bits. The
// secret itself is never stored.
type Digest [32]byte

// Token is a one-time secret at rest: an invitation, a first password, a reset.
type Token struct {
	Digest  Digest
	Purpose string // what it may be used for, 1 to 32 bytes
	Tenant  string
	Account string
	// Slot is where it stands: issuing into a slot ends the token that was in
	// it. 1 to 64 bytes.
	Slot    string
	Created time.Time
	Expires time.Time
	Data    []byte // at most 4 KiB, opaque
}

// TokenStore keeps one-time tokens. Times round-trip with a resolution of one
// microsecond at least.
type TokenStore interface {
	// Issue inserts t and ends the token of the same tenant, account and slot,
	// in one atomic step. [ErrExists] if the digest is taken.
	Issue(ctx context.Context, t Token) error

	// Take consumes the token of that digest and purpose, if it has not expired
	// (now before Expires), in one atomic step, and reports whether it did. Of
	// several racing calls exactly one wins. A token of another purpose, an
	// expired one and one that is not there report false and change nothing.
	Take(ctx context.Context, d Digest, purpose string, now time.Time) (t Token, won bool, err error)

	// Peek returns what Take would take, and leaves it; [ErrNotFound] otherwise.
	Peek(ctx context.Context, d Digest, purpose string, now time.Time) (Token, error)

	// Revoke ends the account's tokens of these purposes (none = all) and
	// returns how many there were.
	Revoke(ctx context.Context, tenant, account string, purposes ...string) (int, error)
}

// FlowRecord is a login that is not finished, at rest.
type FlowRecord struct {
	Digest  Digest
	Step    int // grows by one with each advance
	Tenant  string
	Account string
	Expires time.Time
	Data    []byte // sealed by this package, at most 16 KiB
}

// FlowStore keeps unfinished logins. Records are gone at Expires.
type FlowStore interface {
	// Create inserts f; [ErrExists] if the digest is taken.
	Create(ctx context.Context, f FlowRecord) error

	// Get returns the record if now is before its Expires, else [ErrNotFound].
	Get(ctx context.Context, d Digest, now time.Time) (FlowRecord, error)

	// Advance replaces Step, Expires and Data by those of next if the stored
	// step is fromStep, in one atomic step, and reports whether it was. Exactly
	// one of several racing calls wins. It never inserts.
	Advance(ctx context.Context, d Digest, fromStep int, next FlowRecord) (won bool, err error)

	// End removes the record if its step is fromStep and reports whether this
	// call did it.
	End(ctx context.Context, d Digest, fromStep int) (won bool, err error)
}

// Expirer is an optional interface of every store here whose rows do not vanish
// by themselves; [Service.Run] calls it.
type Expirer interface {
	// Expire drops at most limit rows that are over at now and reports how many.
	// It never holds a lock for longer than a batch takes.
	Expire(ctx context.Context, now time.Time, limit int) (n int, err error)
}
