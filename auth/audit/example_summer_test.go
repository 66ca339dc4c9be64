package audit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
)

// A flood against a closed lane leaves two events in the log, not ten thousand.
func ExampleSummer() {
	ctx := context.Background()
	log := new(audit.Memory)
	refusals, err := audit.NewSummer(log, audit.SummerConfig{}) // a program also runs refusals.Run
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for range 10_000 {
		err := refusals.Append(ctx, "lane 7", audit.Event{
			Time: at, Name: audit.LoginFail, Outcome: audit.Refused, Reason: audit.ReasonLaneClosed, Account: "42",
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	total := int64(0)
	if err := refusals.Flush(ctx); err != nil {
		fmt.Println(err)
	}
	for e := range log.Events(ctx, audit.Filter{}, audit.Cursor{}) {
		total += max(1, e.Count)
	}
	fmt.Println("refusals:", total)
	// Output:
	// refusals: 10000
}
