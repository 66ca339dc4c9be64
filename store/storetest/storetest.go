// Package storetest tells whether a store keeps its promises. Every store of
// this module passes it; run it over your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) auth.Stores {
//			return auth.Stores{…} // over empty tables
//		}, storetest.Options{})
//	}
//
// Each case examines one promise that the interfaces make ([auth.AccountStore],
// [auth.SecurityStore], [auth.TokenStore], [auth.FlowStore], [session.Store],
// [lockout.Store], [notify.Outbox], [audit.Sink]) and, when it fails, says which
// promise was broken and what goes wrong without it. [Check] does the same
// outside of tests.
//
// # What it examines
//
// Exact bytes (names that differ in case, accents, spaces or Unicode form are
// different names), tenants that never meet, exact instants, what losers of a
// race are told, and races themselves: many goroutines contend for one counter,
// token, slot, session, password. Optional interfaces are examined where the
// store has them, and reported as skipped where it has not.
//
// # Stores of a kind
//
// A store that keeps sessions, counters and flows only says so with
// [Options.Parts]. Without it a missing part is a fault, so that nothing stays
// unexamined by accident. An account store over a table that only the
// application fills names [Options.AddAccount].
//
// # Time
//
// All times are the present, or later, and told to the store as arguments: the
// suite never sleeps. A store may let records vanish by its own clock as long
// as they end by that clock, too.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crmauth/crmauth/auth"
)

// Part names one of the stores in [auth.Stores].
type Part string

// The parts.
const (
	Accounts Part = "accounts"
	Security Part = "security"
	Tokens   Part = "tokens"
	Flows    Part = "flows"
	Sessions Part = "sessions"
	Counters Part = "counters"
	Outbox   Part = "outbox"
	Audit    Part = "audit"
)

// Options adapts the suite to a store. The zero value examines everything.
type Options struct {
	// Parts are the stores to examine; nil means all of them, and then each of
	// them must be there.
	Parts []Part

	// AddAccount puts an account into an [auth.AccountStore] that is no
	// [auth.AccountCreator], and returns the id it was given. a.ID is "" where
	// the store chooses. nil means that the store's own Create is used. A nil
	// [Options.AddAccount] without an AccountCreator fails every case that
	// needs accounts.
	AddAccount func(ctx context.Context, s auth.Stores, a auth.Account, aliases ...string) (id string, err error)

	// Peer opens the same data a second time, as another node of the
	// application would. Then the contenders of every race are spread over
	// both. nil means that all use the first.
	Peer func(first auth.Stores) (second auth.Stores, err error)

	// Contenders is how many goroutines race for one thing; 0 means 200.
	Contenders int

	// Except names cases that are known to fail, as "part/name", and why. They
	// are skipped, and the reason is reported.
	Except map[string]string

	// Patience is how long one case may take before it is given up as hanging,
	// and its goroutine left behind; 0 means 1 minute.
	Patience time.Duration
}

// Case is one promise that the suite examines.
type Case struct {
	Part      Part
	Name      string // unique within its part
	Promise   string // what the store must do
	Otherwise string // what goes wrong in an application when it does not

	run func(*exam)
}

// String returns the name of the case as [Options.Except] knows it.
func (c Case) String() string { return string(c.Part) + "/" + c.Name }

// Cases returns all cases in the order in which they run.
func Cases() []Case {
	return slices.Concat(
		accountCases(), accountRaces(),
		securityCases(),
		tokenCases(),
		flowCases(),
		sessionCases(), sessionEndings(), sessionRaces(),
		counterCases(), settlementCases(), onceCases(), counterRaces(),
		outboxCases(),
		auditCases(),
	)
}

// Failure is a promise that a store broke.
type Failure struct {
	Case     Case
	Problems []string // what was seen, at least one
}

// Error returns the promise, what breaks without it, and what was seen.
func (f *Failure) Error() string {
	return fmt.Sprintf("storetest: %s\n  promised: %s\n  otherwise: %s\n  seen: %s",
		f.Case, f.Case.Promise, f.Case.Otherwise, strings.Join(f.Problems, "\n        "))
}

// ErrSkipped is wrapped by the error of [Case.Examine] where a case does not
// apply: the store lacks an optional interface, or [Options.Except] names it.
var ErrSkipped = errors.New("storetest: skipped")

// Run examines the stores that open returns, in one subtest for each case. open
// is called once per case and must return stores that share nothing with
// earlier ones; it may register what closes them with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) auth.Stores, o Options) {
	t.Helper()
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	byPart := make(map[Part][]Case)
	for _, c := range Cases() {
		byPart[c.Part] = append(byPart[c.Part], c)
	}
	for _, part := range o.parts() {
		t.Run(string(part), func(t *testing.T) {
			for _, c := range byPart[part] {
				t.Run(c.Name, func(t *testing.T) {
					switch err := c.Examine(t.Context(), open(t), o); {
					case errors.Is(err, ErrSkipped):
						t.Skip(err)
					case err != nil:
						t.Error(err)
					}
				})
			}
		})
	}
}

// Check examines the stores that open returns and returns nil, or every
// [*Failure], joined. It is [Run] for use outside of tests. open is called once
// per case and must return stores that share nothing with earlier ones; the
// context it gets is cancelled when the case is over.
func Check(ctx context.Context, open func(ctx context.Context) (auth.Stores, error), o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	parts := o.parts()
	var failures []error
	for _, c := range Cases() {
		if !slices.Contains(parts, c.Part) {
			continue
		}
		if err := c.open(ctx, open, o); err != nil && !errors.Is(err, ErrSkipped) {
			failures = append(failures, err)
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failures, err)...)
		}
	}
	return errors.Join(failures...)
}

func (c Case) open(ctx context.Context, open func(ctx context.Context) (auth.Stores, error), o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := open(ctx)
	if err != nil {
		return fmt.Errorf("storetest: %s: open: %w", c, err)
	}
	return c.Examine(ctx, s, o)
}

func (o Options) parts() []Part {
	if o.Parts == nil {
		return []Part{Accounts, Security, Tokens, Flows, Sessions, Counters, Outbox, Audit}
	}
	return o.Parts
}

// check refuses options that would leave something unexamined by mistake.
func (o Options) check() error {
	var problems []error
	known := make(map[string]bool)
	for _, c := range Cases() {
		known[c.String()] = true
	}
	for name := range o.Except {
		if !known[name] {
			problems = append(problems, fmt.Errorf("storetest: Options.Except names %q, which is no case", name))
		}
	}
	all := Options{}.parts()
	for _, p := range o.Parts {
		if !slices.Contains(all, p) {
			problems = append(problems, fmt.Errorf("storetest: Options.Parts names %q, which is no part", p))
		}
	}
	return errors.Join(problems...)
}
