package storetest

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
)

func auditCases() []Case {
	return []Case{
		{Audit, "round trip", "an event is on record with every field once Append has returned",
			"who did what, and why, can't be told afterwards", auditRoundTrip},
		{Audit, "cleaned, on a copy", "events are cleaned on their way in, and the caller's slice stays as it was",
			"a crafted browser name forges a line of the log", auditCleaned},
		{Audit, "order", "events are read in the order in which they were appended, or in reverse, with rising Seq",
			"a report shows the answer before the attempt", auditOrder},
		{Audit, "filters", "a filter selects exactly what it says: tenant, account, actor, names, from and until",
			"a tenant reads another's log, or an investigation misses events", auditFilters},
		{Audit, "cursors", "reading on behind any event, in pages of any size and either direction, yields each event once",
			"a paged report misses events or repeats them", auditCursors},
		{Audit, "read while writing", "the log can be appended to inside the loop over Events",
			"an export that records itself hangs", auditWhileWriting},
		{Audit, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"what was refused is on record as done", auditCancelled},
		{Audit, "race to append", "of many parallel appends every event is on record once, each caller's in its order",
			"events get lost under load", raceAppend},
		{Audit, "race to follow", "a reader that goes on from the last event it saw misses nothing that is appended meanwhile",
			"what is forwarded to the SIEM lacks the events of the busiest moment", raceFollow},
	}
}

// reader returns the sink as a Reader, or ends the case.
func (e *exam) reader() audit.Reader {
	r, ok := e.Audit.(audit.Reader)
	if !ok {
		e.skipf("the sink is no audit.Reader, so what it keeps can't be seen")
	}
	return r
}

func (e *exam) event(name audit.Name, account string, d time.Duration) audit.Event {
	return audit.Event{
		ID: audit.NewID(e.at(d)), Time: e.at(d), Name: name, Level: audit.Info, Outcome: audit.Success,
		Tenant: "acme", Account: account,
	}
}

func (e *exam) record(events ...audit.Event) {
	e.ok(e.Audit.Append(e.ctx, events...), "Append of %d events", len(events))
}

// events collects what a reader yields and checks Seq.
func (e *exam) events(f audit.Filter, after audit.Cursor) (events []audit.Event) {
	last := after.Seq
	for ev, err := range e.reader().Events(e.ctx, f, after) {
		e.ok(err, "Events")
		switch {
		case ev.Seq <= 0:
			e.fatalf("event %s has no Seq", ev.ID)
		case last > 0 && (ev.Seq > last) == f.NewestFirst || ev.Seq == last:
			e.fatalf("event %s has Seq %d behind %d", ev.ID, ev.Seq, last)
		}
		last = ev.Seq
		events = append(events, ev)
	}
	return events
}

// unplaced returns the events without their Seq, to compare them.
func unplaced(events []audit.Event) []audit.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Seq = 0
	}
	return events
}

func eventIDs(events []audit.Event) []string {
	ids := []string{}
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	return ids
}

func (e *exam) fullEvent() audit.Event {
	return audit.Event{
		ID: audit.NewID(e.now), Seq: 77, Time: e.at(-tick), Name: "authn_login_fail", Level: audit.Critical,
		Outcome: audit.Refused, Reason: audit.ReasonLaneClosed, Tenant: "acme", Account: "a 'b\" %", IdentifierHash: "hash",
		Actor:   audit.Actor{Kind: audit.ActorOperator, ID: "ops", Reason: "票 #7: \"quoted\" \\ back"},
		Session: "session", Device: "device", Flow: "flow",
		Client:  audit.Client{IP: netip.MustParseAddr("2001:db8::7"), UserAgent: "Mozilla/5.0 中文"},
		Methods: []string{"pwd", "otp"}, Assurance: 2, Factor: "totp",
		Resource: "/api", From: "sales", To: "admin", Operation: "invite", Policy: "NIST",
		Retries: 1 << 40, Limit: 5, Count: 1 << 40, Since: e.at(-time.Hour),
	}
}

func auditRoundTrip(e *exam) {
	full := e.fullEvent()
	bare := audit.Event{ID: audit.NewID(e.now), Time: e.now, Name: "custom", Level: audit.Info, Tenant: "acme"}
	e.record(full, bare)
	e.record()
	full.Seq = 0
	e.equal(unplaced(e.events(audit.Filter{Tenant: "acme"}, audit.Cursor{})), []audit.Event{full, bare}, "the events on record")

	e.record(bare) // an id tells, it does not refuse
	e.equal(len(e.events(audit.Filter{Tenant: "acme"}, audit.Cursor{})), 3, "events on record after one was appended again")
}

func auditCleaned(e *exam) {
	e.reader()
	dirty := []audit.Event{
		{Time: e.at(time.Nanosecond).In(time.FixedZone("", 8*3600)), Name: "authn_login_success\nforged", Tenant: "acme", Account: "li\r\nroot", Client: audit.Client{IP: netip.MustParseAddr("::ffff:192.0.2.7"), UserAgent: strings.Repeat("x\x1b[2J", 1000)}},
		{Time: e.now, Name: "authn_login_fail", Tenant: "acme", Account: "\xff\xfe", Retries: -1, Methods: []string{"p\x00wd"}, Actor: audit.Actor{Reason: strings.Repeat("李", 1000)}},
	}
	before := slices.Clone(dirty)
	before[1].Methods = slices.Clone(dirty[1].Methods)
	e.record(dirty...)
	e.equal(dirty, before, "the caller's events after Append")
	got := unplaced(e.events(audit.Filter{Tenant: "acme"}, audit.Cursor{}))
	e.equal(len(got), len(dirty), "events on record")
	for i := range min(len(got), len(dirty)) {
		want := dirty[i].Clean()
		if got[i].ID == "" {
			e.errorf("event %d was appended without an ID and got none", i)
		}
		want.ID = got[i].ID
		e.equal(got[i], want, "event %d, cleaned", i)
	}
}

func auditOrder(e *exam) {
	var want []string
	for i := range 25 {
		batch := make([]audit.Event, 1+i%7)
		for j := range batch { // the order of Append counts, not that of time or id
			batch[j] = e.event("authn_login_success", "a", -time.Duration(i*10+j)*time.Minute)
			want = append(want, batch[j].ID)
		}
		e.record(batch...)
	}
	e.equal(eventIDs(e.events(audit.Filter{Tenant: "acme"}, audit.Cursor{})), want, "the ids in order")
	slices.Reverse(want)
	e.equal(eventIDs(e.events(audit.Filter{Tenant: "acme", NewestFirst: true}, audit.Cursor{})), want, "the ids, newest first")
}

func auditFilters(e *exam) {
	var all []audit.Event
	for i := range 60 {
		ev := e.event([]audit.Name{"authn_login_success", "authn_login_fail", "user_created"}[i%3], []string{"a", "A", "a ", ""}[i%4], time.Duration(i)*time.Minute)
		ev.Tenant = []string{"acme", "Acme", "", "acme%", "other"}[i%5]
		ev.Actor.ID = []string{"", "boss", "Boss"}[(i/3)%3]
		all = append(all, ev)
	}
	e.record(all...)
	for _, f := range []audit.Filter{
		{}, {Tenant: "acme"}, {Tenant: "ACME"}, {Tenant: "acme%"}, {Tenant: "nobody"}, {AllTenants: true}, {AllTenants: true, Tenant: "acme"},
		{Tenant: "acme", Account: "a"}, {AllTenants: true, Account: "a"}, {AllTenants: true, Account: "a "}, {AllTenants: true, Account: "%"},
		{AllTenants: true, Actor: "boss"}, {Tenant: "acme", Actor: "boss", Account: "a"},
		{AllTenants: true, Names: []audit.Name{"user_created"}}, {AllTenants: true, Names: []audit.Name{"authn_login_fail", "user_created", "unknown"}},
		{AllTenants: true, Names: []audit.Name{"authn_login_%"}}, {AllTenants: true, Names: []audit.Name{}},
		{AllTenants: true, From: e.at(30 * time.Minute)}, {AllTenants: true, Until: e.at(30 * time.Minute)},
		{AllTenants: true, From: e.at(30*time.Minute + tick), Until: e.at(31 * time.Minute)},
		{AllTenants: true, From: e.at(30 * time.Minute), Until: e.at(30*time.Minute + tick)},
		{Tenant: "acme", Account: "a", Names: []audit.Name{"authn_login_success"}, From: e.now, Until: e.at(time.Hour), Actor: "boss"},
	} {
		var want []string
		for _, ev := range all {
			if f.Match(ev) {
				want = append(want, ev.ID)
			}
		}
		e.equal(eventIDs(e.events(f, audit.Cursor{})), append([]string{}, want...), "the ids that %+v selects", f)
		slices.Reverse(want)
		f.NewestFirst = true
		e.equal(eventIDs(e.events(f, audit.Cursor{})), append([]string{}, want...), "the ids that %+v selects", f)
	}
}

func auditCursors(e *exam) {
	for i := range 200 {
		ev := e.event("authn_login_success", []string{"a", "b"}[i%2], 0)
		ev.Tenant = []string{"acme", "other", "acme"}[i%3]
		e.record(ev)
	}
	e.must(len(e.events(audit.Filter{AllTenants: true}, audit.Cursor{})), 200, "events on record")
	for _, f := range []audit.Filter{{Tenant: "acme"}, {Tenant: "acme", NewestFirst: true}, {AllTenants: true, Account: "b"}, {AllTenants: true, NewestFirst: true}} {
		all := e.events(f, audit.Cursor{})
		for i := 0; i < len(all); i += 23 {
			e.equal(eventIDs(e.events(f, all[i].Cursor())), eventIDs(all[i+1:]), "the ids behind event %d of %+v", i, f)
		}
		for _, size := range []int{1, 7, 64} {
			var paged []string
			for after := (audit.Cursor{}); ; {
				n := 0
				for ev, err := range e.reader().Events(e.ctx, f, after) {
					e.ok(err, "Events")
					paged, after = append(paged, ev.ID), ev.Cursor()
					if n++; n == size {
						break
					}
				}
				if n < size {
					break
				}
			}
			e.equal(paged, eventIDs(all), "the ids of all pages of %d of %+v", size, f)
		}
	}
	all := e.events(audit.Filter{AllTenants: true}, audit.Cursor{})
	last := all[len(all)-1].Cursor()
	e.equal(len(e.events(audit.Filter{AllTenants: true}, last)), 0, "events behind the last one")
	e.equal(len(e.events(audit.Filter{AllTenants: true, NewestFirst: true}, all[0].Cursor())), 0, "events before the first one, newest first")
	for _, ev := range e.events(audit.Filter{Tenant: "other"}, all[0].Cursor()) { // a cursor from another tenant's event
		e.equal(ev.Tenant, "other", "the tenant of an event behind a cursor of tenant acme")
	}
	next := e.event("authn_login_fail", "a", 0)
	e.record(next)
	e.equal(eventIDs(e.events(audit.Filter{AllTenants: true}, last)), []string{next.ID}, "the ids behind what was the last event")
}

func auditWhileWriting(e *exam) {
	const n = 150
	want := []string{}
	for range n {
		ev := e.event("authn_login_success", "a", 0)
		e.record(ev)
		want = append(want, ev.ID)
	}
	var got []string
	for ev, err := range e.reader().Events(e.ctx, audit.Filter{Tenant: "acme"}, audit.Cursor{}) {
		e.ok(err, "Events")
		if got = append(got, ev.ID); len(got) == n {
			break // it may go on with what is appended here
		}
		if len(got)%10 == 0 {
			e.record(e.event("audit_exported", "a", 0))
		}
	}
	e.equal(got, want, "the ids that were on record before the loop")
}

func auditCancelled(e *exam) {
	ctx := e.stopped()
	e.is(e.Audit.Append(ctx, e.event("authn_login_success", "a", 0)), ctx.Err(), "Append")
	e.equal(len(e.events(audit.Filter{AllTenants: true}, audit.Cursor{})), 0, "events on record after a cancelled Append")
	e.record(e.event("authn_login_success", "a", 0))
	var last error
	for _, err := range e.reader().Events(ctx, audit.Filter{AllTenants: true}, audit.Cursor{}) {
		last = err
	}
	e.is(last, ctx.Err(), "Events")
}

// appendAll lets contenders append n events each, in batches of up to 3; event i
// of contender c is of account c and has Retries i.
func (e *exam) appendAll(contenders, n int) {
	e.race(contenders, func(c int, s auth.Stores) (bool, error) {
		for i := 0; i < n; {
			var batch []audit.Event
			for range 1 + (c+i)%3 {
				if i < n {
					ev := e.event("authn_login_success", fmt.Sprint(c), 0)
					ev.Retries = int64(i)
					batch = append(batch, ev)
					i++
				}
			}
			if err := s.Audit.Append(e.ctx, batch...); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// complete notes a problem unless events are those of appendAll, each once, and
// each contender's in order.
func (e *exam) complete(events []audit.Event, contenders, n int, what string) {
	e.equal(len(events), contenders*n, "events that %s", what)
	next := make(map[string]int64)
	for _, ev := range events {
		if ev.Retries != next[ev.Account] {
			e.fatalf("of contender %s, event %d came when %d was expected", ev.Account, ev.Retries, next[ev.Account])
		}
		next[ev.Account]++
	}
}

func raceAppend(e *exam) {
	e.reader()
	contenders := min(e.opts.Contenders, 50)
	e.appendAll(contenders, 10)
	e.complete(e.events(audit.Filter{Tenant: "acme"}, audit.Cursor{}), contenders, 10, "are on record")
}

func raceFollow(e *exam) {
	r := e.reader()
	contenders := min(e.opts.Contenders, 20)
	var (
		wg   sync.WaitGroup
		over atomic.Bool
		seen []audit.Event
	)
	wg.Go(func() {
		var after audit.Cursor
		for last := false; !last; {
			runtime.Gosched()
			last = over.Load() // one more round after the last Append has returned
			for ev, err := range r.Events(e.ctx, audit.Filter{Tenant: "acme"}, after) {
				if err != nil {
					e.errorf("Events beside appends: %v", err)
					return
				}
				seen, after = append(seen, ev), ev.Cursor()
			}
		}
	})
	e.appendAll(contenders, 25)
	over.Store(true)
	wg.Wait()
	e.complete(seen, contenders, 25, "a follower saw")
}
