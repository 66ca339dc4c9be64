package keyring_test

import (
	"fmt"

	"github.com/crmauth/crmauth/auth/keyring"
)

// After a rotation, values under the old key still open. KeyID finds those that
// are due to be sealed again.
func ExampleRing_Rotate() {
	old, err := keyring.New(keyring.Generate())
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, _ := old.Seal("totp seed", []byte("JBSWY3DP"), "account 7")

	keys, err := old.Rotate(keyring.Generate()) // a file: keyring.RotateFile("crm.keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	seed, err := keys.Unseal("totp seed", sealed, "account 7")
	fmt.Printf("%s %v\n", seed, err)

	if id, err := keyring.KeyID(sealed); err == nil && id != keys.Current() {
		sealed, _ = keys.Seal("totp seed", seed, "account 7")
	}
	id, _ := keyring.KeyID(sealed)
	fmt.Println(id == keys.Current())
	// Output:
	// JBSWY3DP <nil>
	// true
}
