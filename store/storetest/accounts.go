package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
)

func accountCases() []Case {
	return []Case{
		{Accounts, "round trip", "an account comes back by its id and by its name as it was stored, without time created too",
			"a login decides on roles, hashes or flags that nobody set", accountRoundTrip},
		{Accounts, "identifiers by exact bytes", `"li", "LI", "lí" and "li " are four names, and none leads to another's account`,
			"a stranger registers a name that looks alike and lands in somebody's account", exactIdentifiers},
		{Accounts, "ids by exact bytes", "an id of other case, accents or spaces is another id",
			"a change meant for one account hits another", exactIDs},
		{Accounts, "tenants never meet", "the same name or id in two tenants is two accounts, in every method",
			"a customer's user signs in to, or changes, another customer's account", accountTenants},
		{Accounts, "unknown is ErrNotFound", "what does not exist is reported by auth.ErrNotFound, or by false where there is a flag",
			"unknown accounts answer differently from wrong passwords, and can be told apart", unknownAccount},
		{Accounts, "create is all or nothing", "a creation of which one name or the id is taken returns auth.ErrExists and leaves no name behind",
			"half an account blocks names for ever, or a name leads to two accounts", createAtomic},
		{Accounts, "replace password if equal", `a password is replaced only where the stored hash is exactly the expected one; "" is no password, on both sides`,
			"a slow rehash overwrites the password that was just changed", replacePassword},
		{Accounts, "disable tells what changed", "SetDisabled changes the flag and reports true exactly when it did",
			"a repeated call is recorded as a second suspension, or a suspension is lost", setDisabled},
		{Accounts, "roles if equal", "roles are replaced only where they are the expected set, in whatever order",
			"an outdated form gives back roles that were just taken away", setRoles},
		{Accounts, "list in pages", "List yields each account of the tenant once, in one order, and continues behind any id",
			"an access review or an export misses accounts", listAccounts},
		{Accounts, "list by prefix", "List matches the beginning of the primary identifier byte by byte, no patterns",
			"a search for % shows everybody, a search for LI shows li", listPrefix},
		{Accounts, "list while writing", "the store can be used inside the loop over List, and what existed before is still listed once",
			"a job that changes what it lists hangs or skips accounts", listWhileWriting},
		{Accounts, "hostile names", "names too long or malformed for the store are refused, or kept exactly",
			"a name that is cut off leads to the account of its first half", hostileAccounts},
		{Accounts, "cancelled calls change nothing", "a call whose context is done already returns its error and changes nothing",
			"a request that was given up still changes an account", accountsCancelled},
	}
}

// add puts an account in place and returns its id.
func (e *exam) add(a auth.Account, aliases ...string) string {
	id, err := e.create(a, aliases...)
	e.ok(err, "creating account %q", a.Identifier)
	if id == "" {
		e.fatalf("creating account %q returned an empty id", a.Identifier)
	}
	return id
}

func (e *exam) create(a auth.Account, aliases ...string) (string, error) {
	if e.opts.AddAccount != nil {
		return e.opts.AddAccount(e.ctx, e.Stores, a, aliases...)
	}
	return e.creator().Create(e.ctx, a, aliases...)
}

// creator returns the store as an AccountCreator; a store that is none is
// skipped where the case is about creation, and a fault elsewhere.
func (e *exam) creator() auth.AccountCreator {
	c, ok := e.Accounts.(auth.AccountCreator)
	switch {
	case ok:
		return c
	case e.opts.AddAccount == nil:
		e.fatalf("the store is no auth.AccountCreator: set Options.AddAccount")
	}
	e.skipf("the store is no auth.AccountCreator")
	return nil
}

// equalAccount compares accounts, roles as sets.
func (e *exam) equalAccount(got, want auth.Account, what string, args ...any) {
	got.Roles, want.Roles = slices.Sorted(slices.Values(got.Roles)), slices.Sorted(slices.Values(want.Roles))
	e.equal(got, want, what, args...)
}

func (e *exam) fullAccount() auth.Account {
	return auth.Account{
		Tenant: "acme", Identifier: "li.na@example.com", PasswordHash: "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
		Disabled: true, Roles: []string{"sales", "manager", "\u7ecf\u7406"},
		Name: "李娜 (Li Na) 'o\"\\%", Email: "li.na@example.com", Locale: "zh-CN",
		Created: e.at(-time.Hour).In(time.FixedZone("east", 8*3600)),
	}
}

func accountRoundTrip(e *exam) {
	full := e.fullAccount()
	bare := auth.Account{Tenant: "acme", Identifier: "bare"}
	full.ID = e.add(full, "alias-1", "alias-2")
	bare.ID = e.add(bare)
	for _, want := range []auth.Account{full, bare} {
		got, err := e.Accounts.Get(e.ctx, want.Tenant, want.ID)
		e.ok(err, "Get of account %q", want.Identifier)
		e.equalAccount(got, want, "Get of account %q", want.Identifier)
		got, err = e.Accounts.Find(e.ctx, want.Tenant, want.Identifier)
		e.ok(err, "Find of %q", want.Identifier)
		e.equalAccount(got, want, "Find of %q", want.Identifier)
	}
	for _, alias := range []string{"alias-1", "alias-2"} {
		got, err := e.Accounts.Find(e.ctx, "acme", alias)
		e.ok(err, "Find by the alias %q", alias)
		e.equalAccount(got, full, "Find by the alias %q", alias)
	}
}

func exactIdentifiers(e *exam) {
	ids := make(map[string]string)
	for i, name := range names {
		if i%2 == 0 { // a name that is taken by each careless comparison with a later one
			id, err := e.create(auth.Account{Identifier: name})
			if err != nil {
				e.errorf("creating %q, which differs from all before: %v", name, err)
				continue
			}
			ids[name] = id
		}
	}
	for _, name := range names {
		a, err := e.Accounts.Find(e.ctx, "", name)
		id, exists := ids[name]
		switch {
		case !exists && err == nil:
			e.errorf("Find of %q, which nobody has, found the account %q", name, a.Identifier)
		case !exists && !errors.Is(err, auth.ErrNotFound):
			e.errorf("Find of %q returned error %v, want %v", name, err, auth.ErrNotFound)
		case exists && (err != nil || a.ID != id):
			e.errorf("Find of %q found %q (error %v)", name, a.Identifier, err)
		}
	}
	for i, name := range names {
		if i%2 == 1 {
			if _, err := e.create(auth.Account{Identifier: name}); err != nil {
				e.errorf("creating %q, which differs from all before: %v", name, err)
			}
		}
	}
}

func exactIDs(e *exam) {
	c := e.creator()
	for _, id := range names {
		_, err := c.Create(e.ctx, auth.Account{ID: id, Identifier: "name of " + id, Name: id})
		e.ok(err, "creating an account with the id %q, which differs from all before,", id)
	}
	for _, id := range names {
		a, err := e.Accounts.Get(e.ctx, "", id)
		if err != nil || a.Name != id || a.ID != id {
			e.errorf("Get of id %q returned the account of id %q (error %v)", id, a.Name, err)
		}
	}
}

func accountTenants(e *exam) {
	here := e.add(auth.Account{Tenant: "acme", Identifier: "li", PasswordHash: "h1"}, "li@acme")
	there := e.add(auth.Account{Tenant: "other", Identifier: "li", PasswordHash: "h1"})
	for tenant, id := range map[string]string{"acme": here, "other": there} {
		a, err := e.Accounts.Find(e.ctx, tenant, "li")
		if err != nil || a.ID != id || a.Tenant != tenant {
			e.errorf("Find in tenant %q found account %q of tenant %q (error %v)", tenant, a.ID, a.Tenant, err)
		}
	}
	for _, tenant := range []string{"", "Acme", "acme ", "acm", "acme%"} {
		_, err := e.Accounts.Find(e.ctx, tenant, "li")
		e.is(err, auth.ErrNotFound, "Find in tenant %q", tenant)
		_, err = e.Accounts.Get(e.ctx, tenant, here)
		e.is(err, auth.ErrNotFound, "Get in tenant %q", tenant)
	}
	_, err := e.Accounts.Find(e.ctx, "other", "li@acme")
	e.is(err, auth.ErrNotFound, "Find of another tenant's alias")

	const stranger = "somebody else"
	if won, _ := e.Accounts.ReplacePassword(e.ctx, stranger, here, "h1", "h2"); won {
		e.errorf("ReplacePassword in a tenant without accounts reports that it won")
	}
	if changed, _ := e.Accounts.SetDisabled(e.ctx, stranger, here, true); changed {
		e.errorf("SetDisabled in a tenant without accounts reports a change")
	}
	if c, ok := e.Accounts.(auth.RoleChanger); ok {
		if won, _ := c.SetRoles(e.ctx, stranger, here, nil, []string{"admin"}); won {
			e.errorf("SetRoles in a tenant without accounts reports that it won")
		}
	}
	for tenant, id := range map[string]string{"acme": here, "other": there} {
		a, err := e.Accounts.Get(e.ctx, tenant, id)
		e.ok(err, "Get in tenant %q", tenant)
		if a.PasswordHash != "h1" || a.Disabled || len(a.Roles) > 0 {
			e.errorf("the account of tenant %q was changed through another tenant: %+v", tenant, a)
		}
	}
	if l, ok := e.Accounts.(auth.AccountLister); ok {
		for a, err := range l.List(e.ctx, "acme", "", "") {
			e.ok(err, "List")
			if a.ID != here || a.Tenant != "acme" {
				e.errorf("List of tenant acme yields an account of tenant %q", a.Tenant)
			}
		}
	}
	for i, pair := range glued {
		for j, k := range pair {
			e.add(auth.Account{Tenant: "glue" + k[0], Identifier: k[1] + "!", Name: fmt.Sprint(i, j)})
			a, err := e.Accounts.Find(e.ctx, "glue"+k[0], k[1]+"!")
			e.ok(err, "Find of %q in tenant %q", k[1]+"!", "glue"+k[0])
			e.equal(a.Name, fmt.Sprint(i, j), "Find of %q in tenant %q", k[1]+"!", "glue"+k[0])
		}
	}
}

func unknownAccount(e *exam) {
	e.add(auth.Account{Identifier: "li"})
	for _, name := range []string{"", "nobody", "l", "lin", "*", strings.Repeat("n", 255)} {
		_, err := e.Accounts.Find(e.ctx, "", name)
		e.is(err, auth.ErrNotFound, "Find of %q", name)
		_, err = e.Accounts.Get(e.ctx, "", name)
		e.is(err, auth.ErrNotFound, "Get of %q", name)
	}
	won, err := e.Accounts.ReplacePassword(e.ctx, "", "nobody", "", "h")
	e.ok(err, "ReplacePassword of an unknown account")
	e.equal(won, false, "ReplacePassword of an unknown account")
	for _, disabled := range []bool{false, true} {
		changed, err := e.Accounts.SetDisabled(e.ctx, "", "nobody", disabled)
		e.ok(err, "SetDisabled of an unknown account")
		e.equal(changed, false, "SetDisabled of an unknown account")
	}
	if c, ok := e.Accounts.(auth.RoleChanger); ok {
		won, err := c.SetRoles(e.ctx, "", "nobody", nil, []string{"admin"})
		e.ok(err, "SetRoles of an unknown account")
		e.equal(won, false, "SetRoles of an unknown account")
	}
	_, err = e.Accounts.Get(e.ctx, "", "nobody")
	e.is(err, auth.ErrNotFound, "Get after changes of an unknown account")
}

func createAtomic(e *exam) {
	c := e.creator()
	first, err := c.Create(e.ctx, auth.Account{ID: "id-1", Identifier: "li", Name: "first"}, "alias")
	e.ok(err, "Create")
	e.equal(first, "id-1", "the id that Create returned")
	taken := []struct {
		what    string
		account auth.Account
		aliases []string
	}{
		{"identifier taken", auth.Account{Identifier: "li"}, []string{"free-1", "free-2"}},
		{"identifier taken by an alias", auth.Account{Identifier: "alias"}, []string{"free-1"}},
		{"last alias taken", auth.Account{Identifier: "free-1"}, []string{"free-2", "li"}},
		{"alias taken by an alias", auth.Account{Identifier: "free-1"}, []string{"free-2", "alias"}},
		{"id taken", auth.Account{ID: "id-1", Identifier: "free-1"}, []string{"free-2"}},
	}
	for _, tt := range taken {
		_, err := c.Create(e.ctx, tt.account, tt.aliases...)
		e.is(err, auth.ErrExists, "Create with the %s", tt.what)
		for _, name := range []string{"free-1", "free-2"} {
			_, err := e.Accounts.Find(e.ctx, "", name)
			e.is(err, auth.ErrNotFound, "%s: Find of the name %q, which should have been left alone,", tt.what, name)
		}
	}
	for _, name := range []string{"li", "alias"} {
		a, err := e.Accounts.Find(e.ctx, "", name)
		e.ok(err, "Find of the first account by %q", name)
		e.equal(a.Name, "first", "the first account, by %q", name)
	}
	a, err := e.Accounts.Get(e.ctx, "", "id-1")
	e.ok(err, "Get of the first account")
	e.equal(a.Identifier, "li", "the identifier of the first account")
	e.add(auth.Account{Identifier: "free-1"}, "free-2")
	e.add(auth.Account{Tenant: "other", Identifier: "li"}, "alias")
}

func replacePassword(e *exam) {
	id := e.add(auth.Account{Identifier: "li"})
	steps := []struct {
		old, new string
		won      bool
	}{
		{"h1", "h2", false}, // there is none yet
		{"", "h1", true},
		{"", "h2", false}, // "" matches no password only
		{"H1", "h2", false},
		{"h1 ", "h2", false},
		{"h", "h2", false},
		{"h1", "h1", true}, // the same again: it was exactly the old one
		{"h1", "h2", true},
		{"h1", "h3", false},
		{"h2", "", true}, // no password opens the account any more
		{"h2", "h3", false},
		{"", "", true},
		{"", strings.Repeat("h", 1024), true},
	}
	stored := ""
	for _, s := range steps {
		won, err := e.Accounts.ReplacePassword(e.ctx, "", id, s.old, s.new)
		e.ok(err, "ReplacePassword from %q to %q", s.old, s.new)
		if won != s.won {
			e.errorf("ReplacePassword from %q to %q, with %q stored, reported %v", s.old, s.new, stored, won)
		}
		if s.won {
			stored = s.new
		}
		a, err := e.Accounts.Get(e.ctx, "", id)
		e.ok(err, "Get")
		e.equal(a.PasswordHash, stored, "the hash after ReplacePassword from %q to %q", s.old, s.new)
	}
}

func setDisabled(e *exam) {
	id := e.add(auth.Account{Identifier: "li", PasswordHash: "h", Roles: []string{"sales"}})
	other := e.add(auth.Account{Identifier: "wang"})
	disabled := false
	for _, want := range []bool{false, true, true, false, false, true} {
		changed, err := e.Accounts.SetDisabled(e.ctx, "", id, want)
		e.ok(err, "SetDisabled(%v)", want)
		e.equal(changed, want != disabled, "SetDisabled(%v) of an account whose flag is %v", want, disabled)
		disabled = want
		a, err := e.Accounts.Find(e.ctx, "", "li")
		e.ok(err, "Find")
		e.equalAccount(a, auth.Account{ID: id, Identifier: "li", PasswordHash: "h", Roles: []string{"sales"}, Disabled: disabled}, "the account after SetDisabled(%v)", want)
	}
	a, err := e.Accounts.Get(e.ctx, "", other)
	e.ok(err, "Get")
	e.equal(a.Disabled, false, "the flag of another account")
}

func setRoles(e *exam) {
	c, ok := e.Accounts.(auth.RoleChanger)
	if !ok {
		e.skipf("the store is no auth.RoleChanger")
	}
	id := e.add(auth.Account{Identifier: "li", Roles: []string{"sales", "manager"}})
	stored := []string{"manager", "sales"}
	steps := []struct {
		from, to []string
		won      bool
	}{
		{[]string{"sales"}, []string{"admin"}, false}, // part of them
		{[]string{"sales", "manager", "admin"}, []string{"admin"}, false},
		{[]string{"Sales", "manager"}, []string{"admin"}, false},
		{[]string{"sales manager"}, []string{"admin"}, false},
		{[]string{"sales,manager"}, []string{"admin"}, false},
		{nil, []string{"admin"}, false},
		{[]string{"manager", "sales"}, []string{"sales"}, true}, // order is no matter
		{[]string{"sales", "manager"}, []string{"admin"}, false},
		{[]string{"sales"}, nil, true},
		{[]string{"sales"}, []string{"admin"}, false},
		{[]string{}, []string{"a,b", "c d", "经理"}, true},
		{[]string{"经理", "c d", "a,b"}, []string{"admin"}, true},
	}
	for _, s := range steps {
		won, err := c.SetRoles(e.ctx, "", id, s.from, s.to)
		e.ok(err, "SetRoles from %q to %q", s.from, s.to)
		if won != s.won {
			e.errorf("SetRoles from %q to %q, with %q stored, reported %v", s.from, s.to, stored, won)
		}
		if s.won {
			stored = s.to
		}
		a, err := e.Accounts.Get(e.ctx, "", id)
		e.ok(err, "Get")
		e.equalAccount(a, auth.Account{ID: id, Identifier: "li", Roles: stored}, "the account after SetRoles from %q to %q", s.from, s.to)
	}
}
