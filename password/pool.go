package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// ErrOverloaded is what an [OverloadedError] matches with errors.Is.
var ErrOverloaded = errors.New("password: overloaded")

// OverloadedError is returned when the work can't begin in time. Nothing was
// hashed or verified.
type OverloadedError struct {
	// RetryAfter is when the queue should have drained, estimated from recent
	// hashes; at least one second.
	RetryAfter time.Duration
}

func (e *OverloadedError) Error() string {
	return fmt.Sprintf("password: overloaded; retry after %v", e.RetryAfter)
}

// Is reports that target is [ErrOverloaded].
func (e *OverloadedError) Is(target error) bool { return target == ErrOverloaded }

// Source says on whose behalf work is queued.
type Source struct {
	// Key names who takes turns with others, such as the network that a
	// request comes from, or a known device. "" is work that isn't attributed;
	// it takes its turn too, and only the whole queue bounds it.
	Key string
	// Known is set for a device that has proven to be known. Such work has
	// every second turn while other work waits too, and places in the queue
	// that nobody else gets.
	Known bool
}

// PoolConfig limits a [Pool]. The zero value is the default.
type PoolConfig struct {
	// Memory is the budget in bytes that running hashes may hold together;
	// 0 = GOMAXPROCS hashes of the default parameters, 19 MiB each. A hash
	// that holds more than the budget runs alone.
	Memory int64
	// Queue is the most jobs that wait; 0 = 64 × GOMAXPROCS, about 1.6 s of
	// work with the default parameters; negative: nobody waits. The last
	// quarter of the places takes known sources only.
	Queue int
	// PerSource is the most jobs of one Source.Key that wait; 0 = a quarter of
	// Queue.
	PerSource int
}

// Pool bounds the memory of concurrent hashing. Each job takes a permit of as
// many bytes as the dearest of its hashes holds and keeps it until the work
// has really ended, even if the caller has given up meanwhile. Jobs wait in a
// bounded queue, in which sources take turns.
//
// A Pool may be shared by several [Hasher]s. It is safe for concurrent use and
// has no goroutine of its own.
type Pool struct {
	budget    int64
	queue     int
	reserved  int // places in the queue for known sources
	perSource int

	mu        sync.Mutex
	known     poolTurns
	others    poolTurns
	lastKnown bool // the last turn went to a known source
	inUse     int64
	peak      int64
	running   int
	done      uint64
	refused   uint64
	typical   time.Duration // of a job, exponentially weighted; 0 = none seen
}

// NewPool returns a Pool with the given limits.
func NewPool(cfg PoolConfig) (*Pool, error) {
	if cfg.Memory < 0 || cfg.PerSource < 0 {
		return nil, errors.New("password: PoolConfig: Memory and PerSource can't be negative")
	}
	return newPool(cfg), nil
}

func newPool(cfg PoolConfig) *Pool {
	processors := runtime.GOMAXPROCS(0)
	p := &Pool{budget: cfg.Memory, queue: cfg.Queue, perSource: cfg.PerSource}
	if p.budget == 0 {
		p.budget = int64(processors) * Params{}.Bytes()
	}
	if p.queue == 0 {
		p.queue = 64 * processors
	}
	p.queue = max(p.queue, 0)
	if p.queue > 1 {
		p.reserved = max(p.queue/4, 1)
	}
	if p.perSource == 0 {
		p.perSource = max(p.queue/4, 1)
	}
	return p
}

// PoolStats is a snapshot of a [Pool], for metrics.
type PoolStats struct {
	Budget  int64         // bytes
	InUse   int64         // bytes of the permits given out
	Peak    int64         // the most bytes ever in use
	Running int           // jobs
	Waiting int           // jobs
	Done    uint64        // jobs, since the Pool was made
	Refused uint64        // jobs answered as overloaded, since the Pool was made
	Typical time.Duration // recent mean time of a job, without its waiting; 0 = none yet
}

// Stats returns a snapshot. It is cheap.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PoolStats{
		Budget: p.budget, InUse: p.inUse, Peak: p.peak,
		Running: p.running, Waiting: p.waiting(),
		Done: p.done, Refused: p.refused, Typical: p.typical,
	}
}

// do runs work under a permit of weight bytes and returns its error. When ctx
// ends first it returns at once; the work, if it has begun, goes on and keeps
// its permit. So work must not write what the caller reads after an error.
func (p *Pool) do(ctx context.Context, src Source, weight int64, work func() error) error {
	weight = min(weight, p.budget)
	if err := p.acquire(ctx, src, weight); err != nil {
		return err
	}
	result := make(chan error, 1)
	go func() {
		began := time.Now()
		err := errors.New("password: the work was abandoned")
		defer func() {
			if r := recover(); r != nil {
				err = errors.New("password: a scheme or pepper panicked")
				if cause, ok := r.(runtime.Error); ok { // other values might hold the password
					err = fmt.Errorf("%w: %w", err, cause)
				}
			}
			p.release(weight, time.Since(began))
			result <- err
		}()
		err = work()
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return poolGaveUp(ctx)
	}
}

func poolGaveUp(ctx context.Context) error {
	return fmt.Errorf("password: the caller gave up before the work was done: %w", context.Cause(ctx))
}

// acquire takes a permit, waiting for its turn.
func (p *Pool) acquire(ctx context.Context, src Source, weight int64) error {
	if ctx.Err() != nil {
		return poolGaveUp(ctx)
	}
	w, err := p.enter(ctx, src, weight)
	if w == nil || err != nil {
		return err
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		return p.leave(ctx, w)
	}
}

// enter takes a permit at once, or queues for it, or refuses.
func (p *Pool) enter(ctx context.Context, src Source, weight int64) (*poolWaiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting() == 0 && p.inUse+weight <= p.budget {
		p.start(weight)
		return nil, nil
	}
	turns := p.turns(src.Known)
	full := p.waiting() >= p.queue ||
		!src.Known && p.others.waiting >= p.queue-p.reserved ||
		src.Key != "" && turns.of(src.Key) >= p.perSource
	if full {
		return nil, p.refuse(weight)
	}
	if deadline, ok := ctx.Deadline(); ok && p.typical > 0 {
		ahead := turns.ahead(src.Key)
		ahead += min(p.turns(!src.Known).waiting, ahead+1)
		if time.Until(deadline) < p.drain(ahead+1, weight) {
			return nil, p.refuse(weight)
		}
	}
	w := &poolWaiter{source: src, weight: weight, ready: make(chan struct{})}
	turns.push(w)
	return w, nil
}

// leave takes w out of the queue, or gives back the permit that it was just
// given.
func (p *Pool) leave(ctx context.Context, w *poolWaiter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turns(w.source.Known).remove(w) {
		p.dispatch() // w may have been the one that didn't fit
	} else {
		p.stop(w.weight)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return p.refuse(w.weight)
	}
	return poolGaveUp(ctx)
}

// release gives back the permit of work that has ended.
func (p *Pool) release(weight int64, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.typical == 0 {
		p.typical = took
	} else {
		p.typical += (took - p.typical) / 8
	}
	p.stop(weight)
}

// The methods below are called with mu held.

func (p *Pool) start(weight int64) {
	p.inUse += weight
	p.peak = max(p.peak, p.inUse)
	p.running++
}

func (p *Pool) stop(weight int64) {
	p.inUse -= weight
	p.running--
	p.dispatch()
}

// dispatch gives permits to whose turn it is, as long as the next one fits.
// Nobody overtakes: a large job would never run otherwise.
func (p *Pool) dispatch() {
	for p.waiting() > 0 {
		known := p.known.waiting > 0 && (p.others.waiting == 0 || !p.lastKnown)
		turns := p.turns(known)
		w := turns.next()
		if p.inUse+w.weight > p.budget {
			return
		}
		turns.pop()
		p.lastKnown = known
		p.start(w.weight)
		close(w.ready)
	}
}

func (p *Pool) turns(known bool) *poolTurns {
	if known {
		return &p.known
	}
	return &p.others
}

func (p *Pool) waiting() int { return p.known.waiting + p.others.waiting }

// drain estimates how long it takes until jobs of this weight have been given
// a permit.
func (p *Pool) drain(jobs int, weight int64) time.Duration {
	slots := max(p.budget/max(weight, 1), 1)
	return time.Duration(float64(p.typical) * float64(jobs) / float64(slots))
}

func (p *Pool) refuse(weight int64) error {
	p.refused++
	wait := p.drain(p.waiting()+1, weight)
	return &OverloadedError{RetryAfter: max(wait, time.Second)}
}
