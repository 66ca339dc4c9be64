package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/crmauth/crmauth/session"
)

func Example() {
	ctx := context.Background()
	sessions, err := session.New(new(session.MemoryStore), session.Config{})
	if err != nil {
		log.Fatal(err)
	}

	// Ann's password was verified just now.
	created, err := sessions.Create(ctx, session.Login{
		Account: "42", Identifier: "ann", Roles: []string{"sales"},
		Factors: []session.Factor{{Method: "pwd"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	cookie := created.Token.Reveal() // for the browser only
	fmt.Println("token:", created.Token, len(cookie), "characters")

	// Each request brings the token back.
	s, err := sessions.Check(ctx, cookie)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", s.Identifier, s.Roles, s.Level)

	// Sign out.
	if _, err := sessions.EndToken(ctx, cookie); err != nil {
		log.Fatal(err)
	}
	_, err = sessions.Check(ctx, cookie)
	fmt.Println("still signed in:", !errors.Is(err, session.ErrNotFound))

	// Output:
	// token: [redacted] 48 characters
	// signed in: ann [sales] AAL1
	// still signed in: false
}
