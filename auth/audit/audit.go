// Package audit records what happened to logins, sessions and accounts: who, what,
// when, from where, with which result and for which true reason.
//
// Most programs choose a sink and read it back:
//
//	log := new(audit.Memory)                              // tests and small programs
//	sink := audit.Tee(log, audit.NewSlog(slog.Default())) // all must accept
//
//	for e, err := range log.Events(ctx, audit.Filter{Account: "7", NewestFirst: true}, audit.Cursor{}) { … }
//
// # Events
//
// An [Event] has typed fields only. There is no free-form map into which a
// password or a token could slip, and sessions, devices and flows appear by their
// public handles. Every sink passes events through [Event.Clean], so that no line
// can be forged by what a client sent (ASVS 16.4.1). Names come from the OWASP
// Logging Vocabulary; where it has none, from this package. [Catalogue] lists
// them all, [Event.OWASP] renders the vocabulary's form.
//
// # Sinks and listeners
//
// A [Sink] is durable: once Append has returned nil, the event is on record, and
// an operation whose event can't be recorded is refused. A [Listener] is not:
// [Listeners] calls it afterwards, from a bounded queue that drops rather than
// holds up a login.
//
// # Floods
//
// A [Summer] stands before a sink and sums the refusals of one key, such as a
// closed lane, per minute: a flood costs two events a minute and key, whatever
// its size.
package audit

import (
	"context"
	"errors"
	"iter"
	"time"
)

// A Sink keeps events. Implementations may be used by any number of goroutines.
type Sink interface {
	// Append records the events in the order given, all or none, and returns
	// nil only once they are durable. It cleans each with [Event.Clean] and
	// does not change the caller's slice. An event with an ID that is on
	// record already may be recorded again: ids tell, they don't refuse.
	Append(ctx context.Context, events ...Event) error
}

// A Reader reads what a sink keeps.
type Reader interface {
	// Events yields the events that match f in the order of their Seq, from
	// the first one after the cursor; the zero Cursor begins at the start.
	// With f.NewestFirst the order is reversed, and the zero Cursor begins at
	// the end. Each event's Seq is set, so that [Event.Cursor] continues
	// behind it: whoever reads on from the last event seen misses nothing
	// that was appended meanwhile.
	//
	// An error is yielded once, with a zero Event, and ends the sequence. The
	// log is streamed, never loaded whole, and no lock is held while the
	// caller works on an event.
	Events(ctx context.Context, f Filter, after Cursor) iter.Seq2[Event, error]
}

// A Filter selects events. All conditions must hold; the zero Filter selects
// every event of the tenant "", which is the only one where there is but one.
type Filter struct {
	Tenant     string // exactly this tenant
	AllTenants bool   // any tenant; Tenant is ignored. For operators only

	Account string    // of this account; "" = of all and of none
	Actor   string    // by the actor with this ID; "" = by anybody
	Names   []Name    // any of these; empty = all
	From    time.Time // not before, to the microsecond; zero = no limit
	Until   time.Time // before, not at, to the microsecond; zero = no limit

	NewestFirst bool // reverses the order
}

// Match tells whether the filter selects the event. NewestFirst has no part in it.
func (f Filter) Match(e Event) bool {
	switch {
	case !f.AllTenants && e.Tenant != f.Tenant,
		f.Account != "" && e.Account != f.Account,
		f.Actor != "" && e.Actor.ID != f.Actor,
		!f.From.IsZero() && e.Time.Before(f.From.Truncate(timeAccuracy)),
		!f.Until.IsZero() && !e.Time.Before(f.Until.Truncate(timeAccuracy)):
		return false
	}
	for _, n := range f.Names {
		if n == e.Name {
			return true
		}
	}
	return len(f.Names) == 0
}

// Tee returns a sink that appends to all the given sinks, in their order, and
// succeeds only if all accept. A refusal doesn't spare the later ones: a line in
// the process log is worth most when the database is down. Events are cleaned
// once, so that they have the same ID everywhere. Without any sink, or with a nil
// one, every Append fails.
func Tee(sinks ...Sink) Sink { return tee(append([]Sink(nil), sinks...)) }

type tee []Sink

func (t tee) Append(ctx context.Context, events ...Event) error {
	if len(t) == 0 {
		return errors.New("audit: Tee has no sink: name at least one")
	}
	events = cleaned(events)
	var faults []error
	for _, s := range t {
		if s == nil {
			faults = append(faults, errors.New("audit: Tee has a nil sink: leave it out"))
			continue
		}
		faults = append(faults, s.Append(ctx, events...))
	}
	return errors.Join(faults...)
}

func cleaned(events []Event) []Event {
	out := make([]Event, len(events))
	for i, e := range events {
		out[i] = e.Clean()
	}
	return out
}
