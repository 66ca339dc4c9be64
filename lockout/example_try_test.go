package lockout_test

import (
	"context"
	"fmt"

	"github.com/crmauth/crmauth/lockout"
)

// Somebody clicks twice. Both submits are verified, one is counted. The id is a
// keyed hash over all that is verified (here it is made up), so that the same
// click with another password is another attempt.
func ExampleTry() {
	names := lockout.New(new(lockout.MemoryStore), "name", lockout.Policy{})
	key := names.Key("li.na")

	ctx := context.Background()
	for _, id := range []string{"mac of click 1, password A", "mac of click 1, password A", "mac of click 1, password B"} {
		attempt, err := lockout.Try(ctx, id, key)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("granted:", attempt.Granted(key), "repeat:", attempt.Repeat(), "failures:", attempt.Failures(key))
	}
	// Output:
	// granted: true repeat: false failures: 1
	// granted: true repeat: true failures: 1
	// granted: true repeat: false failures: 2
}
