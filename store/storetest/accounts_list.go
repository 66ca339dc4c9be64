package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crmauth/crmauth/auth"
)

// lister returns the store as an AccountLister, or ends the case.
func (e *exam) lister() auth.AccountLister {
	l, ok := e.Accounts.(auth.AccountLister)
	if !ok {
		e.skipf("the store is no auth.AccountLister")
	}
	return l
}

// list collects what List yields.
func (e *exam) list(l auth.AccountLister, tenant, prefix, after string) (accounts []auth.Account) {
	for a, err := range l.List(e.ctx, tenant, prefix, after) {
		e.ok(err, "List of tenant %q, prefix %q, after %q", tenant, prefix, after)
		accounts = append(accounts, a)
	}
	return accounts
}

func ids(accounts []auth.Account) (ids []string) {
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

func listAccounts(e *exam) {
	l := e.lister()
	e.equal(len(e.list(l, "acme", "", "")), 0, "accounts listed in an empty tenant")
	const n = 300
	want := make(map[string]auth.Account)
	for i := range n {
		a := auth.Account{Tenant: "acme", Identifier: fmt.Sprintf("user-%03d", i), Name: fmt.Sprint(i), Roles: []string{"r" + fmt.Sprint(i%3)}}
		a.ID = e.add(a, fmt.Sprintf("alias-%03d", i))
		want[a.ID] = a
	}
	e.add(auth.Account{Tenant: "acme2", Identifier: "user-000"})
	e.add(auth.Account{Identifier: "user-000"})

	all := e.list(l, "acme", "", "")
	order := ids(all)
	e.must(len(order), n, "accounts that List yields")
	e.equal(slices.Sorted(slices.Values(order)), slices.Sorted(maps.Keys(want)), "the ids that List yields, sorted")
	for _, a := range all {
		e.equalAccount(a, want[a.ID], "account %q in List", a.Identifier)
	}
	for i := 0; i < len(order); i += 37 {
		e.equal(ids(e.list(l, "acme", "", order[i])), order[i+1:], "the ids behind the one at place %d", i)
	}
	e.equal(len(e.list(l, "acme", "", order[len(order)-1])), 0, "accounts behind the last one")

	// A page at a time, as an HTTP listing would.
	var paged []string
	for after := ""; ; {
		page := 0
		for a, err := range l.List(e.ctx, "acme", "", after) {
			e.ok(err, "List after %q", after)
			paged, after = append(paged, a.ID), a.ID
			if page++; page == 7 {
				break
			}
		}
		if page < 7 {
			break
		}
	}
	e.equal(paged, order, "the ids of all pages of 7")
}

func listPrefix(e *exam) {
	l := e.lister()
	all := append([]string{"lin", "lina", "li na", "l\U0010ffffx", "l\U0010ffff"}, names...)
	for i, name := range all {
		e.add(auth.Account{Identifier: name}, fmt.Sprintf("li alias %d", i))
	}
	for _, prefix := range []string{"", "l", "li", "LI", "L", "lin", "l%", "l_", "%", "_", "l\U0010ffff", "李", "li'", "zzz", "lí", "li\u0301", "l*"} {
		var want, got []string
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		for _, a := range e.list(l, "", prefix, "") {
			got = append(got, a.Identifier)
		}
		slices.Sort(want)
		slices.Sort(got)
		e.equal(got, want, "identifiers listed with the prefix %q", prefix)
	}
	order := ids(e.list(l, "", "li", ""))
	e.must(len(order) > 2, true, "more than two accounts with the prefix li")
	e.equal(ids(e.list(l, "", "li", order[1])), order[2:], "the ids with the prefix li behind the second one")
}

func listWhileWriting(e *exam) {
	l := e.lister()
	const n = 150
	seen := make(map[string]int)
	for i := range n {
		seen[e.add(auth.Account{Identifier: fmt.Sprintf("old-%03d", i)})] = 0
	}
	i := 0
	for a, err := range l.List(e.ctx, "", "old-", "") {
		e.ok(err, "List")
		seen[a.ID]++
		if i++; i%10 == 0 {
			e.add(auth.Account{Identifier: fmt.Sprintf("old-new-%03d", i)})
			_, err := e.Accounts.SetDisabled(e.ctx, "", a.ID, true)
			e.ok(err, "SetDisabled inside the loop")
			_, err = e.Accounts.Get(e.ctx, "", a.ID)
			e.ok(err, "Get inside the loop")
		}
		if i > 10*n {
			e.fatalf("List yielded %d accounts, of %d and a few", i, n)
		}
	}
	missed := 0
	for id, times := range seen {
		if times > 1 {
			e.errorf("List yielded account %q %d times", id, times)
		}
		if times == 0 {
			missed++
		}
	}
	e.equal(missed, 0, "accounts that existed before List began and were missed")
}

func hostileAccounts(e *exam) {
	for i, h := range hostile {
		tenant := fmt.Sprint("t", i)
		mangled, err := e.create(auth.Account{Tenant: tenant, Identifier: h.mangled})
		if err != nil {
			mangled = "" // the store refuses that name as well
		}
		id, err := e.create(auth.Account{Tenant: tenant, Identifier: h.value, PasswordHash: "h"})
		created := err == nil
		if errors.Is(err, auth.ErrExists) {
			e.errorf("%s: the identifier is taken for the mangled one", h.name)
		}
		a, err := e.Accounts.Find(e.ctx, tenant, h.value)
		switch {
		case created && err != nil:
			e.errorf("%s: the account was created, but Find returned error %v", h.name, err)
		case created && (a.ID != id || a.Identifier != h.value):
			e.errorf("%s: Find returned another account or a changed identifier", h.name)
		case !created && err == nil:
			e.errorf("%s: the account was refused, but Find returned one", h.name)
		}
		if mangled != "" {
			a, err := e.Accounts.Find(e.ctx, tenant, h.mangled)
			if err != nil || a.ID != mangled {
				e.errorf("%s: the account of the mangled name is gone or another one (error %v)", h.name, err)
			}
		}

		id, err = e.create(auth.Account{Tenant: tenant, Identifier: "named", Name: h.value})
		if err != nil {
			continue
		}
		a, err = e.Accounts.Get(e.ctx, tenant, id)
		e.ok(err, "%s: Get of an account with such a name", h.name)
		if a.Name != h.value {
			e.errorf("%s: the name of the account was changed, neither kept nor refused", h.name)
		}
	}
}

func accountsCancelled(e *exam) {
	id := e.add(auth.Account{Identifier: "li", PasswordHash: "h1", Roles: []string{"sales"}})
	ctx := e.stopped()
	_, err := e.Accounts.Find(ctx, "", "li")
	e.is(err, ctx.Err(), "Find")
	_, err = e.Accounts.Get(ctx, "", id)
	e.is(err, ctx.Err(), "Get")
	won, err := e.Accounts.ReplacePassword(ctx, "", id, "h1", "h2")
	e.is(err, ctx.Err(), "ReplacePassword")
	e.equal(won, false, "ReplacePassword")
	changed, err := e.Accounts.SetDisabled(ctx, "", id, true)
	e.is(err, ctx.Err(), "SetDisabled")
	e.equal(changed, false, "SetDisabled")
	if c, ok := e.Accounts.(auth.RoleChanger); ok {
		won, err = c.SetRoles(ctx, "", id, []string{"sales"}, []string{"admin"})
		e.is(err, ctx.Err(), "SetRoles")
		e.equal(won, false, "SetRoles")
	}
	if c, ok := e.Accounts.(auth.AccountCreator); ok {
		_, err = c.Create(ctx, auth.Account{Identifier: "wang"})
		e.is(err, ctx.Err(), "Create")
		_, err = e.Accounts.Find(e.ctx, "", "wang")
		e.is(err, auth.ErrNotFound, "Find of an account whose creation was cancelled")
	}
	if l, ok := e.Accounts.(auth.AccountLister); ok {
		var last error
		for a, err := range l.List(ctx, "", "", "") {
			if err == nil {
				e.errorf("List yielded account %q", a.Identifier)
			}
			last = err
		}
		e.is(last, ctx.Err(), "List")
	}
	a, err := e.Accounts.Get(e.ctx, "", id)
	e.ok(err, "Get")
	e.equalAccount(a, auth.Account{ID: id, Identifier: "li", PasswordHash: "h1", Roles: []string{"sales"}}, "the account after cancelled calls")
}
