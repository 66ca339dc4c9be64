package memstore_test

import (
	"context"
	"fmt"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/memstore"
)

// The zero value is an empty store. Its accounts can be made and listed, too.
func Example() {
	ctx := context.Background()
	var store memstore.Store
	accounts := store.Stores().Accounts

	for _, name := range []string{"li.na@example.com", "wang.wei@example.com"} {
		_, err := accounts.(auth.AccountCreator).Create(ctx, auth.Account{Identifier: name, Roles: []string{"sales"}})
		if err != nil {
			fmt.Println(err)
		}
	}
	a, err := accounts.Find(ctx, "", "li.na@example.com")
	fmt.Println(a.Identifier, a.Roles, err)
	_, err = accounts.Find(ctx, "", "Li.Na@example.com") // bytes are compared: canonical forms are the caller's
	fmt.Println(err)
	// Output:
	// li.na@example.com [sales] <nil>
	// auth: not found
}
