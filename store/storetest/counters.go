package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

func counterCases() []Case {
	return []Case{
		{Counters, "ladder", "the free attempts are granted, then each further one opens at the exact end of its wait, and not a microsecond before",
			"guessing goes faster than the policy says, or owners wait longer", counterLadder},
		{Counters, "refusals change nothing", "a refused reservation is not counted and does not extend the lock, however often it is tried",
			"a stranger who keeps knocking locks the owner out for ever", counterRefusals},
		{Counters, "forget", "everything is forgotten at the end of Forget after the latest granted attempt, and not a microsecond before",
			"attempts are handed out early, or old typing errors count for ever", counterForget},
		{Counters, "never", "a wait of lockout.Never ends by Succeeded, Refunded or Clear only, and reports no time to try again",
			"a disabled authenticator opens by waiting, or never again", counterNever},
		{Counters, "the policy is the request's", "each reservation is decided by the policy it brings, not by an earlier one",
			"a changed policy does not take effect while a counter lives", counterPolicies},
		{Counters, "several keys", "the keys of one call are each counted, or settled, as if alone, and the counts come in the order of the requests",
			"an attempt is counted, or given back, on another key than its own", counterSeveral},
		{Counters, "a refused key stops those behind it", "the keys of one call are decided in their order; once one is refused those behind it are skipped: no row, no count",
			"a flood that its source's counter refuses locks out the account all the same", counterOrder},
		{Counters, "exact keys", "keys of any printable ASCII up to 64 bytes are told apart byte by byte",
			"an attempt on one account is counted for another", counterKeys},
		{Counters, "clocks that differ", "an attempt from a clock that is behind is counted like any other, and moves no instant back",
			"two servers whose clocks differ by a second refuse free attempts, or shorten locks", counterClocks},
		{Counters, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"requests that are given up at once count, or clear, attempts", counterCancelled},
		{Counters, "expiry spares what counts", "Expire drops at most as many rows as it may, and none before the end of Forget",
			"housekeeping hands out attempts", counterExpire},
	}
}

// ladder is three free attempts, then 1, 5 and 15 minutes.
func ladder() lockout.Policy {
	return lockout.Policy{Free: 3, Waits: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}, Forget: 24 * time.Hour}
}

// reserve asks for one attempt d after the case began.
func (e *exam) reserve(key string, p lockout.Policy, d time.Duration) lockout.Count {
	counts, err := e.Counters.Reserve(e.ctx, e.at(d), lockout.Request{Key: key, Policy: p})
	e.ok(err, "Reserve of %q at %v", key, d)
	if len(counts) != 1 {
		e.fatalf("Reserve of one key returned %d counts", len(counts))
	}
	return counts[0]
}

// granted is a reservation that must be granted as the failures-th.
func (e *exam) granted(key string, p lockout.Policy, d time.Duration, failures int64) (seq int64) {
	c := e.reserve(key, p, d)
	if !c.Granted || c.Failures != failures || c.Seq <= 0 {
		e.fatalf("Reserve of %q at %v returned %+v, want it granted as failure %d", key, d, c, failures)
	}
	return c.Seq
}

// refused is a reservation that must be refused until the instant open.
func (e *exam) refused(key string, p lockout.Policy, d time.Duration, failures int64, open time.Duration) {
	c := e.reserve(key, p, d)
	want := lockout.Count{Failures: failures, RetryAt: e.at(open)}
	if open == lockout.Never {
		want.RetryAt = time.Time{}
	}
	if diff := difference(c, want); diff != "" {
		e.fatalf("Reserve of %q at %v, which must be refused, returned a Count that %s", key, d, diff)
	}
}

func (e *exam) settle(key string, seq int64, o lockout.Outcome) {
	e.ok(e.Counters.Settle(e.ctx, lockout.Settlement{Key: key, Seq: seq, Outcome: o}), "Settle of %q, reservation %d", key, seq)
}

// shut uses up the free attempts of a new key, at the beginning of the case,
// and returns the numbers of the reservations.
func (e *exam) shut(key string, p lockout.Policy) (seqs []int64) {
	for i := range p.Free {
		seqs = append(seqs, e.granted(key, p, 0, int64(i+1)))
	}
	return seqs
}

const tick = time.Microsecond

func counterLadder(e *exam) {
	p := ladder()
	for i, d := range []time.Duration{0, 0, 10 * time.Second} {
		e.granted("k", p, d, int64(i+1))
	}
	at := 10 * time.Second
	for i, wait := range []time.Duration{p.Waits[0], p.Waits[1], p.Waits[2], p.Waits[2], p.Waits[2]} {
		failures := int64(p.Free + i)
		for _, d := range []time.Duration{at, at + tick, at + wait - tick} {
			e.refused("k", p, d, failures, at+wait)
		}
		at += wait
		e.granted("k", p, at, failures+1)
	}

	odd := lockout.Policy{Free: 1, Waits: []time.Duration{1500 * time.Microsecond}, Forget: time.Hour}
	e.granted("odd", odd, 7*tick, 1)
	e.refused("odd", odd, 1506*tick, 1, 1507*tick)
	e.granted("odd", odd, 1507*tick, 2)

	long := lockout.Policy{Free: 1, Waits: make([]time.Duration, lockout.MaxWaits), Forget: 1000 * time.Hour}
	for i := range long.Waits {
		long.Waits[i] = time.Duration(i+1) * time.Hour
	}
	at = 0
	for i, wait := range long.Waits {
		e.granted("long", long, at, int64(i+1))
		e.refused("long", long, at+wait-tick, int64(i+1), at+wait)
		at += wait
	}

	// A pause before the limit changes nothing.
	e.granted("slow", p, 0, 1)
	e.granted("slow", p, 10*time.Hour, 2)
	e.granted("slow", p, 20*time.Hour, 3)
	e.refused("slow", p, 20*time.Hour+time.Minute-tick, 3, 20*time.Hour+time.Minute)
}

func counterRefusals(e *exam) {
	p := ladder()
	e.shut("k", p)
	for i := range 50 {
		e.refused("k", p, time.Duration(i)*time.Second, 3, time.Minute)
	}
	e.refused("k", p, time.Minute-tick, 3, time.Minute)
	seq := e.granted("k", p, time.Minute, 4)
	e.refused("k", p, time.Minute, 4, 6*time.Minute)
	e.settle("k", seq, lockout.Refunded) // of the attempt, not of the refusals
	e.granted("k", p, time.Minute, 4)
}

func counterForget(e *exam) {
	p := ladder()
	p.Forget = time.Hour
	e.granted("k", p, 0, 1)
	e.granted("k", p, time.Minute, 2)
	e.granted("k", p, time.Minute+time.Hour-tick, 3) // the latest counts, not the first
	e.refused("k", p, time.Minute+time.Hour, 3, time.Minute+time.Hour-tick+time.Minute)
	e.granted("k", p, time.Minute+2*time.Hour-tick, 1)

	// Refusals do not put forgetting off; a closed key is forgotten, too.
	p.Waits = []time.Duration{time.Hour}
	e.shut("closed", p)
	for _, d := range []time.Duration{time.Second, 30 * time.Minute, time.Hour - tick} {
		e.refused("closed", p, d, 3, time.Hour)
	}
	for i := range int64(3) {
		e.granted("closed", p, time.Hour, i+1)
	}
	e.refused("closed", p, time.Hour, 3, 2*time.Hour)
}

func counterNever(e *exam) {
	p := lockout.Cap(3)
	open := []struct {
		how      string
		do       func(seqs []int64)
		failures int64 // of the next attempt
	}{
		{"Succeeded", func(seqs []int64) { e.settle("Succeeded", seqs[2], lockout.Succeeded) }, 1},
		{"Refunded", func(seqs []int64) { e.settle("Refunded", seqs[2], lockout.Refunded) }, 3},
		{"Clear", func([]int64) { e.ok(e.Counters.Clear(e.ctx, "Clear"), "Clear") }, 1},
	}
	for _, tt := range open {
		seqs := e.shut(tt.how, p)
		for _, d := range []time.Duration{0, time.Hour, 20 * 365 * 24 * time.Hour} {
			e.refused(tt.how, p, d, 3, lockout.Never)
		}
		tt.do(seqs)
		e.granted(tt.how, p, time.Hour, tt.failures)
	}
	// What counts towards it is never forgotten either.
	e.granted("slow", p, 0, 1)
	e.granted("slow", p, 10*365*24*time.Hour, 2)
	e.granted("slow", p, 20*365*24*time.Hour, 3)
	e.refused("slow", p, 30*365*24*time.Hour, 3, lockout.Never)
}

func counterPolicies(e *exam) {
	p, wide, strict := ladder(), ladder(), ladder()
	wide.Free = 5
	strict.Free, strict.Waits = 1, []time.Duration{time.Hour}
	e.shut("k", p)
	e.refused("k", p, 0, 3, time.Minute)
	e.granted("k", wide, 0, 4)
	e.refused("k", p, 0, 4, 5*time.Minute)
	e.refused("k", strict, 0, 4, time.Hour)
	e.granted("k", wide, 0, 5)
	brief := p
	brief.Forget = 15 * time.Minute
	e.refused("k", p, 15*time.Minute-tick, 5, 15*time.Minute)
	e.granted("k", brief, 15*time.Minute, 1)
}

func counterKeys(e *exam) {
	var printable strings.Builder
	for c := byte(' '); c <= '~'; c++ {
		printable.WriteByte(c)
	}
	all := printable.String()
	keys := []string{
		"key", "Key", "KEY", "key ", " key", "ke", "keys", "k%", "k_y", "key\\", "key'", `key"`, "key:", "",
		all[:64], all[31:], strings.Repeat("x", 64), strings.Repeat("x", 63), strings.Repeat("x", 63) + "X",
	}
	p := ladder()
	seqs := make(map[string]int64)
	for _, key := range keys {
		if key != "" {
			seqs[key] = e.granted(key, p, 0, 1)
		}
	}
	for key, seq := range seqs {
		e.granted(key, p, 0, 2)
		e.settle(key, seq, lockout.Refunded)
	}
	for key := range seqs {
		e.granted(key, p, 0, 2)
		e.ok(e.Counters.Clear(e.ctx, key), "Clear of %q", key)
	}
	for key := range seqs {
		e.granted(key, p, 0, 1)
	}
}

func counterClocks(e *exam) {
	p := ladder()
	e.granted("k", p, 10*time.Second, 1)
	e.granted("k", p, 9*time.Second, 2) // a free attempt, from a clock that is behind
	e.granted("k", p, 8*time.Second, 3)
	e.refused("k", p, 8*time.Second, 3, 70*time.Second)
	e.refused("k", p, 70*time.Second-tick, 3, 70*time.Second)
	e.granted("k", p, 70*time.Second, 4)
}

func counterCancelled(e *exam) {
	ctx := e.stopped()
	p := ladder()
	e.granted("k", p, 0, 1)
	seq := e.granted("k", p, 0, 2)
	_, err := e.Counters.Reserve(ctx, e.now, lockout.Request{Key: "k", Policy: p})
	e.is(err, ctx.Err(), "Reserve")
	e.is(e.Counters.Settle(ctx, lockout.Settlement{Key: "k", Seq: seq, Outcome: lockout.Succeeded}), ctx.Err(), "Settle")
	e.is(e.Counters.Clear(ctx, "k"), ctx.Err(), "Clear")
	e.granted("k", p, 0, 3)
	if d, ok := e.Counters.(lockout.Deduper); ok {
		_, err := d.ReserveOnce(ctx, e.now, "id", e.at(time.Minute), lockout.Request{Key: "other", Policy: p})
		e.is(err, ctx.Err(), "ReserveOnce")
		_, err = d.Release(ctx, "id")
		e.is(err, ctx.Err(), "Release")
		e.granted("other", p, 0, 1)
		once := e.once("id", 0, time.Minute, lockout.Request{Key: "other", Policy: p})
		e.equal(once.Repeat, false, "Repeat of an id whose first ReserveOnce was cancelled")
	}
}

func counterExpire(e *exam) {
	p := ladder()
	p.Forget = time.Hour
	at := 2 * time.Hour
	for i := range 20 {
		e.granted(fmt.Sprint("old ", i), p, at-time.Hour, 1)
		e.granted(fmt.Sprint("living ", i), p, 0, 1)
		e.granted(fmt.Sprint("living ", i), p, at-time.Hour+tick, 1)
	}
	e.granted("capped", lockout.Cap(1), 0, 1)
	closed := lockout.Policy{Free: 1, Waits: []time.Duration{time.Hour}, Forget: 3 * time.Hour}
	e.granted("closed", closed, at-time.Hour+tick, 1)
	e.granted("refunded", p, at-time.Hour+tick, 1)
	refunded := e.granted("refunded", p, at-time.Hour+2*tick, 2)
	e.settle("refunded", refunded, lockout.Refunded)

	e.expire(e.Counters, e.at(at), 20)
	for i := range 20 {
		e.granted(fmt.Sprint("living ", i), p, at, 2)
		e.granted(fmt.Sprint("old ", i), p, at, 1)
	}
	e.refused("capped", lockout.Cap(1), at, 1, lockout.Never)
	e.refused("closed", closed, at, 1, at+tick)
	e.granted("refunded", p, at, 2)
}
