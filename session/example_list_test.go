package session_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/crmauth/crmauth/session"
)

// The page on which people see where they are signed in, and sign out
// everywhere else.
func ExampleManager_List() {
	ctx := context.Background()
	clock := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	sessions, err := session.New(new(session.MemoryStore), session.Config{Now: func() time.Time { return clock }})
	if err != nil {
		log.Fatal(err)
	}
	var current session.Session
	for _, browser := range []string{"Phone", "Office", "Home"} {
		clock = clock.Add(time.Minute)
		created, err := sessions.Create(ctx, session.Login{Account: "42", UserAgent: browser})
		if err != nil {
			log.Fatal(err)
		}
		current = created.Session
	}

	for s, err := range sessions.List(ctx, "", "42") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Created.Format("15:04"), s.UserAgent, s.ID == current.ID)
	}

	n, err := sessions.End(ctx, session.Filter{Account: "42", Except: current.ID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ended", n, "others")

	// Output:
	// 09:03 Home true
	// 09:02 Office false
	// 09:01 Phone false
	// ended 2 others
}
