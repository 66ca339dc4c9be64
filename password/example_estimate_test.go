package password_test

import (
	"fmt"

	"github.com/crmauth/crmauth/password"
)

// A strength meter: the score and what to do about it.
func ExampleEstimate() {
	for _, typed := range []string{"密码密码密码", "1qaz2wsx3edc", "HarborHarbor88", "orange elephant", "pelican trellis verdict mosaic gasket"} {
		s := password.Estimate(typed, "Blue Harbor CRM")
		fmt.Println(s.Score, s.Reasons)
	}
	// Output:
	// 0 [too_short repeated common]
	// 0 [keyboard]
	// 0 [repeated context]
	// 0 [common]
	// 4 []
}
