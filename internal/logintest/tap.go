package logintest

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// tap stands between a service and its stores. While it is armed it counts the
// calls, and runs a function before or after the one that was asked for: a
// store that pauses while something else happens, or one that fails.
type tap struct {
	mu    sync.Mutex
	at    int // 0 = not armed
	calls int
	do    func() error
	after bool
	names []string
	ends  error // what every End of sessions fails with
}

// failEnd makes every ending of sessions fail with err, until it is called with
// nil.
func (p *tap) failEnd(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = err
}

// arm makes the n-th call from now run do: before it, or after it.
func (p *tap) arm(n int, after bool, do func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.calls, p.do, p.after, p.names = n, 0, do, after, nil
}

// disarm returns the calls that were counted, by name.
func (p *tap) disarm() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = 0
	return p.names
}

func (p *tap) run(name string, call func() error) error {
	p.mu.Lock()
	var do func() error
	if p.at > 0 {
		p.calls++
		p.names = append(p.names, name)
		if p.calls == p.at {
			do = p.do
		}
	}
	after := p.after
	if do != nil {
		p.at = 0 // what do itself calls is not counted
	}
	p.mu.Unlock()
	if do != nil && !after {
		if err := do(); err != nil {
			return err
		}
	}
	err := call()
	if do != nil && after && err == nil {
		err = do()
	}
	return err
}

// tapped returns the stores behind a tap. What they can do beyond their
// interfaces stays possible for accounts and counters; joined reads do not.
func tapped(s auth.Stores) (auth.Stores, *tap) {
	p := new(tap)
	s.Accounts = tappedAccounts{s.Accounts, p}
	s.Security = tappedSecurity{s.Security, p}
	s.Tokens = tappedTokens{s.Tokens, p}
	s.Flows = tappedFlows{s.Flows, p}
	s.Sessions = tappedSessions{s.Sessions, p}
	s.Counters = &tappedCounters{s.Counters, p}
	s.Audit = tappedAudit{s.Audit, p}
	return s, p
}

type tappedAccounts struct {
	auth.AccountStore
	p *tap
}

func (t tappedAccounts) Find(ctx context.Context, tenant, identifier string) (a auth.Account, err error) {
	err = t.p.run("accounts.Find", func() (err error) { a, err = t.AccountStore.Find(ctx, tenant, identifier); return })
	return
}

func (t tappedAccounts) Get(ctx context.Context, tenant, id string) (a auth.Account, err error) {
	err = t.p.run("accounts.Get", func() (err error) { a, err = t.AccountStore.Get(ctx, tenant, id); return })
	return
}

func (t tappedAccounts) ReplacePassword(ctx context.Context, tenant, id, old, new string) (won bool, err error) {
	err = t.p.run("accounts.ReplacePassword", func() (err error) {
		won, err = t.AccountStore.ReplacePassword(ctx, tenant, id, old, new)
		return
	})
	return
}

func (t tappedAccounts) SetDisabled(ctx context.Context, tenant, id string, d bool) (changed bool, err error) {
	err = t.p.run("accounts.SetDisabled", func() (err error) { changed, err = t.AccountStore.SetDisabled(ctx, tenant, id, d); return })
	return
}

func (t tappedAccounts) Create(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	return t.AccountStore.(auth.AccountCreator).Create(ctx, a, aliases...)
}

func (t tappedAccounts) SetRoles(ctx context.Context, tenant, id string, from, to []string) (bool, error) {
	return t.AccountStore.(auth.RoleChanger).SetRoles(ctx, tenant, id, from, to)
}

func (t tappedAccounts) List(ctx context.Context, tenant, prefix, after string) iter.Seq2[auth.Account, error] {
	return t.AccountStore.(auth.AccountLister).List(ctx, tenant, prefix, after)
}

type tappedSecurity struct {
	auth.SecurityStore
	p *tap
}

func (t tappedSecurity) Load(ctx context.Context, tenant, account string) (s auth.Security, err error) {
	err = t.p.run("security.Load", func() (err error) { s, err = t.SecurityStore.Load(ctx, tenant, account); return })
	return
}

func (t tappedSecurity) Save(ctx context.Context, s auth.Security, v int64) (won bool, err error) {
	err = t.p.run("security.Save", func() (err error) { won, err = t.SecurityStore.Save(ctx, s, v); return })
	return
}

type tappedTokens struct {
	auth.TokenStore
	p *tap
}

func (t tappedTokens) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (tok auth.Token, won bool, err error) {
	err = t.p.run("tokens.Take", func() (err error) { tok, won, err = t.TokenStore.Take(ctx, d, purpose, now); return })
	return
}

func (t tappedTokens) Revoke(ctx context.Context, tenant, account string, purposes ...string) (n int, err error) {
	err = t.p.run("tokens.Revoke", func() (err error) { n, err = t.TokenStore.Revoke(ctx, tenant, account, purposes...); return })
	return
}

type tappedFlows struct {
	auth.FlowStore
	p *tap
}

func (t tappedFlows) Create(ctx context.Context, f auth.FlowRecord) error {
	return t.p.run("flows.Create", func() error { return t.FlowStore.Create(ctx, f) })
}

func (t tappedFlows) End(ctx context.Context, d auth.Digest, step int) (won bool, err error) {
	err = t.p.run("flows.End", func() (err error) { won, err = t.FlowStore.End(ctx, d, step); return })
	return
}

type tappedSessions struct {
	session.Store
	p *tap
}

func (t tappedSessions) Create(ctx context.Context, s session.Session, keep int) (ended []string, err error) {
	err = t.p.run("sessions.Create", func() (err error) { ended, err = t.Store.Create(ctx, s, keep); return })
	return
}

func (t tappedSessions) Rotate(ctx context.Context, old session.Key, next session.Session) (won bool, err error) {
	err = t.p.run("sessions.Rotate", func() (err error) { won, err = t.Store.Rotate(ctx, old, next); return })
	return
}

func (t tappedSessions) End(ctx context.Context, f session.Filter, at time.Time) (n int, err error) {
	t.p.mu.Lock()
	err = t.p.ends
	t.p.mu.Unlock()
	if err == nil {
		err = t.p.run("sessions.End", func() (err error) { n, err = t.Store.End(ctx, f, at); return })
	}
	return
}

type tappedCounters struct {
	lockout.Store
	p *tap
}

func (t *tappedCounters) Reserve(ctx context.Context, now time.Time, r ...lockout.Request) (c []lockout.Count, err error) {
	err = t.p.run("counters.Reserve", func() (err error) { c, err = t.Store.Reserve(ctx, now, r...); return })
	return
}

func (t *tappedCounters) Settle(ctx context.Context, s ...lockout.Settlement) error {
	return t.p.run("counters.Settle", func() error { return t.Store.Settle(ctx, s...) })
}

type tappedAudit struct {
	audit.Sink
	p *tap
}

func (t tappedAudit) Append(ctx context.Context, e ...audit.Event) error {
	return t.p.run("audit.Append", func() error { return t.Sink.Append(ctx, e...) })
}
