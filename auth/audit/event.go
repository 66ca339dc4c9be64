package audit

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"net/netip"
	"time"
)

// An Event is one thing that happened. Its JSON form is stable: fields may be
// added, none changes its name or meaning; empty fields are left out, times are
// RFC 3339 in UTC.
//
// Strings are limited in length and cleaned on their way into a sink, see
// [Event.Clean].
type Event struct {
	// ID is unique and sorts by time, see [NewID]. Empty: the sink gives one.
	ID string `json:"id"`

	// Seq is the event's position in the log it was read from, from 1. Sinks
	// ignore what the caller sets.
	Seq int64 `json:"seq,omitzero"`

	// Time is when it happened, by the program's clock; kept in UTC, to the
	// microsecond.
	Time time.Time `json:"time"`

	// Name is what happened, Level how urgent that is. The zero Level becomes
	// that of the name in the [Catalogue].
	Name  Name  `json:"event"`
	Level Level `json:"level"`

	// Outcome is how it ended, Reason the true cause: for the record and for
	// administrators, never for the client.
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason,omitzero"`

	// Tenant and Account say whom it concerns; Account is empty where none is
	// known. IdentifierHash then tells attempts on one unknown name from those
	// on another: a keyed hash, for people type passwords into the name field.
	Tenant         string `json:"tenant,omitzero"`
	Account        string `json:"account,omitzero"`
	IdentifierHash string `json:"identifier_hash,omitzero"`

	// Actor is who did it, where that is not the account itself.
	Actor Actor `json:"actor,omitzero"`

	// Public handles, never tokens: the session, the device, and the flow,
	// which ties the steps of one login together.
	Session string `json:"session,omitzero"`
	Device  string `json:"device,omitzero"`
	Flow    string `json:"flow,omitzero"`

	// Client is the other end of the connection.
	Client Client `json:"client,omitzero"`

	// Methods are how the person was authenticated, as RFC 8176 amr values;
	// Assurance is the level reached, 1 to 3 (NIST SP 800-63B-4), 0 = none.
	// Factor is the kind of factor concerned, or its id.
	Methods   []string `json:"methods,omitempty"`
	Assurance int      `json:"assurance,omitzero"`
	Factor    string   `json:"factor,omitzero"`

	// Resource is what access was asked to, From and To a change of role,
	// level or place, Operation what an administrator did, Policy the profile
	// that decided.
	Resource  string `json:"resource,omitzero"`
	From      string `json:"from,omitzero"`
	To        string `json:"to,omitzero"`
	Operation string `json:"operation,omitzero"`
	Policy    string `json:"policy,omitzero"`

	// Retries is the number of failures before this success, Limit the limit
	// that was reached.
	Retries int64 `json:"retries,omitzero"`
	Limit   int64 `json:"limit,omitzero"`

	// Count is how many like events this one stands for, the first of them at
	// Since; 0 is one event.
	Count int64     `json:"count,omitzero"`
	Since time.Time `json:"since,omitzero"`
}

// A Client is the other end of a connection, as far as the program believes it.
type Client struct {
	IP        netip.Addr `json:"ip,omitzero"`         // without zone; IPv4-mapped becomes IPv4
	UserAgent string     `json:"user_agent,omitzero"` // as the client sent it, cleaned and cut
}

// An Actor is who did something to an account that may not be his own.
type Actor struct {
	Kind   ActorKind `json:"kind,omitzero"`
	ID     string    `json:"id,omitzero"`     // account id of a principal, name of an operator, job of the system
	Reason string    `json:"reason,omitzero"` // the justification given
}

// An ActorKind says what an actor is. The zero kind: the account itself, or
// nobody known.
type ActorKind string

// The kinds of actors.
const (
	ActorPrincipal ActorKind = "principal" // somebody who is signed in
	ActorOperator  ActorKind = "operator"  // somebody at the command line
	ActorSystem    ActorKind = "system"    // a job of the program
)

// An Outcome is how an event ended.
type Outcome string

// The outcomes.
const (
	Success    Outcome = "success"    // done
	Failure    Outcome = "failure"    // verified, and wrong
	Refused    Outcome = "refused"    // not allowed, whatever the credential
	Incomplete Outcome = "incomplete" // right so far, more is required
	Fault      Outcome = "fault"      // something of ours failed; nothing was changed
)

// A Level is the urgency of an event, by the names of the OWASP vocabulary.
type Level string

// The levels.
const (
	Info     Level = "INFO"     // nothing to do
	Warn     Level = "WARN"     // may be the beginning of something
	Critical Level = "CRITICAL" // somebody should look
)

// Cursor returns the position of an event that was read from a log.
func (e Event) Cursor() Cursor { return Cursor{Seq: e.Seq} }

var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewID returns a unique id of 26 characters (0-9, a-v): 48 bits of the time in
// milliseconds and 80 random bits, so that ids sort by time. It is no secret.
func NewID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(0, now.UnixMilli()))<<16)
	rand.Read(b[6:]) // never fails: the runtime ends the program rather than return
	return idEncoding.EncodeToString(b[:])
}
