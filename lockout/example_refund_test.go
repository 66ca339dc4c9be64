package lockout_test

import (
	"context"
	"fmt"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

// A limiter on a clock of its own. The fifth attempt is never verified, as the
// server is overloaded: it is given back, and the lock that it began is open.
func ExampleLimiter() {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	names := lockout.New(new(lockout.MemoryStore), "name", lockout.Policy{}).
		Clock(func() time.Time { return now })
	key := names.Key("acme", "li.na")

	ctx := context.Background()
	var last *lockout.Attempt
	for range 5 {
		attempt, err := lockout.Reserve(ctx, key)
		if err != nil {
			fmt.Println(err)
			return
		}
		last = attempt
	}
	_, err := lockout.Reserve(ctx, key)
	fmt.Println(err)

	fmt.Println("refund:", last.Refund(ctx))
	last, err = lockout.Reserve(ctx, key)
	fmt.Println("open again:", err == nil, last.Failures(key))

	now = now.Add(59 * time.Second)
	_, err = lockout.Reserve(ctx, key)
	fmt.Println(err)
	now = now.Add(time.Second)
	_, err = lockout.Reserve(ctx, key)
	fmt.Println("open in time:", err == nil)
	// Output:
	// lockout: too many attempts: name is closed, retry in 1m0s
	// refund: <nil>
	// open again: true 5
	// lockout: too many attempts: name is closed, retry in 1s
	// open in time: true
}
