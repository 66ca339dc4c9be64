package lockout_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

// A login counts by the name that was typed and by where it comes from. Both
// counters are closed to guesses before the first password is looked at. The
// source comes first: while it is closed, what it sends doesn't touch the names.
func Example() {
	store := new(lockout.MemoryStore)
	names := lockout.New(store, "login name", lockout.Policy{})
	sources := lockout.New(store, "login source", lockout.Policy{Free: 50})

	login := func(ctx context.Context, name, ip, password string) error {
		byName, bySource := names.Key(name), sources.Key(ip)
		attempt, err := lockout.Reserve(ctx, bySource, byName)
		if err != nil {
			return err // blocked, or not counted: verify nothing
		}
		if password != "correct horse battery" {
			return errors.New("wrong name or password") // counted already
		}
		// The name starts afresh. The source only gets this unit back: others
		// behind it may be guessing.
		return attempt.Settle(ctx, []lockout.Key{byName}, []lockout.Key{bySource})
	}

	ctx := context.Background()
	fmt.Println(login(ctx, "li.na", "192.0.2.1", "correct horse battery"))
	for range 5 {
		fmt.Println(login(ctx, "li.na", "198.51.100.7", "123456"))
	}
	err := login(ctx, "li.na", "198.51.100.7", "correct horse battery")
	if blocked, ok := errors.AsType[*lockout.BlockedError](err); ok {
		fmt.Println(blocked.Limiter, "is closed for about", blocked.RetryAfter.Round(time.Minute))
	}
	// Output:
	// <nil>
	// wrong name or password
	// wrong name or password
	// wrong name or password
	// wrong name or password
	// wrong name or password
	// login name is closed for about 1m0s
}
