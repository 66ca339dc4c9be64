package session

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeClock stands still until it is moved.
type fakeClock struct{ micros atomic.Int64 }

func newClock() *fakeClock {
	c := new(fakeClock)
	c.set(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	return c
}

func (c *fakeClock) now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *fakeClock) set(t time.Time)         { c.micros.Store(t.UnixMicro()) }
func (c *fakeClock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

func newManager(t testing.TB, c Config) (*Manager, *MemoryStore, *fakeClock) {
	t.Helper()
	clock, store := newClock(), new(MemoryStore)
	c.Now = clock.now
	m, err := New(store, c)
	require.NoError(t, err)
	return m, store, clock
}

func create(t testing.TB, m *Manager, l Login) Created {
	t.Helper()
	c, err := m.Create(t.Context(), l)
	require.NoError(t, err)
	return c
}

func alive(t testing.TB, m *Manager, token Token) bool {
	t.Helper()
	_, err := m.Check(t.Context(), token.Reveal())
	if err != nil {
		require.ErrorIs(t, err, ErrNotFound)
	}
	return err == nil
}

func list(t testing.TB, m *Manager, tenant, account string) (ids []string) {
	t.Helper()
	for s, err := range m.List(t.Context(), tenant, account) {
		require.NoError(t, err)
		ids = append(ids, s.ID)
	}
	return ids
}

func TestCreateKeepsWhatTheLoginSays(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	l := Login{
		Tenant: "acme", Account: "42", Identifier: "ann", Roles: []string{"sales"}, Epoch: 7,
		Level: AAL2, Factors: []Factor{{Method: "pwd", Time: clock.now().Add(-time.Minute + 5)}, {Method: "otp"}},
		Device: "d1", IP: netip.MustParseAddr("::ffff:192.0.2.7"), UserAgent: "Browser/1", Kind: Remembered,
	}
	c := create(t, m, l)
	l.Roles[0], l.Factors[0].Method = "admin", "hwk" // the caller's slices are its own

	s, err := m.Check(t.Context(), c.Token.Reveal())
	require.NoError(t, err)
	assert.Equal(t, c.Session, s)
	assert.Equal(t, Session{
		Key: s.Key, ID: s.ID, Tenant: "acme", Account: "42", Identifier: "ann", Roles: []string{"sales"}, Epoch: 7,
		Level: AAL2, Factors: []Factor{{"pwd", clock.now().Add(-time.Minute)}, {"otp", clock.now()}},
		Device: "d1", IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Browser/1", Kind: Remembered,
		Created: clock.now(), Seen: clock.now(), Idle: time.Hour, Expires: clock.now().Add(24 * time.Hour),
	}, s)
	assert.Regexp(t, "^[a-z2-7]{26}$", s.ID)
	assert.Equal(t, Tag("acme", "42"), s.Key.Tag)
	assert.False(t, c.Repeated)

	other := create(t, m, l)
	assert.NotEqual(t, c.Token.Reveal(), other.Token.Reveal())
	assert.NotEqual(t, c.Session.ID, other.Session.ID)
}

func TestLeastLogin(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	s := create(t, m, Login{Account: "42"}).Session
	assert.Equal(t, AAL1, s.Level)
	assert.Equal(t, Normal, s.Kind)
}

func TestCreateRefusesBadLogins(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	for name, l := range map[string]Login{
		"no account":      {},
		"long account":    {Account: strings.Repeat("x", 256)},
		"bad UTF-8":       {Account: "42", Tenant: "\xff"},
		"long identifier": {Account: "42", Identifier: strings.Repeat("x", 256)},
		"long device":     {Account: "42", Device: strings.Repeat("x", 256)},
		"level":           {Account: "42", Level: 4},
		"kind":            {Account: "42", Kind: 3},
		"roles":           {Account: "42", Roles: make([]string, 257)},
		"role":            {Account: "42", Roles: []string{strings.Repeat("x", 256)}},
		"factors":         {Account: "42", Factors: make([]Factor, 17)},
		"method":          {Account: "42", Factors: []Factor{{Method: "\xff"}}},
		"zero secret":     {Account: "42", Secret: new([32]byte)},
	} {
		c, err := m.Create(t.Context(), l)
		assert.Error(t, err, name)
		assert.Zero(t, c, name)
	}
	create(t, m, Login{Account: strings.Repeat("x", 255), Roles: make([]string, 256), Factors: make([]Factor, 16)})
}

func TestUserAgentIsMadeSafe(t *testing.T) {
	for in, want := range map[string]string{
		"Browser/1 (X)":                  "Browser/1 (X)",
		"a\r\nSet-Cookie:\x00\x7f\u0085": "aSet-Cookie:",
		"a\xffb":                         "a\uFFFDb",
		strings.Repeat("x", 513):         strings.Repeat("x", 512),
		strings.Repeat("语", 200):         strings.Repeat("语", 170), // 510 bytes; the 171st doesn't fit
		strings.Repeat("\n", 2000) + "x": "x",
		strings.Repeat("x", 1<<20):       strings.Repeat("x", 512),
	} {
		assert.Equal(t, want, cleanUserAgent(in))
	}
}

func TestFailingRandomnessOpensNothing(t *testing.T) {
	for name, random := range map[string]Config{
		"error": {Rand: iotest.ErrReader(errors.New("no entropy"))},
		"short": {Rand: strings.NewReader("0123456789abcdef and then too little")},
	} {
		m, _, _ := newManager(t, random)
		c, err := m.Create(t.Context(), Login{Account: "42"})
		require.Error(t, err, name)
		assert.Zero(t, c, name)
		assert.Empty(t, list(t, m, "", "42"), name)
	}
}

type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

func TestRepeatingRandomnessOpensNothing(t *testing.T) {
	m, _, _ := newManager(t, Config{Rand: constant(7)})
	create(t, m, Login{Account: "42"})
	c, err := m.Create(t.Context(), Login{Account: "42"})
	require.ErrorIs(t, err, ErrExists)
	assert.Zero(t, c)
}

func TestKeepEndsTheOldest(t *testing.T) {
	m, _, clock := newManager(t, Config{Keep: 2})
	var made []Created
	for range 4 {
		made = append(made, create(t, m, Login{Account: "42"}))
		clock.advance(time.Second)
	}
	other := create(t, m, Login{Account: "43"})
	assert.Empty(t, made[1].Ended)
	assert.Equal(t, []string{made[0].Session.ID}, made[2].Ended)
	assert.Equal(t, []string{made[1].Session.ID}, made[3].Ended)
	assert.False(t, alive(t, m, made[0].Token))
	assert.Equal(t, []string{made[3].Session.ID, made[2].Session.ID}, list(t, m, "", "42"))
	assert.True(t, alive(t, m, other.Token))

	// What is over makes no room and takes none.
	clock.advance(12 * time.Hour)
	assert.Empty(t, create(t, m, Login{Account: "42"}).Ended)
	assert.Empty(t, create(t, m, Login{Account: "42"}).Ended)
}

func TestKeepDefaultAndUnlimited(t *testing.T) {
	for keep, want := range map[int]int{0: 10, Unlimited: 25} {
		m, _, _ := newManager(t, Config{Keep: keep})
		for range 25 {
			create(t, m, Login{Account: "42"})
		}
		assert.Len(t, list(t, m, "", "42"), want)
	}
}

func TestSecretMakesALoginIdempotent(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	l := Login{Account: "42", Secret: &[32]byte{1}}
	first := create(t, m, l)
	again := create(t, m, l)
	assert.True(t, again.Repeated)
	assert.Equal(t, first.Token, again.Token)
	assert.Equal(t, first.Session, again.Session)
	assert.Len(t, list(t, m, "", "42"), 1)

	// The same secret for another account is another session.
	other := create(t, m, Login{Account: "43", Secret: l.Secret})
	assert.False(t, other.Repeated)

	_, err := m.EndToken(t.Context(), first.Token.Reveal())
	require.NoError(t, err)
	clock.advance(Tombstone - time.Microsecond)
	_, err = m.Create(t.Context(), l)
	require.ErrorIs(t, err, ErrEnded)
	assert.Empty(t, list(t, m, "", "42"))

	// From then on nothing tells the login from a new one.
	clock.advance(time.Microsecond)
	assert.False(t, create(t, m, l).Repeated)
}

func TestSecretOfAnExpiredOrRotatedSessionOpensNothing(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	l := Login{Account: "42", Secret: &[32]byte{1}}
	first := create(t, m, l)
	_, err := m.Rotate(t.Context(), first.Session, nil)
	require.NoError(t, err)
	_, err = m.Create(t.Context(), l)
	require.ErrorIs(t, err, ErrEnded)

	l.Secret = &[32]byte{2}
	create(t, m, l)
	clock.advance(30 * time.Minute)
	_, err = m.Create(t.Context(), l)
	require.ErrorIs(t, err, ErrEnded)
}

// mistaken holds another account's session under every key.
type mistaken struct{ Store }

func (mistaken) Create(context.Context, Session, int) ([]string, error) { return nil, ErrExists }
func (mistaken) Get(_ context.Context, k Key) (Session, error) {
	return Session{Key: k, Account: "43", Idle: time.Hour, Expires: time.Now().Add(time.Hour), Seen: time.Now()}, nil
}

func TestSecretNeverOpensAnotherAccountsSession(t *testing.T) {
	m, err := New(mistaken{}, Config{})
	require.NoError(t, err)
	c, err := m.Create(t.Context(), Login{Account: "42", Secret: &[32]byte{1}})
	require.ErrorIs(t, err, ErrExists)
	assert.Zero(t, c)
}

func TestEnd(t *testing.T) {
	for name, test := range map[string]struct {
		filter func(s []Session) Filter
		want   []bool // alive afterwards: two of acme/42, acme/43, other/42
	}{
		"one":            {func(s []Session) Filter { return Filter{Tenant: "acme", Account: "42", ID: s[0].ID} }, []bool{false, true, true, true}},
		"all":            {func(s []Session) Filter { return Filter{Tenant: "acme", Account: "42"} }, []bool{false, false, true, true}},
		"all but one":    {func(s []Session) Filter { return Filter{Tenant: "acme", Account: "42", Except: s[1].ID} }, []bool{false, true, true, true}},
		"another's":      {func(s []Session) Filter { return Filter{Tenant: "acme", Account: "42", ID: s[2].ID} }, []bool{true, true, true, true}},
		"other tenant's": {func(s []Session) Filter { return Filter{Tenant: "acme", Account: "42", ID: s[3].ID} }, []bool{true, true, true, true}},
		"no such tenant": {func(s []Session) Filter { return Filter{Account: "42"} }, []bool{true, true, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, _ := newManager(t, Config{})
			made := []Created{
				create(t, m, Login{Tenant: "acme", Account: "42"}), create(t, m, Login{Tenant: "acme", Account: "42"}),
				create(t, m, Login{Tenant: "acme", Account: "43"}), create(t, m, Login{Tenant: "other", Account: "42"}),
			}
			var all []Session
			for _, c := range made {
				all = append(all, c.Session)
			}
			n, err := m.End(t.Context(), test.filter(all))
			require.NoError(t, err)
			for i, want := range test.want {
				assert.Equal(t, want, alive(t, m, made[i].Token), i)
				if !want {
					n--
				}
			}
			assert.Zero(t, n, "reports how many it ended")
		})
	}
	m, _, _ := newManager(t, Config{})
	_, err := m.End(t.Context(), Filter{ID: "x"})
	assert.Error(t, err, "an account is required")
}

func TestTenantAndAccountNeverRunTogether(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	a := create(t, m, Login{Tenant: "a", Account: "bc"})
	b := create(t, m, Login{Tenant: "ab", Account: "c"})
	assert.NotEqual(t, Tag("a", "bc"), Tag("ab", "c"))
	assert.Equal(t, []string{a.Session.ID}, list(t, m, "a", "bc"))
	_, err := m.End(t.Context(), Filter{Tenant: "a", Account: "bc"})
	require.NoError(t, err)
	assert.True(t, alive(t, m, b.Token))
}

func TestEndToken(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	c := create(t, m, Login{Account: "42"})
	s, err := m.EndToken(t.Context(), c.Token.Reveal())
	require.NoError(t, err)
	assert.Equal(t, c.Session, s)
	assert.False(t, alive(t, m, c.Token))
	for _, token := range []string{c.Token.Reveal(), "", "junk"} {
		_, err = m.EndToken(t.Context(), token)
		assert.ErrorIs(t, err, ErrNotFound)
	}
}

func TestListIsNewestFirstAndActive(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	create(t, m, Login{Account: "42", Kind: Public})
	clock.advance(8 * time.Minute)
	b := create(t, m, Login{Account: "42"})
	clock.advance(2 * time.Minute)
	c := create(t, m, Login{Account: "42"})
	assert.Equal(t, []string{c.Session.ID, b.Session.ID}, list(t, m, "", "42"))
	for range m.List(t.Context(), "", "42") {
		break // stops the store too
	}
}

// broken fails every verb.
type broken struct{ err error }

func (b broken) Create(context.Context, Session, int) ([]string, error) { return []string{"x"}, b.err }
func (b broken) Get(_ context.Context, k Key) (Session, error) {
	return Session{Key: k, ID: "x"}, b.err
}
func (b broken) Touch(context.Context, Key, time.Time) (bool, error) { return true, b.err }
func (b broken) Rotate(context.Context, Key, Session) (bool, error)  { return true, b.err }
func (b broken) End(context.Context, Filter, time.Time) (int, error) { return 0, b.err }
func (b broken) Expire(context.Context, time.Time, int) (int, error) { return 0, b.err }
func (b broken) List(context.Context, string, string) iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) { yield(Session{ID: "x"}, b.err) }
}

func TestStoreErrorsFailClosed(t *testing.T) {
	down := errors.New("database is down")
	good, _, clock := newManager(t, Config{})
	c := create(t, good, Login{Account: "42"})
	m, err := New(broken{down}, Config{Now: clock.now})
	require.NoError(t, err)
	ctx := t.Context()

	created, err := m.Create(ctx, Login{Account: "42"})
	assert.ErrorIs(t, err, down)
	assert.Zero(t, created)
	created, err = m.Rotate(ctx, c.Session, nil)
	assert.ErrorIs(t, err, down)
	assert.Zero(t, created)
	s, err := m.Check(ctx, c.Token.Reveal())
	assert.ErrorIs(t, err, down)
	assert.NotErrorIs(t, err, ErrNotFound)
	assert.Zero(t, s)
	_, err = m.EndToken(ctx, c.Token.Reveal())
	assert.ErrorIs(t, err, down)
	_, err = m.End(ctx, Filter{Account: "42"})
	assert.ErrorIs(t, err, down)
	_, err = m.Expire(ctx, 10)
	assert.ErrorIs(t, err, down)
	for s, err := range m.List(ctx, "", "42") {
		assert.ErrorIs(t, err, down)
		assert.Zero(t, s)
	}

	clock.advance(time.Minute)
	s = c.Session
	touched, err := m.Admit(ctx, &s)
	assert.ErrorIs(t, err, down, "no session without a record of its activity")
	assert.False(t, touched)
}

func TestDoneContextOpensNothing(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	c := create(t, m, Login{Account: "42"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Check(ctx, c.Token.Reveal())
	assert.ErrorIs(t, err, context.Canceled)
	_, err = m.Create(ctx, Login{Account: "42"})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = m.Rotate(ctx, c.Session, nil)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = m.End(ctx, Filter{Account: "42"})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{c.Session.ID}, list(t, m, "", "42"))
	assert.True(t, alive(t, m, c.Token))
}
