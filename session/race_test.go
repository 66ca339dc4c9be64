package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pausing runs something else just before a verb, as a slow network would let
// it happen.
type pausing struct {
	Store
	before map[string]func()
}

func (p *pausing) pause(verb string) {
	if f := p.before[verb]; f != nil {
		delete(p.before, verb)
		f()
	}
}

func (p *pausing) Touch(ctx context.Context, k Key, seen time.Time) (bool, error) {
	p.pause("touch")
	return p.Store.Touch(ctx, k, seen)
}

func (p *pausing) Rotate(ctx context.Context, old Key, next Session) (bool, error) {
	p.pause("rotate")
	return p.Store.Rotate(ctx, old, next)
}

func (p *pausing) End(ctx context.Context, f Filter, at time.Time) (int, error) {
	p.pause("end")
	return p.Store.End(ctx, f, at)
}

func newPausing(t *testing.T) (*Manager, *pausing, *fakeClock) {
	clock, store := newClock(), &pausing{Store: new(MemoryStore), before: map[string]func(){}}
	m, err := New(store, Config{Now: clock.now})
	require.NoError(t, err)
	return m, store, clock
}

func TestNothingInFlightRevivesAnEndedSession(t *testing.T) {
	ctx := t.Context()
	verbs := map[string]func(m *Manager, c Created) error{
		"touch":  func(m *Manager, c Created) error { _, err := m.Check(ctx, c.Token.Reveal()); return err },
		"rotate": func(m *Manager, c Created) error { _, err := m.Rotate(ctx, c.Session, nil); return err },
	}
	ends := map[string]func(m *Manager, c Created) error{
		"end":       func(m *Manager, c Created) error { _, err := m.End(ctx, Filter{Account: "42"}); return err },
		"end token": func(m *Manager, c Created) error { _, err := m.EndToken(ctx, c.Token.Reveal()); return err },
		"rotate":    func(m *Manager, c Created) error { _, err := m.Rotate(ctx, c.Session, nil); return err },
		"evict": func(m *Manager, c Created) error {
			for range 10 {
				if _, err := m.Create(ctx, Login{Account: "42"}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for verb, run := range verbs {
		for name, end := range ends {
			t.Run(verb+" after "+name, func(t *testing.T) {
				m, store, clock := newPausing(t)
				c := create(t, m, Login{Account: "42"})
				clock.advance(5 * time.Minute)
				var left []string
				store.before[verb] = func() {
					assert.NoError(t, end(m, c))
					left = list(t, m, "", "42")
				}
				assert.ErrorIs(t, run(m, c), ErrNotFound)
				assert.False(t, alive(t, m, c.Token))
				assert.ElementsMatch(t, left, list(t, m, "", "42"))
			})
		}
	}
}

func TestLogoutOutrunsARotation(t *testing.T) {
	m, store, _ := newPausing(t)
	c := create(t, m, Login{Account: "42"})
	var next Created
	store.before["end"] = func() {
		var err error
		next, err = m.Rotate(t.Context(), c.Session, nil)
		assert.NoError(t, err)
	}
	_, err := m.EndToken(t.Context(), c.Token.Reveal())
	require.NoError(t, err)
	assert.False(t, alive(t, m, next.Token), "who left stays out")
}

func TestOneOfManyRotationsWins(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	c := create(t, m, Login{Account: "42"})
	var won atomic.Pointer[Created]
	var wins, losses atomic.Int32
	var work sync.WaitGroup
	for range 100 {
		work.Go(func() {
			switch next, err := m.Rotate(t.Context(), c.Session, nil); {
			case err == nil:
				wins.Add(1)
				won.Store(&next)
			case errors.Is(err, ErrNotFound):
				losses.Add(1)
			}
		})
	}
	work.Wait()
	assert.EqualValues(t, 1, wins.Load())
	assert.EqualValues(t, 99, losses.Load())
	assert.True(t, alive(t, m, won.Load().Token))
	assert.False(t, alive(t, m, c.Token))
	assert.Len(t, list(t, m, "", "42"), 1)
}

func TestParallelLoginsLeaveAsManyAsAreKept(t *testing.T) {
	m, _, _ := newManager(t, Config{Keep: 3})
	tokens, ended := make([]Token, 50), make([][]string, 50)
	var work sync.WaitGroup
	for i := range tokens {
		work.Go(func() {
			c, err := m.Create(t.Context(), Login{Account: "42"})
			assert.NoError(t, err)
			tokens[i], ended[i] = c.Token, c.Ended
		})
	}
	work.Wait()
	active, gone := 0, 0
	for i := range tokens {
		gone += len(ended[i])
		if alive(t, m, tokens[i]) {
			active++
		}
	}
	assert.Equal(t, 3, active)
	assert.Equal(t, 47, gone)
	assert.Len(t, list(t, m, "", "42"), 3)
}

func TestParallelSubmitsOfOneLoginOpenOneSession(t *testing.T) {
	m, _, _ := newManager(t, Config{Keep: 1})
	made := make([]Created, 50)
	var work sync.WaitGroup
	for i := range made {
		work.Go(func() {
			var err error
			made[i], err = m.Create(t.Context(), Login{Account: "42", Secret: &[32]byte{9}})
			assert.NoError(t, err)
		})
	}
	work.Wait()
	first := 0
	for _, c := range made {
		assert.Equal(t, made[0].Token, c.Token)
		assert.Equal(t, made[0].Session, c.Session)
		if !c.Repeated {
			first++
		}
	}
	assert.Equal(t, 1, first)
	assert.Len(t, list(t, m, "", "42"), 1)
}

func TestOnceEndHasReturnedNobodyIsLetIn(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	for range 20 {
		c := create(t, m, Login{Account: "42"})
		var ended atomic.Bool
		var work sync.WaitGroup
		for range 4 {
			work.Go(func() {
				for {
					over := ended.Load()
					_, err := m.Check(t.Context(), c.Token.Reveal())
					if over {
						assert.ErrorIs(t, err, ErrNotFound)
						return
					}
					clock.advance(10 * time.Millisecond) // so that some of them touch
				}
			})
		}
		_, err := m.End(t.Context(), Filter{Account: "42"})
		assert.NoError(t, err)
		ended.Store(true)
		work.Wait()
	}
}
