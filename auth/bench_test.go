package auth_test

import (
	"context"
	"crypto/sha256"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/internal/logintest"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
	"github.com/crmauth/crmauth/store/memstore"
)

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkLoginBeyondHash measures a right login with a hash that costs next to
// nothing, and without it; the difference is shown as a share of one real hash.
func BenchmarkLoginBeyondHash(b *testing.B) {
	w := logintest.New(b, new(memstore.Store).Stores())
	w.Account(logintest.Person, logintest.Right)
	cheap, err := password.New(w.Config.Hashing)
	require.NoError(b, err)
	stored, err := cheap.Hash(b.Context(), logintest.Right)
	require.NoError(b, err)
	real, err := password.New(password.Config{})
	require.NoError(b, err)
	dear, err := real.Hash(b.Context(), logintest.Right)
	require.NoError(b, err)
	var logins, hashes, reals []time.Duration
	client := logintest.Browser(1)
	for b.Loop() {
		begin := time.Now()
		in := w.SignIn(logintest.Person, logintest.Right, client)
		logins = append(logins, time.Since(begin))
		client = logintest.With(client, in)
		begin = time.Now()
		_, err := cheap.Verify(b.Context(), stored, logintest.Right)
		hashes = append(hashes, time.Since(begin))
		require.NoError(b, err)
		if len(reals) < 20 {
			begin = time.Now()
			_, err := real.Verify(b.Context(), dear, logintest.Right)
			reals = append(reals, time.Since(begin))
			require.NoError(b, err)
		}
	}
	beyond := median(logins) - median(hashes)
	b.ReportMetric(float64(beyond), "ns-beyond-hash")
	b.ReportMetric(float64(median(reals)), "ns-hash")
	b.ReportMetric(100*float64(beyond)/float64(median(reals)), "%-of-hash")
}

// reference is the least that a session check can cost: SHA-256 of the token
// and a look-up in a sharded map.
type reference struct {
	shards [64]struct {
		sync.RWMutex
		m map[[32]byte]session.Session
	}
}

func (r *reference) shard(k [32]byte) int { return int(k[0]) % len(r.shards) }

func (r *reference) get(token string) (session.Session, bool) {
	var text [48]byte
	copy(text[:], token)
	k := sha256.Sum256(text[:])
	s := &r.shards[r.shard(k)]
	s.RLock()
	defer s.RUnlock()
	v, ok := s.m[k]
	return v, ok
}

// BenchmarkAuthenticate measures a session check beside the reference.
func BenchmarkAuthenticate(b *testing.B) {
	w := logintest.New(b, new(memstore.Store).Stores(), func(c *auth.Config) { c.Now = time.Now; c.Sessions.Keep = session.Unlimited })
	w.Account(logintest.Person, logintest.Right)
	ref := &reference{}
	var tokens []string
	for range 1000 {
		in := w.SignIn(logintest.Person, logintest.Right, logintest.Browser(1))
		tokens = append(tokens, in.Token.Reveal())
		k := sha256.Sum256([]byte(in.Token.Reveal()))
		s := &ref.shards[ref.shard(k)]
		if s.m == nil {
			s.m = map[[32]byte]session.Session{}
		}
		s.m[k] = session.Session{}
	}
	ctx, client := context.Background(), logintest.Browser(1)
	b.ReportAllocs()
	const turn = 2000 // turns alternate, so that both meet the same machine
	var checks, refs []time.Duration
	for b.Loop() {
		begin := time.Now()
		for i := range turn {
			if _, err := w.Authenticate(ctx, tokens[i%len(tokens)], client); err != nil {
				b.Fatal(err)
			}
		}
		checks = append(checks, time.Since(begin))
		begin = time.Now()
		for i := range turn {
			if _, ok := ref.get(tokens[i%len(tokens)]); !ok {
				b.Fatal("lost")
			}
		}
		refs = append(refs, time.Since(begin))
	}
	b.ReportMetric(float64(median(checks))/turn, "ns/check")
	b.ReportMetric(float64(median(refs))/turn, "ns/reference")
	b.ReportMetric(float64(median(checks))/float64(median(refs)), "ratio")
	b.ReportMetric(testing.AllocsPerRun(1000, func() { _, _ = w.Authenticate(ctx, tokens[0], client) }), "allocs/check")
}

// BenchmarkConcurrentLogins measures the peak memory of 256 logins at once
// against 256 of which as many run at once as there are processors.
func BenchmarkConcurrentLogins(b *testing.B) {
	peak := func(atOnce int) uint64 {
		w := logintest.New(b, new(memstore.Store).Stores(), func(c *auth.Config) {
			c.Hashing = password.Config{}
			c.Limits.Account.Free, c.Limits.Source.Free = 1<<30, 1<<30
		})
		w.Account(logintest.Person, logintest.Right)
		runtime.GC()
		var most atomic.Uint64
		done, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
			for {
				metrics.Read(sample)
				most.Store(max(most.Load(), sample[0].Value.Uint64()))
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		var all sync.WaitGroup
		for i := range atOnce {
			all.Go(func() {
				for n := i; n < 256; n += atOnce {
					if _, err := w.Try(logintest.Person, logintest.Right, logintest.Browser(n)); err != nil && auth.CodeOf(err) != auth.CodeOverloaded {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
		close(done)
		<-ended
		return most.Load()
	}
	for b.Loop() {
		few, many := peak(runtime.GOMAXPROCS(0)), peak(256)
		b.ReportMetric(float64(few)/(1<<20), "MiB-few")
		b.ReportMetric(float64(many)/(1<<20), "MiB-256")
		b.ReportMetric(float64(many)/float64(few), "ratio")
	}
}

// BenchmarkFlood sends 256 guesses of one network at once, with a deadline of
// 100 ms each, and in their midst one login of a known device of the same
// network, with a second. What can't be verified in time is answered as overloaded at once.
func BenchmarkFlood(b *testing.B) {
	w := logintest.New(b, new(memstore.Store).Stores(), func(c *auth.Config) {
		c.Hashing = password.Config{}
		c.Limits.Source.Free, c.Now = 1<<30, time.Now
	})
	w.Account(logintest.Person, logintest.Right)
	known := logintest.With(logintest.Browser(1), w.SignIn(logintest.Person, logintest.Right, logintest.Browser(1)))
	var runs, overloaded, verified, in int
	for b.Loop() {
		runs++
		var all sync.WaitGroup
		errs := make([]error, 256)
		for i := range errs {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(b.Context(), 100*time.Millisecond)
				defer cancel()
				c := auth.Credentials{Identifier: "nobody" + string(rune('a'+i)), Password: logintest.Wrong}
				_, errs[i] = w.Login(ctx, c, logintest.Browser(1))
			})
		}
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		_, err := w.Login(ctx, auth.Credentials{Identifier: logintest.Person, Password: logintest.Right}, known)
		cancel()
		all.Wait()
		if err == nil {
			in++
		} else {
			b.Log(err)
		}
		for _, err := range errs {
			switch auth.CodeOf(err) {
			case auth.CodeOverloaded:
				overloaded++
			case auth.CodeInvalidCredentials:
				verified++
			}
		}
	}
	b.ReportMetric(float64(overloaded)/float64(runs), "overloaded/256")
	b.ReportMetric(float64(verified)/float64(runs), "verified/256")
	b.ReportMetric(float64(in)/float64(runs), "known-in/1")
}
