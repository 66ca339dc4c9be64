// Package notify carries messages to the owners of accounts: typed, written in
// Chinese or English, kept in an outbox until they are delivered.
//
// Most programs need a notifier, and while they have no mail server yet, one of
// these:
//
//	n := notify.InsecureConsole(os.Stderr) // prints links and codes: development only
//	n := notify.Directory("outbox")        // one JSON file for each message
//
// A program with a gateway of its own implements the one method of [Notifier] and
// calls [Render] for the text.
//
// # Messages and secrets
//
// A [Message] says what happened and to whom, not in which words. Its link and
// token are of type [Secret], which prints, logs and marshals as "[redacted]":
// they leave through a Notifier and nowhere else. What a client sent, such as its
// user agent, is stripped of control characters; an address or a name that could
// add a header to a mail is refused (ASVS 1.3.11).
//
// # Outbox
//
// A [Courier] seals each message and adds it to an [Outbox], in the transaction
// that made it necessary where the stores can do that. It delivers at least
// once: after a crash behind the commit the message is still sent, and a
// notifier may see it twice, with the same ID. [MemoryOutbox] is for tests and
// for programs that may forget.
package notify

import (
	"context"
	"errors"
)

// A Notifier delivers messages. Implementations may be used by any number of
// goroutines.
type Notifier interface {
	// Notify hands the message over and returns nil once somebody else is
	// responsible for it. It honours ctx. After an error the message is tried
	// again, also where part of the work was done: the same ID is the same
	// message.
	Notify(ctx context.Context, m Message) error
}

// A NotifierFunc is a function that is a [Notifier].
type NotifierFunc func(ctx context.Context, m Message) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, m Message) error { return f(ctx, m) }

// Tee returns a notifier that hands each message to all of the given ones, in
// their order, and stops at the first error; a message that is tried again
// reaches the earlier ones again. Without any notifier it fails.
func Tee(notifiers ...Notifier) Notifier { return tee(append([]Notifier(nil), notifiers...)) }

type tee []Notifier

func (t tee) Notify(ctx context.Context, m Message) error {
	if len(t) == 0 {
		return errors.New("notify: Tee has no notifier: name at least one")
	}
	for _, n := range t {
		if n == nil {
			return errors.New("notify: Tee has a nil notifier: leave it out")
		}
		if err := n.Notify(ctx, m); err != nil {
			return err
		}
	}
	return nil
}
