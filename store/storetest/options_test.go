package storetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/memstore"
)

func memory(context.Context) (auth.Stores, error) { return new(memstore.Store).Stores(), nil }

func named(t *testing.T, name string) Case {
	for _, c := range Cases() {
		if c.String() == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return Case{}
}

func TestCasesSayWhatTheyExamine(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range Cases() {
		assert.Contains(t, Options{}.parts(), c.Part)
		assert.NotEmpty(t, c.Promise, c)
		assert.NotEmpty(t, c.Otherwise, c)
		assert.NotNil(t, c.run, c)
		assert.False(t, seen[c.String()], "%s occurs twice", c)
		seen[c.String()] = true
	}
}

func TestCheck(t *testing.T) {
	require.NoError(t, Check(t.Context(), memory, Options{}))

	err := Check(t.Context(), func(context.Context) (auth.Stores, error) {
		return auth.Stores{}, errors.New("no connection")
	}, Options{Parts: []Part{Flows}})
	require.ErrorContains(t, err, "no connection")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Check(ctx, memory, Options{}), context.Canceled)
}

func TestFailureNamesThePromise(t *testing.T) {
	err := Check(t.Context(), func(context.Context) (auth.Stores, error) {
		return auth.Stores{Flows: forgetful{}}, nil
	}, Options{Parts: []Part{Flows}, Contenders: 10})
	failure, ok := errors.AsType[*Failure](err)
	require.True(t, ok, err)
	assert.Equal(t, "flows/round trip", failure.Case.String())
	assert.NotEmpty(t, failure.Problems)
	assert.ErrorContains(t, failure, failure.Case.Promise)
	assert.ErrorContains(t, failure, failure.Case.Otherwise)
}

// forgetful is a store of flows that keeps nothing.
type forgetful struct{}

func (forgetful) Create(ctx context.Context, _ auth.FlowRecord) error { return ctx.Err() }
func (forgetful) Get(context.Context, auth.Digest, time.Time) (auth.FlowRecord, error) {
	return auth.FlowRecord{}, auth.ErrNotFound
}
func (forgetful) Advance(context.Context, auth.Digest, int, auth.FlowRecord) (bool, error) {
	return false, nil
}
func (forgetful) End(context.Context, auth.Digest, int) (bool, error) { return false, nil }

func TestMissingStoreIsAFault(t *testing.T) {
	s, _ := memory(t.Context())
	s.Outbox = nil
	err := named(t, "outbox/round trip").Examine(t.Context(), s, Options{})
	require.ErrorContains(t, err, "the store is nil")
	require.NoError(t, named(t, "flows/round trip").Examine(t.Context(), s, Options{}))
}

func TestOptionsAreChecked(t *testing.T) {
	err := Check(t.Context(), memory, Options{Parts: []Part{"session"}, Except: map[string]string{"sessions/keeps": "?"}})
	require.ErrorContains(t, err, `Options.Parts names "session"`)
	require.ErrorContains(t, err, `Options.Except names "sessions/keeps"`)
}

func TestExceptSkipsWithItsReason(t *testing.T) {
	o := Options{Except: map[string]string{"flows/round trip": "no data beyond 1 KiB"}}
	err := named(t, "flows/round trip").Examine(t.Context(), auth.Stores{Flows: forgetful{}}, o)
	require.ErrorIs(t, err, ErrSkipped)
	require.ErrorContains(t, err, "no data beyond 1 KiB")
}

// TestAccountsOfTheApplication examines a store of four methods over a table
// that only the application fills.
func TestAccountsOfTheApplication(t *testing.T) {
	type four struct{ auth.AccountStore }
	open := func(context.Context) (auth.Stores, error) {
		return auth.Stores{Accounts: four{new(memstore.Store).Stores().Accounts}}, nil
	}
	o := Options{
		Parts: []Part{Accounts},
		AddAccount: func(ctx context.Context, s auth.Stores, a auth.Account, aliases ...string) (string, error) {
			return s.Accounts.(four).AccountStore.(auth.AccountCreator).Create(ctx, a, aliases...)
		},
	}
	require.NoError(t, Check(t.Context(), open, o))
	s, _ := open(t.Context())
	for _, name := range []string{"create is all or nothing", "roles if equal", "list in pages", "race for one name"} {
		require.ErrorIs(t, named(t, "accounts/"+name).Examine(t.Context(), s, o), ErrSkipped, name)
	}
	o.AddAccount = nil
	require.ErrorContains(t, Check(t.Context(), open, o), "set Options.AddAccount")
}

func TestPeerGetsHalfOfTheContenders(t *testing.T) {
	first, second := new(memstore.Store).Stores(), new(memstore.Store).Stores() // two stores that do not share their data
	o := Options{Peer: func(auth.Stores) (auth.Stores, error) { return second, nil }}
	err := named(t, "counters/race for the free attempts").Examine(t.Context(), first, o)
	require.ErrorContains(t, err, "10 of 200 parallel reservations were granted, want exactly 5")
}

func TestHangingStoreIsReported(t *testing.T) {
	s, _ := memory(t.Context())
	locked := &hangs{FlowStore: s.Flows}
	locked.mu.Lock()
	defer locked.mu.Unlock()
	s.Flows = locked
	err := named(t, "flows/round trip").Examine(t.Context(), s, Options{Patience: 20 * time.Millisecond})
	require.ErrorContains(t, err, "a deadlock, or a call that ignores its context")
}

type hangs struct {
	auth.FlowStore
	mu sync.Mutex
}

func (s *hangs) Create(ctx context.Context, f auth.FlowRecord) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.FlowStore.Create(ctx, f)
}

func TestPanickingStoreIsReported(t *testing.T) {
	for _, name := range []string{"flows/round trip", "flows/race for a digest"} {
		err := named(t, name).Examine(t.Context(), auth.Stores{Flows: panics{}}, Options{Contenders: 3})
		require.ErrorContains(t, err, "ended in a panic: out of order", name)
	}
}

type panics struct{ auth.FlowStore }

func (panics) Create(context.Context, auth.FlowRecord) error { panic("out of order") }

// TestRoundTripSetsEveryField keeps the records of the round trips complete when
// the types get fields.
func TestRoundTripSetsEveryField(t *testing.T) {
	var zeros func(path string, v reflect.Value) []string
	zeros = func(path string, v reflect.Value) (paths []string) {
		switch {
		case v.IsZero():
			return []string{path}
		case v.Kind() == reflect.Pointer:
			return zeros(path, v.Elem())
		case v.Kind() == reflect.Slice && v.Len() > 0:
			return zeros(path+"[0]", v.Index(0))
		case v.Kind() == reflect.Struct && exported(v.Type()):
			for i := range v.NumField() {
				paths = append(paths, zeros(path+"."+v.Type().Field(i).Name, v.Field(i))...)
			}
		}
		return paths
	}
	e := &exam{now: time.Now()}
	assert.Equal(t, []string{"Security.Version"}, zeros("Security", reflect.ValueOf(fullSecurity(e.now))))
	assert.Equal(t, []string{"Account.ID"}, zeros("Account", reflect.ValueOf(e.fullAccount())))
	assert.Empty(t, zeros("Session", reflect.ValueOf(e.fullSession())))
	assert.Empty(t, zeros("Event", reflect.ValueOf(e.fullEvent())))
}

func TestDifference(t *testing.T) {
	now := time.Now()
	for _, same := range [][2]any{
		{now, now.In(time.FixedZone("", 3600))}, {now, now.Truncate(time.Microsecond)}, {[]string(nil), []string{}}, {1, 1}, {nil, nil},
		{map[string]time.Time{"a": now}, map[string]time.Time{"a": now.UTC()}},
	} {
		assert.Empty(t, difference(same[0], same[1]))
	}
	for _, differ := range [][2]any{
		{now, now.Add(time.Microsecond)}, {time.Time{}, time.Unix(0, 0)}, {[]string{"a"}, []string{"b"}}, {1, int64(1)}, {1, nil},
		{[]byte("a"), []byte("b")}, {map[string]int{"a": 1}, map[string]int{"b": 1}}, {&auth.Guard{}, (*auth.Guard)(nil)},
		{auth.Digest{1}, auth.Digest{2}},
	} {
		assert.NotEmpty(t, difference(differ[0], differ[1]), "%v and %v", differ[0], differ[1])
	}
	d := difference(auth.Account{Roles: []string{"a", "b"}}, auth.Account{Roles: []string{"a", "c"}})
	assert.Equal(t, `.Roles[1] is "b", want "c"`, d)
}
