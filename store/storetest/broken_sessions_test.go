package storetest_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

type sessions interface {
	session.Store
	session.Expirer
}

func sessionFaults() []fault {
	broken := func(what, found string, wrap func(sessions) session.Store) fault {
		return fault{what, "sessions/" + found, func(s *auth.Stores) { s.Sessions = wrap(s.Sessions.(sessions)) }}
	}
	return []fault{
		broken("keeps the idle time to the second", "round trip", func(s sessions) session.Store { return idleSeconds{s} }),
		broken("compares the first half of a digest", "unknown is ErrNotFound", func(s sessions) session.Store { return halfDigest{s} }),
		broken("makes room before it finds the key taken", "key taken", func(s sessions) session.Store { return makesRoomFirst{s} }),
		broken("moves Seen backward", "touch moves forward", func(s sessions) session.Store { return &movesBack{sessions: s} }),
		broken("inserts the next session and leaves the old one", "rotate is all or nothing", func(s sessions) session.Store { return rotatesByCreate{s} }),
		broken("ends the old session although the next one's key is taken", "rotate is all or nothing", func(s sessions) session.Store { return endsFirst{s} }),
		broken("ends the new session for the limit's sake", "keep", func(s sessions) session.Store { return endsNewest{s} }),
		broken("does not tell which sessions it ended", "keep", func(s sessions) session.Store { return silentKeep{s} }),
		broken("lists the oldest first", "list", func(s sessions) session.Store { return oldestFirst{s} }),
		broken("ends sessions of all tenants", "exact owners", func(s sessions) session.Store { return &glues{sessions: s} }),
		broken("mends malformed browser names", "hostile values", func(s sessions) session.Store { return mendsAgent{s} }),
		broken("works for cancelled requests", "cancelled calls change nothing", func(s sessions) session.Store { return tirelessSessions{s} }),
		broken("expires what is active for an hour more", "expiry spares the living", func(s sessions) session.Store { return expiresSessionsEarly{s} }),
		broken("ends the spared session, too", "end by filter", func(s sessions) session.Store { return sparesNone{s} }),
		broken("brings a session back by touching it", "ended is gone", func(s sessions) session.Store { return &touchUpserts{sessions: s} }),
		broken("rotates what has ended", "ended is gone", func(s sessions) session.Store { return rotatesEnded{s} }),
		broken("answers from a cache", "ended is gone", func(s sessions) session.Store { return &caches{sessions: s} }),
		broken("forgets the key of what has ended", "tombstones", func(s sessions) session.Store { return &noTombstones{sessions: s} }),
		broken("looks for a session, then rotates it", "race to rotate", func(s sessions) session.Store { return looksThenRotates{s} }),
		broken("looks for a key, then creates", "race for one key", func(s sessions) session.Store { return looksThenInserts{s} }),
		broken("counts sessions, then creates one more", "race with a limit", func(s sessions) session.Store { return countsThenCreates{s} }),
		broken("reads a session, then writes it back touched", "race of end and touch", func(s sessions) session.Store { return &writesBack{touchUpserts{sessions: s}} }),
		broken("lists sessions, then ends each", "race of end and rotate", func(s sessions) session.Store { return listsThenEnds{s} }),
		broken("counts sessions, then ends them", "race to end", func(s sessions) session.Store { return countsThenEnds{s} }),
	}
}

type idleSeconds struct{ sessions }

func (s idleSeconds) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	next.Idle = next.Idle.Truncate(time.Second)
	return s.sessions.Create(ctx, next, keep)
}

type halfDigest struct{ sessions }

func half(k session.Key) session.Key {
	clear(k.Digest[16:])
	return k
}

func (s halfDigest) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	next.Key = half(next.Key)
	return s.sessions.Create(ctx, next, keep)
}

func (s halfDigest) Get(ctx context.Context, k session.Key) (session.Session, error) {
	return s.sessions.Get(ctx, half(k))
}

func (s halfDigest) Touch(ctx context.Context, k session.Key, seen time.Time) (bool, error) {
	return s.sessions.Touch(ctx, half(k), seen)
}

type makesRoomFirst struct{ sessions }

func (s makesRoomFirst) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	n := 0
	for old := range s.sessions.List(ctx, next.Tenant, next.Account) {
		if n++; keep > 0 && n >= keep {
			_, _ = s.sessions.End(ctx, session.Filter{Tenant: old.Tenant, Account: old.Account, ID: old.ID}, next.Created)
		}
	}
	return s.sessions.Create(ctx, next, 0)
}

type movesBack struct {
	sessions
	seen sync.Map
}

func (s *movesBack) Touch(ctx context.Context, k session.Key, seen time.Time) (bool, error) {
	s.seen.Store(k, seen)
	return s.sessions.Touch(ctx, k, seen)
}

func (s *movesBack) Get(ctx context.Context, k session.Key) (session.Session, error) {
	got, err := s.sessions.Get(ctx, k)
	if seen, ok := s.seen.Load(k); ok && err == nil {
		got.Seen = seen.(time.Time)
	}
	return got, err
}

type rotatesByCreate struct{ sessions }

func (s rotatesByCreate) Rotate(ctx context.Context, old session.Key, next session.Session) (bool, error) {
	if _, err := s.sessions.Get(ctx, old); err != nil {
		return false, nil
	}
	_, err := s.sessions.Create(ctx, next, 0)
	return err == nil, err
}

type endsFirst struct{ sessions }

func (s endsFirst) Rotate(ctx context.Context, old session.Key, next session.Session) (bool, error) {
	before, err := s.sessions.Get(ctx, old)
	if err != nil {
		return false, nil
	}
	n, err := s.sessions.End(ctx, session.Filter{Tenant: before.Tenant, Account: before.Account, ID: before.ID}, next.Created)
	if n == 0 || err != nil {
		return false, err
	}
	_, err = s.sessions.Create(ctx, next, 0)
	return err == nil, err
}

type endsNewest struct{ sessions }

func (s endsNewest) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	if _, err := s.sessions.Create(ctx, next, 0); err != nil {
		return nil, err
	}
	var ended []string
	n := 0
	for old := range s.sessions.List(ctx, next.Tenant, next.Account) {
		if n++; keep > 0 && n > keep { // the oldest, whichever they are
			_, _ = s.sessions.End(ctx, session.Filter{Tenant: old.Tenant, Account: old.Account, ID: old.ID}, next.Created)
			ended = append(ended, old.ID)
		}
	}
	return ended, nil
}

type silentKeep struct{ sessions }

func (s silentKeep) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	_, err := s.sessions.Create(ctx, next, keep)
	return nil, err
}

type oldestFirst struct{ sessions }

func (s oldestFirst) List(ctx context.Context, tenant, account string) iter.Seq2[session.Session, error] {
	var list []session.Session
	for got, err := range s.sessions.List(ctx, tenant, account) {
		if err != nil {
			return s.sessions.List(ctx, tenant, account)
		}
		list = append(list, got)
	}
	return func(yield func(session.Session, error) bool) {
		for _, got := range slices.Backward(list) {
			if !yield(got, nil) {
				return
			}
		}
	}
}

// glues ends by account, whatever the tenant.
type glues struct {
	sessions
	tenants sync.Map
}

func (s *glues) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	s.tenants.Store(next.Tenant, true)
	return s.sessions.Create(ctx, next, keep)
}

func (s *glues) End(ctx context.Context, f session.Filter, at time.Time) (total int, err error) {
	for tenant := range s.tenants.Range {
		f.Tenant = tenant.(string)
		n, err := s.sessions.End(ctx, f, at)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, ctx.Err()
}

type mendsAgent struct{ sessions }

func (s mendsAgent) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	next.UserAgent = strings.ToValidUTF8(next.UserAgent, "\ufffd")
	return s.sessions.Create(ctx, next, keep)
}

type tirelessSessions struct{ sessions }

func (s tirelessSessions) End(ctx context.Context, f session.Filter, at time.Time) (int, error) {
	return s.sessions.End(context.WithoutCancel(ctx), f, at)
}

type expiresSessionsEarly struct{ sessions }

func (s expiresSessionsEarly) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.sessions.Expire(ctx, now.Add(time.Hour), limit)
}

type sparesNone struct{ sessions }

func (s sparesNone) End(ctx context.Context, f session.Filter, at time.Time) (int, error) {
	f.Except = ""
	return s.sessions.End(ctx, f, at)
}

// touchUpserts writes a whole session back when it is touched.
type touchUpserts struct {
	sessions
	known, back sync.Map
}

func (s *touchUpserts) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	s.known.Store(next.Key, next)
	return s.sessions.Create(ctx, next, keep)
}

func (s *touchUpserts) Touch(ctx context.Context, k session.Key, seen time.Time) (bool, error) {
	active, err := s.sessions.Touch(ctx, k, seen)
	if known, ok := s.known.Load(k); ok && err == nil && !active {
		s.back.Store(k, known)
	}
	return active, err
}

func (s *touchUpserts) Get(ctx context.Context, k session.Key) (session.Session, error) {
	if known, ok := s.back.Load(k); ok {
		return known.(session.Session), nil
	}
	return s.sessions.Get(ctx, k)
}

type rotatesEnded struct{ sessions }

func (s rotatesEnded) Rotate(ctx context.Context, old session.Key, next session.Session) (bool, error) {
	won, err := s.sessions.Rotate(ctx, old, next)
	if !won && err == nil {
		_, err = s.sessions.Create(ctx, next, 0)
		return err == nil, err
	}
	return won, err
}

type caches struct {
	sessions
	cache sync.Map
}

func (s *caches) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	ended, err := s.sessions.Create(ctx, next, keep)
	if err == nil {
		s.cache.Store(next.Key, next)
	}
	return ended, err
}

func (s *caches) Get(ctx context.Context, k session.Key) (session.Session, error) {
	if got, ok := s.cache.Load(k); ok {
		return got.(session.Session), nil
	}
	return s.sessions.Get(ctx, k)
}

// noTombstones keeps a session whose key has ended under another key.
type noTombstones struct {
	sessions
	moved sync.Map
}

func (s *noTombstones) key(k session.Key) session.Key {
	if to, ok := s.moved.Load(k); ok {
		return to.(session.Key)
	}
	return k
}

func (s *noTombstones) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	ended, err := s.sessions.Create(ctx, next, keep)
	if _, missing := s.sessions.Get(ctx, next.Key); errors.Is(err, session.ErrExists) && missing != nil {
		to := next.Key
		to.Digest[0]++
		s.moved.Store(next.Key, to)
		next.Key = to
		return s.sessions.Create(ctx, next, keep)
	}
	return ended, err
}

func (s *noTombstones) Get(ctx context.Context, k session.Key) (session.Session, error) {
	return s.sessions.Get(ctx, s.key(k))
}

type looksThenRotates struct{ sessions }

func (s looksThenRotates) Rotate(ctx context.Context, old session.Key, next session.Session) (bool, error) {
	if _, err := s.sessions.Get(ctx, old); err != nil {
		return false, nil
	}
	dawdle()
	return rotatesEnded(s).Rotate(ctx, old, next)
}

type looksThenInserts struct{ sessions }

func (s looksThenInserts) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	if _, err := s.sessions.Get(ctx, next.Key); err == nil {
		return nil, session.ErrExists
	}
	dawdle()
	ended, err := s.sessions.Create(ctx, next, keep)
	if _, there := s.sessions.Get(ctx, next.Key); errors.Is(err, session.ErrExists) && there == nil {
		err = nil // it overwrites
	}
	return ended, err
}

// countsThenCreates lets the oldest make place for the new one.
type countsThenCreates struct{ sessions }

func (s countsThenCreates) Create(ctx context.Context, next session.Session, keep int) ([]string, error) {
	var active []session.Session
	for old, err := range s.sessions.List(ctx, next.Tenant, next.Account) {
		if err == nil && old.Active(next.Created) {
			active = append(active, old)
		}
	}
	dawdle()
	if _, err := s.sessions.Create(ctx, next, 0); err != nil {
		return nil, err
	}
	if keep == 0 || len(active) < keep {
		return nil, nil
	}
	oldest := active[len(active)-1]
	n, err := s.sessions.End(ctx, session.Filter{Tenant: next.Tenant, Account: next.Account, ID: oldest.ID}, next.Created)
	if n == 0 || err != nil {
		return nil, err
	}
	return []string{oldest.ID}, nil
}

// writesBack reads, dawdles and writes, as middleware does that keeps sessions
// in a cache without conditions.
type writesBack struct{ touchUpserts }

func (s *writesBack) Touch(ctx context.Context, k session.Key, seen time.Time) (bool, error) {
	if _, err := s.Get(ctx, k); err != nil {
		return false, nil
	}
	dawdle()
	_, err := s.touchUpserts.Touch(ctx, k, seen)
	return true, err
}

type listsThenEnds struct{ sessions }

func (s listsThenEnds) End(ctx context.Context, f session.Filter, at time.Time) (total int, err error) {
	var ids []string
	for got := range s.sessions.List(ctx, f.Tenant, f.Account) {
		if (f.ID == "" || f.ID == got.ID) && got.ID != f.Except {
			ids = append(ids, got.ID)
		}
	}
	dawdle()
	for _, id := range ids {
		n, err := s.sessions.End(ctx, session.Filter{Tenant: f.Tenant, Account: f.Account, ID: id}, at)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, ctx.Err()
}

type countsThenEnds struct{ sessions }

func (s countsThenEnds) End(ctx context.Context, f session.Filter, at time.Time) (n int, err error) {
	for got := range s.sessions.List(ctx, f.Tenant, f.Account) {
		if (f.ID == "" || f.ID == got.ID) && (f.Except == "" || got.ID != f.Except) {
			n++
		}
	}
	dawdle()
	_, err = s.sessions.End(ctx, f, at)
	return n, err
}
