package password_test

import (
	"context"
	"fmt"

	"github.com/crmauth/crmauth/password"
)

// Where dengbao (GB/T 22239-2019) applies, a password needs three classes of
// characters, and nothing that can be guessed may be anywhere in it.
func ExampleMLPS() {
	policy := password.MLPS()
	for _, typed := range []string{"zkqvtrmwpx", "Zt#7qwer!Kp9", "Zt#7LiNa!Kp9", "Zt#7!Kp9"} {
		err := policy.Check(context.Background(), password.Candidate{
			Password: typed,
			Personal: password.Personal{Names: []string{"Li Na"}},
		})
		fmt.Println(err)
	}

	report := policy.Report()
	fmt.Println(report.Profile, report.Standards, "change after", report.MaxAge, "and not to the last", report.History)
	// Output:
	// password: refused by the policy: composition
	// password: refused by the policy: keyboard
	// password: refused by the policy: personal
	// <nil>
	// MLPS [GB/T 22239-2019] change after 2160h0m0s and not to the last 5
}
