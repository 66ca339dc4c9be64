package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
)

// exam is one run of one case: the stores, and what was found wrong with them.
type exam struct {
	auth.Stores
	ctx  context.Context
	now  time.Time // when the case begins, in whole microseconds
	opts Options
	peer auth.Stores // the second node; the same as Stores if there is only one

	mu       sync.Mutex
	problems []string
	skipped  string
}

// Examine runs the case over empty stores, which it alone uses. It returns nil, a
// [*Failure], or an error that wraps [ErrSkipped] and says why the case does not
// apply to this store.
func (c Case) Examine(ctx context.Context, s auth.Stores, o Options) error {
	if why, ok := o.Except[c.String()]; ok {
		return fmt.Errorf("%w %s: known to fail: %s", ErrSkipped, c, why)
	}
	if o.Contenders <= 0 {
		o.Contenders = 200
	}
	if o.Patience <= 0 {
		o.Patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()

	e := &exam{Stores: s, ctx: ctx, now: time.Now().UTC().Truncate(time.Microsecond), opts: o, peer: s}
	done := make(chan struct{})
	// The case gets a goroutine of its own, so that Fatalf can end it anywhere
	// and a store that hangs is reported as such.
	go func() {
		defer close(done)
		defer e.recoverPanic("the case")
		if !e.has(c.Part) {
			e.fatalf("the store is nil; if there is none, leave %q out of Options.Parts", c.Part)
		}
		if o.Peer != nil {
			second, err := o.Peer(s)
			e.ok(err, "Options.Peer")
			e.peer = second
		}
		c.run(e)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		select {
		case <-done: // it noticed
		case <-time.After(o.Patience / 10):
			e.errorf("no answer after %v: a deadlock, or a call that ignores its context", o.Patience)
		}
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case len(e.problems) > 0:
		return &Failure{Case: c, Problems: slices.Clone(e.problems)}
	case e.skipped != "":
		return fmt.Errorf("%w %s: %s", ErrSkipped, c, e.skipped)
	}
	return nil
}

// has reports whether the store that p names is there.
func (e *exam) has(p Part) bool {
	return map[Part]bool{
		Accounts: e.Accounts != nil,
		Security: e.Security != nil,
		Tokens:   e.Tokens != nil,
		Flows:    e.Flows != nil,
		Sessions: e.Sessions != nil,
		Counters: e.Counters != nil,
		Outbox:   e.Outbox != nil,
		Audit:    e.Audit != nil,
	}[p]
}

// maxProblems bounds what one failing case prints.
const maxProblems = 12

// errorf notes a problem and goes on. It may be called by contenders, too.
func (e *exam) errorf(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.problems) < maxProblems {
		e.problems = append(e.problems, fmt.Sprintf(format, args...))
	}
}

// fatalf notes a problem and ends the case.
func (e *exam) fatalf(format string, args ...any) {
	e.errorf(format, args...)
	runtime.Goexit()
}

// recoverPanic turns a panic, most likely the store's, into a problem.
func (e *exam) recoverPanic(whose string) {
	if r := recover(); r != nil {
		e.errorf("%s ended in a panic: %v\n%s", whose, r, debug.Stack())
	}
}

// skipf ends the case as one that does not apply.
func (e *exam) skipf(format string, args ...any) {
	e.mu.Lock()
	e.skipped = fmt.Sprintf(format, args...)
	e.mu.Unlock()
	runtime.Goexit()
}

// ok ends the case if err is not nil.
func (e *exam) ok(err error, what string, args ...any) {
	if err != nil {
		e.fatalf("%s failed: %v", fmt.Sprintf(what, args...), err)
	}
}

// is notes a problem if err is not target.
func (e *exam) is(err, target error, what string, args ...any) {
	if !errors.Is(err, target) {
		e.errorf("%s returned error %v, want %v", fmt.Sprintf(what, args...), err, target)
	}
}

// equal notes a problem if got differs from want, and where.
func (e *exam) equal(got, want any, what string, args ...any) {
	if d := difference(got, want); d != "" {
		e.errorf("%s: %s", fmt.Sprintf(what, args...), d)
	}
}

// must ends the case if got differs from want: the rest relies on it.
func (e *exam) must(got, want any, what string, args ...any) {
	if d := difference(got, want); d != "" {
		e.fatalf("%s: %s", fmt.Sprintf(what, args...), d)
	}
}

// at is the instant d after the case began.
func (e *exam) at(d time.Duration) time.Time { return e.now.Add(d) }

// node returns the node that contender i works on.
func (e *exam) node(i int) auth.Stores {
	if i%2 == 1 {
		return e.peer
	}
	return e.Stores
}

// race starts n contenders at once, each on one of the nodes, and returns how
// many of them won. A contender that gets an error is a problem: a race has
// losers, and they are told so.
func (e *exam) race(n int, contend func(i int, s auth.Stores) (won bool, err error)) (winners int) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		start = make(chan struct{})
	)
	for i := range n {
		wg.Go(func() {
			defer e.recoverPanic(fmt.Sprintf("contender %d", i))
			<-start
			won, err := contend(i, e.node(i))
			if err != nil {
				e.errorf("contender %d of %d got an error instead of an answer: %v", i, n, err)
			}
			if won {
				mu.Lock()
				winners++
				mu.Unlock()
			}
		})
	}
	close(start)
	wg.Wait()
	return winners
}

// oneWins is a race that exactly one contender may win.
func (e *exam) oneWins(what string, contend func(i int, s auth.Stores) (won bool, err error)) {
	if n := e.race(e.opts.Contenders, contend); n != 1 {
		e.errorf("%d of %d racing calls of %s were told that they won, want exactly 1", n, e.opts.Contenders, what)
	}
}

// stopped is a context that is done already.
func (e *exam) stopped() context.Context {
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	return ctx
}

// digest returns a digest that nothing else has.
func digest() (d auth.Digest) {
	rand.Read(d[:]) // never fails
	return d
}
