package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
)

func flowCases() []Case {
	return []Case{
		{Flows, "round trip", "a flow comes back as it was created, its data byte by byte",
			"a login goes on as somebody else, or fails at its second step", flowRoundTrip},
		{Flows, "exact end", "a flow is found until the microsecond before Expires, and not at it",
			"a login that was left open at a desk can be finished for longer than it says", flowEnd},
		{Flows, "advance from a step", "Advance replaces step, end and data only where the step is the expected one, and never inserts",
			"a second factor is answered twice from one step, or a finished login is opened again", flowAdvance},
		{Flows, "end at a step", "End removes the flow only at its step and tells whether it did; what ended is gone for every method",
			"one finished login makes two sessions", flowGone},
		{Flows, "digest taken", "Create of a digest that is there returns auth.ErrExists and changes nothing",
			"a flow is taken over by another account's", flowExists},
		{Flows, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"a login loses its step to a request that was given up", flowCancelled},
		{Flows, "expiry spares the living", "Expire drops at most as many as it may, and never a flow that is not over",
			"logins break in the middle", flowExpire},
		{Flows, "race to advance", "of many calls that advance one step exactly one wins, and what is stored is the winner's",
			"parallel answers to one challenge are all verified", raceAdvance},
		{Flows, "race to end", "of many calls that end one flow exactly one wins",
			"one finished login makes many sessions", raceFlowEnd},
		{Flows, "race for a digest", "of many creations under one digest exactly one succeeds, the others get auth.ErrExists",
			"a flow belongs to two logins", raceFlowCreate},
	}
}

func (e *exam) flow() auth.FlowRecord {
	return auth.FlowRecord{Digest: digest(), Step: 1, Tenant: "acme", Account: "a", Expires: e.at(10 * time.Minute), Data: []byte("data")}
}

func (e *exam) begin(f auth.FlowRecord) auth.FlowRecord {
	e.ok(e.Flows.Create(e.ctx, f), "Create of a flow")
	return f
}

// found notes a problem unless the store holds the flow exactly so.
func (e *exam) found(want auth.FlowRecord, what string, args ...any) {
	got, err := e.Flows.Get(e.ctx, want.Digest, e.now)
	if err != nil {
		e.errorf("%s: Get returned error %v, want the flow", fmt.Sprintf(what, args...), err)
		return
	}
	e.equal(got, want, what, args...)
}

func (e *exam) noFlow(d auth.Digest, now time.Time, what string, args ...any) {
	_, err := e.Flows.Get(e.ctx, d, now)
	e.is(err, auth.ErrNotFound, "Get of %s", fmt.Sprintf(what, args...))
}

func flowRoundTrip(e *exam) {
	sealed := make([]byte, 16<<10)
	for i := range sealed {
		sealed[i] = byte(i * 7)
	}
	for i, f := range []auth.FlowRecord{
		{Digest: digest(), Step: 0, Expires: e.at(time.Minute)},
		{Digest: digest(), Step: 1 << 30, Tenant: "经理", Account: "a 'b\" %", Expires: e.at(10*time.Minute + time.Microsecond).In(time.FixedZone("", 8*3600)), Data: sealed},
		{Digest: auth.Digest{}, Step: 3, Tenant: "acme", Account: "a", Expires: e.at(time.Minute), Data: []byte{0}},
	} {
		e.begin(f)
		e.found(f, "flow %d", i)
	}
	mine, want := e.flow(), auth.FlowRecord{}
	want = mine
	want.Data = []byte("data")
	e.begin(mine)
	mine.Data[0] = 'X'
	e.found(want, "the flow after the caller changed what it had created")
	if got, err := e.Flows.Get(e.ctx, want.Digest, e.now); err == nil {
		got.Data[0] = 'X'
	}
	e.found(want, "the flow after the caller changed what it had got")
	for i, h := range hostile {
		f := e.flow()
		f.Tenant, f.Account = fmt.Sprint(i), h.value
		if e.Flows.Create(e.ctx, f) == nil {
			e.found(f, "a flow of an account named by %s", h.name)
		}
	}
}

func flowEnd(e *exam) {
	f := e.flow()
	f.Expires = e.at(time.Minute + time.Microsecond)
	e.begin(f)
	got, err := e.Flows.Get(e.ctx, f.Digest, e.at(time.Minute))
	e.ok(err, "Get a microsecond before the end")
	e.equal(got, f, "the flow a microsecond before its end")
	for _, over := range []time.Duration{0, time.Microsecond, time.Second} {
		e.noFlow(f.Digest, f.Expires.Add(over), "a flow %v after its end", over)
	}
	// Advancing moves the end.
	f = e.begin(e.flow())
	next := f
	next.Step, next.Expires = 2, e.at(time.Second)
	won, err := e.Flows.Advance(e.ctx, f.Digest, 1, next)
	e.ok(err, "Advance")
	e.equal(won, true, "Advance")
	e.found(next, "the flow after Advance")
	e.noFlow(f.Digest, next.Expires, "a flow at the end that Advance set")
}

func flowAdvance(e *exam) {
	f, other := e.begin(e.flow()), e.begin(e.flow())
	advance := func(d auth.Digest, from int, next auth.FlowRecord, want bool) {
		won, err := e.Flows.Advance(e.ctx, d, from, next)
		e.ok(err, "Advance from step %d", from)
		if won != want {
			e.errorf("Advance from step %d, with %d stored, reported %v", from, f.Step, won)
		}
	}
	for step := 1; step < 5; step++ {
		next := f
		next.Step, next.Expires, next.Data = step+1, e.at(time.Duration(step)*time.Minute), []byte(fmt.Sprint("data of ", step+1))
		for _, from := range []int{0, step - 1, step + 1, -1} {
			advance(f.Digest, from, next, false)
			e.found(f, "the flow after an Advance that lost")
		}
		advance(f.Digest, step, next, true)
		f = next
		e.found(f, "the flow after Advance to step %d", f.Step)
		advance(f.Digest, step, next, false)
	}
	e.found(other, "another flow")

	next := f
	next.Digest, next.Tenant, next.Account, next.Step = other.Digest, "other", "b", 6
	advance(f.Digest, 5, next, true)
	f.Step = 6
	e.found(f, "the flow after an Advance that names another owner and digest, which it leaves alone")
	e.found(other, "the flow whose digest it named")

	none := e.flow()
	for _, from := range []int{0, 1} {
		advance(none.Digest, from, none, false)
	}
	e.noFlow(none.Digest, e.now, "a flow that was advanced and never created")
}

func flowGone(e *exam) {
	f, other := e.begin(e.flow()), e.begin(e.flow())
	end := func(d auth.Digest, from int, want bool, what string) {
		won, err := e.Flows.End(e.ctx, d, from)
		e.ok(err, "End of %s", what)
		e.equal(won, want, "End of %s", what)
	}
	for _, from := range []int{0, 2, -1} {
		end(f.Digest, from, false, fmt.Sprintf("a flow at step 1 from step %d", from))
	}
	e.found(f, "the flow after calls of End at other steps")
	end(f.Digest, 1, true, "a flow at its step")
	end(f.Digest, 1, false, "a flow that ended")
	e.noFlow(f.Digest, e.now, "a flow that ended")
	next := f
	next.Step = 2
	won, err := e.Flows.Advance(e.ctx, f.Digest, 1, next)
	e.ok(err, "Advance of a flow that ended")
	e.equal(won, false, "Advance of a flow that ended")
	e.noFlow(f.Digest, e.now, "a flow that was advanced after its end")
	end(digest(), 0, false, "a flow that never was")
	e.found(other, "another flow")
}

func flowExists(e *exam) {
	f := e.begin(e.flow())
	again := e.flow()
	again.Digest, again.Account, again.Step = f.Digest, "b", 7
	e.is(e.Flows.Create(e.ctx, again), auth.ErrExists, "Create of a digest that is taken")
	e.is(e.Flows.Create(e.ctx, f), auth.ErrExists, "Create of the same flow again")
	e.found(f, "the flow after its digest was created again")
}

func flowCancelled(e *exam) {
	ctx := e.stopped()
	f, none := e.begin(e.flow()), e.flow()
	e.is(e.Flows.Create(ctx, none), ctx.Err(), "Create")
	_, err := e.Flows.Get(ctx, f.Digest, e.now)
	e.is(err, ctx.Err(), "Get")
	next := f
	next.Step = 2
	won, err := e.Flows.Advance(ctx, f.Digest, 1, next)
	e.is(err, ctx.Err(), "Advance")
	e.equal(won, false, "Advance")
	won, err = e.Flows.End(ctx, f.Digest, 1)
	e.is(err, ctx.Err(), "End")
	e.equal(won, false, "End")
	e.found(f, "the flow after cancelled calls")
	e.noFlow(none.Digest, e.now, "a flow whose creation was cancelled")
}

func flowExpire(e *exam) {
	var living []auth.FlowRecord
	for range 20 {
		l, d := e.flow(), e.flow()
		d.Expires, l.Expires = e.at(time.Minute), e.at(time.Minute+time.Microsecond)
		living = append(living, e.begin(l))
		e.begin(d)
	}
	e.expire(e.Flows, e.at(time.Minute), 20)
	for i, f := range living {
		e.found(f, "living flow %d after Expire", i)
	}
}

func raceAdvance(e *exam) {
	f := e.begin(e.flow())
	for step := 1; step < 4; step++ {
		var winner atomic.Value
		e.oneWins(fmt.Sprintf("Advance from step %d", step), func(i int, s auth.Stores) (bool, error) {
			next := f
			next.Step, next.Data = step+1, []byte(fmt.Sprint("data of contender ", i))
			won, err := s.Flows.Advance(e.ctx, f.Digest, step, next)
			if won {
				winner.Store(next)
			}
			return won, err
		})
		if next, ok := winner.Load().(auth.FlowRecord); ok {
			e.found(next, "the flow after a race from step %d", step)
		}
	}
}

func raceFlowEnd(e *exam) {
	f := e.begin(e.flow())
	next := f
	next.Step = 2
	// A third of them advance instead: still one winner, whichever it is.
	e.oneWins("Advance and End", func(i int, s auth.Stores) (bool, error) {
		if i%3 == 0 {
			return s.Flows.Advance(e.ctx, f.Digest, 1, next)
		}
		return s.Flows.End(e.ctx, f.Digest, 1)
	})
	f = e.begin(e.flow())
	e.oneWins("End", func(_ int, s auth.Stores) (bool, error) {
		return s.Flows.End(e.ctx, f.Digest, 1)
	})
	_, err := e.Flows.Get(e.ctx, f.Digest, e.now)
	if !errors.Is(err, auth.ErrNotFound) {
		e.errorf("the flow is still there after a race to end it (error %v)", err)
	}
}

func raceFlowCreate(e *exam) {
	d := digest()
	var winner atomic.Value
	e.oneWins("Create", func(i int, s auth.Stores) (bool, error) {
		f := e.flow()
		f.Digest, f.Account = d, fmt.Sprint("a", i)
		won, err := created(s.Flows.Create(e.ctx, f))
		if won {
			winner.Store(f)
		}
		return won, err
	})
	if f, ok := winner.Load().(auth.FlowRecord); ok {
		e.found(f, "the flow that was raced for")
	}
}
