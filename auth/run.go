package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	sweepEvery = time.Minute
	sweepBatch = 500
	sweepMost  = 20 // batches of one store in one sweep
)

// Run does what needs no request: it sends messages, tells listeners, records
// sums and drops what expired. Run it once in every process; without it logins
// work and no message is sent. It returns nil when ctx ends, and an error if it
// could not begin (see [Service.Ready]), as when ctx had ended before.
func (s *Service) Run(ctx context.Context) error {
	if err := s.Ready(ctx); err != nil {
		return err
	}
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = s.courier.Run(ctx) })
	tasks.Go(func() { _ = s.hear.Run(ctx) })
	tasks.Go(func() {
		s.summer.Run(ctx, func(err error) { s.config.Logger.ErrorContext(ctx, "auth: sums of refusals wait", "error", err) })
	})
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.config.Logger.ErrorContext(ctx, "auth: dropping what expired", "error", err)
			}
		case <-ctx.Done():
		}
	}
	tasks.Wait()
	return nil
}

// Ready checks that the stores answer and that the key ring holds every key
// that stored data were made under, and notes the current key. Call it before
// serving: a program with the wrong key file stops here rather than later, one
// account at a time. [Service.Run] calls it too.
func (s *Service) Ready(ctx context.Context) error {
	sec, err := s.config.Stores.Security.Load(ctx, "", GuardAccount)
	if err != nil {
		return &UnavailableError{Op: "read which keys are in use", Err: err}
	}
	for _, id := range sec.guard().Keys {
		if !s.config.Keys.Has(id) {
			return fmt.Errorf("auth: data are sealed under key %q, which the key ring lacks: start with the key file that belongs to this database", id)
		}
	}
	current := s.config.Keys.Current()
	if slices.Contains(sec.guard().Keys, current) {
		return nil
	}
	return s.change(ctx, "", GuardAccount, func(sec *Security) error {
		if g := sec.guard(); !slices.Contains(g.Keys, current) {
			g.Keys = append(slices.Clone(g.Keys), current)
		}
		return nil
	})
}

// Sweep drops a bounded number of rows that expired, from every store that has
// them. [Service.Run] does it every minute.
func (s *Service) Sweep(ctx context.Context) error {
	st := &s.config.Stores
	var faults []error
	for _, store := range []any{st.Counters, st.Sessions, st.Flows, st.Tokens} {
		expirer, ok := store.(Expirer)
		if !ok {
			continue
		}
		for range sweepMost {
			n, err := expirer.Expire(ctx, s.now(), sweepBatch)
			if err != nil {
				faults = append(faults, err)
			}
			if err != nil || n < sweepBatch {
				break
			}
		}
	}
	return errors.Join(faults...)
}
