package audit_test

import (
	"context"
	"fmt"

	"github.com/crmauth/crmauth/auth/audit"
)

// A listener counts failures without being able to hold up a login.
func ExampleListeners() {
	failures := 0
	l := audit.NewListeners(audit.ListenersConfig{}, func(_ context.Context, e audit.Event) {
		if e.Name == audit.LoginFail {
			failures++
		}
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()

	l.Offer(audit.Event{Name: audit.LoginFail}, audit.Event{Name: audit.LoginSuccess}) // after they are on record

	stop() // delivers what is queued, then ends
	fmt.Println(<-done, failures, l.Dropped())
	// Output:
	// <nil> 1 0
}
