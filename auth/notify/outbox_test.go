package notify_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/notify"
)

func ids(entries []notify.Entry) string {
	out := ""
	for _, e := range entries {
		out += e.ID
	}
	return out
}

func TestMemoryOutboxAddsAnIDOnce(t *testing.T) {
	var o notify.MemoryOutbox
	ctx := t.Context()
	require.NoError(t, o.Add(ctx, notify.Entry{ID: "a", Due: noon, Attempts: 7, Payload: []byte("1")}))
	require.NoError(t, o.Add(ctx, notify.Entry{ID: "a", Due: noon, Payload: []byte("2")}, notify.Entry{ID: "b", Due: noon}, notify.Entry{ID: "b", Due: noon}))
	got, err := o.Claim(ctx, noon, time.Minute, 10)
	require.NoError(t, err)
	require.Equal(t, "ab", ids(got))
	assert.Equal(t, "1", string(got[0].Payload), "the first one stays")
	assert.Equal(t, 1, got[0].Attempts)

	require.NoError(t, o.Add(ctx, notify.Entry{ID: "a", Due: noon}))
	got, err = o.Claim(ctx, noon, time.Minute, 10)
	require.NoError(t, err)
	assert.Empty(t, got, "adding again must not end a claim")
}

func TestMemoryOutboxClaims(t *testing.T) {
	var o notify.MemoryOutbox
	ctx := t.Context()
	for i, id := range []string{"c", "b", "a"} {
		require.NoError(t, o.Add(ctx, notify.Entry{ID: id, Due: noon.Add(time.Duration(i) * time.Minute)}))
	}
	claim := func(at time.Duration, n int) string {
		got, err := o.Claim(ctx, noon.Add(at), 10*time.Minute, n)
		require.NoError(t, err)
		return ids(got)
	}
	assert.Empty(t, claim(-time.Second, 10), "not due")
	assert.Empty(t, claim(0, 0))
	assert.Empty(t, claim(0, -1))
	assert.Equal(t, "c", claim(0, 10))
	assert.Equal(t, "cb", claim(time.Hour, 2), "c's claim ran out; earliest due first")
	assert.Equal(t, "a", claim(time.Hour, 2))
}

func TestMemoryOutboxRetryIsFenced(t *testing.T) {
	var o notify.MemoryOutbox
	ctx := t.Context()
	require.NoError(t, o.Add(ctx, notify.Entry{ID: "a", Due: noon}))
	claim := func(at time.Duration) []notify.Entry {
		got, err := o.Claim(ctx, noon.Add(at), time.Minute, 1)
		require.NoError(t, err)
		return got
	}
	first := claim(0)
	require.Len(t, first, 1)
	assert.Empty(t, claim(59*time.Second), "claimed")
	second := claim(time.Minute)
	require.Len(t, second, 1, "the claim ran out")
	assert.Equal(t, 2, second[0].Attempts)

	require.NoError(t, o.Retry(ctx, "a", first[0].Attempts, noon), "the late claimer's word counts no more")
	assert.Empty(t, claim(61*time.Second), "two claimers at once")
	require.NoError(t, o.Retry(ctx, "a", second[0].Attempts, noon.Add(time.Hour)))
	assert.Empty(t, claim(59*time.Minute), "not due before next")
	third := claim(time.Hour)
	require.Len(t, third, 1)
	assert.Equal(t, 3, third[0].Attempts)
	require.NoError(t, o.Done(ctx, "a"))
	require.NoError(t, o.Done(ctx, "a"))
	require.NoError(t, o.Retry(ctx, "a", 3, noon))
	assert.Zero(t, o.Len())
}

func TestMemoryOutboxParallelClaims(t *testing.T) {
	var o notify.MemoryOutbox
	for i := range 200 {
		require.NoError(t, o.Add(t.Context(), notify.Entry{ID: fmt.Sprint(i), Due: noon}))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 200 {
				got, err := o.Claim(t.Context(), noon, time.Minute, 3)
				if !assert.NoError(t, err) || len(got) == 0 {
					return
				}
				mu.Lock()
				for _, e := range got {
					seen[e.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 200)
	for id, n := range seen {
		assert.Equal(t, 1, n, "entry %s had two claimers", id)
	}
}

func TestMemoryOutboxIsBounded(t *testing.T) {
	var o notify.MemoryOutbox
	many := make([]notify.Entry, notify.MemoryEntries)
	for i := range many {
		many[i] = notify.Entry{ID: fmt.Sprint(i), Due: noon}
	}
	require.NoError(t, o.Add(t.Context(), many...))
	require.ErrorIs(t, o.Add(t.Context(), notify.Entry{ID: "0"}, notify.Entry{ID: "x"}), notify.ErrOutboxFull)
	require.NoError(t, o.Add(t.Context(), notify.Entry{ID: "0"}), "is there already")
	assert.Equal(t, notify.MemoryEntries, o.Len(), "a refused Add must add nothing")
}

func TestMemoryOutboxKeepsItsOwnCopy(t *testing.T) {
	var o notify.MemoryOutbox
	payload := []byte("x")
	require.NoError(t, o.Add(t.Context(), notify.Entry{ID: "a", Due: noon, Payload: payload}))
	payload[0] = 'y'
	got, err := o.Claim(t.Context(), noon, 0, 1)
	require.NoError(t, err)
	require.Equal(t, "x", string(got[0].Payload))
	got[0].Payload[0] = 'z'
	got, err = o.Claim(t.Context(), noon, 0, 1)
	require.NoError(t, err)
	require.Equal(t, "x", string(got[0].Payload))
}

func TestMemoryOutboxHonoursContext(t *testing.T) {
	var o notify.MemoryOutbox
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := o.Claim(ctx, noon, time.Minute, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, o.Add(ctx, notify.Entry{ID: "a"}), context.Canceled)
	require.ErrorIs(t, o.Done(ctx, "a"), context.Canceled)
	require.ErrorIs(t, o.Retry(ctx, "a", 1, noon), context.Canceled)
	assert.Zero(t, o.Len())
}
