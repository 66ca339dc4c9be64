package lockout_test

import (
	"context"
	"fmt"

	"github.com/crmauth/crmauth/lockout"
)

// After 100 consecutive failures an authenticator is disabled, however slowly
// they came. Time doesn't bring it back, recovery does.
func ExampleCap() {
	authenticators := lockout.New(new(lockout.MemoryStore), "totp cap", lockout.Cap(100))
	key := authenticators.Key("account 7", "factor 2")

	ctx := context.Background()
	for range 100 {
		if _, err := lockout.Reserve(ctx, key); err != nil {
			fmt.Println(err)
		}
	}
	_, err := lockout.Reserve(ctx, key)
	fmt.Println(err)

	fmt.Println(lockout.Clear(ctx, key)) // the factor was enrolled anew
	_, err = lockout.Reserve(ctx, key)
	fmt.Println(err)
	// Output:
	// lockout: too many attempts: totp cap is closed until it is cleared
	// <nil>
	// <nil>
}
