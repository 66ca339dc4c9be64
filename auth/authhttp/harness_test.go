package authhttp_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
	"github.com/crmauth/crmauth/store/memstore"
)

const (
	boss  = "li.na@example.com"
	right = "quiet lantern above the river"
	other = "seven herons beneath a maple"
)

// clock is a time that only tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// site is a service with one administrator and its front.
type site struct {
	svc   *auth.Service
	web   *authhttp.Web
	store auth.Stores
	clock *clock
	base  string
}

func newSite(t testing.TB, ac auth.Config, c authhttp.Config) *site {
	t.Helper()
	s := &site{clock: &clock{at: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}, base: "https://crm.example.com"}
	keys, err := keyring.New(keyring.Generate())
	require.NoError(t, err)
	if ac.BaseURL == "" {
		ac.BaseURL = s.base
	}
	s.base = ac.BaseURL
	ac.Keys, ac.Notifier, ac.Now = keys, notify.InsecureConsole(io.Discard), s.clock.now
	ac.Hashing = password.Config{Argon2id: password.Params{Memory: 64, Time: 1, Threads: 1}, InsecureCheap: true}
	ac.Logger = slog.New(slog.DiscardHandler)
	if ac.Stores.Accounts == nil {
		ac.Stores = newStores()
	}
	s.store = ac.Stores
	s.svc, err = auth.New(ac)
	require.NoError(t, err)
	s.web, err = authhttp.New(s.svc, c)
	require.NoError(t, err)
	s.bootstrap(t, "", boss)
	return s
}

func (s *site) bootstrap(t testing.TB, tenant, identifier string) {
	link, err := s.svc.Bootstrap(context.Background(), tenant, identifier)
	require.NoError(t, err)
	visit, err := url.Parse(link)
	require.NoError(t, err)
	require.NoError(t, s.svc.Recovery().Complete(context.Background(), visit.Query().Get("token"), right, auth.Client{}))
}

// operator administers without a session.
func (s *site) operator() *auth.Admin {
	return s.svc.Admin(auth.Operator{Name: "test"}, auth.Client{})
}

// add makes an account with a password.
func (s *site) add(t testing.TB, identifier string, roles ...string) (id string) {
	t.Helper()
	hasher, err := password.New(password.Config{Argon2id: password.Params{Memory: 64, Time: 1, Threads: 1}, InsecureCheap: true})
	require.NoError(t, err)
	hash, err := hasher.Hash(t.Context(), right)
	require.NoError(t, err)
	id, err = s.store.Accounts.(auth.AccountCreator).Create(t.Context(), auth.Account{
		Identifier: identifier, Roles: roles, PasswordHash: hash, Created: s.clock.now(),
	})
	require.NoError(t, err)
	return id
}

// browser keeps cookies by name, as a browser does for one host.
type browser struct {
	t       testing.TB
	site    *site
	handler http.Handler
	cookies map[string]string
	header  http.Header
	peer    string
}

func (s *site) browser(t testing.TB) *browser {
	return &browser{t: t, site: s, handler: s.web, cookies: map[string]string{}, header: http.Header{}, peer: "198.51.100.7:4711"}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

func (a answer) json() (v map[string]any) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal(a.Body.Bytes(), &v), a.Body.String())
	return v
}

func (a answer) code() string {
	a.t.Helper()
	require.Equal(a.t, "application/problem+json", a.Header().Get("Content-Type"), a.Body.String())
	code, _ := a.json()["code"].(string)
	return code
}

func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// do sends a request and keeps the cookies of the answer.
func (b *browser) do(method, path, body string, headers ...string) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, b.site.base+path, strings.NewReader(body))
	r.RemoteAddr = b.peer
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	a := answer{httptest.NewRecorder(), b.t}
	b.handler.ServeHTTP(a, r)
	if b.handler == http.Handler(b.site.web) {
		checkDocumented(b.t, r, a.Code)
	}
	for _, c := range a.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return a
}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	return b.do("GET", path, "", headers...)
}

// post sends v as JSON.
func (b *browser) post(path string, v any, headers ...string) answer {
	b.t.Helper()
	text, err := json.Marshal(v)
	require.NoError(b.t, err)
	return b.do("POST", path, string(text), headers...)
}

type object = map[string]any

func (b *browser) login(identifier, pw string) answer {
	b.t.Helper()
	return b.post("/auth/login", object{"identifier": identifier, "password": pw})
}

// signedIn returns a browser in which somebody is.
func (s *site) signedIn(t testing.TB, identifier string) *browser {
	t.Helper()
	b := s.browser(t)
	a := b.login(identifier, right)
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	return b
}

const (
	sessionCookie = "__Host-auth_session"
	deviceCookie  = "__Host-auth_device"
	browserCookie = "__Host-auth_browser"
)

func newStores() auth.Stores { return new(memstore.Store).Stores() }

// countingSessions counts the reads of sessions.
type countingSessions struct {
	session.Store
	gets atomic.Int64
}

func (c *countingSessions) Get(ctx context.Context, k session.Key) (session.Session, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, k)
}
