package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/store/memstore"
)

// The first administrator chooses a password by a one-time link and signs in.
func Example() {
	ctx := context.Background()
	keys, err := keyring.New(keyring.Generate())
	check(err)
	svc, err := auth.New(auth.Config{
		BaseURL:  "https://crm.example.com",
		Stores:   new(memstore.Store).Stores(),
		Keys:     keys,
		Notifier: notify.InsecureConsole(os.Stderr),
	})
	check(err)

	link, err := svc.Bootstrap(ctx, "", "Li.Na@example.com")
	check(err)
	visit, err := url.Parse(link)
	check(err)
	browser := auth.Client{IP: netip.MustParseAddr("198.51.100.7"), UserAgent: "Example/1.0"}
	check(svc.Recovery().Complete(ctx, visit.Query().Get("token"), "quiet lantern above the river", browser))

	_, err = svc.Login(ctx, auth.Credentials{Identifier: "li.na@example.com", Password: "wrong"}, browser)
	fmt.Println(errors.Is(err, auth.ErrInvalidCredentials), auth.CodeOf(err))

	in, err := svc.Login(ctx, auth.Credentials{Identifier: "li.na@example.com", Password: "quiet lantern above the river"}, browser)
	check(err)
	who, err := svc.Authenticate(ctx, in.Token.Reveal(), browser)
	check(err)
	fmt.Println(who.Identifier, who.Roles, who.Assurance)

	check(svc.Logout(ctx, in.Token.Reveal()))
	_, err = svc.Authenticate(ctx, in.Token.Reveal(), browser)
	fmt.Println(auth.CodeOf(err))
	// Output:
	// true invalid_credentials
	// li.na@example.com [admin] AAL1
	// session_required
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
