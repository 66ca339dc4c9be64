package password_test

import (
	"context"
	"fmt"
	"log"

	"github.com/crmauth/crmauth/password"
)

func Example() {
	ctx := context.Background()
	hasher, err := password.New(password.Config{})
	if err != nil {
		log.Fatal(err)
	}

	// Somebody sets a password: keep the hash.
	stored, err := hasher.Hash(ctx, "correct horse battery staple")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stored[:30])

	// Somebody signs in.
	for _, typed := range []string{"correct horse battery staple", "Correct horse battery staple"} {
		result, err := hasher.Verify(ctx, stored, typed)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.OK)
	}

	// There is no such account: the same work, the same answer.
	if err := hasher.Reject(ctx, "correct horse battery staple"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// $argon2id$v=19$m=19456,t=2,p=1
	// true
	// false
}
