package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/lockout"
)

func counterRaces() []Case {
	return []Case{
		{Counters, "race for the free attempts", "however many reservations race for one key, exactly the free ones are granted",
			"a burst of parallel guesses passes the limit", raceFree},
		{Counters, "race at the end of a wait", "when a wait is over, exactly one of the reservations that race is granted",
			"each step of the ladder lets a burst through", raceReopen},
		{Counters, "race over several keys", "calls that name the same keys in different orders neither block each other nor count wrong",
			"logins hang under load, or pass the limit", raceKeys},
		{Counters, "exact numbers", "1,000 parallel reservations get 1,000 consecutive numbers and failures, none twice",
			"settling one attempt settles another one's", raceNumbers},
		{Counters, "exact settlements", "after parallel reservations, successes and refunds the count is exact",
			"attempts get lost or are handed out under load", raceSettlements},
		{Counters, "race of one id", "of many calls with one new id exactly one is no repeat, and one attempt is counted",
			"a double click counts twice, or is verified uncounted", raceOnce},
		{Counters, "race to let go", "of many holders that let go exactly one is told that it was the last",
			"an attempt is refunded twice, or while it is verified", raceRelease},
	}
}

func (e *exam) contend(s auth.Stores, key string, p lockout.Policy, d time.Duration) (lockout.Count, error) {
	counts, err := s.Counters.Reserve(e.ctx, e.at(d), lockout.Request{Key: key, Policy: p})
	if err != nil || len(counts) != 1 {
		return lockout.Count{}, fmt.Errorf("%d counts, error %w", len(counts), err)
	}
	return counts[0], nil
}

func raceFree(e *exam) {
	p := lockout.Policy{Free: 5, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
	for _, key := range []string{"first", "second"} {
		n := e.race(e.opts.Contenders, func(_ int, s auth.Stores) (bool, error) {
			c, err := e.contend(s, key, p, 0)
			if err == nil && !c.Granted {
				e.equal(c, lockout.Count{Failures: 5, RetryAt: e.at(time.Minute)}, "what a loser was told")
			}
			return c.Granted, err
		})
		if n != p.Free {
			e.errorf("%d of %d parallel reservations were granted, want exactly %d", n, e.opts.Contenders, p.Free)
		}
		e.refused(key, p, time.Minute-tick, 5, time.Minute)
	}
}

func raceReopen(e *exam) {
	p := ladder()
	e.shut("k", p)
	at := time.Duration(0)
	for i, wait := range p.Waits {
		at += wait
		e.oneWins(fmt.Sprintf("Reserve after wait %d", i+1), func(_ int, s auth.Stores) (bool, error) {
			c, err := e.contend(s, "k", p, at)
			return c.Granted, err
		})
	}
}

func raceKeys(e *exam) {
	p := lockout.Policy{Free: 5, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
	keys := []string{"c", "a", "d", "b"}
	var granted [4]atomic.Int64
	e.race(e.opts.Contenders, func(i int, s auth.Stores) (bool, error) {
		order := []int{0, 1, 2, 3}
		if i%3 > 0 {
			slices.Reverse(order)
		}
		if i%3 > 1 {
			order[0], order[1] = order[1], order[0]
		}
		var requests []lockout.Request
		for _, k := range order {
			requests = append(requests, lockout.Request{Key: keys[k], Policy: p})
		}
		counts, err := s.Counters.Reserve(e.ctx, e.now, requests...)
		if err != nil {
			return false, err
		}
		if len(counts) != len(requests) {
			return false, fmt.Errorf("%d counts for %d requests", len(counts), len(requests))
		}
		stopped := false
		for j, k := range order {
			switch c := counts[j]; {
			case c.Granted: // behind a refusal only if the store could not see it
				granted[k].Add(1)
			case c.Skipped != stopped:
				e.errorf("count %d of %+v, want those before the first refusal granted and those behind it skipped", j, counts)
			default:
				stopped = true
			}
		}
		return true, nil
	})
	// What they were told is what counts, to the last one.
	for k, key := range keys {
		n := granted[k].Load()
		if n > int64(p.Free) {
			e.errorf("%d reservations of key %q were granted, want at most %d", n, key, p.Free)
			continue
		}
		for ; n < int64(p.Free); n++ {
			e.granted(key, p, 0, n+1)
		}
		e.refused(key, p, 0, n, time.Minute)
	}
}

// rush makes n reservations of one key in parallel, all of which must be
// granted, and returns their counts, ordered by number.
func (e *exam) rush(key string, n int, settle func(s auth.Stores, c lockout.Count) error) []lockout.Count {
	p := lockout.Policy{Free: 1_000_000, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
	var mu sync.Mutex
	var counts []lockout.Count
	workers := min(e.opts.Contenders, 100)
	e.race(workers, func(i int, s auth.Stores) (bool, error) {
		for range n / workers {
			c, err := e.contend(s, key, p, 0)
			if err != nil {
				return false, err
			}
			mu.Lock()
			counts = append(counts, c)
			mu.Unlock()
			if err := settle(s, c); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	slices.SortFunc(counts, func(a, b lockout.Count) int { return int(a.Seq - b.Seq) })
	if len(counts) == 0 {
		e.fatalf("no reservation came back")
	}
	return counts
}

func unsettled(auth.Stores, lockout.Count) error { return nil }

func raceNumbers(e *exam) {
	counts := e.rush("k", 1000, unsettled)
	for i, c := range counts {
		want := lockout.Count{Seq: counts[0].Seq + int64(i), Failures: int64(i) + 1, Granted: true}
		if c.RetryAt = (time.Time{}); difference(c, want) != "" {
			e.fatalf("count %d of %d in the order of Seq is %+v, want %+v", i, len(counts), c, want)
		}
	}
}

// failures is what the next reservation of the key reports, itself left out.
func (e *exam) failures(key string) int64 {
	p := lockout.Policy{Free: 1_000_000, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
	c := e.reserve(key, p, 0)
	e.settle(key, c.Seq, lockout.Refunded)
	return c.Failures - 1
}

func raceSettlements(e *exam) {
	settle := func(s auth.Stores, c lockout.Count, key string, o lockout.Outcome) error {
		return s.Counters.Settle(e.ctx, lockout.Settlement{Key: key, Seq: c.Seq, Outcome: o})
	}

	// Refunds beside reservations: each gives back its own.
	counts := e.rush("refunds", 1000, func(s auth.Stores, c lockout.Count) error {
		if c.Seq%2 == 0 {
			return settle(s, c, "refunds", lockout.Refunded)
		}
		return nil
	})
	kept := int64(0)
	for _, c := range counts {
		kept += c.Seq % 2
	}
	e.equal(e.failures("refunds"), kept, "failures after %d reservations with refunds beside them", len(counts))

	// Successes in any order: the latest one decides.
	counts = e.rush("successes", 1000, unsettled)
	last := len(counts) - 1
	workers := min(e.opts.Contenders, 100)
	e.race(workers, func(i int, s auth.Stores) (bool, error) {
		return true, settle(s, counts[i*(last-100)/workers], "successes", lockout.Succeeded)
	})
	latest := (workers - 1) * (last - 100) / workers
	e.equal(e.failures("successes"), int64(last-latest), "failures after parallel successes, the latest of them %d before the end", last-latest)

	// All of it at once: no more failures than were reserved after the latest
	// success and not given back, and none once the latest of all succeeds.
	counts = e.rush("mixed", 1000, func(s auth.Stores, c lockout.Count) error {
		switch {
		case c.Seq%50 == 0:
			return settle(s, c, "mixed", lockout.Succeeded)
		case c.Seq%3 == 0:
			return settle(s, c, "mixed", lockout.Refunded)
		}
		return nil
	})
	most := int64(0)
	for _, c := range counts {
		switch {
		case c.Seq%50 == 0:
			most = 0
		case c.Seq%3 != 0:
			most++
		}
	}
	if got := e.failures("mixed"); got < 0 || got > most {
		e.errorf("%d failures count after a mixture, want at most %d", got, most)
	}
	p := lockout.Policy{Free: 1_000_000, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
	e.settle("mixed", e.reserve("mixed", p, 0).Seq, lockout.Succeeded)
	e.equal(e.failures("mixed"), int64(0), "failures after the latest of a mixture succeeded")
}

func raceOnce(e *exam) {
	e.deduper()
	p := lockout.Policy{Free: 5, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
	for round := range 3 {
		id := fmt.Sprint("id ", round)
		var mu sync.Mutex
		var seqs []int64
		e.oneWins("ReserveOnce, as the first,", func(_ int, s auth.Stores) (bool, error) {
			once, err := s.Counters.(lockout.Deduper).ReserveOnce(e.ctx, e.now, id, e.at(time.Minute), lockout.Request{Key: "k", Policy: p})
			if err != nil || len(once.Counts) != 1 {
				return false, fmt.Errorf("%d counts, error %w", len(once.Counts), err)
			}
			mu.Lock()
			defer mu.Unlock()
			if c := once.Counts[0]; !c.Granted || c.Failures != int64(round)+1 {
				e.errorf("a contender was told %+v, want what the first was told", c)
			}
			seqs = append(seqs, once.Counts[0].Seq)
			return !once.Repeat, nil
		})
		if len(slices.Compact(seqs)) != 1 {
			e.errorf("contenders with one id were told different reservations")
		}
	}
	e.granted("k", p, 0, 4)
}

func raceRelease(e *exam) {
	request := lockout.Request{Key: "k", Policy: ladder()}
	for range e.opts.Contenders {
		e.once("id", 0, time.Minute, request)
	}
	e.oneWins("Release", func(_ int, s auth.Stores) (bool, error) {
		return s.Counters.(lockout.Deduper).Release(e.ctx, "id")
	})
	e.release("id", false, "a holder too many")

	// Taking and letting go beside each other: as many firsts as lasts.
	var first, last atomic.Int64
	e.race(min(e.opts.Contenders, 100), func(_ int, s auth.Stores) (bool, error) {
		d := s.Counters.(lockout.Deduper)
		wide := lockout.Policy{Free: 1_000_000, Waits: []time.Duration{time.Minute}, Forget: time.Hour}
		for range 5 {
			once, err := d.ReserveOnce(e.ctx, e.now, "both", e.at(time.Minute), lockout.Request{Key: "wide", Policy: wide})
			if err != nil {
				return false, err
			}
			if !once.Repeat {
				first.Add(1)
			}
			final, err := d.Release(e.ctx, "both")
			if err != nil {
				return false, err
			}
			if final {
				last.Add(1)
			}
		}
		return true, nil
	})
	e.equal(last.Load(), first.Load(), "holders that were told they were the last, and attempts that were the first")
}
