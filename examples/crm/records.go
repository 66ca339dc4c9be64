package main

import (
	"context"
	"database/sql"
	_ "embed"
	"iter"
	"math"
	"time"
)

// records are the CRM's own data, in tables beside those of the library.
type records struct{ db *sql.DB }

//go:embed schema.sql
var schema string

type customer struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	City    string    `json:"city"`
	Contact string    `json:"contact"`
	Owner   string    `json:"owner"`
	Created time.Time `json:"created"`
}

type deal struct {
	ID         int64     `json:"id"`
	CustomerID int64     `json:"customer_id"`
	Customer   string    `json:"customer"`
	Title      string    `json:"title"`
	Fen        int64     `json:"amount_fen"` // 1/100 yuan
	Stage      string    `json:"stage"`
	Owner      string    `json:"owner"`
	Created    time.Time `json:"created"`
}

// stages are those of a deal, in their order.
var stages = []string{"lead", "offer", "negotiation", "won", "lost"}

func openRecords(ctx context.Context, db *sql.DB) (records, error) {
	_, err := db.ExecContext(ctx, schema)
	return records{db}, err
}

// page is how many rows a listing returns at a time.
const page = 100

// customers returns at most one page of those before an id, 0 being the end, the
// newest first.
func (r records) customers(ctx context.Context, before int64) ([]customer, error) {
	return list(ctx, r.db, "SELECT id, name, city, contact, owner, created FROM customers WHERE id < ? ORDER BY id DESC LIMIT ?",
		before, func(rows *sql.Rows) (c customer, err error) {
			var created int64
			err = rows.Scan(&c.ID, &c.Name, &c.City, &c.Contact, &c.Owner, &created)
			c.Created = time.UnixMicro(created).UTC()
			return c, err
		})
}

// deals is like customers.
func (r records) deals(ctx context.Context, before int64) ([]deal, error) {
	return list(ctx, r.db, `SELECT d.id, d.customer, c.name, d.title, d.fen, d.stage, d.owner, d.created
		FROM deals d JOIN customers c ON c.id = d.customer WHERE d.id < ? ORDER BY d.id DESC LIMIT ?`,
		before, func(rows *sql.Rows) (d deal, err error) {
			var created int64
			err = rows.Scan(&d.ID, &d.CustomerID, &d.Customer, &d.Title, &d.Fen, &d.Stage, &d.Owner, &created)
			d.Created = time.UnixMicro(created).UTC()
			return d, err
		})
}

func list[T any](ctx context.Context, db *sql.DB, query string, before int64, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	rows, err := db.QueryContext(ctx, query, before, page)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	items := []T{}
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// all yields every item of a listing, a page at a time; an error ends it.
func all[T any](ctx context.Context, next func(context.Context, int64) ([]T, error), id func(T) int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for before := int64(0); ; {
			items, err := next(ctx, before)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
				before = id(item)
			}
			if len(items) < page {
				return
			}
		}
	}
}

// totals are the figures on the home page.
type totals struct{ Customers, Open, Pipeline, Won int64 }

func (r records) totals(ctx context.Context) (t totals, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM customers),
		count(*) FILTER (WHERE stage NOT IN ('won', 'lost')),
		coalesce(sum(fen) FILTER (WHERE stage NOT IN ('won', 'lost')), 0),
		coalesce(sum(fen) FILTER (WHERE stage = 'won'), 0) FROM deals`).Scan(&t.Customers, &t.Open, &t.Pipeline, &t.Won)
	return t, err
}

func (r records) addCustomer(ctx context.Context, c customer) error {
	_, err := r.db.ExecContext(ctx, "INSERT INTO customers (name, city, contact, owner, created) VALUES (?, ?, ?, ?, ?)",
		c.Name, c.City, c.Contact, c.Owner, c.Created.UnixMicro())
	return err
}

// addDeal reports whether the customer exists.
func (r records) addDeal(ctx context.Context, d deal) (bool, error) {
	return changed(r.db.ExecContext(ctx, `INSERT INTO deals (customer, title, fen, stage, owner, created)
		SELECT id, ?, ?, ?, ?, ? FROM customers WHERE id = ?`, d.Title, d.Fen, d.Stage, d.Owner, d.Created.UnixMicro(), d.CustomerID))
}

// move reports whether the deal exists.
func (r records) move(ctx context.Context, deal int64, stage string) (bool, error) {
	return changed(r.db.ExecContext(ctx, "UPDATE deals SET stage = ? WHERE id = ?", stage, deal))
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// fill inserts the demo's customers and deals, all or none, where there are no
// customers yet.
func (r records) fill(ctx context.Context, customers []customer, deals []deal) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM customers").Scan(&n); err != nil || n > 0 {
		return err
	}
	for _, c := range customers {
		_, err = tx.ExecContext(ctx, "INSERT INTO customers (id, name, city, contact, owner, created) VALUES (?, ?, ?, ?, ?, ?)",
			c.ID, c.Name, c.City, c.Contact, c.Owner, c.Created.UnixMicro())
		if err != nil {
			return err
		}
	}
	for _, d := range deals {
		_, err = tx.ExecContext(ctx, "INSERT INTO deals (customer, title, fen, stage, owner, created) VALUES (?, ?, ?, ?, ?, ?)",
			d.CustomerID, d.Title, d.Fen, d.Stage, d.Owner, d.Created.UnixMicro())
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}
