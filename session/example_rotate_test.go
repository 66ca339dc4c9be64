package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/crmauth/crmauth/session"
)

// A step-up: the session of a password becomes one of two factors, under a new
// token.
func ExampleManager_Rotate() {
	ctx := context.Background()
	sessions, err := session.New(new(session.MemoryStore), session.Config{})
	if err != nil {
		log.Fatal(err)
	}
	created, err := sessions.Create(ctx, session.Login{
		Account: "42", Factors: []session.Factor{{Method: "pwd"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	before := created.Token.Reveal()
	s, err := sessions.Check(ctx, before)
	if err != nil {
		log.Fatal(err)
	}

	// Without a new factor the level stays.
	_, err = sessions.Rotate(ctx, s, func(next *session.Session) { next.Level = session.AAL2 })
	fmt.Println(errors.Is(err, session.ErrLevel))

	// Ann's one-time code was verified just now.
	stepped, err := sessions.Rotate(ctx, s, func(next *session.Session) {
		next.Level = session.AAL2
		next.Renew("otp", time.Now())
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range stepped.Session.Factors {
		fmt.Println(f.Method)
	}
	_, err = sessions.Check(ctx, before)
	fmt.Println(stepped.Session.Level, "- old token:", err)

	// Output:
	// true
	// pwd
	// otp
	// AAL2 - old token: session: no such session, sign in again
}
