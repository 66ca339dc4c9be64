package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/audit"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// flaky is a Memory that can be down.
type flaky struct {
	audit.Memory
	down atomic.Bool
}

var errDown = errors.New("down")

func (f *flaky) Append(ctx context.Context, events ...audit.Event) error {
	if f.down.Load() {
		return errDown
	}
	return f.Memory.Append(ctx, events...)
}

func newSummer(t *testing.T, sink audit.Sink, cfg audit.SummerConfig) *audit.Summer {
	t.Helper()
	s, err := audit.NewSummer(sink, cfg)
	require.NoError(t, err)
	return s
}

func refusal(c *clock, account string) audit.Event {
	return audit.Event{Time: c.Now(), Name: audit.LoginFail, Outcome: audit.Refused, Reason: audit.ReasonLaneClosed, Account: account}
}

func TestSummerCostsTwoEventsAMinute(t *testing.T) {
	c := &clock{now: noon.Truncate(time.Minute)}
	var m audit.Memory
	s := newSummer(t, &m, audit.SummerConfig{Now: c.Now})
	begin := c.Now()
	for range 1000 {
		require.NoError(t, s.Append(t.Context(), "lane 1", refusal(c, "a")))
		c.add(50 * time.Millisecond)
	}
	require.NoError(t, s.Append(t.Context(), "lane 2", refusal(c, "b")))
	first := read(t, &m, audit.Filter{}, audit.Cursor{})
	require.Equal(t, "ab", accounts(first), "the first of a key is recorded at once, further ones only counted")
	assert.Zero(t, first[0].Count)

	c.add(time.Minute)
	require.NoError(t, s.Append(t.Context(), "lane 3", refusal(c, "c")))
	all := read(t, &m, audit.Filter{}, audit.Cursor{})
	require.Equal(t, "abac", accounts(all), "a key with a single refusal has no sum")
	sum := all[2]
	assert.EqualValues(t, 999, sum.Count)
	assert.True(t, begin.Add(50*time.Millisecond).Equal(sum.Since), "since %v", sum.Since)
	assert.True(t, begin.Add(999*50*time.Millisecond).Equal(sum.Time), "at %v", sum.Time)
	assert.Equal(t, audit.ReasonLaneClosed, sum.Reason)
	assert.NotEqual(t, all[0].ID, sum.ID)

	require.NoError(t, s.Append(t.Context(), "lane 1", refusal(c, "a")))
	assert.Equal(t, "abaca", accounts(read(t, &m, audit.Filter{}, audit.Cursor{})), "a new minute, a new first")
}

func TestSummerFlush(t *testing.T) {
	c := &clock{now: noon}
	var m audit.Memory
	s := newSummer(t, &m, audit.SummerConfig{Now: c.Now})
	for range 3 {
		require.NoError(t, s.Append(t.Context(), "k", refusal(c, "a")))
	}
	require.NoError(t, s.Flush(t.Context()))
	require.NoError(t, s.Flush(t.Context()))
	all := read(t, &m, audit.Filter{}, audit.Cursor{})
	require.Len(t, all, 2)
	assert.EqualValues(t, 2, all[1].Count)
}

func TestSummerIsBounded(t *testing.T) {
	c := &clock{now: noon.Truncate(time.Minute)}
	var m audit.Memory
	s := newSummer(t, &m, audit.SummerConfig{Now: c.Now, Keys: 10})
	for round := range 2 {
		for i := range 500 {
			e := refusal(c, fmt.Sprint(i))
			e.Tenant, e.Session = "", "s"
			require.NoError(t, s.Append(t.Context(), fmt.Sprint(i), e), round)
		}
	}
	c.add(time.Minute)
	require.NoError(t, s.Flush(t.Context()))
	all := read(t, &m, audit.Filter{}, audit.Cursor{})
	require.Len(t, all, 2*(10+1), "ever new keys must not fill the disk")
	var total int64
	for _, e := range all {
		total += max(1, e.Count)
		if e.Reason == audit.ReasonTooManyRefusals {
			assert.Empty(t, e.Account+e.Session, "the shared bucket must not blame one account")
			assert.Equal(t, audit.LoginFail, e.Name)
		}
	}
	assert.EqualValues(t, 1000, total, "every refusal is counted once")
}

func TestSummerKeepsCountsWhileTheSinkIsDown(t *testing.T) {
	c := &clock{now: noon.Truncate(time.Minute)}
	sink := &flaky{}
	s := newSummer(t, sink, audit.SummerConfig{Now: c.Now, Keys: 2})
	for _, key := range []string{"a", "b", "c"} { // c: the shared bucket
		for range 5 {
			require.NoError(t, s.Append(t.Context(), key, refusal(c, key)))
		}
	}
	sink.down.Store(true)
	c.add(time.Minute)
	require.ErrorIs(t, s.Append(t.Context(), "d", refusal(c, "d")), errDown, "not recorded must not look recorded")
	require.ErrorIs(t, s.Flush(t.Context()), errDown)
	require.ErrorIs(t, s.Flush(t.Context()), errDown)
	sink.down.Store(false)
	require.NoError(t, s.Flush(t.Context()))
	var total int64
	for _, e := range read(t, sink, audit.Filter{}, audit.Cursor{}) {
		total += max(1, e.Count)
	}
	assert.EqualValues(t, 15, total)

	sink.down.Store(true)
	require.ErrorIs(t, s.Append(t.Context(), "e", refusal(c, "e")), errDown)
	sink.down.Store(false)
	require.NoError(t, s.Append(t.Context(), "e", refusal(c, "e")))
	last := read(t, sink, audit.Filter{NewestFirst: true}, audit.Cursor{})[0]
	assert.Equal(t, "e", last.Account, "a first event that failed leaves the next one the first")
	assert.Zero(t, last.Count)
}

func TestSummerClockSetBack(t *testing.T) {
	c := &clock{now: noon.Truncate(time.Minute)}
	var m audit.Memory
	s := newSummer(t, &m, audit.SummerConfig{Now: c.Now})
	for range 3 {
		require.NoError(t, s.Append(t.Context(), "k", refusal(c, "a")))
	}
	c.add(-time.Hour)
	require.NoError(t, s.Append(t.Context(), "k", refusal(c, "a")))
	assert.Len(t, read(t, &m, audit.Filter{}, audit.Cursor{}), 3)
}

func TestSummerInParallelCountsEach(t *testing.T) {
	c := &clock{now: noon.Truncate(time.Minute)}
	var m audit.Memory
	s := newSummer(t, &m, audit.SummerConfig{Now: c.Now, Keys: 4})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 300 {
				assert.NoError(t, s.Append(t.Context(), fmt.Sprint((i+j)%6), refusal(c, "a")))
				if j%10 == 0 {
					c.add(time.Second)
				}
				if j%97 == 0 {
					assert.NoError(t, s.Flush(t.Context()))
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, s.Flush(t.Context()))
	var total int64
	for _, e := range read(t, &m, audit.Filter{}, audit.Cursor{}) {
		total += max(1, e.Count)
	}
	assert.EqualValues(t, 2400, total)
}

func TestSummerRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &flaky{}
		s := newSummer(t, sink, audit.SummerConfig{})
		var faults []error
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx, func(err error) { faults = append(faults, err) }); close(done) }()
		count := func() int { return len(read(t, sink, audit.Filter{}, audit.Cursor{})) }

		refuse := func() {
			for range 2 {
				require.NoError(t, s.Append(t.Context(), "k", audit.Event{Time: time.Now()}))
			}
		}
		refuse()
		assert.Equal(t, 1, count())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Equal(t, 2, count(), "sums must not wait for the next refusal")

		refuse()
		sink.down.Store(true)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.NotEmpty(t, faults)
		sink.down.Store(false)
		stop()
		<-done
		assert.Equal(t, 4, count(), "the end of the program must not lose sums")
	})
}

func TestSummerNeedsASink(t *testing.T) {
	_, err := audit.NewSummer(nil, audit.SummerConfig{})
	require.Error(t, err)
}
