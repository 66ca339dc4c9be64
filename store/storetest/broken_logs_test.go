package storetest_test

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
)

func outboxFaults() []fault {
	type store = notify.Outbox
	broken := func(what, found string, wrap func(store) store) fault {
		return fault{what, "outbox/" + found, func(s *auth.Stores) { s.Outbox = wrap(s.Outbox) }}
	}
	return []fault{
		broken("cuts long payloads", "round trip", func(s store) store { return shortPayloads{s} }),
		broken("replaces an entry that is there", "an id once", func(s store) store { return replacesEntry{s} }),
		broken("claims what is due a microsecond later", "due in order", func(s store) store { return claimsEarly{s} }),
		broken("forgets a claim", "one claim at a time", func(s store) store { return noLease{s} }),
		broken("retries for anybody", "retry by the holder", func(s store) store { return &retriesForAll{Outbox: s, attempts: make(map[string]int)} }),
		broken("fails to remove what is gone", "done is gone", func(s store) store { return &doneOnce{Outbox: s} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s store) store { return tirelessOutbox{s} }),
		broken("looks for entries, then claims them", "race to claim", func(s store) store { return looksThenClaims{s} }),
		broken("looks for an id, then adds it", "race to add", func(s store) store { return &looksThenAdds{Outbox: s} }),
	}
}

type shortPayloads struct{ notify.Outbox }

func (s shortPayloads) Add(ctx context.Context, entries ...notify.Entry) error {
	entries = slices.Clone(entries)
	for i, e := range entries {
		entries[i].Payload = e.Payload[:min(len(e.Payload), 4096)]
	}
	return s.Outbox.Add(ctx, entries...)
}

type replacesEntry struct{ notify.Outbox }

func (s replacesEntry) Add(ctx context.Context, entries ...notify.Entry) error {
	for _, e := range entries {
		if err := s.Outbox.Done(ctx, e.ID); err != nil {
			return err
		}
	}
	return s.Outbox.Add(ctx, entries...)
}

type claimsEarly struct{ notify.Outbox }

func (s claimsEarly) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]notify.Entry, error) {
	return s.Outbox.Claim(ctx, now.Add(time.Microsecond), lease, n)
}

type noLease struct{ notify.Outbox }

func (s noLease) Claim(ctx context.Context, now time.Time, _ time.Duration, n int) ([]notify.Entry, error) {
	return s.Outbox.Claim(ctx, now, 0, n)
}

type retriesForAll struct {
	notify.Outbox
	mu       sync.Mutex
	attempts map[string]int
}

func (s *retriesForAll) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]notify.Entry, error) {
	entries, err := s.Outbox.Claim(ctx, now, lease, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		s.attempts[e.ID] = e.Attempts
	}
	return entries, err
}

func (s *retriesForAll) Retry(ctx context.Context, id string, _ int, next time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Outbox.Retry(ctx, id, s.attempts[id], next)
}

type doneOnce struct {
	notify.Outbox
	done sync.Map
}

func (s *doneOnce) Done(ctx context.Context, id string) error {
	if _, again := s.done.LoadOrStore(id, true); again {
		return auth.ErrNotFound
	}
	return s.Outbox.Done(ctx, id)
}

type tirelessOutbox struct{ notify.Outbox }

func (s tirelessOutbox) Done(ctx context.Context, id string) error {
	return s.Outbox.Done(context.WithoutCancel(ctx), id)
}

// looksThenClaims reads what is free and claims it in a second step.
type looksThenClaims struct{ notify.Outbox }

func (s looksThenClaims) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]notify.Entry, error) {
	entries, err := s.Outbox.Claim(ctx, now, 0, n)
	if err != nil {
		return nil, err
	}
	dawdle()
	for i, e := range entries {
		_ = s.Outbox.Retry(ctx, e.ID, e.Attempts, now.Add(lease))
		entries[i].Due = e.Due
	}
	return entries, nil
}

type looksThenAdds struct {
	notify.Outbox
	known sync.Map
}

func (s *looksThenAdds) Add(ctx context.Context, entries ...notify.Entry) error {
	for _, e := range entries {
		if _, known := s.known.Load(e.ID); known {
			continue
		}
		dawdle()
		if _, meanwhile := s.known.LoadOrStore(e.ID, true); meanwhile {
			return auth.ErrExists // the unique index says so
		}
		if err := s.Outbox.Add(ctx, e); err != nil {
			return err
		}
	}
	return ctx.Err()
}

type trail interface {
	audit.Sink
	audit.Reader
}

func auditFaults() []fault {
	broken := func(what, found string, wrap func(trail) audit.Sink) fault {
		return fault{what, "audit/" + found, func(s *auth.Stores) { s.Audit = wrap(s.Audit.(trail)) }}
	}
	filtered := func(change func(*audit.Filter, *audit.Cursor)) func(trail) audit.Sink {
		return func(s trail) audit.Sink { return changesFilter{s, change} }
	}
	return []fault{
		broken("forgets the reason", "round trip", func(s trail) audit.Sink { return noReason{s} }),
		broken("keeps events as they come", "cleaned, on a copy", func(trail) audit.Sink { return new(log) }),
		broken("sorts events by their time", "order", func(s trail) audit.Sink { return byTime{s} }),
		broken("shows all tenants", "filters", filtered(func(f *audit.Filter, _ *audit.Cursor) { f.AllTenants = true })),
		broken("includes the instant Until", "filters", filtered(func(f *audit.Filter, _ *audit.Cursor) {
			if !f.Until.IsZero() {
				f.Until = f.Until.Add(time.Microsecond)
			}
		})),
		broken("begins at the cursor, not behind it", "cursors", filtered(func(f *audit.Filter, c *audit.Cursor) {
			if c.Seq > 1 && !f.NewestFirst {
				c.Seq--
			}
		})),
		broken("holds its lock while the caller reads", "read while writing", func(s trail) audit.Sink { return &lockedTrail{trail: s} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s trail) audit.Sink { return tirelessTrail{s} }),
		broken("loses events under load", "race to append", func(s trail) audit.Sink { return &losesEvents{trail: s} }),
		broken("numbers events before they can be read", "race to follow", func(trail) audit.Sink { return new(log) }),
	}
}

type changesFilter struct {
	trail
	change func(*audit.Filter, *audit.Cursor)
}

func (s changesFilter) Events(ctx context.Context, f audit.Filter, after audit.Cursor) iter.Seq2[audit.Event, error] {
	s.change(&f, &after)
	return s.trail.Events(ctx, f, after)
}

type noReason struct{ trail }

func (s noReason) Append(ctx context.Context, events ...audit.Event) error {
	events = slices.Clone(events)
	for i := range events {
		events[i].Reason = ""
	}
	return s.trail.Append(ctx, events...)
}

type byTime struct{ trail }

func (s byTime) Append(ctx context.Context, events ...audit.Event) error {
	events = slices.SortedFunc(slices.Values(events), func(a, b audit.Event) int { return a.Time.Compare(b.Time) })
	return s.trail.Append(ctx, events...)
}

type lockedTrail struct {
	trail
	mu sync.RWMutex
}

func (s *lockedTrail) Append(ctx context.Context, events ...audit.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trail.Append(ctx, events...)
}

func (s *lockedTrail) Events(ctx context.Context, f audit.Filter, after audit.Cursor) iter.Seq2[audit.Event, error] {
	return func(yield func(audit.Event, error) bool) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		s.trail.Events(ctx, f, after)(yield)
	}
}

type tirelessTrail struct{ trail }

func (s tirelessTrail) Append(ctx context.Context, events ...audit.Event) error {
	return s.trail.Append(context.WithoutCancel(ctx), events...)
}

type losesEvents struct {
	trail
	busy sync.Mutex
}

func (s *losesEvents) Append(ctx context.Context, events ...audit.Event) error {
	if !s.busy.TryLock() {
		return nil
	}
	defer s.busy.Unlock()
	dawdle()
	return s.trail.Append(ctx, events...)
}

// log numbers events in one step and makes them visible in another, as a
// database does with a sequence. It cleans nothing.
type log struct {
	seq    atomic.Int64
	read   atomic.Int64 // the largest Seq that a reader was given
	mu     sync.Mutex
	events []audit.Event
}

func (s *log) Append(ctx context.Context, events ...audit.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	first := s.seq.Add(int64(len(events))) - int64(len(events))
	if first%2 == 0 { // a slow commit: readers overtake it
		await(func() bool { return s.read.Load() > first })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range events {
		e.Seq = first + int64(i) + 1
		s.events = append(s.events, e)
	}
	slices.SortFunc(s.events, func(a, b audit.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return nil
}

func (s *log) Events(ctx context.Context, f audit.Filter, after audit.Cursor) iter.Seq2[audit.Event, error] {
	return func(yield func(audit.Event, error) bool) {
		s.mu.Lock()
		events := slices.Clone(s.events)
		s.mu.Unlock()
		if err := ctx.Err(); err != nil {
			yield(audit.Event{}, err)
			return
		}
		if f.NewestFirst {
			slices.Reverse(events)
		}
		for _, e := range events {
			behind := e.Seq > after.Seq
			if f.NewestFirst {
				behind = after.Seq == 0 || e.Seq < after.Seq
			}
			if !behind || !f.Match(e) {
				continue
			}
			s.read.Store(e.Seq)
			if !yield(e, nil) {
				return
			}
		}
	}
}
