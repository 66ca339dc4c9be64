package memstore_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/memstore"
)

const benchAccounts = 10_000

func filled(b *testing.B) (auth.Stores, []string) {
	stores := new(memstore.Store).Stores()
	ids := make([]string, benchAccounts)
	for i := range ids {
		var err error
		ids[i], err = stores.Accounts.(auth.AccountCreator).Create(b.Context(), auth.Account{
			Tenant: "acme", Identifier: fmt.Sprintf("user-%d@example.com", i), Roles: []string{"sales"},
		})
		require.NoError(b, err)
		_, err = stores.Security.Save(b.Context(), auth.Security{
			Tenant: "acme", Account: ids[i], Marks: []string{"mark"}, Devices: make([]auth.Device, 2),
		}, 0)
		require.NoError(b, err)
	}
	return stores, ids
}

func BenchmarkFind(b *testing.B) {
	stores, _ := filled(b)
	for i := 0; b.Loop(); i++ {
		_, _ = stores.Accounts.Find(b.Context(), "acme", fmt.Sprintf("user-%d@example.com", i%benchAccounts))
	}
}

func BenchmarkGet(b *testing.B) {
	stores, ids := filled(b)
	for i := 0; b.Loop(); i++ {
		_, _ = stores.Accounts.Get(b.Context(), "acme", ids[i%len(ids)])
	}
}

func BenchmarkGetParallel(b *testing.B) {
	stores, ids := filled(b)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			_, _ = stores.Accounts.Get(b.Context(), "acme", ids[i%len(ids)])
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	stores, ids := filled(b)
	for i := 0; b.Loop(); i++ {
		_, _ = stores.Security.Load(b.Context(), "acme", ids[i%len(ids)])
	}
}

func BenchmarkIssueAndTake(b *testing.B) {
	stores, ids := filled(b)
	now := time.Now()
	for i := 0; b.Loop(); i++ {
		t := auth.Token{Purpose: "reset", Tenant: "acme", Account: ids[i%len(ids)], Slot: "reset", Created: now, Expires: now.Add(time.Hour)}
		rand.Read(t.Digest[:])
		_ = stores.Tokens.Issue(b.Context(), t)
		_, _, _ = stores.Tokens.Take(b.Context(), t.Digest, "reset", now)
	}
}
