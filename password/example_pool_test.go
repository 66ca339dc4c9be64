package password_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/crmauth/crmauth/password"
)

// One pool bounds the memory of all hashing in a process. Who doesn't get a
// turn in time is told so, at once, and says when to come back.
func ExamplePool() {
	pool, err := password.NewPool(password.PoolConfig{
		Memory: 4 * password.Params{}.Bytes(), // four hashes at a time: 76 MiB
	})
	if err != nil {
		log.Fatal(err)
	}
	hasher, err := password.New(password.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}

	login := func(ctx context.Context, network string, knownDevice bool, stored, typed string) string {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // a web form would wait a second or two
		defer cancel()
		from := password.Source{Key: network, Known: knownDevice}
		result, err := hasher.For(from).Verify(ctx, stored, typed)
		if overloaded, ok := errors.AsType[*password.OverloadedError](err); ok {
			return fmt.Sprint("503, Retry-After: ", overloaded.RetryAfter.Seconds())
		} else if err != nil {
			return "500"
		}
		return fmt.Sprint("signed in: ", result.OK)
	}

	stored, err := hasher.Hash(context.Background(), "correct horse battery staple")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(login(context.Background(), "192.0.2.0/24", false, stored, "correct horse battery staple"))
	stats := pool.Stats()
	fmt.Println(stats.Done, "jobs done,", stats.Waiting, "waiting,", stats.InUse, "bytes in use")
	// Output:
	// signed in: true
	// 2 jobs done, 0 waiting, 0 bytes in use
}
