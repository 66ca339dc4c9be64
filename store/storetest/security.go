package storetest

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
)

func securityCases() []Case {
	return []Case{
		{Security, "no record is a zero one", "Load of an account without a record returns a zero one at version 0, never an error",
			"the first login of every imported account fails", securityZero},
		{Security, "round trip", "every field comes back, times as the same instant in whatever zone, zero times as zero",
			"password ages, bounds or devices are forgotten or invented", securityRoundTrip},
		{Security, "save if version", "Save stores only over the version it was told, counts it up by one, and reports whether it did",
			"a change that ends all sessions is overwritten by a login that ran beside it", securityVersions},
		{Security, "exact owners", "records of other accounts and tenants are never read or written, however alike the names",
			"one account's epoch ends, or revives, another's sessions", securityOwners},
		{Security, "own copy", "what the caller does to a record after Save or Load does not reach the store",
			"a login that is refused halfway has changed the record all the same", securityCopies},
		{Security, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"a request that was given up still changes a record", securityCancelled},
		{Security, "race to save", "of many saves over one version exactly one wins, again and again, so that nothing is lost",
			"of two administrators who demote each other both win, and nobody is left", raceSecurity},
	}
}

// save is a Save that must win.
func (e *exam) save(s auth.Security, ifVersion int64) {
	won, err := e.Security.Save(e.ctx, s, ifVersion)
	e.ok(err, "Save of %s/%s over version %d", s.Tenant, s.Account, ifVersion)
	if !won {
		e.fatalf("Save of %s/%s over version %d, which is stored, lost", s.Tenant, s.Account, ifVersion)
	}
}

func (e *exam) load(tenant, account string) auth.Security {
	s, err := e.Security.Load(e.ctx, tenant, account)
	e.ok(err, "Load of %q in tenant %q", account, tenant)
	return s
}

func fullSecurity(now time.Time) auth.Security {
	east, west := time.FixedZone("", 8*3600), time.FixedZone("", -5*3600-1800)
	return auth.Security{
		Tenant: "acme", Account: "a-1",
		Epoch:       1 << 40,
		DeviceEpoch: -1 << 40,
		Marks:       []string{"mark-1", "mark-2"},
		Leaving:     "mark-0",
		PasswordSet: now.Add(-90 * 24 * time.Hour).In(east),
		History:     []string{"$argon2id$v=19$m=1024,t=1,p=1$c2FsdA$aGFzaA", "$2y$10$abc", ""},
		Required:    []string{"change_password", "enrol_factor"},
		NotBefore:   now.Add(-time.Microsecond).In(west),
		NotAfter:    time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		Invited:     time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC),
		LastLogin:   now,
		Devices: []auth.Device{
			{ID: "d1", UserAgent: `Mozilla/5.0 "quoted" <b> 中文`, IP: netip.MustParseAddr("192.0.2.7"), Created: now, Seen: now.Add(time.Hour)},
			{ID: "d2", IP: netip.MustParseAddr("2001:db8::1"), Created: now.In(east), Seen: now},
			{ID: "d3", IP: netip.MustParseAddr("fe80::1%eth0"), Created: now, Seen: now},
			{ID: "d4", Created: now, Seen: now},
		},
		Guard: &auth.Guard{First: "li@example.com", Leaving: map[string]time.Time{"a-1": now.In(east), "a 2": now.Add(-time.Hour)}, Keys: []string{"k1", "k2"}},
	}
}

func securityZero(e *exam) {
	e.equal(e.load("acme", "nobody"), auth.Security{Tenant: "acme", Account: "nobody"}, "a record that does not exist")
	e.equal(e.load("", auth.GuardAccount), auth.Security{Account: auth.GuardAccount}, "a guard that does not exist")
	e.save(auth.Security{Account: "a"}, 0)
	e.equal(e.load("", "a"), auth.Security{Account: "a", Version: 1}, "a record of zeros, saved")
}

func securityRoundTrip(e *exam) {
	want := fullSecurity(e.now)
	e.save(want, 0)
	want.Version = 1
	e.equal(e.load("acme", "a-1"), want, "a record with every field set")

	want = auth.Security{Tenant: "acme", Account: "a-1", Epoch: -1}
	e.save(want, 1)
	want.Version = 2
	e.equal(e.load("acme", "a-1"), want, "the same record with every field cleared")

	want.Marks = []string{strings.Repeat("m", 4096)}
	want.Account = auth.GuardAccount
	e.save(want, 0)
	want.Version = 1
	e.equal(e.load("acme", auth.GuardAccount), want, "a record with a long field")
}

func securityVersions(e *exam) {
	s := auth.Security{Tenant: "acme", Account: "a", Epoch: 1}
	for _, ifVersion := range []int64{1, 2, -1} {
		won, err := e.Security.Save(e.ctx, s, ifVersion)
		e.ok(err, "Save over version %d, where there is no record", ifVersion)
		e.equal(won, false, "Save over version %d, where there is no record", ifVersion)
	}
	e.equal(e.load("acme", "a").Version, int64(0), "the version after saves that lost")
	for v := range int64(5) {
		for _, wrong := range []int64{0, v - 1, v + 1, v + 2} {
			if wrong == v {
				continue
			}
			won, err := e.Security.Save(e.ctx, auth.Security{Tenant: "acme", Account: "a", Version: v, Epoch: 100}, wrong)
			e.ok(err, "Save over version %d, with %d stored", wrong, v)
			e.equal(won, false, "Save over version %d, with %d stored", wrong, v)
		}
		s.Epoch, s.Version = 10+v, 77 // its own Version is no matter
		e.save(s, v)
		got := e.load("acme", "a")
		e.equal(got.Version, v+1, "the version after a save over %d", v)
		e.equal(got.Epoch, 10+v, "the epoch after a save over %d", v)
	}
	same := e.load("acme", "a")
	e.save(same, same.Version)
	e.equal(e.load("acme", "a").Version, same.Version+1, "the version after a save that changed nothing")
}

func securityOwners(e *exam) {
	epoch := int64(0)
	want := make(map[[2]string]int64)
	put := func(tenant, account string) {
		epoch++
		e.save(auth.Security{Tenant: tenant, Account: account, Epoch: epoch}, 0)
		want[[2]string{tenant, account}] = epoch
	}
	for _, name := range names {
		put("acme", name)
		put(name, "acme")
	}
	for _, pair := range glued {
		put("glue"+pair[0][0], pair[0][1]+"!")
		put("glue"+pair[1][0], pair[1][1]+"!")
	}
	for k, epoch := range want {
		e.equal(e.load(k[0], k[1]), auth.Security{Tenant: k[0], Account: k[1], Version: 1, Epoch: epoch}, "the record of account %q in tenant %q", k[1], k[0])
	}
	for i, h := range hostile {
		tenant := fmt.Sprint("hostile ", i)
		won, err := e.Security.Save(e.ctx, auth.Security{Tenant: tenant, Account: h.value, Epoch: 1}, 0)
		e.equal(e.load(tenant, h.mangled).Version, int64(0), "%s: the version of the mangled account's record", h.name)
		if err != nil {
			continue
		}
		e.equal(won, true, "%s: Save", h.name)
		e.equal(e.load(tenant, h.value), auth.Security{Tenant: tenant, Account: h.value, Version: 1, Epoch: 1}, "%s: the record", h.name)
	}
}

func securityCopies(e *exam) {
	want := fullSecurity(e.now)
	mine := fullSecurity(e.now)
	spoil := func(s *auth.Security) {
		s.Marks[0], s.History[0], s.Required[0], s.Devices[0].ID = "spoilt", "spoilt", "spoilt", "spoilt"
		s.Guard.First, s.Guard.Leaving["spoilt"], s.Guard.Keys[0] = "spoilt", time.Time{}, "spoilt"
	}
	e.save(mine, 0)
	want.Version = 1
	spoil(&mine)
	e.equal(e.load("acme", "a-1"), want, "the record after the caller changed what it had saved")
	loaded := e.load("acme", "a-1")
	spoil(&loaded)
	e.equal(e.load("acme", "a-1"), want, "the record after the caller changed what it had loaded")
}

func securityCancelled(e *exam) {
	ctx := e.stopped()
	e.save(auth.Security{Account: "a", Epoch: 1}, 0)
	_, err := e.Security.Load(ctx, "", "a")
	e.is(err, ctx.Err(), "Load")
	for account, version := range map[string]int64{"a": 1, "b": 0} {
		won, err := e.Security.Save(ctx, auth.Security{Account: account, Epoch: 2}, version)
		e.is(err, ctx.Err(), "Save of account %q", account)
		e.equal(won, false, "Save of account %q", account)
	}
	e.equal(e.load("", "a"), auth.Security{Account: "a", Version: 1, Epoch: 1}, "the record after a cancelled Save")
	e.equal(e.load("", "b"), auth.Security{Account: "b"}, "a record whose first Save was cancelled")
}

func raceSecurity(e *exam) {
	for version := range int64(3) {
		var winner atomic.Int64
		e.oneWins(fmt.Sprintf("Save over version %d", version), func(i int, s auth.Stores) (bool, error) {
			won, err := s.Security.Save(e.ctx, auth.Security{Account: "a", Epoch: int64(i)}, version)
			if won {
				winner.Store(int64(i))
			}
			return won, err
		})
		e.equal(e.load("", "a"), auth.Security{Account: "a", Version: version + 1, Epoch: winner.Load()}, "the record after a race over version %d", version)
	}

	// Each adds one, by loading and trying again; nothing may get lost.
	workers := min(e.opts.Contenders, 8)
	e.race(workers, func(i int, s auth.Stores) (bool, error) {
		for {
			r, err := s.Security.Load(e.ctx, "", "sum")
			if err != nil {
				return false, err
			}
			r.Epoch++
			if won, err := s.Security.Save(e.ctx, r, r.Version); won || err != nil {
				return won, err
			}
		}
	})
	e.equal(e.load("", "sum"), auth.Security{Account: "sum", Version: int64(workers), Epoch: int64(workers)}, "the record after %d increments", workers)
}
