package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

type counters struct{ run *runner }

var (
	_ lockout.Store   = (*counters)(nil)
	_ lockout.Deduper = (*counters)(nil)
	_ lockout.Expirer = (*counters)(nil)
)

// request is a lockout.Request as the statement reads it; durations in
// microseconds.
type request struct {
	Key    string  `json:"key"`
	Free   int     `json:"free"`
	Waits  []int64 `json:"waits"`
	Forget int64   `json:"forget"`
}

// span is a duration in microseconds, never shorter than d.
func span(d time.Duration) int64 {
	if d > lockout.Never-time.Microsecond {
		return math.MaxInt64
	}
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}

func (s *counters) Reserve(ctx context.Context, now time.Time, requests ...lockout.Request) (counts []lockout.Count, err error) {
	if len(requests) == 0 {
		return nil, ctx.Err()
	}
	err = s.run.write(ctx, func(c conn) error {
		counts, err = reserve(ctx, c, now, requests)
		return err
	})
	if err != nil {
		return nil, err
	}
	return counts, refusal(ctx, s.run.reader(), now, requests, counts)
}

// reserve counts what stands before the first blocked key, in one statement.
func reserve(ctx context.Context, c conn, now time.Time, requests []lockout.Request) ([]lockout.Count, error) {
	asked := make([]request, len(requests))
	index := make(map[string]int, len(requests))
	for i, r := range requests {
		if r.Policy.Free < 1 || r.Policy.Forget <= 0 || len(r.Policy.Waits) == 0 {
			return nil, fmt.Errorf("sqlstore: the policy of key %q is not complete, see lockout.Policy.Complete", r.Key)
		}
		if invalidText(r.Key) {
			return nil, errInvalidText
		}
		waits := make([]int64, len(r.Policy.Waits))
		for j, wait := range r.Policy.Waits {
			waits[j] = span(wait)
		}
		asked[i] = request{r.Key, r.Policy.Free, waits, span(r.Policy.Forget)}
		index[r.Key] = i
	}
	if len(index) != len(requests) {
		return nil, errors.New("sqlstore: the requests of one call must have distinct keys")
	}
	counts := make([]lockout.Count, len(requests))
	err := c.each(ctx, "counter.reserve", []any{encode(asked), micros(now)}, func(r row) error {
		var key string
		count := lockout.Count{Granted: true}
		err := r.Scan(&key, &count.Seq, &count.Failures)
		counts[index[key]] = count
		return err
	})
	return counts, err
}

// refusal fills in what the key that was not granted has counted, if there is
// one, and that those behind it were not decided. Whatever happened to the key
// meanwhile, this attempt stays refused.
func refusal(ctx context.Context, c conn, now time.Time, requests []lockout.Request, counts []lockout.Count) error {
	i := slices.IndexFunc(counts, func(c lockout.Count) bool { return !c.Granted })
	if i < 0 {
		return nil
	}
	for behind := i + 1; behind < len(counts); behind++ {
		counts[behind].Skipped = !counts[behind].Granted
	}
	counts[i].RetryAt = now
	var failures, at int64
	found, err := c.one(ctx, "counter.read", []any{requests[i].Key}, &failures, &at)
	if err != nil || !found {
		return err
	}
	counts[i].Failures = failures
	switch wait := requests[i].Policy.Wait(failures); {
	case wait == lockout.Never:
		counts[i].RetryAt = time.Time{}
	case wait > 0:
		counts[i].RetryAt = fromMicros(at).Add(wait)
	}
	return nil
}

// settlement is a lockout.Settlement as the statement reads it.
type settlement struct {
	Key       string `json:"key"`
	Seq       int64  `json:"seq"`
	Succeeded bool   `json:"succeeded"`
}

func (s *counters) Settle(ctx context.Context, settlements ...lockout.Settlement) error {
	if len(settlements) == 0 {
		return ctx.Err()
	}
	told := make([]settlement, len(settlements))
	for i, t := range settlements {
		if t.Outcome != lockout.Succeeded && t.Outcome != lockout.Refunded {
			return errors.New("sqlstore: a settlement is Succeeded or Refunded")
		}
		told[i] = settlement{t.Key, t.Seq, t.Outcome == lockout.Succeeded}
	}
	_, err := s.run.count(ctx, "counter.settle", encode(told))
	return err
}

func (s *counters) Clear(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return ctx.Err()
	}
	_, err := s.run.count(ctx, "counter.clear", list(keys))
	return err
}

// counted is a lockout.Count at rest.
type counted struct {
	Seq      int64 `json:"seq"`
	Failures int64 `json:"failures"`
}

func (s *counters) ReserveOnce(ctx context.Context, now time.Time, id string, until time.Time, requests ...lockout.Request) (once lockout.Once, err error) {
	err = s.run.inTx(ctx, func(c conn) error {
		var first int64
		var text string
		// This takes the write lock, so that a new id stays new until it is recorded.
		found, err := c.one(ctx, "attempt.join", []any{id, micros(now)}, &first, &text)
		if err != nil {
			return err
		}
		if found {
			once = lockout.Once{First: fromMicros(first), Repeat: true}
			once.Counts, err = recorded(text)
			return err
		}
		once = lockout.Once{First: fromMicros(micros(now))}
		if once.Counts, err = reserve(ctx, c, now, requests); err != nil {
			return err
		}
		text, all := record(once.Counts)
		if !all {
			return refusal(ctx, c, now, requests, once.Counts)
		}
		_, err = c.exec(ctx, "attempt.record", id, micros(now), micros(until), text)
		return err
	})
	if err != nil {
		return lockout.Once{}, err
	}
	return once, nil
}

// record is the counts at rest, if all of them were granted.
func record(counts []lockout.Count) (text string, all bool) {
	rows := make([]counted, len(counts))
	for i, c := range counts {
		if !c.Granted {
			return "", false
		}
		rows[i] = counted{c.Seq, c.Failures}
	}
	return encode(rows), true
}

func recorded(text string) ([]lockout.Count, error) {
	var rows []counted
	if err := decode(text, &rows); err != nil {
		return nil, err
	}
	counts := make([]lockout.Count, len(rows))
	for i, r := range rows {
		counts[i] = lockout.Count{Seq: r.Seq, Failures: r.Failures, Granted: true}
	}
	return counts, nil
}

func (s *counters) Release(ctx context.Context, id string) (last bool, err error) {
	err = s.run.inTx(ctx, func(c conn) error {
		n, err := c.exec(ctx, "attempt.release_last", id)
		last = n > 0
		if err != nil || last {
			return err
		}
		_, err = c.exec(ctx, "attempt.release", id)
		return err
	})
	return last && err == nil, err
}

func (s *counters) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := s.run.count(ctx, "counter.expire", micros(now), limit)
	if err != nil || n >= limit {
		return n, err
	}
	// What is left to look at has been used since it was put on the agenda.
	if _, err := s.run.count(ctx, "counter.postpone", micros(now), limit); err != nil {
		return n, err
	}
	more, err := s.run.count(ctx, "attempt.expire", micros(now), limit-n)
	return n + more, err
}
