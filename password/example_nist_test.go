package password_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/crmauth/crmauth/password"
)

// The default policy asks for length and refuses what can be guessed. It says
// what is wrong as codes with numbers, to be translated for people.
func ExampleNIST() {
	policy, err := password.NIST().With(password.Options{Words: []string{"Blue Harbor"}})
	if err != nil {
		panic(err)
	}
	for _, typed := range []string{
		"x7#kQ",
		"Welcome2024Welcome2024!",
		"BlueHarbor12345678",
		"lina.lina.lina.1990",
		"我爱你一生一世我爱你一生一世5201314",
		"pelican trellis verdict mosaic",
	} {
		err := policy.Check(context.Background(), password.Candidate{
			Password:   typed,
			Identifier: "li.na@example.com",
			Personal:   password.Personal{Names: []string{"Li Na"}},
		})
		if err == nil {
			fmt.Println("welcome")
			continue
		}
		rejected, ok := errors.AsType[*password.RejectedError](err)
		if !ok {
			fmt.Println("try again later:", err)
			continue
		}
		for i, v := range rejected.Violations {
			if i > 0 {
				fmt.Print(", ")
			}
			fmt.Print(v.Code)
			if least, ok := v.Params["min"]; ok {
				fmt.Print(" ", least)
			}
		}
		fmt.Println()
	}
	// Output:
	// too_short 15
	// repeated, common, number
	// context, sequence
	// repeated, number, personal
	// common, repeated
	// welcome
}
