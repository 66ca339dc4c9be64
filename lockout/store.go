package lockout

import (
	"context"
	"time"
)

// Store keeps counters. It is the part of this package that teams replace by
// their own; store/storetest tells whether a store keeps these laws.
//
// A counter is one row per key: how many reservations were ever granted (Seq),
// up to which of them everything is cleared (Cleared), how many units were
// given back since (Given), when the latest reservation was granted (At) and
// when the one before it was (Prev). From these
//
//	failures = Seq − Cleared − Given
//	wait     = policy.Wait(failures)
//	blocked  = wait > 0 and now < At + wait
//
// Without a wait nothing is blocked, even if now is before At: callers on
// several goroutines or machines arrive with clocks that differ a little.
//
// A missing row equals a row of zeros, except that Seq and Cleared of a new row
// may start at any equal number: above those of dropped rows, a late settlement
// of a dropped row never fits the new one. A row may be dropped once
// At + policy.Forget of its latest granted request has passed, and not before:
// dropping a row that still counts would hand out attempts. A wait or a time to
// forget of [Never] has no end.
//
// Every method is safe for concurrent use, by several processes too. When ctx
// is done before the work has begun, nothing changes and ctx's error is
// returned. Times have a resolution of one microsecond at least.
type Store interface {
	// Reserve counts one attempt on each key, before anything is verified.
	//
	// The requests are decided in their order, each atomically on its own:
	// however many callers race on one key, each of them sees the reservations
	// that were granted before. Once one is refused, those behind it are not
	// decided: they are left exactly as they were, no row is made for them, and
	// their Count says Skipped. So what a refused attempt never gets to verify
	// isn't touched by it. (A store whose statement can't see what another
	// process reserves at the same moment may have counted keys behind a refused
	// one: it reports these as Granted, and the caller refunds them.)
	//
	// A key that is forgotten (At + Forget ≤ now) is first cleared
	// (Cleared becomes Seq, Given becomes 0). A key that is then blocked is left
	// exactly as it was: refusals are neither counted nor do they extend a lock.
	// Otherwise Seq grows by one, Prev becomes At, and At becomes now unless it
	// is later already.
	//
	// The counts come back in the order of the requests. The requests of one
	// call have distinct keys and complete policies. An error means that the
	// caller must verify nothing; some keys may have been counted all the same.
	// [Reserve] and [Try] therefore never call with a ctx that a client who hangs
	// up can end.
	Reserve(ctx context.Context, now time.Time, requests ...Request) ([]Count, error)

	// Settle tells what became of granted reservations, each at most once, each
	// atomically. A reservation that is never settled stays a failure. A Seq
	// that is not in row.Cleared < Seq ≤ row.Seq changes nothing: it was cleared
	// already, or it is left over from a row that was dropped meanwhile.
	//
	// Succeeded clears what was counted up to and including reservation Seq:
	// row.Cleared becomes Seq, and row.Given at most row.Seq − Seq: what was
	// given back is taken to be of the later reservations, which otherwise keep
	// counting. A row doesn't know better, and the other way round a flood whose
	// attempts are all refunded would lock out whoever succeeds in its midst.
	//
	// Refunded gives back one unit, because verification never began or the
	// attempt was no failure: if row.Given < row.Seq − row.Cleared, Given grows
	// by one. If Seq is the latest reservation (Seq = row.Seq), At becomes Prev
	// again, so that a lock which this reservation began is open again.
	//
	// If nothing counts any more after either (row.Given = row.Seq −
	// row.Cleared), Cleared becomes row.Seq and Given 0, so that units given back
	// long ago are never taken for later ones.
	//
	// The settlements of one call have distinct keys. A missing row is no error.
	Settle(ctx context.Context, settlements ...Settlement) error

	// Clear forgets the keys altogether. Repeating it, or clearing a key that
	// was never used, is no error.
	Clear(ctx context.Context, keys ...string) error
}

// Deduper is an optional interface of a Store: it lets a double click, or a
// retry after a dropped connection, count once. Without it each submit counts.
type Deduper interface {
	// ReserveOnce is Reserve for an attempt that carries an idempotency id, a
	// text like a key: opaque, printable ASCII, at most 64 bytes.
	//
	// If no record of id exists, or it expired (until ≤ now), it does what
	// Reserve does and, only if every request was granted, records id with the
	// counts, with first = now, with until, and with one holder, all in one
	// atomic step. If a record exists, nothing is counted: the recorded counts
	// and first are returned with repeat = true, and the record gains a holder.
	// Of several racing calls with one new id exactly one has repeat = false.
	ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...Request) (once Once, err error)

	// Release takes one holder from the record of id. It reports true, and
	// deletes the record, when that was the last one: only then may the caller
	// refund the reservation. It reports false when other holders remain or
	// when there is no such record.
	Release(ctx context.Context, id string) (last bool, err error)
}

// Once is the answer of [Deduper.ReserveOnce].
type Once struct {
	Counts []Count
	First  time.Time // when the attempt was first reserved
	Repeat bool      // the attempt had been counted before
}

// Request asks for one attempt on one key.
type Request struct {
	Key    string // opaque, printable ASCII, at most 64 bytes
	Policy Policy // every field set, at most 8 waits
}

// Count is what one request was told.
type Count struct {
	Seq      int64     // the number of this reservation; 0 if it was not granted
	Failures int64     // what counts now, this reservation included
	Granted  bool      // the attempt may be verified
	Skipped  bool      // not decided, because a request before it was refused; all else is zero
	RetryAt  time.Time // if refused: when the next attempt is open; zero = never
}

// Settlement is the end of one granted reservation.
type Settlement struct {
	Key     string
	Seq     int64 // as in [Count]
	Outcome Outcome
}

// Outcome is how a reservation ended.
type Outcome uint8

// The outcomes that can be told; doing nothing is a failure.
const (
	Succeeded Outcome = iota + 1 // clears this and every earlier reservation
	Refunded                     // gives this one unit back
)

// Expirer is an optional interface of a store whose rows do not vanish by
// themselves. Whoever owns the program's housekeeping calls it now and then.
type Expirer interface {
	// Expire drops at most limit rows that no longer count at now, and reports
	// how many it dropped. It never holds a lock for longer than a batch takes.
	Expire(ctx context.Context, now time.Time, limit int) (n int, err error)
}
