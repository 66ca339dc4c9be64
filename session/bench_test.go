package session

import (
	"crypto/sha256"
	"fmt"
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
// over the same tokens.
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
			var times [2]time.Duration
			for turn := range 200 {
				for which, look := range []func(string) bool{theirs, ours} {
					start := time.Now()
					for i := range 1_000 {
						if !look(tokens[(1_000*turn+i)%n]) {
							b.Fatal("refused")
						}
					}
					times[which] += time.Since(start)
				}
			}
			b.ReportMetric(float64(times[0])/200_000, "ns/reference")
			b.ReportMetric(float64(times[1])/float64(times[0]), "x-reference")
		})
	}
}
func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		time.Now()
	}
}
