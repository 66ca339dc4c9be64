package keyring_test

import (
	"fmt"

	"github.com/crmauth/crmauth/auth/keyring"
)

// A tag that a client brings back, such as a device key, is checked without
// having been stored.
func ExampleRing_Sign() {
	keys, err := keyring.New(keyring.Generate())
	if err != nil {
		fmt.Println(err)
		return
	}
	device := []byte("device 3")
	tag := keys.Sign("device key", []byte("acme"), []byte("account 7"), device)

	fmt.Println(keys.Verify("device key", tag, []byte("acme"), []byte("account 7"), device))
	fmt.Println(keys.Verify("device key", tag, []byte("acme"), []byte("account 8"), device))
	// Output:
	// true
	// false
}
