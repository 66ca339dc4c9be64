package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
)

func securityFaults() []fault {
	broken := func(what, found string, wrap func(auth.SecurityStore) auth.SecurityStore) fault {
		return fault{what, "security/" + found, func(s *auth.Stores) { s.Security = wrap(s.Security) }}
	}
	type store = auth.SecurityStore
	return []fault{
		broken("has no zero record", "no record is a zero one", func(s store) store { return recordRequired{s} }),
		broken("forgets a field", "round trip", func(s store) store { return forgetsRequired{s} }),
		broken("ignores the version", "save if version", func(s store) store { return savesAlways{s} }),
		broken("forgets the tenant of a record", "exact owners", func(s store) store { return tenantless{s} }),
		broken("shares its slices", "own copy", func(store) store { return &sharesRecords{} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s store) store { return tirelessSecurity{s} }),
		broken("compares the version, then saves", "race to save", func(s store) store { return comparesVersion{s} }),
	}
}

type recordRequired struct{ auth.SecurityStore }

func (s recordRequired) Load(ctx context.Context, tenant, account string) (auth.Security, error) {
	r, err := s.SecurityStore.Load(ctx, tenant, account)
	if err == nil && r.Version == 0 {
		return r, auth.ErrNotFound
	}
	return r, err
}

type forgetsRequired struct{ auth.SecurityStore }

func (s forgetsRequired) Save(ctx context.Context, r auth.Security, ifVersion int64) (bool, error) {
	r.Required = nil
	return s.SecurityStore.Save(ctx, r, ifVersion)
}

type savesAlways struct{ auth.SecurityStore }

func (s savesAlways) Save(ctx context.Context, r auth.Security, _ int64) (bool, error) {
	for {
		stored, err := s.Load(ctx, r.Tenant, r.Account)
		if err != nil {
			return false, err
		}
		if won, err := s.SecurityStore.Save(ctx, r, stored.Version); won || err != nil {
			return won, err
		}
	}
}

type tenantless struct{ auth.SecurityStore }

func (s tenantless) Load(ctx context.Context, tenant, account string) (auth.Security, error) {
	r, err := s.SecurityStore.Load(ctx, "", account)
	r.Tenant = tenant
	return r, err
}

func (s tenantless) Save(ctx context.Context, r auth.Security, ifVersion int64) (bool, error) {
	r.Tenant = ""
	return s.SecurityStore.Save(ctx, r, ifVersion)
}

type sharesRecords struct{ records sync.Map }

func (s *sharesRecords) Load(ctx context.Context, tenant, account string) (auth.Security, error) {
	if r, ok := s.records.Load([2]string{tenant, account}); ok {
		return r.(auth.Security), ctx.Err()
	}
	return auth.Security{Tenant: tenant, Account: account}, ctx.Err()
}

func (s *sharesRecords) Save(ctx context.Context, r auth.Security, ifVersion int64) (bool, error) {
	r.Version = ifVersion + 1
	s.records.Store([2]string{r.Tenant, r.Account}, r)
	return true, ctx.Err()
}

type tirelessSecurity struct{ auth.SecurityStore }

func (s tirelessSecurity) Save(ctx context.Context, r auth.Security, ifVersion int64) (bool, error) {
	return s.SecurityStore.Save(context.WithoutCancel(ctx), r, ifVersion)
}

type comparesVersion struct{ auth.SecurityStore }

func (s comparesVersion) Save(ctx context.Context, r auth.Security, ifVersion int64) (bool, error) {
	if stored, err := s.Load(ctx, r.Tenant, r.Account); err != nil || stored.Version != ifVersion {
		return false, err
	}
	dawdle()
	return savesAlways(s).Save(ctx, r, ifVersion)
}

type tokens interface {
	auth.TokenStore
	auth.Expirer
}

func tokenFaults() []fault {
	broken := func(what, found string, wrap func(tokens) auth.TokenStore) fault {
		return fault{what, "tokens/" + found, func(s *auth.Stores) { s.Tokens = wrap(s.Tokens.(tokens)) }}
	}
	return []fault{
		broken("cuts data at a NUL", "round trip", func(s tokens) auth.TokenStore { return textData{s} }),
		broken("only looks when it should take", "taken once", func(s tokens) auth.TokenStore { return looksOnly{s} }),
		broken("takes when it should only look", "taken once", func(s tokens) auth.TokenStore { return peekConsumes{s} }),
		broken("ignores the purpose", "purpose", func(s tokens) auth.TokenStore { return anyPurpose{s, new(sync.Map)} }),
		broken("takes a token at the instant it ends", "exact end", func(s tokens) auth.TokenStore { return takesLate{s} }),
		broken("keeps the earlier token of a slot", "one per slot", func(s tokens) auth.TokenStore { return manyPerSlot{s} }),
		broken("overwrites a digest that is taken", "digest taken", func(s tokens) auth.TokenStore { return overwritesToken{s, new(sync.Map)} }),
		broken("revokes whatever the purpose", "revoke", func(s tokens) auth.TokenStore { return revokesAll{s} }),
		broken("glues tenant and account", "exact owners", func(s tokens) auth.TokenStore { return gluedOwner{s} }),
		broken("mends malformed purposes", "hostile values", func(s tokens) auth.TokenStore { return mendsPurpose{s} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s tokens) auth.TokenStore { return tirelessTokens{s} }),
		broken("expires what is alive for an hour more", "expiry spares the living", func(s tokens) auth.TokenStore { return expiresEarly{s} }),
		broken("looks, then takes", "race to take", func(s tokens) auth.TokenStore { return looksThenTakes{s} }),
		broken("empties a slot, then issues into it", "race for a slot", func(s tokens) auth.TokenStore { return &emptiesFirst{tokens: s} }),
		broken("looks for a digest, then issues it", "race for a digest", func(s tokens) auth.TokenStore {
			return &looksThenIssues{overwritesToken: overwritesToken{s, new(sync.Map)}}
		}),
		broken("counts what it will revoke, then revokes", "race of take and revoke", func(s tokens) auth.TokenStore { return &countsFirst{tokens: s} }),
	}
}

type textData struct{ tokens }

func (s textData) Issue(ctx context.Context, t auth.Token) error {
	text, _, _ := strings.Cut(string(t.Data), "\x00")
	t.Data = []byte(text)
	return s.tokens.Issue(ctx, t)
}

type looksOnly struct{ tokens }

func (s looksOnly) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, bool, error) {
	t, err := s.tokens.Peek(ctx, d, purpose, now)
	if errors.Is(err, auth.ErrNotFound) {
		return t, false, nil
	}
	return t, err == nil, err
}

type peekConsumes struct{ tokens }

func (s peekConsumes) Peek(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, error) {
	t, won, err := s.tokens.Take(ctx, d, purpose, now)
	if err == nil && !won {
		err = auth.ErrNotFound
	}
	return t, err
}

type anyPurpose struct {
	tokens
	purposes *sync.Map
}

func (s anyPurpose) Issue(ctx context.Context, t auth.Token) error {
	s.purposes.Store(t.Digest, t.Purpose)
	return s.tokens.Issue(ctx, t)
}

func (s anyPurpose) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, bool, error) {
	if p, ok := s.purposes.Load(d); ok {
		purpose = p.(string)
	}
	return s.tokens.Take(ctx, d, purpose, now)
}

type takesLate struct{ tokens }

func (s takesLate) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, bool, error) {
	return s.tokens.Take(ctx, d, purpose, now.Add(-time.Microsecond))
}

type manyPerSlot struct{ tokens }

func (s manyPerSlot) Issue(ctx context.Context, t auth.Token) error {
	t.Slot += string(t.Digest[:])
	return s.tokens.Issue(ctx, t)
}

// overwritesToken remembers the latest token of each digest beside the store.
type overwritesToken struct {
	tokens
	latest *sync.Map
}

func (s overwritesToken) Issue(ctx context.Context, t auth.Token) error {
	err := s.tokens.Issue(ctx, t)
	if errors.Is(err, auth.ErrExists) {
		s.latest.Store(t.Digest, t)
		return nil
	}
	return err
}

func (s overwritesToken) Peek(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, error) {
	if t, ok := s.latest.Load(d); ok {
		return t.(auth.Token), nil
	}
	return s.tokens.Peek(ctx, d, purpose, now)
}

type revokesAll struct{ tokens }

func (s revokesAll) Revoke(ctx context.Context, tenant, account string, _ ...string) (int, error) {
	return s.tokens.Revoke(ctx, tenant, account)
}

type gluedOwner struct{ tokens }

func (s gluedOwner) Issue(ctx context.Context, t auth.Token) error {
	t.Tenant, t.Account = "", t.Tenant+"/"+t.Account
	return s.tokens.Issue(ctx, t)
}

func (s gluedOwner) Revoke(ctx context.Context, tenant, account string, purposes ...string) (int, error) {
	return s.tokens.Revoke(ctx, "", tenant+"/"+account, purposes...)
}

type mendsPurpose struct{ tokens }

func (s mendsPurpose) Issue(ctx context.Context, t auth.Token) error {
	t.Purpose = strings.ToValidUTF8(t.Purpose, "\ufffd")
	return s.tokens.Issue(ctx, t)
}

type tirelessTokens struct{ tokens }

func (s tirelessTokens) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, bool, error) {
	return s.tokens.Take(context.WithoutCancel(ctx), d, purpose, now)
}

type expiresEarly struct{ tokens }

func (s expiresEarly) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.tokens.Expire(ctx, now.Add(time.Hour), limit)
}

type looksThenTakes struct{ tokens }

func (s looksThenTakes) Take(ctx context.Context, d auth.Digest, purpose string, now time.Time) (auth.Token, bool, error) {
	t, won, err := looksOnly(s).Take(ctx, d, purpose, now)
	if !won || err != nil {
		return t, won, err
	}
	dawdle()
	_, _, err = s.tokens.Take(ctx, d, purpose, now)
	return t, true, err
}

// emptiesFirst ends what is in a slot and then issues, in two steps.
type emptiesFirst struct {
	tokens
	slots sync.Map
}

func (s *emptiesFirst) Issue(ctx context.Context, t auth.Token) error {
	slot := [3]string{t.Tenant, t.Account, t.Slot}
	if old, ok := s.slots.Load(slot); ok {
		o := old.(auth.Token)
		_, _, _ = s.tokens.Take(ctx, o.Digest, o.Purpose, o.Created)
	}
	dawdle()
	s.slots.Store(slot, t)
	return manyPerSlot{s.tokens}.Issue(ctx, t)
}

type looksThenIssues struct{ overwritesToken }

func (s *looksThenIssues) Issue(ctx context.Context, t auth.Token) error {
	if _, err := s.tokens.Peek(ctx, t.Digest, t.Purpose, t.Created); err == nil {
		return auth.ErrExists
	}
	dawdle()
	return s.overwritesToken.Issue(ctx, t)
}

// countsFirst reports what was there before it revoked.
type countsFirst struct {
	tokens
	mu   sync.Mutex
	live []auth.Token
}

func (s *countsFirst) Issue(ctx context.Context, t auth.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, t)
	return s.tokens.Issue(ctx, t)
}

func (s *countsFirst) Revoke(ctx context.Context, tenant, account string, purposes ...string) (n int, err error) {
	s.mu.Lock()
	live := slices.Clone(s.live)
	s.mu.Unlock()
	for _, t := range live {
		wanted := t.Tenant == tenant && t.Account == account && (len(purposes) == 0 || slices.Contains(purposes, t.Purpose))
		if _, err := s.tokens.Peek(ctx, t.Digest, t.Purpose, t.Created); wanted && err == nil {
			n++
		}
	}
	dawdle()
	_, err = s.tokens.Revoke(ctx, tenant, account, purposes...)
	return n, err
}

type flows interface {
	auth.FlowStore
	auth.Expirer
}

func flowFaults() []fault {
	broken := func(what, found string, wrap func(flows) auth.FlowStore) fault {
		return fault{what, "flows/" + found, func(s *auth.Stores) { s.Flows = wrap(s.Flows.(flows)) }}
	}
	return []fault{
		broken("shares its data", "round trip", func(s flows) auth.FlowStore { return &sharesData{flows: s} }),
		broken("finds a flow that is over", "exact end", func(s flows) auth.FlowStore { return findsOver{s} }),
		broken("advances from any step", "advance from a step", func(s flows) auth.FlowStore { return anyStep{s} }),
		broken("inserts when it should advance", "advance from a step", func(s flows) auth.FlowStore { return upsertsFlow{s} }),
		broken("ends at any step", "end at a step", func(s flows) auth.FlowStore { return endsAnywhere{s} }),
		broken("reports a taken digest as created", "digest taken", func(s flows) auth.FlowStore { return createsTwice{s} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s flows) auth.FlowStore { return tirelessFlows{s} }),
		broken("expires what is alive for an hour more", "expiry spares the living", func(s flows) auth.FlowStore { return expiresFlowsEarly{s} }),
		broken("compares the step, then advances", "race to advance", func(s flows) auth.FlowStore { return comparesStep{s} }),
		broken("looks for a flow, then ends it", "race to end", func(s flows) auth.FlowStore { return looksThenEnds{s} }),
		broken("looks for a digest, then creates", "race for a digest", func(s flows) auth.FlowStore { return looksThenCreates{s} }),
	}
}

type sharesData struct {
	flows
	data sync.Map
}

func (s *sharesData) Create(ctx context.Context, f auth.FlowRecord) error {
	s.data.Store(f.Digest, f.Data)
	return s.flows.Create(ctx, f)
}

func (s *sharesData) Get(ctx context.Context, d auth.Digest, now time.Time) (auth.FlowRecord, error) {
	f, err := s.flows.Get(ctx, d, now)
	if data, ok := s.data.Load(d); ok && err == nil {
		f.Data = data.([]byte)
	}
	return f, err
}

type findsOver struct{ flows }

func (s findsOver) Get(ctx context.Context, d auth.Digest, _ time.Time) (auth.FlowRecord, error) {
	return s.flows.Get(ctx, d, time.Time{})
}

type anyStep struct{ flows }

func (s anyStep) Advance(ctx context.Context, d auth.Digest, _ int, next auth.FlowRecord) (bool, error) {
	f, err := s.flows.Get(ctx, d, time.Time{})
	if err != nil {
		return false, nil
	}
	return s.flows.Advance(ctx, d, f.Step, next)
}

type upsertsFlow struct{ flows }

func (s upsertsFlow) Advance(ctx context.Context, d auth.Digest, from int, next auth.FlowRecord) (bool, error) {
	if _, err := s.flows.Get(ctx, d, time.Time{}); errors.Is(err, auth.ErrNotFound) {
		return true, s.flows.Create(ctx, next)
	}
	return s.flows.Advance(ctx, d, from, next)
}

type endsAnywhere struct{ flows }

func (s endsAnywhere) End(ctx context.Context, d auth.Digest, _ int) (bool, error) {
	f, err := s.flows.Get(ctx, d, time.Time{})
	if err != nil {
		return false, nil
	}
	return s.flows.End(ctx, d, f.Step)
}

type createsTwice struct{ flows }

func (s createsTwice) Create(ctx context.Context, f auth.FlowRecord) error {
	if err := s.flows.Create(ctx, f); !errors.Is(err, auth.ErrExists) {
		return err
	}
	return nil
}

type tirelessFlows struct{ flows }

func (s tirelessFlows) End(ctx context.Context, d auth.Digest, from int) (bool, error) {
	return s.flows.End(context.WithoutCancel(ctx), d, from)
}

type expiresFlowsEarly struct{ flows }

func (s expiresFlowsEarly) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.flows.Expire(ctx, now.Add(time.Hour), limit)
}

type comparesStep struct{ flows }

func (s comparesStep) Advance(ctx context.Context, d auth.Digest, from int, next auth.FlowRecord) (bool, error) {
	if f, err := s.flows.Get(ctx, d, time.Time{}); err != nil || f.Step != from {
		return false, nil
	}
	dawdle()
	return anyStep(s).Advance(ctx, d, from, next)
}

type looksThenEnds struct{ flows }

func (s looksThenEnds) End(ctx context.Context, d auth.Digest, from int) (bool, error) {
	if f, err := s.flows.Get(ctx, d, time.Time{}); err != nil || f.Step != from {
		return false, nil
	}
	dawdle()
	_, err := s.flows.End(ctx, d, from)
	return true, err
}

type looksThenCreates struct{ flows }

func (s looksThenCreates) Create(ctx context.Context, f auth.FlowRecord) error {
	if _, err := s.flows.Get(ctx, f.Digest, time.Time{}); err == nil {
		return auth.ErrExists
	}
	dawdle()
	return createsTwice(s).Create(ctx, f)
}
