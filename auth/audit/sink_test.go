package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/audit"
)

func read(t *testing.T, r audit.Reader, f audit.Filter, after audit.Cursor) []audit.Event {
	t.Helper()
	var all []audit.Event
	for e, err := range r.Events(t.Context(), f, after) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

func accounts(events []audit.Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Account)
	}
	return b.String()
}

func TestMemoryFilters(t *testing.T) {
	var m audit.Memory
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Hour) }
	require.NoError(t, m.Append(t.Context(),
		audit.Event{Time: at(0), Account: "a", Name: audit.LoginFail},
		audit.Event{Time: at(1), Account: "b", Name: audit.LoginSuccess},
		audit.Event{Time: at(2), Account: "c", Name: audit.LoginFail, Tenant: "acme"},
		audit.Event{Time: at(3), Account: "d", Name: audit.AuthzAdmin, Actor: audit.Actor{ID: "root"}},
	))
	for name, c := range map[string]struct {
		f    audit.Filter
		want string
	}{
		"zero: the empty tenant only": {audit.Filter{}, "abd"},
		"tenant":                      {audit.Filter{Tenant: "acme"}, "c"},
		"all tenants":                 {audit.Filter{AllTenants: true}, "abcd"},
		"account":                     {audit.Filter{Account: "b"}, "b"},
		"another tenant's account":    {audit.Filter{Account: "c"}, ""},
		"actor":                       {audit.Filter{Actor: "root"}, "d"},
		"names":                       {audit.Filter{Names: []audit.Name{audit.LoginFail, audit.AuthzAdmin}}, "ad"},
		"from and until":              {audit.Filter{From: at(1), Until: at(3)}, "b"},
		"newest first":                {audit.Filter{AllTenants: true, NewestFirst: true}, "dcba"},
	} {
		assert.Equal(t, c.want, accounts(read(t, &m, c.f, audit.Cursor{})), name)
	}
	assert.Equal(t, "bd", accounts(read(t, &m, audit.Filter{}, audit.Cursor{Seq: 1})))
	assert.Equal(t, "ba", accounts(read(t, &m, audit.Filter{NewestFirst: true}, audit.Cursor{Seq: 4})))
	assert.Empty(t, read(t, &m, audit.Filter{}, audit.Cursor{Seq: 1<<63 - 1}), "a forged cursor begins anew")
	assert.Equal(t, "dba", accounts(read(t, &m, audit.Filter{NewestFirst: true}, audit.Cursor{Seq: 1<<63 - 1})))
	assert.Equal(t, "abd", accounts(read(t, &m, audit.Filter{}, audit.Cursor{Seq: -5})))
}

func TestMemoryCursorMissesNothing(t *testing.T) {
	var m audit.Memory
	seen := map[string]int{}
	var cursor audit.Cursor
	for i := range 500 {
		require.NoError(t, m.Append(t.Context(), audit.Event{Account: fmt.Sprint(i)}))
		if i%7 != 0 {
			continue
		}
		for e, err := range m.Events(t.Context(), audit.Filter{}, cursor) { // two at most, then a new reader
			require.NoError(t, err)
			seen[e.Account]++
			cursor = e.Cursor()
			if len(seen)%2 == 0 {
				break
			}
		}
	}
	for _, e := range read(t, &m, audit.Filter{}, cursor) {
		seen[e.Account]++
	}
	assert.Len(t, seen, 500)
	for account, n := range seen {
		assert.Equal(t, 1, n, account)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m audit.Memory
	for i := range audit.MemoryEvents + 10 {
		require.NoError(t, m.Append(t.Context(), audit.Event{ID: "x", Level: audit.Info, Count: int64(i)}))
	}
	assert.EqualValues(t, 10, m.Dropped())
	all := read(t, &m, audit.Filter{}, audit.Cursor{})
	require.Len(t, all, audit.MemoryEvents)
	assert.EqualValues(t, 10, all[0].Count, "the oldest are dropped")
	newest := read(t, &m, audit.Filter{NewestFirst: true}, audit.Cursor{})
	require.Len(t, newest, audit.MemoryEvents)
	assert.EqualValues(t, audit.MemoryEvents+9, newest[0].Count)
}

func TestMemoryKeepsItsOwnCopy(t *testing.T) {
	var m audit.Memory
	methods := []string{"pwd"}
	require.NoError(t, m.Append(t.Context(), audit.Event{Methods: methods}))
	methods[0] = "otp"
	first := read(t, &m, audit.Filter{}, audit.Cursor{})
	assert.Equal(t, "pwd", first[0].Methods[0])
	first[0].Methods[0] = "otp"
	assert.Equal(t, "pwd", read(t, &m, audit.Filter{}, audit.Cursor{})[0].Methods[0])
}

func TestMemoryInParallel(t *testing.T) {
	var m audit.Memory
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				assert.NoError(t, m.Append(t.Context(), audit.Event{Account: "a"}, audit.Event{Account: "b"}))
				for range m.Events(t.Context(), audit.Filter{NewestFirst: true}, audit.Cursor{}) {
					break
				}
			}
		})
	}
	wg.Wait()
	all := read(t, &m, audit.Filter{}, audit.Cursor{})
	require.Len(t, all, 3200)
	for i, e := range all {
		require.EqualValues(t, i+1, e.Seq)
		require.Equal(t, string("ab"[i%2]), e.Account, "one Append's events were torn apart")
	}
}

func TestMemoryHonoursContext(t *testing.T) {
	var m audit.Memory
	require.NoError(t, m.Append(t.Context(), audit.Event{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, m.Append(ctx, audit.Event{}), context.Canceled)
	n := 0
	for _, err := range m.Events(ctx, audit.Filter{}, audit.Cursor{}) {
		n++
		require.ErrorIs(t, err, context.Canceled)
	}
	assert.Equal(t, 1, n)
}

type brokenSink struct{ err error }

func (b brokenSink) Append(context.Context, ...audit.Event) error { return b.err }

func TestTeeNeedsAll(t *testing.T) {
	down := errors.New("disk full")
	var a, b audit.Memory
	require.ErrorIs(t, audit.Tee(&a, brokenSink{down}, &b).Append(t.Context(), audit.Event{Time: noon}), down)
	first, second := read(t, &a, audit.Filter{}, audit.Cursor{}), read(t, &b, audit.Filter{}, audit.Cursor{})
	require.Len(t, first, 1)
	require.Len(t, second, 1, "a failure must not spare the later sinks")
	assert.Equal(t, first[0].ID, second[0].ID)
	require.NoError(t, audit.Tee(&a, &b).Append(t.Context(), audit.Event{}))
	require.Error(t, audit.Tee().Append(t.Context(), audit.Event{}), "no sink must not mean recorded")
	require.Error(t, audit.Tee(&a, nil).Append(t.Context(), audit.Event{}))
	require.Error(t, audit.NewSlog(nil).Append(t.Context(), audit.Event{}))
}

func TestSlogSink(t *testing.T) {
	var b bytes.Buffer
	h := slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelError}) // must not hide a warning
	e := full()
	e.Account = "42\nauthn_login_success:1"
	require.NoError(t, audit.NewSlog(slog.New(h)).Append(t.Context(), e))
	require.Equal(t, 1, strings.Count(b.String(), "\n"))
	assert.JSONEq(t, `{"time":"2026-11-02T04:00:00.123456Z","level":"WARN","msg":"authn_login_fail:42\\u000aauthn_login_success:1",
		"id":"0r0000000000000000000000ab","event":"authn_login_fail","outcome":"failure","reason":"wrong_password",
		"tenant":"acme","account":"42\\u000aauthn_login_success:1","identifier_hash":"h1",
		"actor":{"kind":"operator","id":"root","reason":"ticket 5"},"session":"s1","device":"d1","flow":"f1",
		"client":{"ip":"192.0.2.1","user_agent":"Firefox"},"methods":"pwd otp","assurance":2,"factor":"totp",
		"resource":"/deals","from":"sales","to":"admin","operation":"suspend","policy":"NIST",
		"retries":3,"limit":5,"count":9,"since":"2026-11-02T03:59:00.123456Z"}`, b.String())

	b.Reset()
	slog.New(slog.NewTextHandler(&b, nil)).Info("seen", "e", audit.Event{
		ID: "x", Time: noon, Name: audit.CSRF, Client: audit.Client{IP: netip.MustParseAddr("2001:db8::1"), UserAgent: "a\x1b[2Jb"},
	})
	assert.Contains(t, b.String(), `e.client.user_agent=a\u001b[2Jb`)
	assert.Contains(t, b.String(), "e.level=WARN")
}

func TestSlogSinkReturnsTheHandlersError(t *testing.T) {
	err := audit.NewSlog(slog.New(slog.NewTextHandler(fullDisk{}, nil))).Append(t.Context(), audit.Event{})
	require.ErrorContains(t, err, "disk full")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSlogLevels(t *testing.T) {
	for name, want := range map[audit.Name]string{audit.LoginSuccess: "INFO", audit.LoginFail: "WARN", audit.TokenReuse: "ERROR"} {
		var b bytes.Buffer
		require.NoError(t, audit.NewSlog(slog.New(slog.NewJSONHandler(&b, nil))).Append(t.Context(), audit.Event{Name: name}))
		var line struct{ Level string }
		require.NoError(t, json.Unmarshal(b.Bytes(), &line))
		assert.Equal(t, want, line.Level)
	}
}
