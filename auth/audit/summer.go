package audit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultWindow is how long a [Summer] sums.
	DefaultWindow = time.Minute

	// DefaultSummerKeys is how many keys a [Summer] tells apart in a window.
	DefaultSummerKeys = 1000

	summerBatch = 256 // events in one Append
)

// A Summer stands before a sink where an attacker decides how many events there
// are: refusals of a closed lane, of a limiter, of a session token that ended.
// The first event of a key in each window is recorded at once; the further ones
// are counted, and recorded as one event with their Count when the window is
// over. So a flood of any size costs two events for each key and window.
//
// Keys beyond the limit share one bucket, whose events keep neither tenant nor
// account nor client and have the reason [ReasonTooManyRefusals]. A flood under
// ever new keys is bounded too: by default at 2,002 events a minute.
//
// What was only counted is in memory: a crash loses the counts of one window,
// never the first event. Make one with [NewSummer]; it may be used by any number
// of goroutines.
type Summer struct {
	sink   Sink
	window time.Duration
	limit  int
	now    func() time.Time

	mu      sync.Mutex
	current time.Time // start of the window
	sums    map[string]*Event
	rest    *Event // of all keys that found no room
}

// SummerConfig configures [NewSummer]. The zero value is ready.
type SummerConfig struct {
	Window time.Duration    // 0 = [DefaultWindow]; windows begin at multiples of it
	Keys   int              // 0 = [DefaultSummerKeys]; about 1 kB each
	Now    func() time.Time // the clock; nil = time.Now
}

// NewSummer returns a summer before the sink. It starts nothing: see [Summer.Run].
func NewSummer(sink Sink, cfg SummerConfig) (*Summer, error) {
	if sink == nil {
		return nil, errors.New("audit: a Summer needs a sink")
	}
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Keys <= 0 {
		cfg.Keys = DefaultSummerKeys
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Summer{sink: sink, window: cfg.Window, limit: cfg.Keys, now: cfg.Now, sums: map[string]*Event{}}, nil
}

// Append records the event or counts it. The key tells what is summed: it should
// be that of the closed lane or limiter, and the events of one key should differ
// in time only, as all but the last are dropped. When a window is over, the call
// that finds out records its sums. An error means that an event or sums could not
// be recorded; sums are then kept for the next call.
func (s *Summer) Append(ctx context.Context, key string, e Event) error {
	e = e.Clean()
	due, first := s.count(key, &e)
	err := s.record(ctx, due)
	if !first {
		return err
	}
	fault := s.sink.Append(ctx, e)
	if fault != nil {
		s.forget(key)
	}
	return errors.Join(err, fault)
}

// Run records the sums of windows that are over until ctx ends, and then all of
// them. Without it, sums wait for the next Append. Errors go to fault, which may
// be nil; their sums are tried again a window later.
func (s *Summer) Run(ctx context.Context, fault func(error)) {
	tell := func(err error) {
		if err != nil && fault != nil {
			fault(err)
		}
	}
	tick := time.NewTicker(s.window)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			tell(s.record(ctx, s.over()))
		case <-ctx.Done():
			tell(s.Flush(context.WithoutCancel(ctx)))
			return
		}
	}
}

// Flush records all sums, also those of the present window.
func (s *Summer) Flush(ctx context.Context) error {
	s.mu.Lock()
	due := s.take()
	s.mu.Unlock()
	return s.record(ctx, due)
}

// over returns the sums of an earlier window, if there are any.
func (s *Summer) over() []sum {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turn()
}

// count adds the event and tells whether it is the first of its key. For the
// shared bucket it takes out of e what would tell keys apart.
func (s *Summer) count(key string, e *Event) (due []sum, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due = s.turn()
	held, known := s.sums[key]
	if !known && len(s.sums) >= s.limit {
		*e = anonymous(*e)
		if s.rest == nil {
			s.rest = &Event{}
			return due, true
		}
		add(s.rest, *e)
		return due, false
	}
	if !known {
		s.sums[key] = &Event{}
		return due, true
	}
	add(held, *e)
	return due, false
}

// forget lets the next event of the key be the first again, unless others were
// counted meanwhile.
func (s *Summer) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held, known := s.sums[key]; known && held.Count == 0 {
		delete(s.sums, key)
	} else if !known && s.rest != nil && s.rest.Count == 0 {
		s.rest = nil
	}
}

// sum is what one key has gathered; rest marks the shared bucket.
type sum struct {
	key   string
	rest  bool
	event Event
}

// turn begins another window if the present one is over, by a clock that may
// also have been set back, and returns the sums of the old one.
func (s *Summer) turn() []sum {
	window := s.now().UTC().Truncate(s.window)
	if window.Equal(s.current) {
		return nil
	}
	s.current = window
	return s.take()
}

func (s *Summer) take() []sum {
	var due []sum
	for key, e := range s.sums {
		if e.Count > 0 {
			due = append(due, sum{key: key, event: *e})
		}
	}
	if s.rest != nil && s.rest.Count > 0 {
		due = append(due, sum{rest: true, event: *s.rest})
	}
	slices.SortFunc(due, func(a, b sum) int { return a.event.Time.Compare(b.event.Time) })
	clear(s.sums)
	s.rest = nil
	return due
}

// record appends the sums; those that the sink refuses are held again.
func (s *Summer) record(ctx context.Context, due []sum) error {
	for len(due) > 0 {
		n := min(len(due), summerBatch)
		batch := make([]Event, n)
		for i, d := range due[:n] {
			batch[i] = d.event
			batch[i].ID = NewID(d.event.Time)
		}
		if err := s.sink.Append(ctx, batch...); err != nil {
			s.hold(due)
			return err
		}
		due = due[n:]
	}
	return nil
}

func (s *Summer) hold(due []sum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range due {
		held := s.sums[d.key]
		switch {
		case !d.rest && held != nil:
			add(held, d.event)
		case !d.rest && len(s.sums) < s.limit:
			s.sums[d.key] = &d.event
		default:
			if s.rest == nil {
				s.rest = &Event{}
			}
			add(s.rest, anonymous(d.event))
		}
	}
}

// add counts e into a sum, which then looks like the latest of its events.
func add(to *Event, e Event) {
	count, since := max(1, e.Count), e.Since
	if since.IsZero() {
		since = e.Time
	}
	if to.Count > 0 {
		count += to.Count
		if to.Since.Before(since) {
			since = to.Since
		}
		if to.Time.After(e.Time) {
			e = *to
		}
	}
	e.Count, e.Since = count, since
	*to = e
}

// anonymous keeps what kind of event it was and leaves out whose.
func anonymous(e Event) Event {
	return Event{
		ID: e.ID, Time: e.Time, Name: e.Name, Level: e.Level, Outcome: e.Outcome,
		Reason: ReasonTooManyRefusals, Count: e.Count, Since: e.Since,
	}
}
