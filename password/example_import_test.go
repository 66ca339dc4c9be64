package password_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/crmauth/crmauth/password"
)

// Users of another system bring their bcrypt hashes along. Each is replaced
// when its owner signs in for the first time.
func ExampleConfig_accept() {
	ctx := context.Background()
	hasher, err := password.New(password.Config{
		Accept: []password.Scheme{password.Bcrypt(10)},
	})
	if err != nil {
		log.Fatal(err)
	}

	stored := "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"
	if err := hasher.Check(stored); err != nil { // at import
		log.Fatal(err)
	}
	dearer := "$2a$14$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"
	fmt.Println("cost 14 is too dear:", errors.Is(hasher.Check(dearer), password.ErrTooDear))

	result, err := hasher.Verify(ctx, stored, "allmine")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", result)
	if result.Rehash {
		if stored, err = hasher.Hash(ctx, "allmine"); err != nil {
			log.Fatal(err)
		}
		fmt.Println(stored[:9]) // UPDATE … SET hash = $new WHERE hash = $old
	}
	// Output:
	// cost 14 is too dear: true
	// {OK:true Rehash:true}
	// $argon2id
}
