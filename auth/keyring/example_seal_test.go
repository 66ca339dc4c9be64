package keyring_test

import (
	"fmt"

	"github.com/crmauth/crmauth/auth/keyring"
)

// A secret at rest is bound to whom it belongs.
func ExampleRing_Seal() {
	keys, err := keyring.New(keyring.Generate()) // a program uses keyring.Open("crm.keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := keys.Seal("totp seed", []byte("JBSWY3DP"), "acme", "account 7")
	if err != nil {
		fmt.Println(err)
		return
	}

	seed, err := keys.Unseal("totp seed", sealed, "acme", "account 7")
	fmt.Printf("%s %v\n", seed, err)

	_, err = keys.Unseal("totp seed", sealed, "acme", "account 8") // copied to another account
	fmt.Println(err)
	// Output:
	// JBSWY3DP <nil>
	// keyring: value can't be opened: it was altered, or sealed for another purpose or context
}
