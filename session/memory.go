package session

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MemoryStore keeps sessions in the memory of one process; they end with it.
// The zero value is ready. It must not be copied after first use.
//
// It is divided into 64 parts with a lock each. A look-up allocates nothing.
// Every write drops a few sessions that are over, at a cost that doesn't depend
// on how many there are, so that sessions which are over stay a small share of
// the whole while people sign in; [MemoryStore.Expire] drops the rest. A session
// takes about 650 bytes besides its texts. There is no bound, because nothing
// is kept for people who haven't signed in.
type MemoryStore struct {
	parts [parts]part
	next  atomic.Uint32 // where Expire goes on
}

var (
	_ Store   = (*MemoryStore)(nil)
	_ Expirer = (*MemoryStore)(nil)
)

const (
	parts = 64
	sweep = 4   // records that a write looks at
	batch = 256 // records that Expire looks at under one lock
)

// part holds all sessions of the accounts whose tag leads here, so that every
// verb is atomic under one lock.
type part struct {
	mu       sync.RWMutex
	records  map[Key]*record
	accounts map[owner][]*record // live ones, in no order
	ring     []*record           // all, in no order; hand goes round it and drops
	hand     int
	_        [64]byte // a cache line between the locks of neighbours
}

type owner struct{ tenant, account string }

// record is a session or its tombstone. The Session behind the pointer is
// never changed, only replaced, so it can be read without the lock.
type record struct {
	key     Key
	session *Session  // nil: a tombstone
	over    time.Time // of a tombstone
	inRing  int       // index in part.ring
	inList  int       // index in its account's list
}

func (m *MemoryStore) part(tag uint32) *part { return &m.parts[tag%parts] }

// Create implements [Store].
func (m *MemoryStore) Create(ctx context.Context, s Session, keep int) (ended []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Key.Tag != Tag(s.Tenant, s.Account) {
		return nil, errTag
	}
	p := m.part(s.Key.Tag)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.insert(&s, s.Created) {
		return nil, ErrExists
	}
	if keep > 0 {
		ended = p.makeRoom(&s, keep)
	}
	p.drop(s.Created, sweep)
	return ended, nil
}

// Get implements [Store].
func (m *MemoryStore) Get(ctx context.Context, k Key) (Session, error) {
	if err := ctx.Err(); err != nil {
		return Session{}, err
	}
	p := m.part(k.Tag)
	p.mu.RLock()
	var s *Session
	if r := p.records[k]; r != nil {
		s = r.session
	}
	p.mu.RUnlock()
	if s == nil {
		return Session{}, ErrNotFound
	}
	return *s, nil
}

// Touch implements [Store].
func (m *MemoryStore) Touch(ctx context.Context, k Key, seen time.Time) (active bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	p := m.part(k.Tag)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.live(k)
	if s == nil {
		return false, nil
	}
	if seen.After(s.Seen) {
		next := *s
		next.Seen = seen
		p.records[k].session = &next
	}
	p.drop(seen, sweep)
	return true, nil
}

// Rotate implements [Store].
func (m *MemoryStore) Rotate(ctx context.Context, old Key, next Session) (won bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if old.Tag != next.Key.Tag || next.Key.Tag != Tag(next.Tenant, next.Account) {
		return false, errTag
	}
	p := m.part(old.Tag)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live(old) == nil {
		return false, nil
	}
	if !p.insert(&next, next.Seen) {
		return false, ErrExists
	}
	p.bury(p.records[old], next.Seen)
	p.drop(next.Seen, sweep)
	return true, nil
}

// End implements [Store].
func (m *MemoryStore) End(ctx context.Context, f Filter, at time.Time) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p := m.part(Tag(f.Tenant, f.Account))
	p.mu.Lock()
	defer p.mu.Unlock()
	// Backwards, because burying moves the last one into the gap.
	for _, r := range slices.Backward(p.accounts[owner{f.Tenant, f.Account}]) {
		if s := r.session; (f.ID == "" || s.ID == f.ID) && (f.Except == "" || s.ID != f.Except) {
			p.bury(r, at)
			n++
		}
	}
	p.drop(at, sweep)
	return n, nil
}

// List implements [Store]. It holds no lock while it yields.
func (m *MemoryStore) List(ctx context.Context, tenant, account string) iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) {
		p := m.part(Tag(tenant, account))
		p.mu.RLock()
		list := sessions(p.accounts[owner{tenant, account}])
		p.mu.RUnlock()
		slices.SortFunc(list, func(a, b *Session) int { return older(b, a) })
		for _, s := range list {
			s, err := m.Get(ctx, s.Key)
			if errors.Is(err, ErrNotFound) {
				continue // it ended meanwhile
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// Expire implements [Expirer].
func (m *MemoryStore) Expire(ctx context.Context, now time.Time, limit int) (n int, err error) {
	first := m.next.Load()
	for i := uint32(0); i < parts && n < limit; i++ {
		p := m.part(first + i)
		for left := p.rewind(); left > 0 && n < limit; left -= batch {
			if err := ctx.Err(); err != nil {
				return n, err
			}
			p.mu.Lock()
			for range min(batch, left) {
				if n < limit {
					n += p.drop(now, 1)
				}
			}
			p.mu.Unlock()
		}
		m.next.Store(first + i)
	}
	return n, nil
}

// rewind begins a round, and returns at how many records it has to look.
func (p *part) rewind() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hand = 0
	return len(p.ring)
}

// live returns the session of a key, or nil.
func (p *part) live(k Key) *Session {
	if r, ok := p.records[k]; ok {
		return r.session
	}
	return nil
}

// insert adds a session, unless its key is taken at now.
func (p *part) insert(s *Session, now time.Time) bool {
	if r, taken := p.records[s.Key]; taken {
		if r.session != nil || now.Before(r.over) {
			return false
		}
		p.remove(r)
	}
	if p.records == nil {
		p.records, p.accounts = make(map[Key]*record), make(map[owner][]*record)
	}
	o := owner{s.Tenant, s.Account}
	r := &record{key: s.Key, session: s, inRing: len(p.ring), inList: len(p.accounts[o])}
	p.records[s.Key] = r
	p.ring = append(p.ring, r)
	p.accounts[o] = append(p.accounts[o], r)
	return true
}

// makeRoom ends the oldest active sessions of the account of s, never s itself,
// until at most keep are active.
func (p *part) makeRoom(s *Session, keep int) (ended []string) {
	others := slices.DeleteFunc(sessions(p.accounts[owner{s.Tenant, s.Account}]), func(o *Session) bool {
		return o == s || !o.Active(s.Created)
	})
	surplus := len(others) + 1 - keep
	if surplus <= 0 {
		return nil
	}
	slices.SortFunc(others, older)
	for _, o := range others[:surplus] {
		p.bury(p.records[o.Key], s.Created)
		ended = append(ended, o.ID)
	}
	return ended
}

// bury ends a session: what remains is its key, for a while.
func (p *part) bury(r *record, at time.Time) {
	p.unlist(r)
	r.session, r.over = nil, at.Add(Tombstone)
}

// drop looks at n records and removes those that are over.
func (p *part) drop(now time.Time, n int) (dropped int) {
	for range n {
		if len(p.ring) == 0 {
			break
		}
		if p.hand >= len(p.ring) {
			p.hand = 0
		}
		r := p.ring[p.hand]
		if gone := r.session == nil && !now.Before(r.over) || r.session != nil && !r.session.Active(now); gone {
			p.remove(r) // puts another one under the hand
			dropped++
		} else {
			p.hand++
		}
	}
	return dropped
}

func (p *part) remove(r *record) {
	if r.session != nil {
		p.unlist(r)
	}
	delete(p.records, r.key)
	last := len(p.ring) - 1
	p.ring[r.inRing] = p.ring[last]
	p.ring[r.inRing].inRing = r.inRing
	p.ring[last] = nil
	p.ring = p.ring[:last]
}

// unlist takes a session out of its account's list.
func (p *part) unlist(r *record) {
	o := owner{r.session.Tenant, r.session.Account}
	list := p.accounts[o]
	last := len(list) - 1
	list[r.inList] = list[last]
	list[r.inList].inList = r.inList
	list[last] = nil
	if last == 0 {
		delete(p.accounts, o)
	} else {
		p.accounts[o] = list[:last]
	}
}

func sessions(list []*record) []*Session {
	out := make([]*Session, len(list))
	for i, r := range list {
		out[i] = r.session
	}
	return out
}

// older orders by time of creation; the handle decides between equals.
func older(a, b *Session) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
}

var errTag = errors.New("session: MemoryStore: the Tag of the key is not that of its account, see Tag")
