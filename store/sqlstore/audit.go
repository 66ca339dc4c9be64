package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"

	"github.com/crmauth/crmauth/auth/audit"
)

// events is the log. Reading one account's events uses an index; other filters
// walk the log from the cursor on.
type events struct{ run *runner }

var (
	_ audit.Sink   = (*events)(nil)
	_ audit.Reader = (*events)(nil)
)

// eventRow is an event as the statement reads it.
type eventRow struct {
	Time  int64       `json:"time"`
	Event audit.Event `json:"event"`
}

func (s *events) Append(ctx context.Context, list ...audit.Event) error {
	if len(list) == 0 {
		return ctx.Err()
	}
	if len(list) == 1 { // the usual case, at half the cost
		e := list[0].Clean()
		e.Seq = 0
		text, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("sqlstore: event: %w", err)
		}
		_, err = s.run.count(ctx, "audit.append_one",
			micros(e.Time), e.Tenant, e.Account, e.Actor.ID, string(e.Name), string(e.Outcome), string(text))
		return err
	}
	rows := make([]eventRow, len(list))
	for i, e := range list {
		e = e.Clean()
		e.Seq = 0
		rows[i] = eventRow{micros(e.Time), e}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("sqlstore: event: %w", err)
	}
	_, err = s.run.count(ctx, "audit.append", string(text))
	return err
}

func (s *events) Events(ctx context.Context, f audit.Filter, after audit.Cursor) iter.Seq2[audit.Event, error] {
	statement, at := "oldest_first", after.Seq
	if f.NewestFirst {
		statement = "newest_first"
		if at == 0 {
			at = math.MaxInt64
		}
	}
	if f.Account != "" && !f.AllTenants {
		statement = "account_" + statement
	}
	var from, until int64 = math.MinInt64, math.MaxInt64
	if !f.From.IsZero() {
		from = micros(f.From)
	}
	if !f.Until.IsZero() {
		until = micros(f.Until)
	}
	names := make([]string, len(f.Names))
	for i, n := range f.Names {
		names[i] = string(n)
	}
	return pages(at, func(at int64) (items []audit.Event, last int64, err error) {
		args := []any{at, page, f.AllTenants, f.Tenant, f.Account, f.Actor, from, until, list(names)}
		err = s.run.reader().each(ctx, "audit."+statement, args, func(r row) error {
			var text string
			if err := r.Scan(&last, &text); err != nil {
				return err
			}
			var e audit.Event
			err := decode(text, &e)
			e.Seq = last
			items = append(items, e)
			return err
		})
		return items, last, err
	})
}
