package authhttp

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/crmauth/crmauth/auth"
)

const (
	defaultPage = 50
	largestPage = 200
	maxQuery    = 256
)

// admin is what the request's session may administer; the service checks its
// right at every act.
func (web *Web) admin(r *http.Request) (*auth.Admin, error) {
	who, err := web.authenticate(r)
	if err != nil {
		return nil, err
	}
	return web.svc.Admin(who, web.Client(r)), nil
}

func (web *Web) getAccounts(w http.ResponseWriter, r *http.Request, in *input) error {
	ad, err := web.admin(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	prefix, after := q.Get("q"), q.Get("cursor")
	if len(prefix) > maxQuery || len(after) > maxQuery {
		return &auth.MalformedError{Field: "q", Problem: "or cursor is too long"}
	}
	if prefix != "" { // identifiers are stored in their canonical form
		if prefix, err = auth.CanonicalIdentifier(prefix); err != nil {
			return &auth.MalformedError{Field: "q", Problem: "can't begin an identifier"}
		}
	}
	limit := defaultPage
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > largestPage {
			return &auth.MalformedError{Field: "limit", Problem: "must be between 1 and 200"}
		}
	}
	out := list[auth.AccountInfo]{Items: []auth.AccountInfo{}}
	for a, err := range ad.List(r.Context(), prefix, after) {
		if err != nil {
			return err
		}
		if len(out.Items) == limit {
			out.Next = out.Items[limit-1].ID
			break
		}
		out.Items = append(out.Items, a)
	}
	return reply(w, out)
}

func (web *Web) postAccounts(w http.ResponseWriter, r *http.Request, in *input) error {
	n := auth.NewAccount{
		Identifier: in.text("identifier"), Aliases: in.texts("aliases"), Email: in.text("email"),
		Name: in.text("name"), Locale: in.text("locale"), Roles: in.texts("roles"),
	}
	if in.problem != nil {
		return in.problem
	}
	ad, err := web.admin(r)
	if err != nil {
		return err
	}
	id, err := ad.Invite(r.Context(), n)
	if err != nil {
		return err
	}
	w.Header().Set("Location", web.config.Prefix+"/admin/accounts/"+url.PathEscape(id))
	write(w, http.StatusCreated, "application/json", map[string]string{"id": id})
	return nil
}

func (web *Web) getAccount(w http.ResponseWriter, r *http.Request, in *input) error {
	ad, err := web.admin(r)
	if err != nil {
		return err
	}
	a, err := ad.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, a)
}

// onAccount serves an act on one account that takes and returns nothing else.
func (web *Web) onAccount(act func(*auth.Admin, context.Context, string) error) endpoint {
	return func(w http.ResponseWriter, r *http.Request, _ *input) error {
		ad, err := web.admin(r)
		if err != nil {
			return err
		}
		if err := act(ad, r.Context(), r.PathValue("id")); err != nil {
			return err
		}
		return done(w)
	}
}

func (web *Web) deleteAccountSessions(w http.ResponseWriter, r *http.Request, in *input) error {
	ad, err := web.admin(r)
	if err != nil {
		return err
	}
	n, err := ad.EndSessions(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, map[string]int{"ended": n})
}
