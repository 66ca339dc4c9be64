package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/notify"
)

type outbox struct{ run *runner }

var _ notify.Outbox = (*outbox)(nil)

func (s *outbox) Add(ctx context.Context, entries ...notify.Entry) error {
	add := func(c conn) error {
		for _, e := range entries {
			payload := e.Payload
			if payload == nil {
				payload = []byte{}
			}
			if _, err := c.exec(ctx, "outbox.add", e.ID, micros(e.Due), payload); err != nil {
				return err
			}
		}
		return nil
	}
	switch len(entries) {
	case 0:
		return ctx.Err()
	case 1:
		return s.run.write(ctx, add)
	default:
		return s.run.inTx(ctx, add)
	}
}

func (s *outbox) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) (claimed []notify.Entry, err error) {
	if n <= 0 {
		return nil, ctx.Err()
	}
	err = s.run.write(ctx, func(c conn) error {
		claimed = nil
		return c.each(ctx, "outbox.claim", []any{micros(now), micros(now.Add(lease)), n}, func(r row) error {
			var e notify.Entry
			var due int64
			if err := r.Scan(&e.ID, &due, &e.Attempts, &e.Payload); err != nil {
				return err
			}
			e.Due = fromMicros(due)
			claimed = append(claimed, e)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b notify.Entry) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return claimed, nil
}

func (s *outbox) Done(ctx context.Context, id string) error {
	_, err := s.run.count(ctx, "outbox.done", id)
	return err
}

func (s *outbox) Retry(ctx context.Context, id string, attempts int, next time.Time) error {
	_, err := s.run.count(ctx, "outbox.retry", id, attempts, micros(next))
	return err
}
