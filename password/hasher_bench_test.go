package password

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
)

// The benchmarks of the default hash stand beside the bare call of Argon2id,
// so that what the Hasher adds can be read off; the last one is what the Pool
// adds alone.

func BenchmarkArgon2Bare(b *testing.B) {
	b.ReportAllocs()
	p := Params{}.withDefaults()
	salt := make([]byte, argon2SaltSize)
	for b.Loop() {
		argon2.IDKey([]byte("correct horse battery staple"), salt, p.Time, p.Memory, p.Threads, argon2TagSize)
	}
}

func benchmarkHasher(b *testing.B, run func(h *Hasher, stored string) error) {
	b.ReportAllocs()
	h, err := New(Config{})
	require.NoError(b, err)
	stored := hashOf(b, h, "correct horse battery staple")
	for b.Loop() {
		if err := run(h, stored); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	benchmarkHasher(b, func(h *Hasher, _ string) error {
		_, err := h.Hash(b.Context(), "correct horse battery staple")
		return err
	})
}

func BenchmarkVerifyRight(b *testing.B) {
	benchmarkHasher(b, func(h *Hasher, stored string) error {
		_, err := h.Verify(b.Context(), stored, "correct horse battery staple")
		return err
	})
}

func BenchmarkVerifyWrong(b *testing.B) {
	benchmarkHasher(b, func(h *Hasher, stored string) error {
		_, err := h.Verify(b.Context(), stored, "wrong")
		return err
	})
}

func BenchmarkReject(b *testing.B) {
	benchmarkHasher(b, func(h *Hasher, _ string) error { return h.Reject(b.Context(), "wrong") })
}

func BenchmarkPoolAlone(b *testing.B) {
	b.ReportAllocs()
	pool := newPool(PoolConfig{})
	nothing := func() error { return nil }
	for b.Loop() {
		if err := pool.do(b.Context(), Source{Key: "192.0.2.1"}, 1, nothing); err != nil {
			b.Fatal(err)
		}
	}
}
