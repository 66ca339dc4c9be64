package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/notify"
)

func outboxCases() []Case {
	return []Case{
		{Outbox, "round trip", "an entry comes back as it was added, its payload byte by byte, with one attempt counted",
			"mails are lost, because nobody can open them", outboxRoundTrip},
		{Outbox, "an id once", "adding an id that is there changes nothing and is no error, until the entry is done",
			"a retried request sends its mail twice, or delays it", outboxOnce},
		{Outbox, "due in order", "Claim returns what is due, at its exact instant, earliest first, at most as many as asked for",
			"a flood of later messages holds up a code that somebody waits for", outboxDue},
		{Outbox, "one claim at a time", "a claimed entry is nobody else's until the exact end of the lease, then it is free again, with its attempts counted",
			"a message is sent by every process, or lost with the one that crashed", outboxClaim},
		{Outbox, "retry by the holder", "Retry moves the entry to its next time only if its attempts are still those of the claim",
			"a courier that hung takes a message away from the one that sends it now", outboxRetry},
		{Outbox, "done is gone", "Done removes the entry, and doing so again is no error",
			"a message is sent over and over", outboxDone},
		{Outbox, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"messages of a request that was given up are sent, or claimed and forgotten", outboxCancelled},
		{Outbox, "race to claim", "of many claims at once each entry goes to exactly one",
			"people get every mail several times", raceClaim},
		{Outbox, "race to add", "of many entries with one id exactly one is added, and no call fails",
			"a double click sends two links", raceAdd},
	}
}

func (e *exam) addEntry(id string, due time.Duration) notify.Entry {
	entry := notify.Entry{ID: id, Due: e.at(due), Payload: []byte("payload of " + id)}
	e.ok(e.Outbox.Add(e.ctx, entry), "Add of %q", id)
	return entry
}

// claim returns the ids of what a claim for a minute gets, as "id/attempts".
func (e *exam) claim(d time.Duration, n int) []string {
	entries, err := e.Outbox.Claim(e.ctx, e.at(d), time.Minute, n)
	e.ok(err, "Claim at %v", d)
	got := []string{}
	for _, entry := range entries {
		got = append(got, fmt.Sprintf("%s/%d", entry.ID, entry.Attempts))
	}
	return got
}

func (e *exam) claims(d time.Duration, n int, what string, want ...string) {
	e.equal(e.claim(d, n), append([]string{}, want...), "what a claim at %v got (id/attempts), %s", d, what)
}

func outboxRoundTrip(e *exam) {
	every := make([]byte, notify.MaxPayload)
	for i := range every {
		every[i] = byte(i * 7)
	}
	want := []notify.Entry{
		{ID: "a", Due: e.at(-2 * time.Hour), Payload: every},
		{ID: "b-_Z09", Due: e.at(-time.Hour + tick).In(time.FixedZone("", 8*3600)), Payload: []byte{0}},
		{ID: strings.Repeat("x", 64), Due: e.now, Payload: bytes.Repeat([]byte{0xff}, 100)},
	}
	mine := slices.Clone(want)
	mine[1].Payload = []byte{0}
	mine[1].Attempts = 7 // begins at 0 whatever it says
	e.ok(e.Outbox.Add(e.ctx, mine...), "Add of three entries")
	e.ok(e.Outbox.Add(e.ctx), "Add of nothing")
	mine[1].Payload[0] = 'X'
	for i := range want {
		want[i].Attempts = 1
	}
	got, err := e.Outbox.Claim(e.ctx, e.now, time.Minute, 10)
	e.ok(err, "Claim")
	e.equal(got, want, "the claimed entries")
}

func outboxOnce(e *exam) {
	e.addEntry("a", 0)
	e.addEntry("a", -time.Hour)
	e.ok(e.Outbox.Add(e.ctx,
		notify.Entry{ID: "b", Due: e.at(-time.Minute), Payload: []byte("first")},
		notify.Entry{ID: "a", Due: e.at(-time.Minute), Payload: []byte("second")},
		notify.Entry{ID: "b", Due: e.at(-time.Hour), Payload: []byte("third")},
		notify.Entry{ID: "A", Due: e.at(time.Second), Payload: []byte("fourth")},
	), "Add of four entries, two of which are there")
	e.claims(-tick, 10, "before the one that was added first", "b/1")
	got, err := e.Outbox.Claim(e.ctx, e.now, time.Minute, 10)
	e.ok(err, "Claim")
	if len(got) != 1 || got[0].ID != "a" || string(got[0].Payload) != "payload of a" {
		e.errorf("the claim got %+v, want the entry that was added first", got)
	}
	e.addEntry("a", 0) // while it is claimed
	e.claims(0, 10, "after an entry was added again under a claim")
	e.ok(e.Outbox.Done(e.ctx, "a"), "Done")
	e.addEntry("a", 0)
	e.claims(0, 10, "after an entry was done and added anew", "a/1")
	e.claims(time.Second, 10, "of an id of other case", "A/1")
}

func outboxDue(e *exam) {
	for i, minute := range []int{5, 1, 4, 2, 3} {
		e.addEntry(fmt.Sprintf("m%d-%d", minute, i), time.Duration(minute)*time.Minute)
	}
	e.claims(time.Minute-tick, 10, "before anything is due")
	e.claims(time.Minute, 0, "of none")
	e.claims(time.Minute, -1, "of fewer than none")
	e.claims(time.Minute, 10, "when the first is due", "m1-1/1")
	e.claims(4*time.Minute-tick, 1, "of one", "m1-1/2") // its claim ran out
	e.claims(4*time.Minute-tick, 1, "of one more", "m2-3/1")
	e.claims(4*time.Minute, 10, "of the rest", "m3-4/1", "m4-2/1")
}

func outboxClaim(e *exam) {
	e.addEntry("a", 0)
	e.claims(0, 10, "the first", "a/1")
	for _, d := range []time.Duration{0, time.Second, time.Minute - tick} {
		e.claims(d, 10, "during the lease")
	}
	e.claims(time.Minute, 10, "at the end of the lease", "a/2")
	e.claims(2*time.Minute-tick, 10, "during the second lease")
	e.claims(2*time.Minute, 10, "at the end of the second lease", "a/3")
}

func outboxRetry(e *exam) {
	e.addEntry("a", 0)
	retry := func(id string, attempts int, next time.Duration) {
		e.ok(e.Outbox.Retry(e.ctx, id, attempts, e.at(next)), "Retry of %q after %d attempts", id, attempts)
	}
	e.claims(0, 10, "the first", "a/1")
	retry("a", 0, 0)
	retry("a", 2, 0)
	retry("b", 1, 0)
	e.claims(time.Second, 10, "after a Retry by others than its holder")
	retry("a", 1, 10*time.Second)
	e.claims(10*time.Second-tick, 10, "before the time that Retry set")
	e.claims(10*time.Second, 10, "at the time that Retry set", "a/2")
	e.claims(70*time.Second, 10, "after the claim ran out", "a/3")
	retry("a", 2, 70*time.Second) // by the one whose claim ran out
	e.claims(71*time.Second, 10, "after a Retry by a former holder")
	e.ok(e.Outbox.Done(e.ctx, "a"), "Done")
	retry("a", 3, 71*time.Second)
	e.claims(time.Hour, 10, "after a Retry of what is done")
}

func outboxDone(e *exam) {
	e.addEntry("a", 0)
	e.addEntry("b", 0)
	e.addEntry("c", 0)
	e.claims(0, 1, "of one", "a/1")
	for _, id := range []string{"a", "c", "a", "never", "B", "%"} { // claimed, not claimed, again, unknown
		e.ok(e.Outbox.Done(e.ctx, id), "Done of %q", id)
	}
	e.claims(time.Hour, 10, "of what is not done", "b/1")
}

func outboxCancelled(e *exam) {
	ctx := e.stopped()
	e.addEntry("a", 0)
	e.is(e.Outbox.Add(ctx, notify.Entry{ID: "b", Due: e.now, Payload: []byte("x")}), ctx.Err(), "Add")
	_, err := e.Outbox.Claim(ctx, e.now, time.Minute, 10)
	e.is(err, ctx.Err(), "Claim")
	e.is(e.Outbox.Done(ctx, "a"), ctx.Err(), "Done")
	e.claims(0, 10, "after a cancelled Add, Claim and Done", "a/1")
	e.is(e.Outbox.Retry(ctx, "a", 1, e.now), ctx.Err(), "Retry")
	e.claims(0, 10, "after a cancelled Retry")
}

func raceClaim(e *exam) {
	const entries = 60
	for i := range entries {
		e.addEntry(fmt.Sprint("entry-", i), time.Duration(i)*time.Microsecond)
	}
	for attempt := 1; attempt <= 2; attempt++ {
		var mu sync.Mutex
		claimed := make(map[string]int)
		e.race(e.opts.Contenders, func(i int, s auth.Stores) (bool, error) {
			got, err := s.Outbox.Claim(e.ctx, e.at(time.Duration(attempt)*time.Minute), time.Minute, 1+i%3)
			mu.Lock()
			defer mu.Unlock()
			for _, entry := range got {
				claimed[entry.ID]++
				if entry.Attempts != attempt {
					e.errorf("entry %s was claimed with %d attempts, want %d", entry.ID, entry.Attempts, attempt)
				}
			}
			return true, err
		})
		for id, times := range claimed {
			if times != 1 {
				e.errorf("entry %s was claimed %d times at once", id, times)
			}
		}
		if e.opts.Contenders >= entries {
			e.equal(len(claimed), entries, "entries that were claimed")
		}
	}
}

func raceAdd(e *exam) {
	e.race(e.opts.Contenders, func(i int, s auth.Stores) (bool, error) {
		return true, s.Outbox.Add(e.ctx,
			notify.Entry{ID: "shared", Due: e.now, Payload: []byte(fmt.Sprint(i))},
			notify.Entry{ID: fmt.Sprint("own-", i), Due: e.at(time.Second), Payload: []byte(fmt.Sprint(i))})
	})
	e.claims(0, 10, "after a race for one id", "shared/1")
	e.equal(len(e.claim(time.Second, 10_000)), e.opts.Contenders, "entries beside the shared one")
}
