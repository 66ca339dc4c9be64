package storetest_test

import (
	"context"
	"sync"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

type countsRepeats struct{ counters }

func (s countsRepeats) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (lockout.Once, error) {
	once, err := s.counters.ReserveOnce(ctx, now, id, until, requests...)
	if once.Repeat {
		_, _ = s.counters.Reserve(ctx, now, requests...)
	}
	return once, err
}

type recordsRefused struct {
	counters
	mu      sync.Mutex
	answers map[string]lockout.Once
}

func (s *recordsRefused) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (lockout.Once, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if once, ok := s.answers[id]; ok {
		once.Repeat = true
		return once, ctx.Err()
	}
	once, err := s.counters.ReserveOnce(ctx, now, id, until, requests...)
	if err == nil && !once.Repeat {
		s.answers[id] = once
	}
	return once, err
}

type keepsIDs struct{ counters }

func (s keepsIDs) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (lockout.Once, error) {
	return s.counters.ReserveOnce(ctx, now, id, until.Add(time.Hour), requests...)
}

// lastForAll counts holders itself, and wrong: it tells all that they were the
// last, or those that ask at once.
type lastForAll struct {
	counters
	racing  bool
	mu      sync.Mutex
	holders int
}

func (s *lastForAll) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (lockout.Once, error) {
	s.mu.Lock()
	s.holders++
	s.mu.Unlock()
	return s.counters.ReserveOnce(ctx, now, id, until, requests...)
}

func (s *lastForAll) Release(ctx context.Context, id string) (bool, error) {
	last, err := s.counters.Release(ctx, id)
	if !s.racing {
		return err == nil, err
	}
	s.mu.Lock()
	s.holders--
	s.mu.Unlock()
	dawdle()
	s.mu.Lock()
	defer s.mu.Unlock()
	return last || s.holders == 0, err
}

// looksForID finds out in one step whether an id is new, and reserves in another.
func looksForID(s counters) lockout.Store { return &looksFirst{counters: s} }

type looksFirst struct {
	counters
	answers sync.Map
}

func (s *looksFirst) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (lockout.Once, error) {
	if once, ok := s.answers.Load(id); ok {
		once := once.(lockout.Once)
		once.Repeat = true
		return once, ctx.Err()
	}
	dawdle()
	counts, err := s.counters.Reserve(ctx, now, requests...)
	once := lockout.Once{Counts: counts, First: now}
	s.answers.Store(id, once)
	return once, err
}
