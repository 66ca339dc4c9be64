package password

import (
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// TestTimeTellsNothing measures whether somebody who only sees how long an
// answer takes can tell kinds of accounts from one with a wrong password: the
// area under the ROC curve is 0.5 for a coin and 1 for certainty. It prints
// the areas with and without the dummy work. It asserts nothing about
// durations, only about how well they tell the classes apart, and runs on
// demand, on an otherwise idle machine.
func TestTimeTellsNothing(t *testing.T) {
	if os.Getenv("CRMAUTH_TIMING") == "" {
		t.Skip("a statistical test of about a minute: CRMAUTH_TIMING=1 go test -run TestTimeTellsNothing -v ./password")
	}
	const runs = 1000
	cfg := Config{Argon2id: Params{Memory: 1024, Time: 1}, Accept: []Scheme{Bcrypt(7)}, InsecureCheap: true}
	h, err := New(cfg)
	require.NoError(t, err)
	cfg.Argon2id.Memory = 256
	former, err := New(cfg)
	require.NoError(t, err)
	theirs, err := bcrypt.GenerateFromPassword([]byte("right"), 6)
	require.NoError(t, err)

	verifies := func(stored string) func(*Hasher) {
		return func(h *Hasher) {
			r, err := h.Verify(t.Context(), stored, "wrong")
			require.NoError(t, err)
			require.False(t, r.OK)
		}
	}
	classes := []struct {
		name string
		run  func(*Hasher)
	}{
		{"wrong password", verifies(hashOf(t, h, "right"))},
		{"unknown or disabled", func(h *Hasher) { require.NoError(t, h.Reject(t.Context(), "wrong")) }},
		{"no password", verifies("")},
		{"cheaper parameters", verifies(hashOf(t, former, "right"))},
		{"imported bcrypt", verifies(string(theirs))},
		{"another wrong one", verifies(hashOf(t, h, "right"))}, // what the measurement itself does
	}
	measure := func(h *Hasher) [][]time.Duration {
		took := make([][]time.Duration, len(classes))
		var order []int
		for range runs {
			for c := range classes {
				order = append(order, c)
			}
		}
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, c := range order {
			began := time.Now()
			classes[c].run(h)
			took[c] = append(took[c], time.Since(began))
		}
		return took
	}
	// The heap of a server: in one of a few megabytes the garbage collector
	// would run at every third hash.
	heap := make([]byte, 64<<20)
	defer runtime.KeepAlive(heap)
	with, without := measure(h), measure(WithoutDummyWork(h))
	for c := 1; c < len(classes); c++ {
		protected, bare := areaUnderROC(with[0], with[c]), areaUnderROC(without[0], without[c])
		t.Logf("%-20s area under ROC %.3f, without dummy work %.3f", classes[c].name, protected, bare)
		assert.InDelta(t, 0.5, protected, 0.05, "%s: time tells it from a wrong password", classes[c].name)
		if c < len(classes)-1 {
			assert.Greater(t, max(bare, 1-bare), 0.9, "%s: this test would not notice missing work", classes[c].name)
		}
	}
}

// areaUnderROC is the probability that one of b is greater than one of a.
func areaUnderROC(a, b []time.Duration) float64 {
	a = slices.Sorted(slices.Values(a))
	sum := 0.0
	for _, x := range b {
		below, _ := slices.BinarySearch(a, x)
		upTo, _ := slices.BinarySearch(a, x+1)
		sum += float64(below+upTo) / 2
	}
	return sum / float64(len(a)*len(b))
}
