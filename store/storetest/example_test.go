package storetest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/memstore"
	"github.com/crmauth/crmauth/store/storetest"
)

// A test of a store is one call. Each case gets empty stores of its own.
func ExampleRun() {
	_ = func(t *testing.T) { // TestStore in your package
		storetest.Run(t, func(t *testing.T) auth.Stores {
			return new(memstore.Store).Stores()
		}, storetest.Options{})
	}
}

// A store that keeps sessions, counters and flows only, examined outside of
// tests: as a command that operators run against a staging database, say.
func ExampleCheck() {
	open := func(ctx context.Context) (auth.Stores, error) {
		all := new(memstore.Store).Stores()
		return auth.Stores{Sessions: all.Sessions, Counters: all.Counters, Flows: all.Flows}, nil
	}
	err := storetest.Check(context.Background(), open, storetest.Options{
		Parts: []storetest.Part{storetest.Sessions, storetest.Counters, storetest.Flows},
	})
	fmt.Println("broken promises:", err)
	// Output:
	// broken promises: <nil>
}

// An account store over the application's own table has four methods, and the
// suite puts accounts into the table as the application does.
func ExampleOptions_addAccount() {
	open := func(ctx context.Context) (auth.Stores, error) {
		return auth.Stores{Accounts: usersTable{new(memstore.Store).Stores().Accounts}}, nil
	}
	err := storetest.Check(context.Background(), open, storetest.Options{
		Parts: []storetest.Part{storetest.Accounts},
		AddAccount: func(ctx context.Context, s auth.Stores, a auth.Account, aliases ...string) (string, error) {
			return s.Accounts.(usersTable).insert(ctx, a, aliases...)
		},
	})
	fmt.Println("broken promises:", err)
	// Output:
	// broken promises: <nil>
}

// usersTable stands for an adapter to the application's table.
type usersTable struct{ auth.AccountStore }

func (u usersTable) insert(ctx context.Context, a auth.Account, aliases ...string) (string, error) {
	return u.AccountStore.(auth.AccountCreator).Create(ctx, a, aliases...)
}
