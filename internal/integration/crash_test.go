package integration

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/lockout"
)

// childWrites makes accounts, sessions and counters until it is killed, and
// prints a line for each that was acknowledged.
func childWrites(ctx context.Context, path string) error {
	_, stores, err := childStores(ctx, path)
	if err != nil {
		return err
	}
	policy := lockout.Cap(100)
	ready()
	var mu sync.Mutex
	acknowledge := func(what string, n int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, n)
	}
	write := map[string]func(n int) error{
		"account": func(n int) error {
			name := strconv.Itoa(n)
			_, err := stores.Accounts.(auth.AccountCreator).Create(ctx, auth.Account{ID: name, Identifier: name})
			return err
		},
		"session": func(n int) error {
			_, err := stores.Sessions.Create(ctx, newSession("li", strconv.Itoa(n)), 1_000_000)
			return err
		},
		"counter": func(n int) error {
			_, err := stores.Counters.Reserve(ctx, start, lockout.Request{Key: strconv.Itoa(n / 50), Policy: policy})
			return err
		},
	}
	failed := make(chan error)
	for what, one := range write {
		go func() {
			for n := 0; ; n++ {
				if err := one(n); err != nil {
					failed <- fmt.Errorf("%s %d: %w", what, n, err)
					return
				}
				acknowledge(what, n)
			}
		}()
	}
	return errors.Join(<-failed)
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	path := newFile(t)
	c := startChild(t, "write", path)
	c.begin()
	acknowledged := make(map[string]int)
	note := func(line string) {
		what, _, complete := strings.Cut(line, " ")
		require.True(t, complete)
		acknowledged[what]++
	}
	for range 500 {
		note(c.line())
	}
	require.NoError(t, c.cmd.Process.Kill())
	for c.output.Scan() { // what it had written before it died
		note(c.output.Text())
	}
	require.Error(t, c.cmd.Wait())

	stores, _ := openStores(t, path)
	for n := range acknowledged["account"] {
		_, err := stores.Accounts.Find(t.Context(), "", strconv.Itoa(n))
		assert.NoError(t, err, "account %d of %d", n, acknowledged["account"])
	}
	for n := range acknowledged["session"] {
		_, err := stores.Sessions.Get(t.Context(), newSession("li", strconv.Itoa(n)).Key)
		assert.NoError(t, err, "session %d of %d", n, acknowledged["session"])
	}
	for key := range acknowledged["counter"]/50 + 1 {
		counts, err := stores.Counters.Reserve(t.Context(), start, lockout.Request{Key: strconv.Itoa(key), Policy: lockout.Cap(100)})
		require.NoError(t, err)
		want := min(50, acknowledged["counter"]-50*key)
		assert.GreaterOrEqual(t, counts[0].Failures, int64(want+1), "counter %d", key)
	}
	for what, n := range acknowledged {
		t.Logf("%s: %d acknowledged, none lost", what, n)
	}
}
