package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/crmauth/crmauth/password"
)

// errUsage: the flags can't be used; the reason was printed.
var errUsage = errors.New("usage")

// options are what the flags say.
type options struct {
	addr   string // to listen on; after listensOn with the port that was taken
	url    string // where people reach the program
	file   string // of the database
	keys   string // file of the key ring
	policy *password.Policy
	outbox string // folder for messages; "" prints them
	admin  string
	seed   bool
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	var o options
	var db, profile, seed string
	f := flag.NewFlagSet("crm", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.addr, "addr", "localhost:8080", "`address` to listen on")
	f.StringVar(&o.url, "url", "", "base `URL` that people use, https unless it is local (default http:// and the address)")
	f.StringVar(&db, "db", "sqlite:crm.db", "`database`, sqlite:FILE")
	f.StringVar(&profile, "profile", "nist", "password `profile`: nist, or mlps (GB/T 22239-2019)")
	f.StringVar(&o.keys, "keys", "", "key `file`, made together with a new database (default the database's file and .keys)")
	f.StringVar(&o.outbox, "outbox", "", "`folder` that gets each outgoing message as a JSON file (default: print them)")
	f.StringVar(&o.admin, "admin", "admin@example.com", "`identifier` of the first administrator")
	f.StringVar(&seed, "seed", "", "`demo` fills an empty database and prints the accounts")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, errUsage
	}
	err := errors.Join(o.database(db), o.profile(profile), o.seeded(seed))
	if f.NArg() > 0 {
		err = errors.Join(err, fmt.Errorf("unexpected argument %q", f.Arg(0)))
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		f.Usage()
		return nil, errUsage
	}
	if o.keys == "" {
		o.keys = o.file + ".keys"
	}
	return &o, nil
}

func (o *options) database(v string) error {
	kind, file, found := strings.Cut(v, ":")
	switch {
	case !found, kind == "sqlite" && (file == "" || file == ":memory:"):
		return errors.New("-db must name a file, as in sqlite:crm.db")
	case kind != "sqlite": // the rest may hold a password: it is not repeated
		return fmt.Errorf("-db: %s is not available here, only sqlite:FILE is", kind)
	}
	o.file = file
	return nil
}

func (o *options) profile(v string) error {
	switch v {
	case "nist":
		o.policy = password.NIST()
	case "mlps":
		o.policy = password.MLPS()
	default:
		return fmt.Errorf("-profile is %q, must be nist or mlps", v)
	}
	return nil
}

func (o *options) seeded(v string) error {
	if o.seed = v == "demo"; v != "" && !o.seed {
		return fmt.Errorf("-seed is %q, must be demo", v)
	}
	return nil
}

// listensOn completes the addresses by the port that was taken, which -addr may
// have left to the system.
func (o *options) listensOn(taken net.Addr) error {
	host, _, err := net.SplitHostPort(o.addr)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(taken.String())
	if err != nil {
		return err
	}
	if host == "" {
		host = "localhost"
	}
	o.addr = net.JoinHostPort(host, port)
	if o.url == "" {
		o.url = "http://" + o.addr
	}
	return nil
}
