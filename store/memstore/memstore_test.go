package memstore

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
)

var begin = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func digest() (d auth.Digest) {
	rand.Read(d[:])
	return d
}

func TestStoresAreTheSameOnes(t *testing.T) {
	var s Store
	_, err := s.Stores().Accounts.(auth.AccountCreator).Create(t.Context(), auth.Account{Identifier: "li"})
	require.NoError(t, err)
	_, err = s.Stores().Accounts.Find(t.Context(), "", "li")
	require.NoError(t, err)
	assert.Equal(t, s.Stores(), s.Stores())
	var other Store
	_, err = other.Stores().Accounts.Find(t.Context(), "", "li")
	require.ErrorIs(t, err, auth.ErrNotFound)
}

// TestDeadTokensStayFew issues tokens without end, as strangers can who ask for
// resets, and never calls Expire.
func TestDeadTokensStayFew(t *testing.T) {
	var s tokens
	const perMinute, minutes, life = 100, 200, 30
	for minute := range minutes {
		now := begin.Add(time.Duration(minute) * time.Minute)
		for i := range perMinute {
			require.NoError(t, s.Issue(t.Context(), auth.Token{
				Digest: digest(), Purpose: "reset", Account: fmt.Sprint(minute, i), Slot: "reset",
				Created: now, Expires: now.Add(life * time.Minute),
			}))
		}
	}
	const living = perMinute * (life + 1) // a minute more, for clocks that differ
	assert.Less(t, len(s.shelf.records), living*3/2)
	assert.GreaterOrEqual(t, len(s.shelf.records), perMinute*life)
	assert.Len(t, s.slots, len(s.shelf.records), "each token has its slot, and nothing else has")
}

func TestDeadFlowsStayFew(t *testing.T) {
	var s flows
	for i := range 20_000 {
		now := begin.Add(time.Duration(i) * time.Second)
		f := auth.FlowRecord{Digest: digest(), Expires: now.Add(10 * time.Minute)}
		require.NoError(t, s.Create(t.Context(), f))
		if i%10 == 0 { // one in ten goes on, and tells the time
			_, err := s.Get(t.Context(), f.Digest, now)
			require.NoError(t, err)
		}
	}
	assert.Less(t, len(s.shelf.records), 660*3/2)
}

// TestSweepSparesClocksThatDiffer shows that a write on a node whose clock is
// ahead drops nothing that is alive for another one.
func TestSweepSparesClocksThatDiffer(t *testing.T) {
	var s flows
	f := auth.FlowRecord{Digest: digest(), Expires: begin.Add(time.Minute)}
	require.NoError(t, s.Create(t.Context(), f))
	_, err := s.Get(t.Context(), digest(), begin.Add(90*time.Second))
	require.ErrorIs(t, err, auth.ErrNotFound)
	require.NoError(t, s.Create(t.Context(), auth.FlowRecord{Digest: digest(), Expires: begin.Add(time.Hour)}))
	_, err = s.Get(t.Context(), f.Digest, begin.Add(30*time.Second))
	require.NoError(t, err)
}

func TestExpireDropsAllInBatches(t *testing.T) {
	var s flows
	for i := range 3 * expireBatch {
		end := begin.Add(time.Duration(i%2) * time.Hour)
		require.NoError(t, s.Create(t.Context(), auth.FlowRecord{Digest: digest(), Expires: end}))
	}
	n, err := s.Expire(t.Context(), begin, 10)
	require.NoError(t, err)
	assert.Equal(t, 10, n)
	n, err = s.Expire(t.Context(), begin, 1_000_000)
	require.NoError(t, err)
	assert.Equal(t, 3*expireBatch/2-10, n)
	assert.Len(t, s.shelf.records, 3*expireBatch/2)
}

// TestClonesShareNothing keeps the clones complete when the records get fields.
func TestClonesShareNothing(t *testing.T) {
	var record auth.Security
	fill(reflect.ValueOf(&record).Elem())
	clone := cloneSecurity(record)
	require.Equal(t, record, clone)
	assert.Empty(t, shared("Security", reflect.ValueOf(record), reflect.ValueOf(clone)))

	var account auth.Account
	fill(reflect.ValueOf(&account).Elem())
	copied := cloneAccount(&account)
	require.Equal(t, account, copied)
	assert.Empty(t, shared("Account", reflect.ValueOf(account), reflect.ValueOf(copied)))
}

// fill gives every slice, map and pointer in v an element.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time, netip.Addr: // immutable
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	}
}

// shared returns the paths at which a and b hold the same memory.
func shared(path string, a, b reflect.Value) (paths []string) {
	switch a.Interface().(type) {
	case time.Time, netip.Addr:
		return nil
	}
	switch a.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		if a.Pointer() == b.Pointer() {
			return []string{path}
		}
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			paths = append(paths, shared(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))...)
		}
	case reflect.Slice:
		for i := range a.Len() {
			paths = append(paths, shared(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))...)
		}
	case reflect.Pointer:
		paths = shared(path, a.Elem(), b.Elem())
	}
	return paths
}
