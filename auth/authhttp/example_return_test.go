package authhttp_test

import (
	"fmt"

	"github.com/crmauth/crmauth/auth/authhttp"
)

func ExampleSafeReturn() {
	for _, path := range []string{
		"/deals?stage=won",
		"https://evil.example",
		"//evil.example",
		`/\evil.example`,
		"/%2f/evil.example",
		"",
	} {
		fmt.Println(authhttp.SafeReturn(path))
	}
	// Output:
	// /deals?stage=won
	// /
	// /
	// /
	// /
	// /
}
