package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crmauth/crmauth/auth"
)

// adminData is one page of the accounts.
type adminData struct {
	Accounts []auth.AccountInfo
	Search   string
	Next     string // query of the next page, "" on the last one
	Invite   auth.NewAccount
}

// adminPage is how many accounts one page lists.
const adminPage = 50

// administration is what the administrator who asks may do.
func (a *app) administration(r *http.Request) *auth.Admin {
	who, _ := auth.PrincipalFrom(r.Context())
	return a.svc.Admin(who, a.web.Client(r))
}

func (a *app) admin(w http.ResponseWriter, r *http.Request) {
	a.showAdmin(w, r, auth.NewAccount{}, nil)
}

func (a *app) showAdmin(w http.ResponseWriter, r *http.Request, invite auth.NewAccount, problem error) {
	d := adminData{Search: strings.ToLower(strings.TrimSpace(r.URL.Query().Get("search"))), Invite: invite}
	for account, err := range a.administration(r).List(r.Context(), d.Search, r.URL.Query().Get("after")) {
		if err != nil {
			a.fail(w, r, err, "/admin")
			return
		}
		if len(d.Accounts) == adminPage {
			d.Next = url.Values{"search": {d.Search}, "after": {d.Accounts[adminPage-1].ID}}.Encode()
			break
		}
		d.Accounts = append(d.Accounts, account)
	}
	a.show(w, r, "admin", view{Title: "Accounts", Data: d}, problem)
}

func (a *app) inviteAccount(w http.ResponseWriter, r *http.Request) {
	n := auth.NewAccount{
		Identifier: r.PostFormValue("email"),
		Name:       r.PostFormValue("name"),
		Locale:     language(r),
		Roles:      []string{r.PostFormValue("role")},
	}
	var err error = errInput
	if slices.Contains(roles, n.Roles[0]) {
		_, err = a.administration(r).Invite(r.Context(), n)
	}
	switch {
	case err == nil:
		done(w, r, "/admin", "invited")
	case about(err), auth.CodeOf(err) == auth.CodeExists:
		a.showAdmin(w, r, n, err)
	default:
		a.fail(w, r, err, "/admin")
	}
}

// acts are what an administrator does to one account, by the name in the path.
var acts = map[string]func(*auth.Admin, context.Context, string) error{
	"suspend": (*auth.Admin).Suspend,
	"resume":  (*auth.Admin).Resume,
	"unlock":  (*auth.Admin).Unlock,
	"reset":   (*auth.Admin).StartReset,
	"endall": func(ad *auth.Admin, ctx context.Context, id string) error {
		_, err := ad.EndSessions(ctx, id)
		return err
	},
}

func (a *app) actOnAccount(w http.ResponseWriter, r *http.Request) {
	act, err := acts[r.PathValue("act")], error(auth.ErrNotFound)
	if act != nil {
		err = act(a.administration(r), r.Context(), r.PathValue("id"))
	}
	switch {
	case err == nil:
		done(w, r, "/admin", r.PathValue("act"))
	case auth.CodeOf(err) == auth.CodeLastAdministrator:
		a.showAdmin(w, r, auth.NewAccount{}, err)
	default:
		a.fail(w, r, err, "/admin")
	}
}
