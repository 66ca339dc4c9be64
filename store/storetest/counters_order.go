package storetest

import (
	"time"

	"github.com/crmauth/crmauth/lockout"
)

// reserveAll asks for one attempt on several keys, d after the case began.
func (e *exam) reserveAll(d time.Duration, requests ...lockout.Request) []lockout.Count {
	counts, err := e.Counters.Reserve(e.ctx, e.at(d), requests...)
	e.ok(err, "Reserve of %d keys at %v", len(requests), d)
	if len(counts) != len(requests) {
		e.fatalf("Reserve of %d keys returned %d counts", len(requests), len(counts))
	}
	return counts
}

func counterSeveral(e *exam) {
	p, brief := ladder(), ladder()
	brief.Waits = []time.Duration{time.Second}
	e.granted("z", p, 0, 1)
	e.shut("m", p)
	requests := []lockout.Request{{Key: "z", Policy: p}, {Key: "m", Policy: brief}, {Key: "a", Policy: p}, {Key: "b", Policy: brief}}
	counts := e.reserveAll(time.Second, requests...)
	for i, c := range counts {
		if failures := []int64{2, 4, 1, 1}[i]; !c.Granted || c.Failures != failures || c.Seq <= 0 {
			e.errorf("count %d, of key %q, is %+v, want it granted as failure %d", i, requests[i].Key, c, failures)
		}
	}
	e.ok(e.Counters.Settle(e.ctx,
		lockout.Settlement{Key: "z", Seq: counts[0].Seq, Outcome: lockout.Refunded},
		lockout.Settlement{Key: "b", Seq: counts[3].Seq, Outcome: lockout.Succeeded},
		lockout.Settlement{Key: "none", Seq: 1, Outcome: lockout.Succeeded},
		lockout.Settlement{Key: "a", Seq: counts[2].Seq, Outcome: lockout.Refunded},
	), "Settle of four keys")
	for key, failures := range map[string]int64{"z": 2, "a": 1, "b": 1} {
		e.granted(key, p, 2*time.Second, failures)
	}
	e.refused("m", p, 2*time.Second, 4, time.Second+5*time.Minute)
	e.equal(len(e.reserveAll(0)), 0, "counts of nothing")
}

func counterOrder(e *exam) {
	p := ladder()
	e.shut("m", p)
	e.granted("z", p, 0, 1)
	used := e.granted("a", p, 0, 1)
	e.granted("a", p, 0, 2)
	full := e.shut("full", p)
	keys := []string{"z", "m", "a", "new", "full"}
	var requests []lockout.Request
	for _, key := range keys {
		requests = append(requests, lockout.Request{Key: key, Policy: p})
	}
	skipped := lockout.Count{Skipped: true}
	closed := lockout.Count{Failures: 3, RetryAt: e.at(time.Minute)}
	counts := e.reserveAll(time.Second, requests...)
	if c := counts[0]; !c.Granted || c.Failures != 2 || c.Seq <= 0 || c.Skipped {
		e.errorf("count 0, of key %q before the closed one, is %+v, want it granted as failure 2", keys[0], c)
	}
	e.equal(counts[1:], []lockout.Count{closed, skipped, skipped, skipped}, "the counts from the closed key on")
	for range 20 { // a flood: nothing is written any more
		e.equal(e.reserveAll(time.Second, requests[1:]...), []lockout.Count{closed, skipped, skipped, skipped}, "the counts with the closed key first")
	}

	// The keys behind are as they were: count, number, instant, row.
	if c := e.reserve("a", p, 2*time.Second); !c.Granted || c.Failures != 3 || c.Seq != used+2 {
		e.errorf("Reserve of a key that was skipped returned %+v, want it granted as failure 3, number %d", c, used+2)
	}
	e.refused("full", p, 2*time.Second, 3, time.Minute)
	e.settle("full", full[2], lockout.Refunded) // the latest: it reopens
	e.granted("full", p, 2*time.Second, 3)
	e.refused("m", p, 2*time.Second, 3, time.Minute)
	if x, ok := e.Counters.(lockout.Expirer); ok {
		n, err := x.Expire(e.ctx, e.at(48*time.Hour), 1000)
		e.ok(err, "Expire")
		if n > 4 {
			e.errorf("%d rows were there of the 4 keys that were counted: a key that was skipped got one", n)
		}
	}
	e.granted("new", p, 48*time.Hour, 1)

	// Once it is open, all go on; and a key closed by its own order stops others.
	e.shut("last", p)
	requests = []lockout.Request{{Key: "x", Policy: p}, {Key: "y", Policy: p}, {Key: "last", Policy: p}}
	counts = e.reserveAll(0, requests...)
	for i, c := range counts[:2] {
		if !c.Granted || c.Failures != 1 {
			e.errorf("count %d before the closed key is %+v, want it granted as failure 1", i, c)
		}
	}
	e.equal(counts[2], closed, "the count of the closed key behind all others")
	for i, c := range e.reserveAll(time.Minute, requests...) {
		if want := []int64{2, 2, 4}[i]; !c.Granted || c.Failures != want {
			e.errorf("count %d after the wait is %+v, want it granted as failure %d", i, c, want)
		}
	}
}
