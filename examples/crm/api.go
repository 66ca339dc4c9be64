package main

import (
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strconv"

	"github.com/crmauth/crmauth/auth"
)

// listing is one page of a list, the newest first. The next one is asked for by
// ?before= with Next.
type listing[T any] struct {
	Items []T   `json:"items"`
	Next  int64 `json:"next,omitzero"`
}

func (a *app) apiCustomers(w http.ResponseWriter, r *http.Request) {
	before, err := before(r)
	if err != nil {
		a.api.Error(w, r, err)
		return
	}
	items, err := a.records.customers(r.Context(), before)
	respond(a, w, r, items, customerID, err)
}

func (a *app) apiDeals(w http.ResponseWriter, r *http.Request) {
	before, err := before(r)
	if err != nil {
		a.api.Error(w, r, err)
		return
	}
	items, err := a.records.deals(r.Context(), before)
	respond(a, w, r, items, dealID, err)
}

func customerID(c customer) int64 { return c.ID }
func dealID(d deal) int64         { return d.ID }

func before(r *http.Request) (int64, error) {
	v := r.URL.Query().Get("before")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 {
		return 0, &auth.MalformedError{Field: "before", Problem: "must be a positive number"}
	}
	return n, nil
}

func respond[T any](a *app, w http.ResponseWriter, r *http.Request, items []T, id func(T) int64, err error) {
	if err != nil {
		a.api.Error(w, r, err)
		return
	}
	out := listing[T]{Items: items}
	if len(items) == page {
		out.Next = id(items[page-1])
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // the client is gone: nobody to tell
}

// export writes everything as one JSON object, row by row.
func (a *app) export(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="crm-export.json"`)
	ctx := r.Context()
	err := errors.Join(
		write(w, `{"customers":[`, all(ctx, a.records.customers, customerID)),
		write(w, `],"deals":[`, all(ctx, a.records.deals, dealID)),
	)
	if err != nil { // part of it is sent: cut the connection, so that nobody takes it for the whole
		a.log.ErrorContext(ctx, "crm: the export failed", "error", err)
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write([]byte("]}\n"))
}

func write[T any](w http.ResponseWriter, begin string, items iter.Seq2[T, error]) error {
	if _, err := w.Write([]byte(begin)); err != nil {
		return err
	}
	separator := "\n"
	for item, err := range items {
		if err != nil {
			return err
		}
		text, err := json.Marshal(item)
		if err != nil {
			return err
		}
		if _, err := w.Write(append([]byte(separator), text...)); err != nil {
			return err
		}
		separator = ",\n"
	}
	return nil
}
