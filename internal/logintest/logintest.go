// Package logintest holds what a login promises as test cases that run over any
// stores: in memory from package auth's own tests, on real databases from the
// integration tests.
package logintest

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
)

// Open makes empty stores for one test. Those of one test may be opened again,
// as another process would, by calling what it returns.
type Open func(t *testing.T) auth.Stores

// Run runs every case over stores of this kind.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Answers", answers},
		{"Attempts", attempts},
		{"Races", races},
		{"Idempotency", idempotency},
		{"Sessions", sessions},
		{"Passwords", passwords},
		{"Flows", flows},
		{"Administration", administration},
		{"Faults", faults},
		{"Records", records},
		{"Hostile counts", hostileCounts},
		{"Hostile sessions", hostileSessions},
		{"Hostile administration", hostileAdministration},
		{"Hostile records", hostileRecords},
		{"Hostile meanwhile", hostileMeanwhile},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// Good passwords for tests: each passes the default policy.
const (
	Right  = "quiet lantern above the river"
	Other  = "seven copper kettles whistling"
	Third  = "marble otter under the pier"
	Wrong  = "not the password of anybody"
	Person = "li.na@example.com"
)

// World is a service over stores, with a clock that only moves when told.
type World struct {
	*auth.Service
	t      testing.TB
	Stores auth.Stores
	Config auth.Config
	Clock  *Clock
	Mail   *Mail
	Audit  *Recorder
}

// New makes a world. Each edit may change the configuration.
func New(t testing.TB, stores auth.Stores, edits ...func(*auth.Config)) *World {
	t.Helper()
	key := keyring.Generate()
	ring, err := keyring.New(key)
	require.NoError(t, err)
	w := &World{t: t, Clock: &Clock{now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}, Mail: &Mail{}}
	w.Audit = &Recorder{Sink: stores.Audit}
	stores.Audit = w.Audit
	w.Config = auth.Config{
		BaseURL: "https://crm.example.com", Stores: stores, Keys: ring, Notifier: w.Mail, Now: w.Clock.Now,
		Hashing: password.Config{Argon2id: password.Params{Memory: 64, Time: 1, Threads: 1}, InsecureCheap: true},
	}
	for _, edit := range edits {
		edit(&w.Config)
	}
	w.Stores = w.Config.Stores
	w.Service, err = auth.New(w.Config)
	require.NoError(t, err)
	return w
}

// Again makes a second service over the same stores, as another node has it.
func (w *World) Again(edits ...func(*auth.Config)) *World {
	n := *w
	for _, edit := range edits {
		edit(&n.Config)
	}
	n.Stores = n.Config.Stores
	var err error
	n.Service, err = auth.New(n.Config)
	require.NoError(w.t, err)
	return &n
}

// Account makes an account with a password ("" = none) and returns its id.
func (w *World) Account(identifier, pw string, roles ...string) string {
	w.t.Helper()
	return w.AccountWith(auth.Account{Identifier: identifier, Roles: roles}, pw)
}

// AccountWith makes the account with a password ("" = none).
func (w *World) AccountWith(a auth.Account, pw string, aliases ...string) string {
	w.t.Helper()
	if pw != "" {
		h, err := password.New(w.Config.Hashing)
		require.NoError(w.t, err)
		a.PasswordHash, err = h.Hash(context.Background(), pw)
		require.NoError(w.t, err)
	}
	id, err := w.Stores.Accounts.(auth.AccountCreator).Create(context.Background(), a, aliases...)
	require.NoError(w.t, err)
	return id
}

// Try signs in from a client.
func (w *World) Try(identifier, pw string, c auth.Client) (*auth.SignIn, error) {
	return w.Login(w.t.Context(), auth.Credentials{Identifier: identifier, Password: pw}, c)
}

// SignIn signs in and fails the test if that does not work.
func (w *World) SignIn(identifier, pw string, c auth.Client) *auth.SignIn {
	w.t.Helper()
	in, err := w.Try(identifier, pw, c)
	require.NoError(w.t, err)
	return in
}

// Valid reports whether the token opens anything.
func (w *World) Valid(in *auth.SignIn) bool {
	_, err := w.Authenticate(w.t.Context(), in.Token.Reveal(), auth.Client{})
	if err != nil && !errors.Is(err, auth.ErrSessionRequired) {
		w.t.Errorf("authenticate: %v", err)
	}
	return err == nil
}

// Browser is a client at an address of its own.
func Browser(n int) auth.Client {
	return auth.Client{IP: netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}), UserAgent: "Test/1.0"}
}

// With returns the client as it is after a login.
func With(c auth.Client, in *auth.SignIn) auth.Client {
	c.DeviceKey, c.Session = in.DeviceKey.Reveal(), in.Token.Reveal()
	return c
}

// TokenOf returns the token in a link.
func TokenOf(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	token := u.Query().Get("token")
	require.NotEmpty(t, token)
	return token
}

// Clock is a clock that moves when told.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Mail is a notifier that keeps what it was given.
type Mail struct {
	mu   sync.Mutex
	sent []notify.Message
}

// Notify keeps m.
func (m *Mail) Notify(_ context.Context, msg notify.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, msg)
	return nil
}

// Sent returns what was sent.
func (m *Mail) Sent() []notify.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]notify.Message(nil), m.sent...)
}

// Recorder keeps what passes to a sink, for a look.
type Recorder struct {
	Sink audit.Sink

	mu     sync.Mutex
	events []audit.Event
}

// Append passes on and keeps.
func (r *Recorder) Append(ctx context.Context, events ...audit.Event) error {
	if err := r.Sink.Append(ctx, events...); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
	return nil
}

// Events returns what was recorded.
func (r *Recorder) Events() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]audit.Event(nil), r.events...)
}

// Last returns the latest event.
func (r *Recorder) Last() audit.Event {
	e := r.Events()
	return e[len(e)-1]
}

// together runs f n times at once and waits for all.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; f(i) })
	}
	close(start)
	all.Wait()
}
