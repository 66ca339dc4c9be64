package lockout

import (
	"container/heap"
	"math"
	"sync"
	"time"
)

// levels is how many numbers of failures are told apart when a row must go.
const levels = 32

// shard is one part of the rows of a MemoryStore. Each row waits in agenda for
// what happens to it next: its lock ends, then it expires. A row that isn't
// blocked is also in the queue of its level, where rows are found that may go.
type shard struct {
	limit int

	mu     sync.Mutex
	rows   map[string]*row
	agenda agenda
	queues [levels]queue
	above  int64 // the largest seq of a dropped row: new rows begin there
}

// row is the state of one key. Times are microseconds since 1970, math.MaxInt64
// is never.
type row struct {
	key                 string
	seq, cleared, given int64
	at, prev            int64
	until               int64 // a lock lasts so long, at most
	expiry              int64

	due          int64 // place in the agenda, never after what is next
	index        int   // position in the agenda
	level        int   // of the queue it is in
	queued       bool
	older, newer *row
}

func (r *row) failures() int64 { return r.seq - r.cleared - r.given }

// next is when something is to be done about r: not before due, which is left
// where it is while r moves on, so that most reservations needn't sort.
func (r *row) next() int64 {
	if r.queued {
		return r.expiry
	}
	return r.until
}

// reserve decides one request. It isn't ok if there is no room for the key.
func (s *shard) reserve(now int64, req Request) (count Count, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range expiryStep {
		s.step(now)
	}
	r := s.rows[req.Key]
	if r == nil {
		if len(s.rows) >= s.limit && !s.makeRoom(now) {
			return Count{}, false
		}
		r = s.insert(req.Key)
	}
	if after(r.at, req.Policy.Forget) <= now {
		r.cleared, r.given = r.seq, 0
	}
	if until := lockEnd(r, req.Policy); now < until {
		return Count{Failures: r.failures(), RetryAt: instant(until)}, true
	}
	r.seq++
	r.prev, r.at = r.at, max(r.at, now)
	r.until = lockEnd(r, req.Policy)
	r.expiry = after(r.at, req.Policy.Forget)
	s.place(r, r.until > now)
	return Count{Seq: r.seq, Failures: r.failures(), Granted: true}, true
}

func (s *shard) settle(end Settlement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[end.Key]
	if r == nil || end.Seq <= r.cleared || end.Seq > r.seq {
		return
	}
	switch end.Outcome {
	case Succeeded:
		r.cleared, r.given = end.Seq, min(r.given, r.seq-end.Seq)
	case Refunded:
		if r.given < r.seq-r.cleared {
			r.given++
		}
		if end.Seq == r.seq {
			r.at, r.until = r.prev, math.MinInt64
		}
	}
	if r.failures() == 0 {
		r.cleared, r.given, r.until = r.seq, 0, math.MinInt64
	}
	// A lock that got shorter otherwise is left in the agenda as it was: that
	// keeps the row a little too long, and reserve doesn't look there.
	s.place(r, !r.queued && r.until > math.MinInt64)
}

func (s *shard) clear(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rows[key]; r != nil {
		s.drop(r)
	}
}

// expire drops rows, at most limit, and reports whether there may be more.
func (s *shard) expire(now int64, limit int) (dropped int, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range expiryBatch {
		if dropped == limit {
			return dropped, true
		}
		before := len(s.rows)
		if !s.step(now) {
			return dropped, false
		}
		dropped += before - len(s.rows)
	}
	return dropped, true
}

// makeRoom drops a row that expired, or else one that counts least.
func (s *shard) makeRoom(now int64) bool {
	for range expiryBatch {
		if !s.step(now) {
			break
		}
		if len(s.rows) < s.limit {
			return true
		}
	}
	for i := range s.queues {
		if r := s.queues[i].oldest; r != nil {
			s.drop(r)
			return true
		}
	}
	return false
}

// step looks after the first row of the agenda and reports whether it was due.
func (s *shard) step(now int64) bool {
	if len(s.agenda) == 0 || s.agenda[0].due > now {
		return false
	}
	r := s.agenda[0]
	if r.expiry <= now {
		s.drop(r)
		return true
	}
	if !r.queued && r.until <= now {
		s.place(r, false)
	}
	r.due = r.next()
	heap.Fix(&s.agenda, 0)
	return true
}

func (s *shard) insert(key string) *row {
	if s.rows == nil {
		s.rows = make(map[string]*row)
	}
	r := &row{key: key, seq: s.above, cleared: s.above, at: math.MinInt64, due: math.MaxInt64}
	s.rows[key] = r
	heap.Push(&s.agenda, r)
	return r
}

func (s *shard) drop(r *row) {
	s.above = max(s.above, r.seq)
	delete(s.rows, r.key)
	heap.Remove(&s.agenda, r.index)
	s.queues[r.level].remove(r)
}

// place puts r where its failures and its lock belong.
func (s *shard) place(r *row, blocked bool) {
	s.queues[r.level].remove(r)
	if !blocked {
		r.level = int(min(r.failures(), levels-1))
		s.queues[r.level].push(r)
	}
	if next := r.next(); next < r.due {
		r.due = next
		heap.Fix(&s.agenda, r.index)
	}
}

// queue lists rows by the time they came in.
type queue struct{ oldest, newest *row }

func (q *queue) push(r *row) {
	r.queued, r.older, r.newer = true, q.newest, nil
	if q.newest == nil {
		q.oldest = r
	} else {
		q.newest.newer = r
	}
	q.newest = r
}

func (q *queue) remove(r *row) {
	if !r.queued {
		return
	}
	if r.older == nil {
		q.oldest = r.newer
	} else {
		r.older.newer = r.newer
	}
	if r.newer == nil {
		q.newest = r.older
	} else {
		r.newer.older = r.older
	}
	r.queued, r.older, r.newer = false, nil, nil
}

// agenda is a heap of rows by due.
type agenda []*row

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due < a[j].due }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i, j
}

func (a *agenda) Push(x any) {
	r := x.(*row)
	r.index = len(*a)
	*a = append(*a, r)
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	r := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return r
}

// lockEnd is when the key is open for the next attempt: long ago, if no wait
// has begun.
func lockEnd(r *row, p Policy) int64 {
	wait := p.Wait(r.failures())
	if wait <= 0 {
		return math.MinInt64
	}
	return after(r.at, wait)
}

// after is t plus d, rounded up to microseconds; it never overflows.
func after(t int64, d time.Duration) int64 {
	micros := int64(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		micros++
	}
	if d == Never || (t > 0 && micros > math.MaxInt64-t) {
		return math.MaxInt64
	}
	return t + micros
}

// instant is the time of t, the zero time for never.
func instant(t int64) time.Time {
	if t == math.MaxInt64 {
		return time.Time{}
	}
	return time.UnixMicro(t).UTC()
}
