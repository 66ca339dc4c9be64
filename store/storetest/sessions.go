package storetest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

func sessionCases() []Case {
	return []Case{
		{Sessions, "round trip", "a session comes back as it was created, by its key and in the list, with every field and instant",
			"a session lasts longer, or may do more, than was decided at sign-in", sessionRoundTrip},
		{Sessions, "unknown is ErrNotFound", "a key that differs in one bit finds nothing, and every verb says so",
			"a guessed or cut token finds somebody's session", sessionUnknown},
		{Sessions, "key taken", "Create of a key that is there returns session.ErrExists and changes nothing, whatever keep says",
			"a replayed login overwrites the session, or throws out others", sessionExists},
		{Sessions, "touch moves forward", "Touch moves Seen forward, never back, touches nothing else, and never inserts",
			"a late request shortens a session, or creates one", sessionTouch},
		{Sessions, "rotate is all or nothing", "Rotate ends the old session and inserts the next one, or does neither, and tells which",
			"two tokens live after a step-up, or none", sessionRotate},
		{Sessions, "list", "List yields the account's sessions, newest first, in a stable order, and lets the caller use the store meanwhile",
			"people can't see which of their sessions to end", sessionList},
		{Sessions, "exact owners", "accounts and tenants are told apart byte by byte, in lists, ends and limits",
			"one user's logout ends, or one user's list shows, another's sessions", sessionOwners},
		{Sessions, "hostile values", "values too long or malformed for the store are refused, or kept exactly",
			"a crafted browser name changes, or blocks, a sign-in", sessionHostile},
		{Sessions, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"a request that was given up still ends or makes a session", sessionCancelled},
		{Sessions, "expiry spares the living", "Expire drops at most as many as it may, never an active session, and no tombstone before its time",
			"people are signed out at random, or a replayed login brings an ended session back", sessionExpire},
	}
}

// session returns a session of an account, created d after the case began, with
// the usual limits.
func (e *exam) session(account string, d time.Duration) session.Session {
	at := e.at(d)
	return session.Session{
		Key: key("acme", account), ID: "id-" + digestText(), Tenant: "acme", Account: account,
		Identifier: account + "@example.com", Roles: []string{"sales"}, Epoch: 1, Level: session.AAL1,
		Factors: []session.Factor{{Method: "pwd", Time: at}},
		Created: at, Seen: at, Idle: 30 * time.Minute, Expires: at.Add(12 * time.Hour),
	}
}

// key returns a new key of the account, tagged as the sessions' manager does.
func key(tenant, account string) session.Key {
	return session.Key{Tag: session.Tag(tenant, account), Digest: digest()}
}

func digestText() string {
	d := digest()
	return fmt.Sprintf("%x", d[:8])
}

// start creates a session without a limit.
func (e *exam) start(s session.Session) session.Session {
	ended, err := e.Sessions.Create(e.ctx, s, 0)
	e.ok(err, "Create of a session of %q", s.Account)
	e.equal(len(ended), 0, "sessions that Create without a limit ended")
	return s
}

// live notes a problem unless the store holds s exactly so.
func (e *exam) live(s session.Session, what string, args ...any) {
	got, err := e.Sessions.Get(e.ctx, s.Key)
	if err != nil {
		e.errorf("%s: Get returned error %v, want the session", fmt.Sprintf(what, args...), err)
		return
	}
	e.equal(got, s, what, args...)
}

// gone notes a problem if any verb still knows s, or lets it return.
func (e *exam) gone(s session.Session, what string, args ...any) {
	what = fmt.Sprintf(what, args...)
	look := func(when string) {
		if _, err := e.Sessions.Get(e.ctx, s.Key); !errors.Is(err, session.ErrNotFound) {
			e.errorf("%s%s: Get returned error %v, want %v", what, when, err, session.ErrNotFound)
		}
		for _, l := range e.sessions(s.Tenant, s.Account) {
			if l.Key == s.Key {
				e.errorf("%s%s: List still yields it", what, when)
			}
		}
	}
	look("")
	active, err := e.Sessions.Touch(e.ctx, s.Key, s.Seen.Add(time.Minute))
	e.ok(err, "%s: Touch", what)
	e.equal(active, false, "%s: Touch", what)
	look(", after Touch")
	next := s
	next.Key, next.ID = key(s.Tenant, s.Account), "next of "+s.ID
	won, err := e.Sessions.Rotate(e.ctx, s.Key, next)
	e.ok(err, "%s: Rotate", what)
	e.equal(won, false, "%s: Rotate", what)
	_, err = e.Sessions.Get(e.ctx, next.Key)
	e.is(err, session.ErrNotFound, "%s: Get of what a lost Rotate would have made", what)
	n, err := e.Sessions.End(e.ctx, session.Filter{Tenant: s.Tenant, Account: s.Account, ID: s.ID}, s.Created)
	e.ok(err, "%s: End", what)
	e.equal(n, 0, "%s: sessions that another End of it ended", what)
	look(", after all of them")
}

// sessions collects what List yields.
func (e *exam) sessions(tenant, account string) (list []session.Session) {
	for s, err := range e.Sessions.List(e.ctx, tenant, account) {
		e.ok(err, "List of %q", account)
		list = append(list, s)
	}
	return list
}

func sessionIDs(list []session.Session) []string {
	ids := []string{}
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

func (e *exam) fullSession() session.Session {
	east := time.FixedZone("", 8*3600)
	full := e.session("full", 0)
	full.Roles, full.Epoch, full.Level = []string{"sales", "经理", "a,b"}, 1<<40, session.AAL3
	full.Factors = []session.Factor{{Method: "pwd", Time: e.at(-time.Hour).In(east)}, {Method: "otp", Time: e.now}, {Method: "hwk"}}
	full.Device, full.Kind = "device-1", session.Remembered
	full.IP, full.UserAgent = netip.MustParseAddr("2001:db8::7"), `Mozilla/5.0 "quoted" <b> 中文 %s`
	full.Created, full.Seen, full.Expires = full.Created.In(east), e.at(time.Microsecond), e.at(12*time.Hour+time.Microsecond).In(east)
	full.Idle = 29*time.Minute + 123456*time.Microsecond
	return full
}

func sessionRoundTrip(e *exam) {
	full := e.fullSession()
	bare := session.Session{Key: key("", "bare"), ID: "bare", Account: "bare", Created: e.now, Seen: e.now, Idle: time.Minute, Expires: e.at(time.Hour)}
	v4, public := e.session("v4", 0), e.session("public", 0)
	v4.IP, v4.Epoch = netip.MustParseAddr("192.0.2.7"), -1
	public.Kind, public.Level, public.IP = session.Public, session.AAL2, netip.MustParseAddr("fe80::1%eth0")
	for _, s := range []session.Session{full, bare, v4, public} {
		e.start(s)
		e.live(s, "the session of %q", s.Account)
		e.equal(e.sessions(s.Tenant, s.Account), []session.Session{s}, "the list of %q", s.Account)
	}
}

func sessionUnknown(e *exam) {
	s := e.start(e.session("a", 0))
	for _, bit := range []int{0, 7, 128, 255} {
		k := s.Key
		k.Digest[bit/8] ^= 1 << (bit % 8)
		_, err := e.Sessions.Get(e.ctx, k)
		e.is(err, session.ErrNotFound, "Get of a key that differs in bit %d", bit)
		active, err := e.Sessions.Touch(e.ctx, k, e.at(time.Minute))
		e.ok(err, "Touch of a key that differs in bit %d", bit)
		e.equal(active, false, "Touch of a key that differs in bit %d", bit)
		next := e.session("a", 0)
		won, err := e.Sessions.Rotate(e.ctx, k, next)
		e.ok(err, "Rotate of a key that differs in bit %d", bit)
		e.equal(won, false, "Rotate of a key that differs in bit %d", bit)
		for _, k := range []session.Key{k, next.Key} {
			_, err = e.Sessions.Get(e.ctx, k)
			e.is(err, session.ErrNotFound, "Get after Touch and Rotate of a key that never was")
		}
	}
	for _, f := range []session.Filter{
		{Tenant: "acme", Account: "nobody"}, {Tenant: "acme", Account: "a", ID: "unknown"},
		{Tenant: "acme", Account: "nobody", ID: s.ID}, {Tenant: "other", Account: "a", ID: s.ID},
	} {
		n, err := e.Sessions.End(e.ctx, f, e.now)
		e.ok(err, "End of %+v", f)
		e.equal(n, 0, "sessions that End of %+v ended", f)
	}
	e.equal(len(e.sessions("acme", "nobody")), 0, "sessions listed of an unknown account")
	e.live(s, "the session, after calls for others")
}

func sessionExists(e *exam) {
	first, second := e.start(e.session("a", 0)), e.start(e.session("a", time.Second))
	for _, keep := range []int{0, 1} {
		for _, account := range []string{"a", "b"} {
			again := e.session(account, time.Minute)
			again.Key.Digest = first.Key.Digest
			if account == "b" {
				again.Account = "a" // of the same account, for the key carries its tag
				again.Key, again.Identifier, again.Level = first.Key, "somebody else", session.AAL3
			}
			_, err := e.Sessions.Create(e.ctx, again, keep)
			e.is(err, session.ErrExists, "Create of a key that is taken, keep %d,", keep)
		}
	}
	e.live(first, "the session whose key was created again")
	e.live(second, "another session of the account")
}

func sessionTouch(e *exam) {
	s, other := e.session("a", 0), e.start(e.session("a", 0))
	s.Kind, s.Device = session.Remembered, "device"
	e.start(s)
	for _, at := range []time.Duration{time.Minute, 10 * time.Minute, 5 * time.Minute, 10*time.Minute + time.Microsecond, 10 * time.Minute, -time.Hour} {
		active, err := e.Sessions.Touch(e.ctx, s.Key, e.at(at))
		e.ok(err, "Touch at %v", at)
		e.equal(active, true, "Touch at %v", at)
		if e.at(at).After(s.Seen) {
			s.Seen = e.at(at)
		}
		e.live(s, "the session after Touch at %v", at)
	}
	e.live(other, "another session of the account")
	never := e.session("a", 0)
	active, err := e.Sessions.Touch(e.ctx, never.Key, e.at(time.Minute))
	e.ok(err, "Touch of a session that never was")
	e.equal(active, false, "Touch of a session that never was")
	e.gone(never, "a session that was touched and never created")
}

func sessionRotate(e *exam) {
	old, other := e.start(e.session("a", 0)), e.start(e.session("a", time.Second))
	next := e.session("a", time.Minute)
	next.Level, next.Epoch = session.AAL2, 2

	taken := next
	taken.Key = other.Key
	won, err := e.Sessions.Rotate(e.ctx, old.Key, taken)
	e.is(err, session.ErrExists, "Rotate to a key that is taken")
	e.equal(won, false, "Rotate to a key that is taken")
	e.live(old, "the session whose rotation failed")
	e.live(other, "the session whose key was taken")

	next.ID = old.ID // a rotated session may keep its handle
	won, err = e.Sessions.Rotate(e.ctx, old.Key, next)
	e.ok(err, "Rotate")
	e.equal(won, true, "Rotate")
	e.live(next, "the session that took the place")
	if _, err := e.Sessions.Get(e.ctx, old.Key); !errors.Is(err, session.ErrNotFound) {
		e.errorf("Get of the rotated session returned error %v, want %v", err, session.ErrNotFound)
	}
	e.equal(sessionIDs(e.sessions("acme", "a")), []string{next.ID, other.ID}, "the IDs of the list after Rotate")

	won, err = e.Sessions.Rotate(e.ctx, old.Key, e.session("a", 2*time.Minute))
	e.ok(err, "a second Rotate of one session")
	e.equal(won, false, "a second Rotate of one session")
	third := e.session("a", 3*time.Minute)
	won, err = e.Sessions.Rotate(e.ctx, next.Key, third)
	e.ok(err, "Rotate of what was rotated to")
	e.equal(won, true, "Rotate of what was rotated to")
	e.equal(sessionIDs(e.sessions("acme", "a")), []string{third.ID, other.ID}, "the IDs of the list after three rotations")
	e.live(third, "the session after three rotations")
	e.live(other, "another session of the account")
}

func sessionList(e *exam) {
	var want []string
	for _, minute := range []int{3, 1, 4, 0, 5, 9, 2, 6, 8, 7} {
		s := e.session("a", time.Duration(minute)*time.Second)
		s.ID = fmt.Sprintf("s%d", minute)
		e.start(s)
		want = append(want, s.ID)
	}
	slices.Sort(want)
	slices.Reverse(want)
	e.equal(sessionIDs(e.sessions("acme", "a")), want, "the IDs of the list, newest first")

	for i := range 5 { // created at one instant
		s := e.session("b", 0)
		s.ID = fmt.Sprintf("t%d", (i*3)%5)
		e.start(s)
	}
	once, again := sessionIDs(e.sessions("acme", "b")), sessionIDs(e.sessions("acme", "b"))
	e.equal(again, once, "the IDs of two lists of sessions of one instant")
	e.equal(len(once), 5, "sessions of one instant that are listed")

	// Ending them inside the loop, as a "sign out everywhere" might.
	n := 0
	for s, err := range e.Sessions.List(e.ctx, "acme", "a") {
		e.ok(err, "List")
		ended, err := e.Sessions.End(e.ctx, session.Filter{Tenant: "acme", Account: "a", ID: s.ID}, e.now)
		e.ok(err, "End inside the loop")
		n += ended
	}
	e.equal(n, 10, "sessions that were ended inside the loop")
	for s, err := range e.Sessions.List(e.ctx, "acme", "b") {
		e.ok(err, "List")
		if s.ID == "" {
			e.errorf("List yielded a session without an ID")
		}
		break // leaving early must not block anything
	}
	e.start(e.session("b", time.Second))
}

func sessionOwners(e *exam) {
	var all []session.Session
	put := func(tenant, account string) {
		s := e.session(account, 0)
		s.Tenant, s.Key = tenant, key(tenant, account)
		if _, err := e.Sessions.Create(e.ctx, s, 1); err != nil {
			e.errorf("Create for account %q in tenant %q: %v", account, tenant, err)
			return
		}
		all = append(all, s)
	}
	for _, name := range names {
		put("acme", name)
		put(name, "acme")
	}
	for _, pair := range glued {
		put("glue"+pair[0][0], pair[0][1]+"!")
		put("glue"+pair[1][0], pair[1][1]+"!")
	}
	for _, s := range all {
		e.live(s, "the session of account %q in tenant %q", s.Account, s.Tenant)
		e.equal(sessionIDs(e.sessions(s.Tenant, s.Account)), []string{s.ID}, "the IDs listed of account %q in tenant %q", s.Account, s.Tenant)
	}
	for _, f := range []session.Filter{{}, {Tenant: "acme"}, {ID: all[0].ID}, {Tenant: "acme", ID: all[0].ID}} {
		_, _ = e.Sessions.End(e.ctx, f, e.now) // the account is required: an error, or nothing
	}
	e.live(all[0], "a session after calls of End without an account")
	for _, s := range all {
		n, err := e.Sessions.End(e.ctx, session.Filter{Tenant: s.Tenant, Account: s.Account}, e.now)
		e.ok(err, "End")
		e.equal(n, 1, "sessions that End for account %q in tenant %q ended", s.Account, s.Tenant)
	}
}

func sessionHostile(e *exam) {
	for i, h := range hostile {
		s := e.session("a", 0)
		s.UserAgent = h.value
		if _, err := e.Sessions.Create(e.ctx, s, 0); err == nil {
			if got, err := e.Sessions.Get(e.ctx, s.Key); err != nil || got.UserAgent != h.value {
				e.errorf("%s as browser name was changed, neither kept nor refused (error %v)", h.name, err)
			}
		}
		tenant := fmt.Sprint("t", i)
		owners := make(map[string]session.Session)
		for _, account := range []string{h.mangled, h.value} {
			s := e.session(account, 0)
			s.Tenant, s.Key, s.Identifier = tenant, key(tenant, account), "li"
			if _, err := e.Sessions.Create(e.ctx, s, 1); err == nil {
				owners[account] = s
			}
		}
		for account, s := range owners {
			e.live(s, "%s as account", h.name)
			e.equal(sessionIDs(e.sessions(tenant, account)), []string{s.ID}, "%s as account: the IDs listed", h.name)
		}
	}
	long := e.session("a", 0)
	long.Roles = []string{strings.Repeat("r", 4096)}
	if _, err := e.Sessions.Create(e.ctx, long, 0); err == nil {
		e.live(long, "a session with a long role")
	}
}

func sessionCancelled(e *exam) {
	ctx := e.stopped()
	s, none := e.start(e.session("a", 0)), e.session("a", time.Second)
	_, err := e.Sessions.Create(ctx, none, 1)
	e.is(err, ctx.Err(), "Create")
	_, err = e.Sessions.Get(ctx, s.Key)
	e.is(err, ctx.Err(), "Get")
	active, err := e.Sessions.Touch(ctx, s.Key, e.at(time.Minute))
	e.is(err, ctx.Err(), "Touch")
	e.equal(active, false, "Touch")
	won, err := e.Sessions.Rotate(ctx, s.Key, none)
	e.is(err, ctx.Err(), "Rotate")
	e.equal(won, false, "Rotate")
	_, err = e.Sessions.End(ctx, session.Filter{Tenant: "acme", Account: "a"}, e.now)
	e.is(err, ctx.Err(), "End")
	var last error
	for _, err := range e.Sessions.List(ctx, "acme", "a") {
		last = err
	}
	e.is(last, ctx.Err(), "List")
	e.live(s, "the session after cancelled calls")
	e.equal(e.sessions("acme", "a"), []session.Session{s}, "the list after cancelled calls")
}

func sessionExpire(e *exam) {
	if _, ok := e.Sessions.(auth.Expirer); !ok {
		e.skipf("the store is no Expirer")
	}
	at := e.at(time.Hour)
	var living []session.Session
	for range 12 {
		idle, absolute, l := e.session("a", 0), e.session("a", 0), e.session("a", 0)
		idle.Idle, idle.Expires = time.Hour, e.at(2*time.Hour)
		absolute.Idle, absolute.Expires = 2*time.Hour, at
		l.Idle, l.Expires = time.Hour+time.Microsecond, at.Add(time.Microsecond)
		e.start(idle)
		e.start(absolute)
		living = append(living, e.start(l))
	}
	dead := e.start(e.session("b", 0))
	n, err := e.Sessions.End(e.ctx, session.Filter{Tenant: "acme", Account: "b"}, at.Add(-session.Tombstone+time.Microsecond))
	e.ok(err, "End")
	e.equal(n, 1, "sessions that End ended")
	e.expire(e.Sessions, at, 24)
	for i, s := range living {
		e.live(s, "living session %d after Expire", i)
	}
	again := e.session("b", time.Hour)
	again.Key = dead.Key
	_, err = e.Sessions.Create(e.ctx, again, 0)
	e.is(err, session.ErrExists, "Create with the key of an ended session, after Expire, within the time of its tombstone,")
}
