package storetest

import (
	"time"

	"github.com/crmauth/crmauth/lockout"
)

func onceCases() []Case {
	return []Case{
		{Counters, "one id counts once", "ReserveOnce counts the first call of an id and returns its counts and its time to every repeat",
			"a double click counts twice and locks people out", onceRepeat},
		{Counters, "a refused attempt is no record", "ReserveOnce records an id only if every key was granted",
			"a refused attempt that is sent again passes as counted", onceRefused},
		{Counters, "records end", "the record of an id lasts until the instant given, and not a microsecond longer",
			"one id verifies guesses for ever", onceEnd},
		{Counters, "the last holder", "Release reports true to the last holder only, and then the id is new again",
			"one of two requests refunds the attempt which the other still verifies", onceRelease},
	}
}

// deduper returns the store as a Deduper, or ends the case.
func (e *exam) deduper() lockout.Deduper {
	d, ok := e.Counters.(lockout.Deduper)
	if !ok {
		e.skipf("the store is no lockout.Deduper")
	}
	return d
}

// once is a ReserveOnce at d, whose record lasts until the instant until.
func (e *exam) once(id string, d, until time.Duration, requests ...lockout.Request) lockout.Once {
	once, err := e.deduper().ReserveOnce(e.ctx, e.at(d), id, e.at(until), requests...)
	e.ok(err, "ReserveOnce of %q at %v", id, d)
	if len(once.Counts) != len(requests) {
		e.fatalf("ReserveOnce of %d keys returned %d counts", len(requests), len(once.Counts))
	}
	return once
}

func (e *exam) release(id string, last bool, what string) {
	got, err := e.deduper().Release(e.ctx, id)
	e.ok(err, "Release by %s", what)
	e.equal(got, last, "Release by %s", what)
}

func onceRepeat(e *exam) {
	p := ladder()
	requests := []lockout.Request{{Key: "z", Policy: p}, {Key: "a", Policy: p}}
	e.granted("z", p, 0, 1)
	first := e.once("id", time.Second, time.Minute, requests...)
	want := lockout.Once{First: e.at(time.Second), Counts: first.Counts}
	e.equal(first, want, "the first answer")
	for i, failures := range []int64{2, 1} {
		if c := first.Counts[i]; !c.Granted || c.Failures != failures || c.Seq <= 0 {
			e.errorf("count %d of the first call is %+v, want it granted as failure %d", i, c, failures)
		}
	}
	want.Repeat = true
	for _, d := range []time.Duration{time.Second, 2 * time.Second, time.Minute - tick} {
		e.equal(e.once("id", d, d+time.Minute, requests...), want, "the answer to a repeat at %v", d)
	}
	other := e.once("Id", time.Second, time.Minute, requests...)
	e.equal(other.Repeat, false, "Repeat of another id")
	e.equal(other.Counts[0].Granted, true, "the third attempt, with another id, after repeats")
	e.equal(other.Counts[0].Failures, int64(3), "failures after another id")
	e.refused("z", p, time.Second, 3, 61*time.Second)
	// While the keys are closed, a repeat is still the attempt that was granted.
	e.equal(e.once("id", 2*time.Second, time.Minute, requests...), want, "the answer to a repeat while the key is closed")
}

func onceRefused(e *exam) {
	p := ladder()
	e.shut("closed", p)
	requests := []lockout.Request{{Key: "open", Policy: p}, {Key: "closed", Policy: p}, {Key: "behind", Policy: p}}
	for i := range int64(2) {
		once := e.once("id", 0, time.Hour, requests...)
		e.equal(once.Repeat, false, "Repeat of an attempt that was refused before")
		if c := once.Counts[0]; !c.Granted || c.Failures != i+1 {
			e.errorf("the open key's count is %+v, want it granted as failure %d", c, i+1)
		}
		if c := once.Counts[1]; c.Granted || c.Failures != 3 {
			e.errorf("the closed key's count is %+v, want it refused", c)
		}
		e.equal(once.Counts[2], lockout.Count{Skipped: true}, "the count of the key behind the closed one")
		e.release("id", false, "the holder of a refused attempt")
	}
	once := e.once("id", time.Minute, time.Hour, requests...)
	e.equal(once.Repeat, false, "Repeat of the first attempt that was granted")
	e.equal(once.Counts[1].Granted, true, "the key that was closed, at its time,")
	e.equal(once.Counts[2].Failures, int64(1), "failures of the key behind it")
	e.equal(e.once("id", time.Minute, time.Hour, requests...).Repeat, true, "Repeat of the attempt that was granted")
}

func onceEnd(e *exam) {
	request := lockout.Request{Key: "k", Policy: ladder()}
	e.once("id", 0, time.Minute, request)
	e.equal(e.once("id", time.Minute-tick, time.Hour, request).Repeat, true, "Repeat a microsecond before the end")
	again := e.once("id", time.Minute, 2*time.Minute, request)
	e.equal(again.Repeat, false, "Repeat at the end")
	e.equal(again.First, e.at(time.Minute), "First of the record that took the place")
	e.equal(again.Counts[0].Failures, int64(2), "failures after the record ended")
	e.release("id", true, "the one holder of the second record")

	e.once("expired", 0, time.Minute, request)
	if _, ok := e.Counters.(lockout.Expirer); ok {
		e.expire(e.Counters, e.at(time.Minute-tick), 0)
		e.equal(e.once("expired", time.Minute-tick, time.Minute, request).Repeat, true, "Repeat after Expire, a microsecond before the end")
	}
}

func onceRelease(e *exam) {
	request := lockout.Request{Key: "k", Policy: ladder()}
	e.release("never", false, "nobody")
	first := e.once("id", 0, time.Minute, request)
	for range 2 {
		e.equal(e.once("id", 0, time.Minute, request).Repeat, true, "Repeat")
	}
	e.release("id", false, "the first of three holders")
	e.release("id", false, "the second of three holders")
	e.release("id", true, "the last of three holders")
	e.release("id", false, "a holder too many")
	e.settle("k", first.Counts[0].Seq, lockout.Refunded)
	again := e.once("id", time.Second, time.Minute, request)
	e.equal(again.Repeat, false, "Repeat after the last holder let go")
	e.equal(again.Counts[0].Failures, int64(1), "failures after the refund")
	e.release("id", true, "the one holder")
}
