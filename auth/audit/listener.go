package audit

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// A Listener is told of events after they are on record. What it does can't
// change the outcome any more. It should honour ctx.
type Listener func(ctx context.Context, e Event)

// DefaultQueue is the length of the queue of [Listeners].
const DefaultQueue = 1024

// Listeners calls listeners from a bounded queue, so that a slow or broken one
// holds up no login: what doesn't fit is dropped and counted. Whoever must not
// miss an event reads the log. Make one with [NewListeners].
type Listeners struct {
	listeners []Listener
	fault     func(error)
	queue     chan Event
	running   atomic.Bool
	dropped   atomic.Int64
}

// ListenersConfig configures [NewListeners]. The zero value is ready.
type ListenersConfig struct {
	// Queue is how many events wait at most; 0 = [DefaultQueue]. One takes
	// about 600 bytes.
	Queue int

	// Fault is told of listeners that panic, and never twice at a time; nil =
	// nobody. The panic itself goes no further (ASVS 16.5.4).
	Fault func(error)
}

// NewListeners makes a dispatcher for the listeners. It calls nobody until
// [Listeners.Run] runs. Nil listeners are left out.
func NewListeners(cfg ListenersConfig, listeners ...Listener) *Listeners {
	if cfg.Queue <= 0 {
		cfg.Queue = DefaultQueue
	}
	l := &Listeners{fault: cfg.Fault, queue: make(chan Event, cfg.Queue)}
	for _, f := range listeners {
		if f != nil {
			l.listeners = append(l.listeners, f)
		}
	}
	return l
}

// Offer queues the events, cleaned, without ever waiting. It may be called by any
// number of goroutines; without listeners it does nothing.
func (l *Listeners) Offer(events ...Event) {
	if len(l.listeners) == 0 {
		return
	}
	for _, e := range events {
		select {
		case l.queue <- e.Clean():
		default:
			l.dropped.Add(1)
		}
	}
}

// Dropped returns how many events found the queue full.
func (l *Listeners) Dropped() int64 { return l.dropped.Load() }

// Run delivers the events in the order of the queue, each to one listener after
// the other, until ctx ends. What is queued then is still delivered, with a
// context that has not ended: a listener that blocks delays the end of the
// program. Run returns nil, or an error if it runs already.
func (l *Listeners) Run(ctx context.Context) error {
	if l.running.Swap(true) {
		return errors.New("audit: Listeners.Run runs already: call it once")
	}
	defer l.running.Store(false)
	for ctx.Err() == nil {
		select {
		case e := <-l.queue:
			l.deliver(ctx, e)
		case <-ctx.Done():
		}
	}
	for range len(l.queue) { // nobody else receives
		l.deliver(context.WithoutCancel(ctx), <-l.queue)
	}
	return nil
}

func (l *Listeners) deliver(ctx context.Context, e Event) {
	for _, f := range l.listeners {
		l.call(ctx, f, e.Clean()) // a copy each
	}
}

func (l *Listeners) call(ctx context.Context, f Listener, e Event) {
	defer func() {
		if p := recover(); p != nil && l.fault != nil {
			l.fault(fmt.Errorf("audit: a listener panicked on %s: %v", e.Name, p))
		}
	}()
	f(ctx, e)
}
