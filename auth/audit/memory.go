package audit

import (
	"context"
	"iter"
	"sync"
)

// MemoryEvents is how many events a [Memory] keeps.
const MemoryEvents = 10_000

const memoryPage = 64 // events copied under the lock at a time

// A Memory is a sink and reader for tests and for programs that may forget: it
// keeps the newest [MemoryEvents] events, as long as the program runs. The zero
// value is ready, and may be used by any number of goroutines.
type Memory struct {
	mu   sync.Mutex
	last int64   // Seq of the newest event
	ring []Event // event n at (n-1) % MemoryEvents
}

// Append implements [Sink]. It fails only if ctx has ended.
func (m *Memory) Append(ctx context.Context, events ...Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	events = cleaned(events)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range events {
		m.last++
		e.Seq = m.last
		if len(m.ring) < MemoryEvents {
			m.ring = append(m.ring, e)
		} else {
			m.ring[(e.Seq-1)%MemoryEvents] = e
		}
	}
	return nil
}

// Events implements [Reader]. A reader that is so slow that events are dropped
// before it sees them goes on with the oldest that is left; see [Memory.Dropped].
func (m *Memory) Events(ctx context.Context, f Filter, after Cursor) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for at := after.Seq; ; {
			if err := ctx.Err(); err != nil {
				yield(Event{}, err)
				return
			}
			page := m.page(f.NewestFirst, at)
			if len(page) == 0 {
				return
			}
			for _, e := range page {
				if f.Match(e) && !yield(e, nil) {
					return
				}
			}
			at = page[len(page)-1].Seq
		}
	}
}

// page copies the next events behind the position at, in reading order.
func (m *Memory) page(newestFirst bool, at int64) []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.last - int64(len(m.ring)) + 1
	seq, step := max(min(at, m.last)+1, first), int64(1)
	if newestFirst {
		seq, step = m.last, -1
		if at > 0 {
			seq = min(at-1, m.last)
		}
	}
	var page []Event
	for ; seq >= first && seq <= m.last && len(page) < memoryPage; seq += step {
		page = append(page, m.ring[(seq-1)%MemoryEvents].Clean()) // Clean copies Methods
	}
	return page
}

// Dropped returns how many events were dropped to make room for newer ones.
func (m *Memory) Dropped() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last - int64(len(m.ring))
}
