package session

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var epoch = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// record number n of an account, as a manager would give it to the store.
func stored(account string, n int, at time.Time) Session {
	s := Session{
		Key: Key{Tag: Tag("", account)}, ID: fmt.Sprintf("%s-%03d", account, n), Account: account,
		Created: at, Seen: at, Idle: 30 * time.Minute, Expires: at.Add(12 * time.Hour),
	}
	binary.BigEndian.PutUint64(s.Key.Digest[:], uint64(n))
	return s
}

// size counts what the store holds, and that its indexes agree.
func size(t testing.TB, m *MemoryStore) (records int) {
	for i := range m.parts {
		p := &m.parts[i]
		require.Len(t, p.ring, len(p.records))
		listed, living := 0, 0
		for o, list := range p.accounts {
			require.NotEmpty(t, list)
			for j, r := range list {
				require.Equal(t, j, r.inList)
				require.Equal(t, o, owner{r.session.Tenant, r.session.Account})
				require.Same(t, r, p.records[r.key])
			}
			listed += len(list)
		}
		for j, r := range p.ring {
			require.Equal(t, j, r.inRing)
			require.Same(t, r, p.records[r.key])
			if r.session != nil {
				living++
			}
		}
		require.Equal(t, listed, living)
		records += len(p.ring)
	}
	return records
}

func TestMemoryStoreDropsWhatIsOverAsPeopleSignIn(t *testing.T) {
	m, at := new(MemoryStore), epoch
	for n := range 100_000 {
		at = at.Add(100 * time.Millisecond) // 18,000 in 30 minutes
		_, err := m.Create(t.Context(), stored(fmt.Sprint(n), n, at), 10)
		require.NoError(t, err)
	}
	assert.Less(t, size(t, m), 18_000*3/2)
}

func TestMemoryStoreExpire(t *testing.T) {
	m := new(MemoryStore)
	for n := range 5_000 {
		_, err := m.Create(t.Context(), stored(fmt.Sprint(n%7), n, epoch), 0)
		require.NoError(t, err)
	}
	_, err := m.End(t.Context(), Filter{Account: "3"}, epoch.Add(25*time.Minute))
	require.NoError(t, err)
	expire := func(at time.Time, limit int) int {
		n, err := m.Expire(t.Context(), at, limit)
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, expire(epoch.Add(30*time.Minute-1), 10_000))
	assert.Zero(t, expire(epoch.Add(30*time.Minute), 0))
	assert.Equal(t, 1_000, expire(epoch.Add(30*time.Minute), 1_000), "at most limit")
	ended := 5_000 / 7
	assert.Equal(t, 4_000-ended, expire(epoch.Add(30*time.Minute), 10_000), "all but the tombstones")
	assert.Equal(t, ended, size(t, m))
	assert.Equal(t, ended, expire(epoch.Add(25*time.Minute+Tombstone), 10_000))
	assert.Zero(t, size(t, m))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = m.Create(t.Context(), stored("1", 1, epoch), 0)
	require.NoError(t, err)
	_, err = m.Expire(ctx, epoch.Add(time.Hour), 10)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestMemoryStoreRefusesAForeignTag(t *testing.T) {
	m := new(MemoryStore)
	s := stored("42", 1, epoch)
	s.Key.Tag++
	_, err := m.Create(t.Context(), s, 0)
	assert.ErrorContains(t, err, "Tag")
	_, err = m.Create(t.Context(), stored("42", 1, epoch), 0)
	require.NoError(t, err)
	_, err = m.Rotate(t.Context(), stored("42", 1, epoch).Key, stored("43", 2, epoch))
	assert.ErrorContains(t, err, "Tag")
}

func TestMemoryStoreListHoldsNoLock(t *testing.T) {
	m := new(MemoryStore)
	for n := range 3 {
		_, err := m.Create(t.Context(), stored("42", n, epoch), 0)
		require.NoError(t, err)
	}
	var got []string
	for s, err := range m.List(t.Context(), "", "42") {
		require.NoError(t, err)
		got = append(got, s.ID)
		_, err = m.End(t.Context(), Filter{Account: "42", ID: "42-001"}, epoch)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"42-002", "42-000"}, got, "what ended while listing is not listed")
}

func TestMemoryStoreReplacesWhatReadersMayHold(t *testing.T) {
	m, s := new(MemoryStore), stored("42", 1, epoch)
	_, err := m.Create(t.Context(), s, 0)
	require.NoError(t, err)
	held := m.part(s.Key.Tag).live(s.Key)
	_, err = m.Touch(t.Context(), s.Key, epoch.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, epoch, held.Seen, "a reader copies it after the lock is released")
}

func TestMemoryStoreUnderManyHands(t *testing.T) {
	m, ctx := new(MemoryStore), t.Context()
	var work sync.WaitGroup
	for hand := range 8 {
		work.Go(func() {
			for n := range 300 {
				account := fmt.Sprint(n % 5)
				s := stored(account, hand*10_000+n, epoch.Add(time.Duration(n)*time.Second))
				_, err := m.Create(ctx, s, 4)
				assert.NoError(t, err)
				_, err = m.Touch(ctx, s.Key, s.Seen.Add(time.Minute))
				assert.NoError(t, err)
				next := stored(account, hand*10_000+5_000+n, s.Created)
				_, err = m.Rotate(ctx, s.Key, next)
				assert.NoError(t, err)
				for _, err := range m.List(ctx, "", account) {
					assert.NoError(t, err)
				}
				if n%10 == 0 {
					_, err = m.End(ctx, Filter{Account: account, Except: next.ID}, s.Created)
					assert.NoError(t, err)
				}
				if n%50 == 0 {
					_, err = m.Expire(ctx, s.Created, 20)
					assert.NoError(t, err)
				}
			}
		})
	}
	work.Wait()
	size(t, m)
}

// model is the store's laws, written down as simply as possible.
type model struct {
	live  map[Key]Session
	tombs map[Key]time.Time
}

func (m *model) taken(k Key, now time.Time) bool {
	_, lives := m.live[k]
	until, ended := m.tombs[k]
	return lives || ended && now.Before(until)
}

func (m *model) end(k Key, at time.Time) { delete(m.live, k); m.tombs[k] = at.Add(Tombstone) }

func (m *model) list(account string) (all []Session) {
	for _, s := range m.live {
		if s.Account == account {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Session) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID)) })
	return all
}

// forget drops what is over, which a store may do at any time.
func (m *model) forget(now time.Time) {
	for k, s := range m.live {
		if !s.Active(now) {
			delete(m.live, k)
		}
	}
}

// FuzzMemoryStore does the same with a MemoryStore and with the model, and
// compares what both say. Each step is three bytes: verb and account, number,
// minutes that pass.
func FuzzMemoryStore(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 2, 1, 0, 3, 1, 0, 4, 1, 4, 2, 0, 0, 2, 5, 0, 2, 5})
	f.Add([]byte{0, 1, 0, 2, 1, 20, 3, 0x21, 20, 2, 1, 1, 0, 1, 9, 0, 1, 1, 5, 0, 40, 6, 0, 0})
	f.Add([]byte{8, 1, 0, 0, 1, 0, 12, 0, 0, 1, 1, 0, 7, 255, 31})
	f.Fuzz(func(t *testing.T, steps []byte) {
		ctx, store, now := t.Context(), new(MemoryStore), epoch
		want := &model{live: map[Key]Session{}, tombs: map[Key]time.Time{}}
		for ; len(steps) >= 3 && len(steps) < 3_000; steps = steps[3:] {
			verb, account := steps[0]%8, string('a'+rune(steps[0]>>3%3))
			now = now.Add(time.Duration(steps[2]%45) * time.Minute)
			s := stored(account, int(steps[1]%16), now)
			// Both forget all at once, otherwise they needn't agree about it.
			_, err := store.Expire(ctx, now, 1_000)
			require.NoError(t, err)
			want.forget(now)
			before, lives := want.live[s.Key]
			switch verb {
			case 0, 1: // create
				keep := int(steps[1]>>4) % 4
				ended, err := store.Create(ctx, s, keep)
				if want.taken(s.Key, now) {
					require.ErrorIs(t, err, ErrExists)
					break
				}
				require.NoError(t, err)
				others := want.list(account)
				delete(want.tombs, s.Key)
				want.live[s.Key] = s
				var gone []string
				for i := len(others) - 1; keep > 0 && i >= keep-1; i-- {
					want.end(others[i].Key, now)
					gone = append(gone, others[i].ID)
				}
				require.Equal(t, gone, ended)
			case 2: // touch, sometimes with an old time
				seen := now.Add(-time.Duration(steps[1]>>4) * time.Minute)
				found, err := store.Touch(ctx, s.Key, seen)
				require.NoError(t, err)
				require.Equal(t, lives, found)
				if lives && seen.After(before.Seen) {
					before.Seen = seen
					want.live[s.Key] = before
				}
			case 3, 4: // rotate
				next := stored(account, int(steps[1]>>4), now)
				won, err := store.Rotate(ctx, s.Key, next)
				switch {
				case !lives:
					require.NoError(t, err)
					require.False(t, won)
				case want.taken(next.Key, now):
					require.ErrorIs(t, err, ErrExists)
					require.False(t, won)
				default:
					require.NoError(t, err)
					require.True(t, won)
					want.end(s.Key, now)
					delete(want.tombs, next.Key)
					want.live[next.Key] = next
				}
			case 5, 6: // end one, all but one, all
				filter := []Filter{{ID: s.ID}, {Except: s.ID}, {}}[steps[1]>>4%3]
				filter.Account = account
				n, err := store.End(ctx, filter, now)
				require.NoError(t, err)
				for _, o := range want.list(account) {
					if (filter.ID == "" || o.ID == filter.ID) && o.ID != filter.Except {
						want.end(o.Key, now)
						n--
					}
				}
				require.Zero(t, n)
			case 7: // nothing but time passes
			}
			compare(t, store, want)
		}
	})
}

func compare(t *testing.T, store *MemoryStore, want *model) {
	size(t, store)
	for _, account := range []string{"a", "b", "c"} {
		var all []Session
		for s, err := range store.List(t.Context(), "", account) {
			require.NoError(t, err)
			all = append(all, s)
		}
		require.Equal(t, want.list(account), all)
		for n := range 16 {
			k := stored(account, n, epoch).Key
			s, err := store.Get(t.Context(), k)
			if expected, ok := want.live[k]; ok {
				require.NoError(t, err)
				require.Equal(t, expected, s)
			} else {
				require.ErrorIs(t, err, ErrNotFound)
			}
		}
	}
}
