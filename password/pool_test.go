package password

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// job is work that ends when the test says so.
type job struct {
	begun  chan struct{}
	finish chan struct{}
	result chan error
}

// submit queues a job of weight 1 and returns when it runs, waits or was
// refused. It is called inside a synctest bubble.
func submit(ctx context.Context, p *Pool, src Source, weight int64, onBegin func()) *job {
	j := &job{begun: make(chan struct{}), finish: make(chan struct{}), result: make(chan error, 1)}
	go func() {
		j.result <- p.do(ctx, src, weight, func() error {
			if onBegin != nil {
				onBegin()
			}
			close(j.begun)
			<-j.finish
			return nil
		})
	}()
	synctest.Wait()
	return j
}

func (j *job) running() bool {
	select {
	case <-j.begun:
		return true
	default:
		return false
	}
}

func (j *job) end() {
	close(j.finish)
	synctest.Wait()
}

func poolOf(t *testing.T, cfg PoolConfig) *Pool {
	p, err := NewPool(cfg)
	require.NoError(t, err)
	return p
}

func TestPoolNeverExceedsItsBudget(t *testing.T) {
	const hashes = 3
	pool := poolOf(t, PoolConfig{Memory: hashes*cheap.Bytes() + 100, Queue: 512, PerSource: 256})
	h := cheapHasher(t, func(c *Config) { c.Pool = pool })
	var wg sync.WaitGroup
	var mu sync.Mutex
	sources := 0
	for i := range 256 {
		wg.Go(func() {
			_, err := h.For(Source{Key: fmt.Sprint(i % 7)}).Hash(t.Context(), "password")
			if assert.NoError(t, err) {
				mu.Lock()
				sources++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	stats := pool.Stats()
	assert.Equal(t, 256, sources)
	assert.LessOrEqual(t, stats.Peak, pool.budget)
	assert.EqualValues(t, 256, stats.Done)
	assert.Zero(t, stats.InUse)
	assert.Zero(t, stats.Running+stats.Waiting)
}

func TestPermitsAreWeighted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 10})
		a := submit(t.Context(), pool, Source{}, 6, nil)
		big := submit(t.Context(), pool, Source{}, 7, nil)
		small := submit(t.Context(), pool, Source{}, 1, nil)
		assert.True(t, a.running())
		assert.False(t, big.running())
		assert.False(t, small.running(), "nobody overtakes a large job, or it would never run")
		a.end()
		assert.True(t, big.running() && small.running())
		assert.EqualValues(t, 8, pool.Stats().InUse)
		huge := submit(t.Context(), pool, Source{}, 1000, nil)
		big.end()
		assert.False(t, huge.running())
		small.end()
		assert.True(t, huge.running(), "alone, it runs")
		huge.end()
		assert.EqualValues(t, 10, pool.Stats().Peak)
	})
}

func TestPermitBelongsToTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 1})
		ctx, cancel := context.WithCancelCause(t.Context())
		left := submit(ctx, pool, Source{}, 1, nil)
		next := submit(t.Context(), pool, Source{}, 1, nil)
		gone := errors.New("client went away")
		cancel(gone)
		synctest.Wait()
		assert.ErrorIs(t, <-left.result, gone, "the caller is answered at once")
		assert.False(t, next.running(), "the work still runs and holds its permit")
		assert.EqualValues(t, 1, pool.Stats().InUse)
		left.end()
		assert.True(t, next.running())
		next.end()
		assert.NoError(t, <-next.result)
		assert.Zero(t, pool.Stats().InUse)
	})
}

func TestWhoLeavesTheQueueHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 10})
		a := submit(t.Context(), pool, Source{}, 6, nil)
		ctx, cancel := context.WithCancel(t.Context())
		big := submit(ctx, pool, Source{Key: "big"}, 7, nil)
		small := submit(t.Context(), pool, Source{}, 1, nil)
		cancel()
		synctest.Wait()
		assert.ErrorIs(t, <-big.result, context.Canceled)
		assert.False(t, big.running())
		assert.True(t, small.running())
		ended := submit(ctx, pool, Source{}, 1, nil)
		assert.ErrorIs(t, <-ended.result, context.Canceled, "ended before it came")
		a.end()
		small.end()
		assert.Equal(t, 0, pool.Stats().Waiting)
	})
}

// order runs one job at a time and returns the order in which they began.
func order(t *testing.T, pool *Pool, sources []Source) []string {
	var began []string
	first := submit(t.Context(), pool, Source{}, 1, nil)
	var jobs []*job
	for _, src := range sources {
		jobs = append(jobs, submit(t.Context(), pool, src, 1, func() { began = append(began, src.Key) }))
	}
	first.end()
	for _, j := range jobs { // each lets the next one begin
		close(j.finish)
	}
	synctest.Wait()
	return began
}

func TestSourcesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 1, Queue: 40})
		flood := Source{Key: "flood"}
		began := order(t, pool, []Source{flood, flood, flood, flood, {Key: "a"}, {Key: "b"}, {Key: "a"}})
		assert.Equal(t, []string{"flood", "a", "b", "flood", "a", "flood", "flood"}, began)
	})
}

func TestKnownDevicesHaveEverySecondTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 1, Queue: 40})
		var sources []Source
		for i := range 5 {
			sources = append(sources, Source{Key: fmt.Sprint(i)})
		}
		for i := range 3 {
			sources = append(sources, Source{Key: fmt.Sprint("known ", i), Known: true})
		}
		assert.Equal(t, []string{"known 0", "0", "known 1", "1", "known 2", "2", "3", "4"}, order(t, pool, sources))
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 1, Queue: 8, PerSource: 3})
		refused := func(src Source) bool {
			j := submit(t.Context(), pool, src, 1, nil)
			close(j.finish)
			select {
			case err := <-j.result:
				overloaded, ok := errors.AsType[*OverloadedError](err)
				return ok && errors.Is(err, ErrOverloaded) && overloaded.RetryAfter >= time.Second
			default:
				return false
			}
		}
		running := submit(t.Context(), pool, Source{}, 1, nil)
		for range 3 {
			require.False(t, refused(Source{Key: "flood"}))
		}
		assert.True(t, refused(Source{Key: "flood"}), "one source takes no more than its share")
		for i := range 3 {
			require.False(t, refused(Source{Key: fmt.Sprint(i)}))
		}
		assert.True(t, refused(Source{Key: "other"}), "the last quarter is reserved")
		assert.True(t, refused(Source{}))
		for i := range 2 {
			require.False(t, refused(Source{Key: fmt.Sprint(i), Known: true}))
		}
		assert.True(t, refused(Source{Key: "known", Known: true}))
		assert.EqualValues(t, 4, pool.Stats().Refused)
		running.end()
		assert.Zero(t, pool.Stats().Waiting)
		assert.EqualValues(t, 9, pool.Stats().Done)

		nobody := poolOf(t, PoolConfig{Memory: 1, Queue: -1})
		running = submit(t.Context(), nobody, Source{}, 1, nil)
		waits := submit(t.Context(), nobody, Source{Known: true}, 1, nil)
		assert.ErrorIs(t, <-waits.result, ErrOverloaded)
		running.end()
	})
}

func TestRefusesWhatWouldMissItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 2, Queue: 100})
		take := func(d time.Duration) func() error { return func() error { time.Sleep(d); return nil } }
		require.NoError(t, pool.do(t.Context(), Source{}, 1, take(time.Second))) // a job takes a second
		var wg sync.WaitGroup
		defer wg.Wait()
		for range 8 { // two run, six wait: three seconds
			wg.Go(func() { assert.NoError(t, pool.do(t.Context(), Source{}, 1, take(time.Second))) })
		}
		synctest.Wait()
		wait := func(d time.Duration, src Source) (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			began := time.Now()
			err := pool.do(ctx, src, 1, take(0))
			return time.Since(began), err
		}
		took, err := wait(3*time.Second, Source{})
		assert.ErrorIs(t, err, ErrOverloaded)
		assert.Zero(t, took, "answered at once")
		overloaded, _ := errors.AsType[*OverloadedError](err)
		assert.Equal(t, 3500*time.Millisecond, overloaded.RetryAfter)

		_, err = wait(1500*time.Millisecond, Source{Key: "another source has its turn sooner"})
		assert.NoError(t, err)
		_, err = wait(1500*time.Millisecond, Source{Key: "device", Known: true})
		assert.NoError(t, err)

		for range 2 {
			wg.Go(func() { assert.NoError(t, pool.do(t.Context(), Source{Known: true}, 1, take(time.Second))) })
		}
		synctest.Wait()
		took, err = wait(1500*time.Millisecond, Source{Key: "known devices have turns between"})
		assert.ErrorIs(t, err, ErrOverloaded)
		assert.Zero(t, took)
	})
}

func TestDeadlineInTheQueueIsOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 1})
		running := submit(t.Context(), pool, Source{}, 1, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waits := submit(ctx, pool, Source{}, 1, nil)
		assert.ErrorIs(t, <-waits.result, ErrOverloaded)
		assert.False(t, waits.running())
		running.end()
	})
}

// A thousand sources that fill the queue don't keep a known device out.
func TestKnownDeviceGetsThroughAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOf(t, PoolConfig{Memory: 2, Queue: 64})
		hash := func() error { time.Sleep(25 * time.Millisecond); return nil }
		flood, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer func() {
			stop()
			wg.Wait()
			time.Sleep(time.Second) // work that was abandoned ends by itself
		}()
		for i := range 1000 {
			wg.Go(func() {
				for flood.Err() == nil {
					if pool.do(flood, Source{Key: fmt.Sprint(i)}, 1, hash) != nil {
						time.Sleep(20 * time.Millisecond)
					}
				}
			})
		}
		time.Sleep(time.Second)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			assert.NoError(t, pool.do(ctx, Source{Key: "device", Known: true}, 1, hash))
			cancel()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		assert.ErrorIs(t, pool.do(ctx, Source{Key: "unknown"}, 1, hash), ErrOverloaded)
	})
}

func TestPanicIsAnErrorAndFreesThePermit(t *testing.T) {
	pool := poolOf(t, PoolConfig{Memory: 1})
	err := pool.do(t.Context(), Source{}, 1, func() error { panic("the password is hunter2") })
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
	err = pool.do(t.Context(), Source{}, 1, func() error { var s []int; _ = s[len(t.Name())]; return nil })
	assert.ErrorContains(t, err, "index out of range")
	assert.Zero(t, pool.Stats().InUse)
}

func TestPoolDefaults(t *testing.T) {
	_, err := NewPool(PoolConfig{Memory: -1})
	assert.Error(t, err)
	assert.Positive(t, poolOf(t, PoolConfig{}).Stats().Budget)
	assert.Zero(t, poolOf(t, PoolConfig{}).Stats().Budget%Params{}.Bytes())
}
