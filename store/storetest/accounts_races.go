package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/crmauth/crmauth/auth"
)

func accountRaces() []Case {
	return []Case{
		{Accounts, "race for one name", "of many creations of one identifier exactly one succeeds, the others get auth.ErrExists",
			"two accounts share a name, and one of them signs in to the other", raceName},
		{Accounts, "race for one alias", "of many creations with one alias exactly one succeeds, and nothing of the others stays",
			"a name leads to one account while another one believes to own it", raceAlias},
		{Accounts, "race to replace a password", "of many replacements of one hash exactly one wins, and the stored hash is the winner's",
			"two resets by one link both succeed, or a rehash undoes a change", racePassword},
		{Accounts, "race to disable", "of many calls that disable an account exactly one reports the change",
			"sessions are ended and people told twice, or never", raceDisable},
		{Accounts, "race to set roles", "of many replacements of one set of roles exactly one wins",
			"two administrators overwrite each other without being told", raceRoles},
	}
}

// created turns the answer of a creation into that of a race.
func created(err error) (won bool, _ error) {
	if errors.Is(err, auth.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

func raceName(e *exam) {
	e.creator()
	var winner atomic.Value
	e.oneWins("Create", func(i int, s auth.Stores) (bool, error) {
		name := fmt.Sprint("contender ", i)
		a := auth.Account{Identifier: "li", Name: name}
		aliases := []string{"alias of " + name}
		if i%3 == 2 { // the same name, as an alias
			a.Identifier, aliases[0] = aliases[0], a.Identifier
		}
		won, err := created(second(s.Accounts.(auth.AccountCreator).Create(e.ctx, a, aliases...)))
		if won {
			winner.Store(name)
		}
		return won, err
	})
	a, err := e.Accounts.Find(e.ctx, "", "li")
	e.ok(err, "Find of the name that was raced for")
	e.equal(a.Name, winner.Load(), "whose account the name leads to")
}

func raceAlias(e *exam) {
	e.creator()
	n := e.opts.Contenders
	won := make([]bool, n)
	e.oneWins("Create", func(i int, s auth.Stores) (_ bool, err error) {
		a := auth.Account{Identifier: fmt.Sprint("contender ", i)}
		won[i], err = created(second(s.Accounts.(auth.AccountCreator).Create(e.ctx, a, fmt.Sprint("own ", i), "shared")))
		return won[i], err
	})
	shared, err := e.Accounts.Find(e.ctx, "", "shared")
	e.ok(err, "Find of the alias that was raced for")
	for i := range n {
		for _, name := range []string{fmt.Sprint("contender ", i), fmt.Sprint("own ", i)} {
			a, err := e.Accounts.Find(e.ctx, "", name)
			switch {
			case won[i] && (err != nil || a.ID != shared.ID):
				e.errorf("%q belongs to the winner, but leads to account %q (error %v), not %q", name, a.ID, err, shared.ID)
			case !won[i] && !errors.Is(err, auth.ErrNotFound):
				e.errorf("%q belongs to a loser, but Find returned error %v", name, err)
			}
		}
	}
}

func racePassword(e *exam) {
	for _, from := range []string{"", "hash"} {
		id := e.add(auth.Account{Identifier: "li" + from, PasswordHash: from})
		var winner atomic.Value
		e.oneWins("ReplacePassword", func(i int, s auth.Stores) (bool, error) {
			to := fmt.Sprint("hash of ", i)
			won, err := s.Accounts.ReplacePassword(e.ctx, "", id, from, to)
			if won {
				winner.Store(to)
			}
			return won, err
		})
		a, err := e.Accounts.Get(e.ctx, "", id)
		e.ok(err, "Get")
		e.equal(a.PasswordHash, winner.Load(), "the stored hash after a race from %q", from)
	}
}

func raceDisable(e *exam) {
	id := e.add(auth.Account{Identifier: "li"})
	for _, disabled := range []bool{true, false, true} {
		e.oneWins(fmt.Sprintf("SetDisabled(%v)", disabled), func(i int, s auth.Stores) (bool, error) {
			return s.Accounts.SetDisabled(e.ctx, "", id, disabled)
		})
	}
	a, err := e.Accounts.Get(e.ctx, "", id)
	e.ok(err, "Get")
	e.equal(a.Disabled, true, "the flag after the race")
}

func raceRoles(e *exam) {
	if _, ok := e.Accounts.(auth.RoleChanger); !ok {
		e.skipf("the store is no auth.RoleChanger")
	}
	id := e.add(auth.Account{Identifier: "li", Roles: []string{"sales", "manager"}})
	var winner atomic.Value
	e.oneWins("SetRoles", func(i int, s auth.Stores) (bool, error) {
		to := fmt.Sprint("role of ", i)
		won, err := s.Accounts.(auth.RoleChanger).SetRoles(e.ctx, "", id, []string{"manager", "sales"}, []string{to})
		if won {
			winner.Store(to)
		}
		return won, err
	})
	a, err := e.Accounts.Get(e.ctx, "", id)
	e.ok(err, "Get")
	e.equal(a.Roles, []string{winner.Load().(string)}, "the roles after the race")
}

// second is the error of a call that returns two values.
func second[T any](_ T, err error) error { return err }
