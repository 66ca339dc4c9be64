package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/crmauth/crmauth/session"
)

func sessionEndings() []Case {
	return []Case{
		{Sessions, "keep", "of the sessions active when the new one was created the oldest end until keep are left, never the new one, and their IDs are returned",
			"a limit of concurrent sessions is passed, or throws out the one who signs in", sessionKeep},
		{Sessions, "end by filter", "End ends exactly what the filter selects and tells how many: one, all, all but one, of this account and tenant",
			"a suspended user stays signed in, or a colleague is thrown out", sessionEnd},
		{Sessions, "ended is gone", "a session that ended, in whatever way, is gone for every verb, and no touch or rotation brings it back",
			"a request that was under way at logout revives the session", sessionGone},
		{Sessions, "tombstones", "the key of an ended session stays taken for session.Tombstone after its end, in whatever way it ended",
			"a login that is sent again after logout opens the session anew", sessionTombstones},
	}
}

func sessionEnd(e *exam) {
	type end struct {
		what  string
		f     session.Filter
		left  func(i int) bool
		ended int
	}
	for i, tt := range []end{
		{"all", session.Filter{}, func(int) bool { return false }, 5},
		{"one", session.Filter{ID: "s2"}, func(i int) bool { return i != 2 }, 1},
		{"all but one", session.Filter{Except: "s2"}, func(i int) bool { return i == 2 }, 4},
		{"all but an unknown one", session.Filter{Except: "s9"}, func(int) bool { return false }, 5},
		{"one, sparing another", session.Filter{ID: "s2", Except: "s3"}, func(i int) bool { return i != 2 }, 1},
		{"one, sparing itself", session.Filter{ID: "s2", Except: "s2"}, func(int) bool { return true }, 0},
		{"an unknown one", session.Filter{ID: "S2"}, func(int) bool { return true }, 0},
		{"a pattern", session.Filter{ID: "s%"}, func(int) bool { return true }, 0},
	} {
		account := fmt.Sprint("a", i)
		var own, others []session.Session
		for j := range 5 {
			for _, tenant := range []string{"acme", "other"} {
				for _, a := range []string{account, account + "-b"} {
					s := e.session(a, time.Duration(j)*time.Second)
					s.ID, s.Tenant, s.Key = fmt.Sprint("s", j), tenant, key(tenant, a)
					if tenant != "acme" || a != account { // handles are unique, but a store must not rely on it
						s.ID = fmt.Sprintf("%s-%s-%d", tenant, a, j)
						others = append(others, e.start(s))
						continue
					}
					own = append(own, e.start(s))
				}
			}
		}
		f := tt.f
		f.Tenant, f.Account = "acme", account
		n, err := e.Sessions.End(e.ctx, f, e.at(time.Minute))
		e.ok(err, "End of %s", tt.what)
		e.equal(n, tt.ended, "sessions that End of %s ended", tt.what)
		for j, s := range own {
			if tt.left(j) {
				e.live(s, "session %d of 5, which End of %s spares", j, tt.what)
			} else {
				e.gone(s, "session %d of 5, after End of %s", j, tt.what)
			}
		}
		for _, s := range others {
			e.live(s, "a session of %q in %q, after End of %s of %q in acme", s.Account, s.Tenant, tt.what, account)
		}
	}
}

// finish ends s in one of the ways in which sessions end, at the instant at.
func (e *exam) finish(way string, s session.Session, at time.Time) {
	switch way {
	case "End of one":
		_, err := e.Sessions.End(e.ctx, session.Filter{Tenant: s.Tenant, Account: s.Account, ID: s.ID}, at)
		e.ok(err, "%s", way)
	case "End of all":
		_, err := e.Sessions.End(e.ctx, session.Filter{Tenant: s.Tenant, Account: s.Account}, at)
		e.ok(err, "%s", way)
	case "Rotate":
		next := e.session(s.Account, at.Sub(e.now))
		won, err := e.Sessions.Rotate(e.ctx, s.Key, next)
		e.ok(err, "%s", way)
		e.equal(won, true, "%s", way)
	case "Create with keep 1":
		_, err := e.Sessions.Create(e.ctx, e.session(s.Account, at.Sub(e.now)), 1)
		e.ok(err, "%s", way)
	}
}

var ways = []string{"End of one", "End of all", "Rotate", "Create with keep 1"}

func sessionGone(e *exam) {
	for i, way := range ways {
		s := e.start(e.session(fmt.Sprint("a", i), 0))
		e.finish(way, s, e.at(time.Minute))
		e.gone(s, "a session after %s", way)
	}
}

func sessionTombstones(e *exam) {
	for i, way := range ways {
		account := fmt.Sprint("a", i)
		s := e.start(e.session(account, 0))
		end := e.at(time.Minute)
		e.finish(way, s, end)
		for _, after := range []time.Duration{0, time.Minute, session.Tombstone - time.Microsecond} {
			again := e.session(account, time.Minute+after)
			again.Key = s.Key
			_, err := e.Sessions.Create(e.ctx, again, 0)
			e.is(err, session.ErrExists, "Create with its key %v after %s", after, way)

			other := e.start(e.session(account, time.Minute+after))
			again.Seen = again.Created
			won, err := e.Sessions.Rotate(e.ctx, other.Key, again)
			e.is(err, session.ErrExists, "Rotate to its key %v after %s", after, way)
			e.equal(won, false, "Rotate to its key %v after %s", after, way)
			e.live(other, "the session whose rotation failed")
			e.gone(s, "a session %v after %s", after, way)
		}
	}
}

func sessionKeep(e *exam) {
	var all []session.Session
	for i := range 4 {
		all = append(all, e.start(e.session("a", time.Duration(i)*time.Minute)))
	}
	stranger := e.start(e.session("b", 0))
	foreign := e.session("a", 0)
	foreign.Tenant, foreign.Key = "other", key("other", "a")
	e.start(foreign)
	over := e.session("a", -time.Hour) // not active any more, so that it takes no place
	over.Seen, over.Expires = e.at(-time.Hour), e.at(30*time.Second)
	over.Idle = time.Hour + 5*time.Minute // so that the absolute limit decides
	e.start(over)

	create := func(s session.Session, keep int, want ...session.Session) {
		ended, err := e.Sessions.Create(e.ctx, s, keep)
		e.ok(err, "Create with keep %d", keep)
		slices.Sort(ended)
		ids := sessionIDs(want)
		slices.Sort(ids)
		e.equal(ended, ids, "the IDs that Create with keep %d ended", keep)
		e.live(s, "the session that was created with keep %d", keep)
		for _, w := range want {
			e.gone(w, "a session that was ended by keep %d", keep)
		}
	}
	fifth := e.session("a", 5*time.Minute)
	create(fifth, 5)                                                      // five are active: room for all
	create(e.session("a", 6*time.Minute), 5, all[0])                      // the oldest goes
	late := e.session("a", 30*time.Second)                                // a slow node's: older than all others, and spared
	create(late, 5, all[1])                                               // "never s itself"
	create(e.session("a", 7*time.Minute), 2, late, all[2], all[3], fifth) // several at once
	// A store may have dropped the one that is over, or not.
	left := func() int {
		list := e.sessions("acme", "a")
		return len(slices.DeleteFunc(list, func(s session.Session) bool { return s.ID == over.ID }))
	}
	e.equal(left(), 2, "sessions that are left with keep 2")
	e.live(stranger, "a session of another account")
	e.live(foreign, "a session of the same account id in another tenant")
	create(e.session("a", 8*time.Minute), 0)
	e.equal(left(), 3, "sessions after a Create without a limit")
}
