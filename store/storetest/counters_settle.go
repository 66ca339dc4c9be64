package storetest

import (
	"fmt"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

func settlementCases() []Case {
	return []Case{
		{Counters, "success clears up to itself", "Succeeded clears its own and earlier reservations, never later ones, and nothing twice",
			"a success clears attempts that were made after it, or leaves a lock that is over", counterSuccess},
		{Counters, "refund gives one back", "Refunded gives back one unit, at most as many as were counted, and none that was cleared",
			"refunds add up to free attempts", counterRefunds},
		{Counters, "refund reopens", "refunding the latest reservation opens the lock that it began; refunding an earlier one moves no instant",
			"an overloaded server locks its users out", counterReopens},
		{Counters, "clear", "Clear forgets the keys it names and no other, and repeating it is no error",
			"unlocking one account unlocks another, or fails", counterClear},
		{Counters, "late settlements hand out nothing", "settling what was never reserved, or was cleared or forgotten meanwhile, changes nothing",
			"an attempt from before an unlock pays for many after it", counterLate},
	}
}

func counterSuccess(e *exam) {
	p := ladder()
	// All three, by the last: the lock opens, the count begins anew.
	seqs := e.shut("last", p)
	e.settle("last", seqs[2], lockout.Succeeded)
	e.granted("last", p, 0, 1)

	// By the first of them: the two later ones stay.
	seqs = e.shut("first", p)
	e.settle("first", seqs[0], lockout.Succeeded)
	fourth := e.granted("first", p, time.Second, 3)
	e.refused("first", p, time.Second, 3, time.Second+time.Minute)
	// Earlier ones have nothing left to clear, nor has the same one again.
	e.settle("first", seqs[1], lockout.Succeeded)
	e.settle("first", seqs[0], lockout.Succeeded)
	e.settle("first", seqs[1], lockout.Succeeded)
	fifth := e.granted("first", p, time.Second, 3)
	if fifth != fourth+1 {
		e.errorf("the reservation after number %d got number %d", fourth, fifth)
	}

	// What was given back is taken to be of the later ones, at most of all.
	seqs = e.shut("given", p)
	e.settle("given", seqs[0], lockout.Refunded)
	e.settle("given", seqs[1], lockout.Succeeded)
	for i := range int64(3) {
		e.granted("given", p, 0, i+1)
	}
	e.refused("given", p, 0, 3, time.Minute)
	seqs = e.shut("all", p)
	e.settle("all", seqs[0], lockout.Refunded)
	e.settle("all", seqs[1], lockout.Refunded)
	e.settle("all", seqs[2], lockout.Succeeded)
	for i := range int64(3) {
		e.granted("all", p, 0, i+1)
	}
	e.refused("all", p, 0, 3, time.Minute)

	// But not what was given back when nothing counted any more.
	e.settle("old", e.granted("old", p, 0, 1), lockout.Refunded)
	seqs = e.shut("old", p)
	e.settle("old", seqs[0], lockout.Succeeded)
	e.granted("old", p, 0, 3)
	e.refused("old", p, 0, 3, time.Minute)

	// A flood that is refunded does not hurt whoever succeeds in its midst.
	wide := p
	wide.Free = 1000
	owner := e.granted("flood", wide, 0, 1)
	for range 50 {
		e.settle("flood", e.granted("flood", wide, 0, 2), lockout.Refunded)
	}
	e.settle("flood", owner, lockout.Succeeded)
	e.granted("flood", p, 0, 1)
}

func counterRefunds(e *exam) {
	p := ladder()
	first := e.granted("k", p, 0, 1)
	second := e.granted("k", p, time.Second, 2)
	e.settle("k", first, lockout.Refunded)
	third := e.granted("k", p, 2*time.Second, 2)
	e.settle("k", third, lockout.Refunded)
	e.settle("k", second, lockout.Refunded)
	for i := range int64(3) {
		e.granted("k", p, 3*time.Second, i+1)
	}
	e.refused("k", p, 3*time.Second, 3, 3*time.Second+time.Minute)

	// One in the middle, and no more than that one.
	seqs := e.shut("middle", p)
	e.settle("middle", seqs[1], lockout.Refunded)
	e.granted("middle", p, 0, 3)
	e.refused("middle", p, 0, 3, time.Minute)

	// What a success cleared can't be given back, too.
	seqs = e.shut("cleared", p)
	e.settle("cleared", seqs[1], lockout.Succeeded)
	e.settle("cleared", seqs[0], lockout.Refunded)
	e.settle("cleared", seqs[1], lockout.Refunded)
	e.granted("cleared", p, 0, 2)
	e.granted("cleared", p, 0, 3)
	e.refused("cleared", p, 0, 3, time.Minute)

	// No more can be given back than counts.
	one := e.granted("many", p, 0, 1)
	for range 5 {
		e.settle("many", one, lockout.Refunded)
	}
	for i := range int64(3) {
		e.granted("many", p, 0, i+1)
	}
	e.refused("many", p, 0, 3, time.Minute)
}

func counterReopens(e *exam) {
	p := ladder()
	e.granted("k", p, 0, 1)
	e.granted("k", p, time.Second, 2)
	third := e.granted("k", p, 2*time.Second, 3)
	e.refused("k", p, 2*time.Second, 3, 62*time.Second)
	e.settle("k", third, lockout.Refunded)
	third = e.granted("k", p, 3*time.Second, 3)
	e.refused("k", p, 3*time.Second, 3, 63*time.Second)

	fourth := e.granted("k", p, 63*time.Second, 4)
	e.refused("k", p, 63*time.Second, 4, 363*time.Second)
	e.settle("k", fourth, lockout.Refunded)
	e.granted("k", p, 63*time.Second, 4) // the lock of the third had ended by then
	e.refused("k", p, 63*time.Second, 4, 363*time.Second)

	// Not the latest: one failure less, but the wait still runs from the fourth.
	e.settle("k", third, lockout.Refunded)
	e.refused("k", p, 122*time.Second, 3, 123*time.Second)
	e.granted("k", p, 123*time.Second, 4)

	// The latest, while the lock of the one before it still runs by its own
	// policy: that lock is there again.
	wide := p
	wide.Free = 10
	e.shut("again", p)
	latest := e.granted("again", wide, 30*time.Second, 4)
	e.refused("again", p, 30*time.Second, 4, 330*time.Second)
	e.settle("again", latest, lockout.Refunded)
	e.refused("again", p, time.Minute-tick, 3, time.Minute)
	e.granted("again", p, time.Minute, 4)
}

func counterClear(e *exam) {
	p := ladder()
	for _, key := range []string{"a", "b", "c"} {
		e.shut(key, p)
	}
	e.ok(e.Counters.Clear(e.ctx, "a", "never used", "b"), "Clear")
	e.ok(e.Counters.Clear(e.ctx, "a", "b"), "Clear again")
	e.ok(e.Counters.Clear(e.ctx), "Clear of nothing")
	for _, key := range []string{"a", "b", "never used"} {
		e.shut(key, p)
		e.refused(key, p, 0, 3, time.Minute)
	}
	e.refused("c", p, 0, 3, time.Minute)
}

func counterLate(e *exam) {
	p := ladder()
	check := func(what, key string, d time.Duration) {
		for i := range int64(p.Free) {
			c := e.reserve(key, p, d)
			if !c.Granted || c.Failures != i+1 {
				e.fatalf("%s: reservation %d returned %+v, want it granted as failure %d", what, i+1, c, i+1)
			}
		}
		if c := e.reserve(key, p, d); c.Granted {
			e.errorf("%s: more than the %d free attempts were granted: %+v", what, p.Free, c)
		}
	}
	for _, o := range []lockout.Outcome{lockout.Succeeded, lockout.Refunded} {
		key := fmt.Sprint("never used ", o)
		e.settle(key, 7, o)
		check("after settling what was never reserved", key, 0)

		key = fmt.Sprint("ahead ", o)
		ahead := e.granted(key, p, 0, 1)
		e.settle(key, ahead+5, o)
		e.granted(key, p, 0, 2)
		e.granted(key, p, 0, 3)
		e.refused(key, p, 0, 3, time.Minute)

		key = fmt.Sprint("cleared ", o)
		wide := p
		wide.Free = 20
		var seq int64
		for i := range int64(10) {
			seq = e.granted(key, wide, 0, i+1)
		}
		e.ok(e.Counters.Clear(e.ctx, key), "Clear")
		e.settle(key, seq, o)
		check("after settling what was cleared meanwhile", key, 0)

		key = fmt.Sprint("forgotten ", o)
		for i := range int64(10) {
			seq = e.granted(key, wide, 0, i+1)
		}
		e.granted(key, p, 24*time.Hour, 1)
		e.settle(key, seq, o)
		e.granted(key, p, 24*time.Hour, 2)
		e.granted(key, p, 24*time.Hour, 3)
		e.refused(key, p, 24*time.Hour, 3, 24*time.Hour+time.Minute)
	}
	e.ok(e.Counters.Settle(e.ctx), "Settle of nothing")
}
