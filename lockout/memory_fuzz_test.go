package lockout_test

import (
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/require"
)

// model keeps the laws of Store to the letter, and nothing else.
type model map[string]*modelRow

type modelRow struct {
	seq, cleared, given int64
	at, prev            time.Time
}

func (m model) reserve(now time.Time, requests ...lockout.Request) []lockout.Count {
	counts := make([]lockout.Count, len(requests))
	refused := false
	for i, r := range requests {
		if refused {
			counts[i].Skipped = true
			continue
		}
		counts[i] = m.decide(now, r)
		refused = !counts[i].Granted
	}
	return counts
}

func (m model) decide(now time.Time, r lockout.Request) lockout.Count {
	row := m[r.Key]
	if row == nil {
		row = new(modelRow)
		m[r.Key] = row
	}
	if r.Policy.Forget != lockout.Never && !row.at.Add(r.Policy.Forget).After(now) {
		row.cleared, row.given = row.seq, 0
	}
	failures := row.seq - row.cleared - row.given
	if wait := r.Policy.Wait(failures); wait == lockout.Never {
		return lockout.Count{Failures: failures}
	} else if wait > 0 && now.Before(row.at.Add(wait)) {
		return lockout.Count{Failures: failures, RetryAt: row.at.Add(wait)}
	}
	row.seq++
	row.prev = row.at
	if now.After(row.at) {
		row.at = now
	}
	return lockout.Count{Seq: row.seq, Failures: failures + 1, Granted: true}
}

func (m model) settle(s lockout.Settlement) {
	row := m[s.Key]
	if row == nil || s.Seq <= row.cleared || s.Seq > row.seq {
		return
	}
	if s.Outcome == lockout.Succeeded {
		row.cleared, row.given = s.Seq, min(row.given, row.seq-s.Seq)
	} else {
		row.given = min(row.given+1, row.seq-row.cleared)
		if s.Seq == row.seq {
			row.at = row.prev
		}
	}
	if row.seq-row.cleared == row.given {
		row.cleared, row.given = row.seq, 0
	}
}

// FuzzMemoryStore runs any sequence of operations on the store and the model:
// each answer must be the same. Rows that the store drops may only differ in
// the numbers of their reservations.
func FuzzMemoryStore(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 3, 60, 0, 0})
	f.Add([]byte{0, 1, 2, 0, 1, 2, 4, 0, 5, 1, 4, 2, 3, 255, 0, 1, 2})
	f.Add([]byte{1, 1, 1, 6, 1, 4, 0, 1, 1, 5, 2, 3, 200, 7, 2, 2, 2, 2})
	f.Add([]byte("0%00%%00%00"))                                      // the first reservation is refunded twice
	f.Add([]byte{2, 2, 18, 10, 16, 17, 8, 3, 90, 18, 1, 1, 17, 4, 2}) // the quota refuses before the others
	f.Fuzz(func(t *testing.T, ops []byte) {
		requests := []lockout.Request{
			{Key: "ladder", Policy: complete(t, lockout.Policy{Free: 2, Waits: []time.Duration{time.Second, time.Minute}, Forget: 5 * time.Minute})},
			{Key: "cap", Policy: complete(t, lockout.Cap(3))},
			{Key: "quota", Policy: complete(t, lockout.Quota(2, 90*time.Second))},
		}
		store, want, now := new(lockout.MemoryStore), model{}, newClock().Now()
		// What was granted: the store's number and the model's, 0 once cleared.
		type grant struct {
			key          string
			store, model int64
		}
		var grants []grant

		for i := 0; i < len(ops); i++ {
			arg := 0
			if op := ops[i] % 8; op > 2 && i+1 < len(ops) {
				arg = int(ops[i+1])
			}
			switch op := ops[i] % 8; op {
			case 0, 1, 2: // one to three keys, beginning with any of them
				var asked []lockout.Request
				for n := range ops[i]/8%3 + 1 {
					asked = append(asked, requests[(op+n)%3])
				}
				got, err := store.Reserve(t.Context(), now, asked...)
				require.NoError(t, err)
				require.Len(t, got, len(asked))
				for n, expected := range want.reserve(now, asked...) {
					if expected.Granted {
						require.NotZero(t, got[n].Seq)
						grants = append(grants, grant{asked[n].Key, got[n].Seq, expected.Seq})
						expected.Seq = got[n].Seq
					}
					require.Equal(t, expected, got[n], "operation %d, key %d", i, n)
				}
			case 3:
				now = now.Add(time.Duration(arg) * time.Second)
				i++
			case 4, 5:
				if len(grants) > 0 {
					n := arg % len(grants)
					g, outcome := grants[n], lockout.Outcome(op-3)
					require.NoError(t, store.Settle(t.Context(), lockout.Settlement{Key: g.key, Seq: g.store, Outcome: outcome}))
					want.settle(lockout.Settlement{Key: g.key, Seq: g.model, Outcome: outcome})
				}
				i++
			case 6:
				key := requests[arg%3].Key
				require.NoError(t, store.Clear(t.Context(), key))
				delete(want, key)
				for n := range grants {
					if grants[n].key == key {
						grants[n].model = 0
					}
				}
				i++
			case 7:
				_, err := store.Expire(t.Context(), now, arg)
				require.NoError(t, err)
				i++
			}
		}
	})
}
