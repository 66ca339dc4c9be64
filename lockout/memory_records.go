package lockout

import (
	"slices"
	"sync"
	"time"
)

// records is one part of the ids that a MemoryStore remembers.
type records struct {
	limit int

	mu   sync.Mutex
	byID map[string]*record
	line []*record // in the order they were made, also those that are gone
}

type record struct {
	id      string
	counts  []Count
	first   time.Time
	until   time.Time
	holders int
}

// once answers a repeat from the record of id or else reserves. The lock is
// held meanwhile, so that of several calls with one id only one reserves.
func (r *records) once(now time.Time, id string, until time.Time, reserve func() ([]Count, error)) (Once, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range expiryStep {
		r.step(now.UnixMicro())
	}
	if known := r.byID[id]; known != nil && known.until.After(now) {
		known.holders++
		return Once{Counts: slices.Clone(known.counts), First: known.first, Repeat: true}, nil
	}
	counts, err := reserve()
	if err != nil {
		return Once{}, err
	}
	refused := func(c Count) bool { return !c.Granted }
	if !slices.ContainsFunc(counts, refused) {
		r.add(&record{id: id, counts: slices.Clone(counts), first: now, until: until, holders: 1})
	}
	return Once{Counts: counts, First: now}, nil
}

func (r *records) release(id string) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.byID[id]
	if known == nil {
		return false
	}
	known.holders--
	if known.holders > 0 {
		return false
	}
	delete(r.byID, id)
	return true
}

// expire drops records, at most limit, and reports whether there may be more.
func (r *records) expire(now int64, limit int) (dropped int, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range expiryBatch {
		if dropped == limit {
			return dropped, true
		}
		before := len(r.byID)
		if !r.step(now) {
			return dropped, false
		}
		dropped += before - len(r.byID)
	}
	return dropped, true
}

// step drops the first record in line if it is over, and reports whether.
func (r *records) step(now int64) bool {
	if len(r.line) == 0 || r.line[0].until.UnixMicro() > now {
		return false
	}
	r.dropFirst()
	return true
}

func (r *records) dropFirst() {
	first := r.line[0]
	r.line[0], r.line = nil, r.line[1:]
	if r.byID[first.id] == first {
		delete(r.byID, first.id)
	}
}

func (r *records) add(rec *record) {
	if len(r.line) >= r.limit {
		r.dropFirst()
	}
	if r.byID == nil {
		r.byID = make(map[string]*record)
	}
	r.byID[rec.id] = rec
	r.line = append(r.line, rec)
}
