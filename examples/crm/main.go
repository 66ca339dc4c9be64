// Crm is the demonstration of the library: a small customer database with
// accounts, roles, pages that work without JavaScript and a JSON API, on one
// SQLite file. It uses the public API only.
//
//	go run ./examples/crm -seed demo    # with customers, deals and accounts
//	go run ./examples/crm               # empty: prints a link for the administrator
//
// Both print where they listen. There is no default password: the link chooses
// one, once, and the demo's are random and printed when they are made.
//
// The files, in the order to read them: app.go puts the library together,
// routes.go says what stands behind which check, the others are pages by name.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/crmauth/crmauth/password"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := program{stdout: os.Stdout, stderr: os.Stderr}.run(ctx, os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "crm:", err)
		os.Exit(1)
	}
}

// program is what a run depends on besides its flags.
type program struct {
	stdout, stderr io.Writer
	now            func() time.Time // nil = time.Now
	hashing        password.Config  // zero = the library's default
}

// run serves until ctx ends, and returns nil then.
func (p program) run(ctx context.Context, args []string) error {
	o, err := parseFlags(args, p.stderr)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := o.listensOn(listener.Addr()); err != nil {
		return err
	}
	a, err := p.open(ctx, o)
	if err != nil {
		return err
	}
	defer a.db.Close()
	if err := a.welcome(ctx, p.stdout); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, "listening on http://"+o.addr)
	return a.serve(ctx, listener)
}
