package notify

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// An Entry is one message in an outbox.
type Entry struct {
	// ID is the message's: 1 to 64 characters (letters, digits, - and _).
	ID string

	// Due is when to send it next. Stores may cut it to microseconds.
	Due time.Time

	// Attempts is how often it was claimed, the present claim included.
	Attempts int

	// Payload is the sealed message, at most [MaxPayload] bytes.
	Payload []byte
}

// MaxPayload is the largest Payload in bytes.
const MaxPayload = 16 << 10

// An Outbox keeps entries until they are delivered. Implementations may be used
// by any number of goroutines and, where they are shared, processes.
type Outbox interface {
	// Add stores the entries, all or none, with their Attempts at 0, and
	// returns nil once they are durable, or as durable as the transaction it
	// is part of. An entry whose ID is there already is not added and changes
	// nothing; that is no error. So it is with an ID that occurs twice.
	Add(ctx context.Context, entries ...Entry) error

	// Claim returns at most n entries that are due (not after now) and not
	// under another claim, earliest Due first, and puts them under a claim
	// that lasts until now + lease: of any number of claimers at once, one
	// gets an entry. It counts their Attempts up, and the count is durable
	// before Claim returns, so that a message which kills its process is
	// given up one day. An entry whose claim has run out is free again. With
	// n ≤ 0, or nothing due, it returns none and no error.
	Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]Entry, error)

	// Done removes the entry, whoever claimed it: it was delivered, or given
	// up. An ID that isn't there is no error. The ID may then be added anew.
	Done(ctx context.Context, id string) error

	// Retry ends the claim and makes the entry due at next, if its Attempts
	// are still attempts. Otherwise the claim had run out and somebody else
	// has it, or it is gone: then it changes nothing, which is no error.
	Retry(ctx context.Context, id string, attempts int, next time.Time) error
}

// MemoryEntries is how many entries a [MemoryOutbox] holds.
const MemoryEntries = 10_000

// ErrOutboxFull is returned by [MemoryOutbox.Add].
var ErrOutboxFull = errors.New("notify: outbox is full: is a Courier running, and its notifier working?")

// A MemoryOutbox is an outbox for tests and for programs that may forget: what is
// not sent when the program ends is lost. The zero value is ready. Claiming takes
// time in proportion to the entries waiting.
type MemoryOutbox struct {
	mu      sync.Mutex
	entries map[string]*held
}

type held struct {
	Entry
	until time.Time // end of the claim
}

// Add implements [Outbox]. Beyond [MemoryEntries] it returns [ErrOutboxFull].
func (o *MemoryOutbox) Add(ctx context.Context, entries ...Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := make(map[string]*held, len(entries))
	for _, e := range entries {
		if o.entries[e.ID] == nil && fresh[e.ID] == nil {
			fresh[e.ID] = &held{Entry: Entry{ID: e.ID, Due: e.Due, Payload: slices.Clone(e.Payload)}}
		}
	}
	if len(o.entries)+len(fresh) > MemoryEntries {
		return ErrOutboxFull
	}
	if o.entries == nil {
		o.entries = fresh
		return nil
	}
	for id, e := range fresh {
		o.entries[id] = e
	}
	return nil
}

// Claim implements [Outbox].
func (o *MemoryOutbox) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var due []*held
	for _, e := range o.entries {
		if !e.Due.After(now) && !e.until.After(now) {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b *held) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	var claimed []Entry
	for _, e := range due[:min(len(due), max(0, n))] {
		e.Attempts++
		e.until = now.Add(lease)
		out := e.Entry
		out.Payload = slices.Clone(e.Payload)
		claimed = append(claimed, out)
	}
	return claimed, nil
}

// Done implements [Outbox].
func (o *MemoryOutbox) Done(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.entries, id)
	return nil
}

// Retry implements [Outbox].
func (o *MemoryOutbox) Retry(ctx context.Context, id string, attempts int, next time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if e := o.entries[id]; e != nil && e.Attempts == attempts {
		e.Due, e.until = next, time.Time{}
	}
	return nil
}

// Len returns how many entries are not done.
func (o *MemoryOutbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.entries)
}
