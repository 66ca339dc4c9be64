package lockout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

// BenchmarkKey is what it costs to name a counter.
func BenchmarkKey(b *testing.B) {
	l := lockout.New(new(lockout.MemoryStore), "name", lockout.Policy{})
	b.ReportAllocs()
	for b.Loop() {
		l.Key("acme", "li.na@example.com")
	}
}

// BenchmarkLogin is the whole work of the limiter for a login that succeeds:
// a name and a source, reserved and settled.
func BenchmarkLogin(b *testing.B) {
	store := new(lockout.MemoryStore)
	names, sources := lockout.New(store, "name", lockout.Policy{}), lockout.New(store, "source", lockout.Policy{})
	typed := make([]string, 1<<14)
	for i := range typed {
		typed[i] = fmt.Sprintf("user%d@example.com", i)
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			login(b, names.Key(typed[i%len(typed)]), sources.Key(typed[i%1000]))
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				login(b, names.Key(typed[i%len(typed)]), sources.Key(typed[i%1000]))
			}
		})
	})
}

func login(b *testing.B, name, source lockout.Key) {
	attempt, err := lockout.Reserve(b.Context(), name, source)
	if err != nil {
		b.Error(err)
		return
	}
	if err := attempt.Settle(b.Context(), []lockout.Key{name}, []lockout.Key{source}); err != nil {
		b.Error(err)
	}
}

// BenchmarkBlocked is what a refused attempt costs.
func BenchmarkBlocked(b *testing.B) {
	l := lockout.New(new(lockout.MemoryStore), "name", lockout.Cap(1))
	if _, err := lockout.Reserve(b.Context(), l.Key("a")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lockout.Reserve(b.Context(), l.Key("a")); err == nil {
			b.Fatal("not blocked")
		}
	}
}

// BenchmarkFlood is an attempt with a new key on a store that is full.
func BenchmarkFlood(b *testing.B) {
	store := &lockout.MemoryStore{MaxKeys: 100_000}
	policy, _ := lockout.Policy{}.Complete()
	now := time.Now()
	key := func(i int) lockout.Request {
		return lockout.Request{Key: fmt.Sprintf("%043d", i), Policy: policy}
	}
	i := 0
	for ; i < 100_000; i++ {
		if _, err := store.Reserve(b.Context(), now, key(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		i++
		if _, err := store.Reserve(b.Context(), now, key(i)); err != nil {
			b.Fatal(err)
		}
	}
}
