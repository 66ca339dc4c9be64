package lockout_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

// Messages are counted as attempts are: what isn't given back counts.
func ExampleQuota() {
	sendings := lockout.New(new(lockout.MemoryStore), "code by text", lockout.Quota(3, time.Hour))
	gateway := errors.New("gateway is down")

	send := func(ctx context.Context, phone string, result error) error {
		attempt, err := lockout.Reserve(ctx, sendings.Key(phone))
		if err != nil {
			return err
		}
		if result != nil { // nothing was sent
			return errors.Join(result, attempt.Refund(ctx))
		}
		return nil
	}

	ctx := context.Background()
	fmt.Println(send(ctx, "+8613800000000", nil))
	fmt.Println(send(ctx, "+8613800000000", gateway))
	fmt.Println(send(ctx, "+8613800000000", nil))
	fmt.Println(send(ctx, "+8613800000000", nil))
	fmt.Println(errors.Is(send(ctx, "+8613800000000", nil), lockout.ErrBlocked))
	fmt.Println(send(ctx, "+8613900000000", nil))
	// Output:
	// <nil>
	// gateway is down
	// <nil>
	// <nil>
	// true
	// <nil>
}
