package session

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reference is the least that a server-side session can cost: SHA-256 of the
// token, and a look-up in a map that is divided by locks.
type reference [parts]struct {
	sync.RWMutex
	m map[[32]byte]*Session
}

func (r *reference) put(token string, s *Session) {
	d := sha256.Sum256([]byte(token))
	shard := &r[d[0]%parts]
	if shard.m == nil {
		shard.m = make(map[[32]byte]*Session)
	}
	shard.m[d] = s
}

func (r *reference) get(token string) (Session, bool) {
	var text [tokenSize]byte
	copy(text[:], token)
	d := sha256.Sum256(text[:])
	shard := &r[d[0]%parts]
	shard.RLock()
	s := shard.m[d]
	shard.RUnlock()
	if s == nil {
		return Session{}, false
	}
	return *s, true
}

// BenchmarkCheck measures Check on a MemoryStore. Its metric "x-reference" is
// how many times the time of the reference it takes, measured in turns with it
// over the same tokens; the lower quartile of the turns counts, so that it
// means something on a busy machine too.
func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		m, err := New(new(MemoryStore), Config{})
		require.NoError(b, err)
		var ref reference
		tokens := make([]string, n)
		for i := range tokens {
			c, err := m.Create(b.Context(), Login{Account: fmt.Sprint(i), Identifier: "ann", Roles: []string{"sales"}})
			require.NoError(b, err)
			tokens[i] = c.Token.Reveal()
			ref.put(tokens[i], &c.Session)
		}
		ctx := b.Context()
		theirs := func(token string) bool {
			_, ok := ref.get(token)
			return ok
		}
		ours := func(token string) bool {
			_, err := m.Check(ctx, token)
			return err == nil
		}
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if !ours(tokens[i%n]) {
					b.Fatal("refused")
				}
			}
			var times [2][]float64 // nanoseconds a look-up, by turn
			for turn := range 400 {
				for which, look := range []func(string) bool{theirs, ours} {
					start := time.Now()
					for i := range 500 {
						if !look(tokens[(500*turn+i)%n]) {
							b.Fatal("refused")
						}
					}
					times[which] = append(times[which], float64(time.Since(start))/500)
				}
			}
			slices.Sort(times[0])
			slices.Sort(times[1])
			quarter := len(times[0]) / 4
			b.ReportMetric(times[0][quarter], "ns/reference")
			b.ReportMetric(times[1][quarter], "ns/check")
			b.ReportMetric(times[1][quarter]/times[0][quarter], "x-reference")
		})
	}
}
