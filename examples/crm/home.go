package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/crmauth/crmauth/auth"
)

// homeData is the home page.
type homeData struct {
	Totals    totals
	Customers []customer
	Deals     []deal
}

func (a *app) home(w http.ResponseWriter, r *http.Request) { a.showHome(w, r, nil) }

func (a *app) showHome(w http.ResponseWriter, r *http.Request, problem error) {
	d, err := a.overview(r.Context())
	if err != nil {
		a.errorPage(w, r, err)
		return
	}
	a.show(w, r, "home", view{Title: "Overview", Data: d}, problem)
}

func (a *app) overview(ctx context.Context) (d homeData, err error) {
	if d.Totals, err = a.records.totals(ctx); err != nil {
		return d, err
	}
	if d.Deals, err = a.records.deals(ctx, 0); err != nil {
		return d, err
	}
	d.Customers, err = a.records.customers(ctx, 0)
	return d, err
}

func (a *app) addCustomer(w http.ResponseWriter, r *http.Request) {
	who, _ := auth.PrincipalFrom(r.Context())
	c := customer{
		Name: field(r, "name"), City: field(r, "city"), Contact: field(r, "contact"),
		Owner: who.Identifier, Created: a.now(),
	}
	err := error(errInput)
	if c.Name != "" && c.City != "" && c.Contact != "" {
		err = a.records.addCustomer(r.Context(), c)
	}
	a.changed(w, r, err, "added")
}

func (a *app) addDeal(w http.ResponseWriter, r *http.Request) {
	who, _ := auth.PrincipalFrom(r.Context())
	d := deal{Title: field(r, "title"), Stage: stages[0], Owner: who.Identifier, Created: a.now()}
	var yuan int64
	d.CustomerID, _ = strconv.ParseInt(field(r, "customer"), 10, 64)
	yuan, err := strconv.ParseInt(field(r, "amount"), 10, 64)
	if err != nil || d.Title == "" || yuan < 0 || yuan > 1e12 {
		a.changed(w, r, errInput, "")
		return
	}
	d.Fen = yuan * 100
	there, err := a.records.addDeal(r.Context(), d)
	if err == nil && !there {
		err = auth.ErrNotFound
	}
	a.changed(w, r, err, "added")
}

func (a *app) moveDeal(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	stage := r.PostFormValue("stage")
	if !slices.Contains(stages, stage) {
		a.changed(w, r, errInput, "")
		return
	}
	there, err := a.records.move(r.Context(), id, stage)
	if err == nil && !there {
		err = auth.ErrNotFound
	}
	a.changed(w, r, err, "moved")
}

// changed goes back to the home page.
func (a *app) changed(w http.ResponseWriter, r *http.Request, err error, what string) {
	switch {
	case err == nil:
		done(w, r, "/", what)
	case about(err):
		a.showHome(w, r, err)
	default:
		a.errorPage(w, r, err)
	}
}

// field is a value of a form without the spaces around it, "" if it is longer
// than any name is or no text.
func field(r *http.Request, name string) string {
	v := strings.TrimSpace(r.PostFormValue(name))
	if len(v) > 200 || !utf8.ValidString(v) {
		return ""
	}
	return v
}
