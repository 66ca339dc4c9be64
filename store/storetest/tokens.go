package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
)

func tokenCases() []Case {
	return []Case{
		{Tokens, "round trip", "a token comes back as it was issued, by Peek and by Take, its data byte by byte",
			"a link resets the wrong account, or never ends", tokenRoundTrip},
		{Tokens, "taken once", "Take consumes the token: afterwards neither Take nor Peek finds it, and Peek consumes nothing",
			"a link from an old mail sets the password again", tokenOnce},
		{Tokens, "purpose", "a token is found for its own purpose only, to the byte, and a wrong guess does not consume it",
			"an invitation confirms a change of address, or a wrong link burns the right one", tokenPurpose},
		{Tokens, "exact end", "a token can be taken until the microsecond before Expires, and not at it; trying too late changes nothing",
			"links live longer than they say", tokenEnd},
		{Tokens, "one per slot", "issuing into a slot ends the token that was in it, of that account and tenant only",
			"every mail that was ever sent still opens the account", tokenSlot},
		{Tokens, "digest taken", "Issue of a digest that is there returns auth.ErrExists and changes nothing, the slot included",
			"a token moves to another account", tokenExists},
		{Tokens, "revoke", "Revoke ends the account's tokens of the purposes given, or all, and tells how many there were",
			"an invitation survives the suspension of its account", tokenRevoke},
		{Tokens, "exact owners", "slots, accounts and tenants are told apart byte by byte, however they are joined",
			"a reset for one account ends or revokes another's", tokenOwners},
		{Tokens, "hostile values", "values too long or malformed for the store are refused, or kept exactly",
			"data that was cut off decide about an account", tokenHostile},
		{Tokens, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"a link is used up by a request that was given up", tokenCancelled},
		{Tokens, "expiry spares the living", "Expire drops at most as many as it may, and never a token that can be taken",
			"links stop working before their time", tokenExpire},
		{Tokens, "race to take", "of many calls that take one token exactly one wins and gets it",
			"one link sets two passwords", raceTake},
		{Tokens, "race for a slot", "of many tokens issued into one slot exactly one is alive afterwards",
			"two clicks on \"send again\" leave two links alive", raceSlot},
		{Tokens, "race for a digest", "of many tokens issued under one digest exactly one is, the others get auth.ErrExists",
			"a token belongs to two accounts", raceDigest},
		{Tokens, "race of take and revoke", "each token is either taken or revoked, never both, never neither",
			"a suspension reports that it ended an invitation which was accepted", raceRevoke},
	}
}

// token returns a token of account a in a slot, alive for an hour.
func (e *exam) token(slot string) auth.Token {
	return auth.Token{Digest: digest(), Purpose: "reset", Tenant: "acme", Account: "a", Slot: slot, Created: e.now, Expires: e.at(time.Hour)}
}

func (e *exam) issue(t auth.Token) auth.Token {
	e.ok(e.Tokens.Issue(e.ctx, t), "Issue into slot %q of %q", t.Slot, t.Account)
	return t
}

// alive notes a problem if the token can't be taken at the beginning of the
// case, or if it can and should not.
func (e *exam) alive(t auth.Token, want bool, what string, args ...any) {
	got, err := e.Tokens.Peek(e.ctx, t.Digest, t.Purpose, e.now)
	switch what = fmt.Sprintf(what, args...); {
	case want && err != nil:
		e.errorf("%s: Peek returned error %v, want the token", what, err)
	case want:
		e.equal(got, t, "%s", what)
	case err == nil:
		e.errorf("%s: the token is still there", what)
	case !errors.Is(err, auth.ErrNotFound):
		e.errorf("%s: Peek returned error %v, want %v", what, err, auth.ErrNotFound)
	}
}

// take is a Take that must win or lose.
func (e *exam) take(t auth.Token, purpose string, now time.Time, want bool, what string) {
	got, won, err := e.Tokens.Take(e.ctx, t.Digest, purpose, now)
	e.ok(err, "Take of %s", what)
	if won != want {
		e.errorf("Take of %s reported %v", what, won)
	}
	if won {
		e.equal(got, t, "what Take of %s returned", what)
	}
}

func tokenRoundTrip(e *exam) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for i, t := range []auth.Token{
		{Data: every, Created: e.now.In(time.FixedZone("", 8*3600)), Expires: e.at(time.Hour + time.Microsecond).In(time.FixedZone("", -3600))},
		{Data: bytes.Repeat([]byte{0}, 4096), Purpose: strings.Repeat("p", 32), Slot: strings.Repeat("s", 64), Account: strings.Repeat("a", 128), Expires: e.at(7 * 24 * time.Hour)},
		{Purpose: "p", Slot: "s", Account: "a", Expires: e.at(time.Second)},
		{Data: []byte("{}"), Purpose: "invitation", Tenant: "经理", Slot: "email:li@example.com", Account: "a 'b\" %", Expires: e.at(time.Minute)},
	} {
		t.Digest = digest()
		e.issue(t)
		e.alive(t, true, "token %d", i)
		e.take(t, t.Purpose, e.now, true, fmt.Sprint("token ", i))
	}
	zeros := e.token("slot")
	zeros.Digest = auth.Digest{}
	e.issue(zeros)
	e.take(zeros, "reset", e.now, true, "a digest of zeros")

	mine := e.token("copies")
	mine.Data = []byte("data")
	want := mine
	want.Data = []byte("data")
	e.issue(mine)
	mine.Data[0] = 'X'
	e.alive(want, true, "the token after the caller changed what it had issued")
	if got, err := e.Tokens.Peek(e.ctx, want.Digest, "reset", e.now); err == nil {
		got.Data[0] = 'X'
	}
	e.alive(want, true, "the token after the caller changed what it had peeked at")
}

func tokenOnce(e *exam) {
	t, other := e.issue(e.token("one")), e.issue(e.token("two"))
	for range 3 {
		e.alive(t, true, "a token that was only looked at")
	}
	e.take(t, "reset", e.now, true, "a fresh token")
	e.take(t, "reset", e.now, false, "a token that was taken")
	e.alive(t, false, "a token that was taken")
	e.alive(other, true, "another token of the account")
	e.take(e.token(""), "reset", e.now, false, "a token that never was")
}

func tokenPurpose(e *exam) {
	t := e.issue(e.token("slot"))
	for _, purpose := range []string{"", "Reset", "reset ", " reset", "rese", "resets", "re%", "res_t", "invitation"} {
		e.take(t, purpose, e.now, false, fmt.Sprintf("a token for %q as one for %q", t.Purpose, purpose))
		_, err := e.Tokens.Peek(e.ctx, t.Digest, purpose, e.now)
		e.is(err, auth.ErrNotFound, "Peek at a token for %q as one for %q", t.Purpose, purpose)
	}
	e.take(t, "reset", e.now, true, "a token after attempts with wrong purposes")
}

func tokenEnd(e *exam) {
	for _, end := range []time.Duration{time.Microsecond, time.Second, time.Hour + time.Microsecond, 90 * 24 * time.Hour} {
		early, late := e.token("early"), e.token("late")
		early.Expires, late.Expires = e.at(end), e.at(end)
		e.issue(early)
		e.issue(late)
		for _, over := range []time.Duration{0, time.Microsecond, time.Second} {
			e.take(late, "reset", e.at(end+over), false, fmt.Sprintf("a token of %v, %v after its end,", end, over))
			_, err := e.Tokens.Peek(e.ctx, late.Digest, "reset", e.at(end+over))
			e.is(err, auth.ErrNotFound, "Peek at a token of %v, %v after its end,", end, over)
		}
		last := e.at(end - time.Microsecond)
		_, err := e.Tokens.Peek(e.ctx, early.Digest, "reset", last)
		e.ok(err, "Peek at a token of %v, a microsecond before its end,", end)
		e.take(early, "reset", last, true, fmt.Sprintf("a token of %v, a microsecond before its end,", end))
	}
}

func tokenSlot(e *exam) {
	first := e.issue(e.token("reset"))
	others := []auth.Token{e.token("email"), e.token("reset"), e.token("reset"), e.token("Reset"), e.token("reset ")}
	others[1].Account = "b"
	others[2].Tenant = "other"
	for _, t := range others {
		e.issue(t)
	}
	e.alive(first, true, "the token, after tokens of other slots, accounts and tenants")
	second := e.token("reset")
	second.Purpose = "invitation" // the slot counts, not the purpose
	e.issue(second)
	e.alive(first, false, "the token, after another one was issued into its slot")
	e.alive(second, true, "the token that took its place")
	e.take(first, "reset", e.now, false, "the replaced token")
	for i, t := range others {
		e.alive(t, true, "token %d of another slot, account or tenant", i)
	}
	e.take(second, "invitation", e.now, true, "the token in the slot")
	third := e.issue(e.token("reset"))
	e.alive(third, true, "a token in a slot that was empty again")
}

func tokenExists(e *exam) {
	t, inSlot := e.issue(e.token("one")), e.issue(e.token("two"))
	for _, account := range []string{"a", "b"} {
		for _, slot := range []string{"two", "three"} {
			again := t
			again.Account, again.Slot, again.Purpose, again.Expires = account, slot, "other", e.at(2*time.Hour)
			e.is(e.Tokens.Issue(e.ctx, again), auth.ErrExists, "Issue of a digest that is taken, into slot %q of %q", slot, account)
		}
	}
	e.alive(t, true, "the token, after its digest was issued again")
	e.alive(inSlot, true, "the token of a slot into which an Issue failed")
}

func tokenRevoke(e *exam) {
	revoke := func(want int, tenant, account string, purposes ...string) {
		n, err := e.Tokens.Revoke(e.ctx, tenant, account, purposes...)
		e.ok(err, "Revoke of %q for %q", purposes, account)
		e.equal(n, want, "tokens that Revoke of %q for %q in %q ended", purposes, account, tenant)
	}
	var tokens []auth.Token
	for i, purpose := range []string{"reset", "invitation", "email", "email", "Email"} {
		t := e.token(fmt.Sprint("slot ", i))
		t.Purpose = purpose
		tokens = append(tokens, e.issue(t))
	}
	stranger, foreign := e.token("slot 0"), e.token("slot 0")
	stranger.Account, foreign.Tenant = "b", "other"
	e.issue(stranger)
	e.issue(foreign)

	revoke(0, "acme", "nobody")
	revoke(0, "acme", "a", "unknown", "RESET")
	revoke(3, "acme", "a", "email", "reset")
	for i, t := range tokens {
		e.alive(t, t.Purpose == "invitation" || t.Purpose == "Email", "token %d, %q, after a Revoke of email and reset", i, t.Purpose)
	}
	e.take(tokens[0], "reset", e.now, false, "a revoked token")
	revoke(2, "acme", "a")
	revoke(0, "acme", "a")
	for i, t := range tokens {
		e.alive(t, false, "token %d, %q, after a Revoke of all", i, t.Purpose)
	}
	e.alive(stranger, true, "a token of another account")
	e.alive(foreign, true, "a token of another tenant")
}

func tokenOwners(e *exam) {
	var tokens []auth.Token
	put := func(tenant, account, slot string) {
		t := e.token(slot)
		t.Tenant, t.Account = tenant, account
		tokens = append(tokens, e.issue(t))
	}
	for _, name := range names {
		put("acme", "a", name)
		put("acme", name, "slot")
		put(name, "a", "slot")
	}
	for _, pair := range glued {
		for _, k := range pair {
			put("glue"+k[0], k[1]+"!", "slot")
			put("same", "glue"+k[0], k[1]+"!")
		}
	}
	for _, t := range tokens {
		e.alive(t, true, "the token in slot %q of account %q in tenant %q", t.Slot, t.Account, t.Tenant)
	}
	for _, t := range tokens {
		if t.Slot != "slot" {
			continue // they share their owners
		}
		n, err := e.Tokens.Revoke(e.ctx, t.Tenant, t.Account)
		e.ok(err, "Revoke")
		if n != 1 {
			e.errorf("Revoke for account %q in tenant %q ended %d tokens, want 1", t.Account, t.Tenant, n)
		}
	}
}

func tokenHostile(e *exam) {
	for i, h := range hostile {
		for _, field := range []string{"account", "slot", "purpose"} {
			mangled, t := e.token("slot"), e.token("slot")
			mangled.Tenant = fmt.Sprint(i, field)
			t.Tenant = mangled.Tenant
			switch field {
			case "account":
				mangled.Account, t.Account = h.mangled, h.value
			case "slot":
				mangled.Slot, t.Slot = h.mangled, h.value
			case "purpose":
				mangled.Purpose, t.Purpose = h.mangled, h.value
				mangled.Slot = "other"
			}
			kept := e.Tokens.Issue(e.ctx, mangled) == nil
			if e.Tokens.Issue(e.ctx, t) == nil {
				e.alive(t, true, "%s as %s", h.name, field)
				_, won, _ := e.Tokens.Take(e.ctx, t.Digest, mangled.Purpose, e.now)
				if field == "purpose" && won {
					e.errorf("%s: a token was taken for the mangled purpose", h.name)
				}
			}
			if kept {
				e.alive(mangled, true, "%s as %s: the token with the mangled one", h.name, field)
			}
		}
	}
}

func tokenCancelled(e *exam) {
	ctx := e.stopped()
	t := e.issue(e.token("slot"))
	next := e.token("slot")
	e.is(e.Tokens.Issue(ctx, next), ctx.Err(), "Issue")
	_, won, err := e.Tokens.Take(ctx, t.Digest, "reset", e.now)
	e.is(err, ctx.Err(), "Take")
	e.equal(won, false, "Take")
	_, err = e.Tokens.Peek(ctx, t.Digest, "reset", e.now)
	e.is(err, ctx.Err(), "Peek")
	_, err = e.Tokens.Revoke(ctx, "acme", "a")
	e.is(err, ctx.Err(), "Revoke")
	e.alive(t, true, "the token after cancelled calls")
	e.alive(next, false, "a token whose Issue was cancelled")
}

func tokenExpire(e *exam) {
	var living, dead []auth.Token
	for i := range 20 {
		l, d := e.token(fmt.Sprint("l", i)), e.token(fmt.Sprint("d", i))
		d.Expires, l.Expires = e.at(time.Hour), e.at(time.Hour+time.Microsecond)
		living, dead = append(living, e.issue(l)), append(dead, e.issue(d))
	}
	e.expire(e.Tokens, e.at(time.Hour), len(dead))
	for i, t := range living {
		e.take(t, "reset", e.at(time.Hour), true, fmt.Sprintf("living token %d after Expire", i))
	}
	for _, t := range dead {
		e.take(t, "reset", e.at(time.Hour), false, "a token that is over")
	}
}

// expire calls Expire until nothing is left to drop, and checks its limits. At
// most over rows are over at now; a store may have dropped some before.
func (e *exam) expire(store any, now time.Time, over int) {
	x, ok := store.(auth.Expirer) // the same methods as session.Expirer and lockout.Expirer
	if !ok {
		e.skipf("the store is no Expirer")
	}
	_, err := x.Expire(e.stopped(), now, 1000)
	e.is(err, e.stopped().Err(), "Expire with a cancelled context")
	total := 0
	for range over + 2 {
		n, err := x.Expire(e.ctx, now, 3)
		e.ok(err, "Expire")
		if n > 3 {
			e.errorf("Expire with limit 3 dropped %d", n)
		}
		if total += n; n == 0 {
			break
		}
	}
	if total > over {
		e.errorf("Expire dropped %d, of which only %d were over", total, over)
	}
}

func raceTake(e *exam) {
	t := e.issue(e.token("slot"))
	e.oneWins("Take", func(_ int, s auth.Stores) (bool, error) {
		got, won, err := s.Tokens.Take(e.ctx, t.Digest, "reset", e.now)
		if won {
			e.equal(got, t, "the token that the winner got")
		}
		return won, err
	})
	e.alive(t, false, "the token after the race")
}

func raceSlot(e *exam) {
	tokens := make([]auth.Token, e.opts.Contenders)
	for i := range tokens {
		tokens[i] = e.token("slot")
	}
	before := e.issue(e.token("slot"))
	issued := e.race(len(tokens), func(i int, s auth.Stores) (bool, error) {
		return true, s.Tokens.Issue(e.ctx, tokens[i])
	})
	e.equal(issued, len(tokens), "contenders that issued")
	e.alive(before, false, "the token that was in the slot before")
	alive := 0
	for _, t := range tokens {
		if _, won, _ := e.Tokens.Take(e.ctx, t.Digest, "reset", e.now); won {
			alive++
		}
	}
	e.equal(alive, 1, "tokens of one slot that can be taken after the race")
}

func raceDigest(e *exam) {
	d := digest()
	var winner atomic.Value
	e.oneWins("Issue", func(i int, s auth.Stores) (bool, error) {
		t := e.token("slot")
		t.Digest, t.Account = d, fmt.Sprint("a", i)
		won, err := created(s.Tokens.Issue(e.ctx, t))
		if won {
			winner.Store(t.Account)
		}
		return won, err
	})
	t, err := e.Tokens.Peek(e.ctx, d, "reset", e.now)
	e.ok(err, "Peek")
	e.equal(t.Account, winner.Load(), "the account of the token that was raced for")
}

func raceRevoke(e *exam) {
	for round := range 5 {
		tokens := make([]auth.Token, e.opts.Contenders)
		for i := range tokens {
			if i%3 > 0 {
				tokens[i] = e.issue(e.token(fmt.Sprint("slot ", round, i)))
			}
		}
		issued := len(tokens) - (len(tokens)+2)/3
		var revoked atomic.Int64
		taken := e.race(len(tokens), func(i int, s auth.Stores) (bool, error) {
			if i%3 == 0 {
				ended, err := s.Tokens.Revoke(e.ctx, "acme", "a")
				revoked.Add(int64(ended))
				return false, err
			}
			_, won, err := s.Tokens.Take(e.ctx, tokens[i].Digest, "reset", e.now)
			return won, err
		})
		left, err := e.Tokens.Revoke(e.ctx, "acme", "a")
		e.ok(err, "Revoke")
		e.equal(taken+int(revoked.Load())+left, issued, "tokens taken, revoked and left, together")
	}
}
