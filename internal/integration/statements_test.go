package integration

import (
	"crypto/sha256"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newSession(account, token string) session.Session {
	return session.Session{
		Key: session.Key{Tag: 7, Digest: sha256.Sum256([]byte(token))}, ID: token, Account: account,
		Identifier: account + "@example.com", Roles: []string{"sales"}, Epoch: 3, Level: session.AAL1,
		Factors: []session.Factor{{Method: "pwd", Time: start}}, IP: netip.MustParseAddr("2001:db8::1"),
		UserAgent: "Mozilla/5.0", Created: start, Seen: start, Idle: 30 * time.Minute, Expires: start.Add(12 * time.Hour),
	}
}

func complete(t testing.TB, p lockout.Policy) lockout.Policy {
	p, err := p.Complete()
	require.NoError(t, err)
	return p
}

func TestHotVerbsTakeFewStatements(t *testing.T) {
	stores, counter := openStores(t, newFile(t))
	ctx := t.Context()
	id, err := stores.Accounts.(auth.AccountCreator).Create(ctx, auth.Account{Identifier: "li"}, "li@example.com")
	require.NoError(t, err)
	joined := stores.Sessions.(auth.Joiner).Join(stores.Accounts, stores.Security)
	require.NotNil(t, joined)
	policy := complete(t, lockout.Policy{})
	requests := func(n int) (list []lockout.Request) {
		for i := range n {
			list = append(list, lockout.Request{Key: strconv.Itoa(i), Policy: policy})
		}
		return list
	}
	s := newSession(id, "a")

	for _, c := range []struct {
		verb string
		want int64
		call func() error
	}{
		{"find an account", 1, func() error { _, err := stores.Accounts.Find(ctx, "", "li@example.com"); return err }},
		{"insert a security record", 1, func() error { _, err := stores.Security.Save(ctx, auth.Security{Account: id}, 0); return err }},
		{"save a security record", 1, func() error { _, err := stores.Security.Save(ctx, auth.Security{Account: id}, 1); return err }},
		{"find account and security record", 1, func() error { _, _, err := joined.Find(ctx, "", "li"); return err }},
		{"reserve one key", 1, func() error { _, err := stores.Counters.Reserve(ctx, start, requests(1)...); return err }},
		{"reserve twenty keys", 1, func() error { _, err := stores.Counters.Reserve(ctx, start, requests(20)...); return err }},
		{"reserve once", 3, func() error {
			_, err := stores.Counters.(lockout.Deduper).ReserveOnce(ctx, start, "id", start.Add(time.Minute), requests(3)...)
			return err
		}},
		{"reserve again", 1, func() error {
			_, err := stores.Counters.(lockout.Deduper).ReserveOnce(ctx, start, "id", start.Add(time.Minute), requests(3)...)
			return err
		}},
		{"settle three keys", 1, func() error {
			return stores.Counters.Settle(ctx, lockout.Settlement{Key: "0", Seq: 1, Outcome: lockout.Succeeded},
				lockout.Settlement{Key: "1", Seq: 1, Outcome: lockout.Refunded}, lockout.Settlement{Key: "none", Seq: 1, Outcome: lockout.Refunded})
		}},
		{"create a session", 1, func() error { _, err := stores.Sessions.Create(ctx, s, 2); return err }},
		{"create a second session", 1, func() error { _, err := stores.Sessions.Create(ctx, newSession(id, "b"), 2); return err }},
		{"create one too many", 2, func() error { _, err := stores.Sessions.Create(ctx, newSession(id, "c"), 2); return err }},
		{"check a session", 1, func() error { _, err := stores.Sessions.Get(ctx, newSession(id, "c").Key); return err }},
		{"check a session, its account and security record", 1, func() error { _, _, _, err := joined.Session(ctx, newSession(id, "c").Key); return err }},
		{"touch a session", 1, func() error { _, err := stores.Sessions.Touch(ctx, s.Key, start.Add(time.Minute)); return err }},
		{"end sessions", 1, func() error { _, err := stores.Sessions.End(ctx, session.Filter{Account: id}, start); return err }},
		{"append three events", 1, func() error {
			return stores.Audit.Append(ctx, audit.Event{Time: start}, audit.Event{Time: start}, audit.Event{Time: start})
		}},
	} {
		counter.Reset()
		require.NoError(t, c.call(), c.verb)
		assert.Equal(t, c.want, counter.Count(), "%s: %q", c.verb, counter.Recent())
	}
}
