package notify_test

import (
	"context"
	"fmt"

	"github.com/crmauth/crmauth/auth/notify"
)

// A gateway of one's own is one function. Only it sees the secrets.
func ExampleNotifierFunc() {
	gateway := notify.NotifierFunc(func(ctx context.Context, m notify.Message) error {
		_, text, _, err := notify.Render(m)
		if err != nil {
			return err
		}
		fmt.Println("to", m.To+":", text) // sent here
		return nil
	})
	m := notify.Message{
		ID: "7", Kind: notify.Invitation, Channel: notify.SMS, To: "+8613800138000", Locale: "en",
		Link: notify.NewSecret("https://crm.example.com/i#abc"),
	}
	fmt.Printf("%s %s\n", m.Kind, m.Link)
	fmt.Println(gateway.Notify(context.Background(), m))
	// Output:
	// invitation [redacted]
	// to +8613800138000: Set your password here; the link works once: https://crm.example.com/i#abc
	// <nil>
}
