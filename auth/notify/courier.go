package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrExpired is why a message was given up whose Expires had passed.
var ErrExpired = errors.New("notify: message expired before it could be delivered")

// Defaults of [CourierConfig].
const (
	DefaultAttempts = 10
	DefaultParallel = 8
	DefaultTimeout  = 30 * time.Second
	DefaultPoll     = time.Second
)

// DefaultBackoff returns how long to wait after the given number of failed
// attempts: 10 s, 30 s, 2 min, 10 min, 30 min, 1 h, and from then on 2 h. Ten
// attempts take about 8 hours.
func DefaultBackoff(attempts int) time.Duration {
	waits := [...]time.Duration{
		10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
	}
	return waits[min(max(attempts, 1), len(waits))-1]
}

// CourierConfig configures [NewCourier]. The zero value is ready.
type CourierConfig struct {
	// Now is the clock; nil = time.Now.
	Now func() time.Time

	// Attempts is how often a message is tried; 0 = [DefaultAttempts].
	Attempts int

	// Backoff is the wait after each failure; nil = [DefaultBackoff].
	Backoff func(attempts int) time.Duration

	// Parallel is how many messages are sent at a time; 0 = [DefaultParallel].
	Parallel int

	// Timeout ends one call of the notifier; 0 = [DefaultTimeout]. A claim
	// lasts four times as long: a notifier that does not honour its context
	// for that long may see the message sent by another courier as well.
	Timeout time.Duration

	// Poll is how often [Courier.Run] looks for messages that fell due, or
	// that another process added; 0 = [DefaultPoll].
	Poll time.Duration

	// GaveUp is told of a message that will not be sent any more, with the
	// last error or [ErrExpired]; of one that can't be opened it gets the ID
	// alone. After a crash it may be told twice. Nil = nobody.
	GaveUp func(ctx context.Context, m Message, err error)

	// Fault is told of every failed attempt and of errors of the outbox. Nil
	// = nobody. Both may be called by several goroutines.
	Fault func(err error)
}

// A Courier brings messages to a notifier by way of an outbox. Make one with
// [NewCourier]; it may be used by any number of goroutines, and any number of
// couriers may share an outbox.
type Courier struct {
	outbox   Outbox
	notifier Notifier
	sealer   Sealer
	cfg      CourierConfig
	wake     chan struct{}
}

// NewCourier returns a courier. All three parts are required, and what is missing
// is named. It starts nothing: see [Courier.Run].
func NewCourier(o Outbox, n Notifier, s Sealer, cfg CourierConfig) (*Courier, error) {
	var faults []error
	if o == nil {
		faults = append(faults, errors.New("notify: a courier needs an Outbox"))
	}
	if n == nil {
		faults = append(faults, errors.New("notify: a courier needs a Notifier"))
	}
	if s == nil {
		faults = append(faults, errors.New("notify: a courier needs a Sealer: links and codes must not lie in the outbox in clear"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = DefaultAttempts
	}
	if cfg.Backoff == nil {
		cfg.Backoff = DefaultBackoff
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = DefaultParallel
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Poll <= 0 {
		cfg.Poll = DefaultPoll
	}
	if cfg.GaveUp == nil {
		cfg.GaveUp = func(context.Context, Message, error) {}
	}
	if cfg.Fault == nil {
		cfg.Fault = func(error) {}
	}
	return &Courier{outbox: o, notifier: n, sealer: s, cfg: cfg, wake: make(chan struct{}, 1)}, nil
}

// Send puts the message into the outbox: when it returns nil, the message will be
// sent, also after a crash if the outbox is durable. A message whose ID waits
// there already is not added again. Inside a transaction of the stores use
// [Courier.Prepare].
func (c *Courier) Send(ctx context.Context, m Message) error {
	e, err := c.Prepare(m)
	if err != nil {
		return err
	}
	if err := c.outbox.Add(ctx, e); err != nil {
		return fmt.Errorf("notify: adding %s to the outbox: %w", m.Kind, err)
	}
	c.Wake()
	return nil
}

// Prepare validates and seals a message and returns its entry, for a caller that
// adds it to an outbox in a transaction of its own, and calls [Courier.Wake] after
// the commit.
func (c *Courier) Prepare(m Message) (Entry, error) {
	if m.ID == "" {
		m.ID = newID()
	}
	if m.Time.IsZero() {
		m.Time = c.cfg.Now()
	}
	if err := m.Validate(); err != nil {
		return Entry{}, err
	}
	sealed, err := seal(c.sealer, m)
	if err != nil {
		return Entry{}, err
	}
	return Entry{ID: m.ID, Due: c.cfg.Now(), Payload: sealed}, nil
}

// Wake lets Run look into the outbox at once. It never waits.
func (c *Courier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends: what [Courier.Send] adds at once, the rest within
// [CourierConfig.Poll]. Sends in hand are finished and marked first, which
// takes at most twice the Timeout if notifier and outbox honour their context. It
// returns nil.
func (c *Courier) Run(ctx context.Context) error {
	poll := time.NewTicker(c.cfg.Poll)
	defer poll.Stop()
	for {
		n, err := c.RunOnce(ctx)
		if err != nil && ctx.Err() == nil {
			c.cfg.Fault(err)
		}
		if n == c.cfg.Parallel && err == nil && ctx.Err() == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-poll.C:
		}
	}
}

// RunOnce claims at most [CourierConfig.Parallel] messages that are due, tries
// each once, all at a time, and returns how many it claimed. The error is the
// outbox's; a notifier's errors lead to another attempt. Tests call it instead of
// Run.
func (c *Courier) RunOnce(ctx context.Context) (int, error) {
	entries, err := c.outbox.Claim(ctx, c.cfg.Now(), 4*c.cfg.Timeout, c.cfg.Parallel)
	if err != nil {
		return 0, fmt.Errorf("notify: claiming messages: %w", err)
	}
	// What is sent must be marked as sent, even if the program is ending.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*c.cfg.Timeout)
	defer cancel()
	faults := make([]error, len(entries))
	var wg sync.WaitGroup
	for i, e := range entries {
		wg.Go(func() { faults[i] = c.deliver(ctx, e) })
	}
	wg.Wait()
	return len(entries), errors.Join(faults...)
}

// deliver tries one entry once and returns an error of the outbox.
func (c *Courier) deliver(ctx context.Context, e Entry) error {
	m, err := unseal(c.sealer, e)
	switch {
	case err != nil: // the key may come back: try again
	case !m.Expires.IsZero() && c.cfg.Now().After(m.Expires):
		return c.giveUp(ctx, m, ErrExpired)
	case e.Attempts > c.cfg.Attempts: // the last ones ended with their process
		return c.giveUp(ctx, m, fmt.Errorf("notify: %s: %d attempts did not come to an end", m.label(), e.Attempts-1))
	default:
		err = c.notify(ctx, m)
	}
	if err == nil {
		return c.outbox.Done(ctx, e.ID)
	}
	c.cfg.Fault(fmt.Errorf("notify: attempt %d of message %s: %w", e.Attempts, e.ID, err))
	if e.Attempts >= c.cfg.Attempts {
		return c.giveUp(ctx, m, err)
	}
	return c.outbox.Retry(ctx, e.ID, e.Attempts, c.cfg.Now().Add(c.cfg.Backoff(e.Attempts)))
}

// giveUp tells first: a crash between the two tells twice rather than never.
func (c *Courier) giveUp(ctx context.Context, m Message, err error) error {
	c.cfg.GaveUp(ctx, m, err)
	return c.outbox.Done(ctx, m.ID)
}

// notify calls the notifier with a deadline; a panic is an error.
func (c *Courier) notify(ctx context.Context, m Message) (err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	defer func() {
		if recover() != nil { // its value might show a secret
			err = errors.New("notify: the notifier panicked")
		}
	}()
	return c.notifier.Notify(ctx, m)
}

func newID() string { return rand.Text() }
