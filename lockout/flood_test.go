package lockout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/lockout"
)

// A flood of attempts that are refunded, around one that succeeds, leaves
// nothing behind: whoever succeeded is not locked out by it.
func TestRefundedFloodLeavesNothing(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{}).Clock(func() time.Time { return now })
	key := l.Key("a")
	owner, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	for range 50 {
		var burst []*lockout.Attempt
		for range 4 {
			a, err := lockout.Reserve(t.Context(), key)
			require.NoError(t, err)
			burst = append(burst, a)
		}
		for _, a := range burst { // oldest first: none but the last is the latest
			require.NoError(t, a.Refund(t.Context()))
		}
	}
	require.NoError(t, owner.Succeed(t.Context()))
	a, err := lockout.Reserve(t.Context(), key)
	require.NoError(t, err)
	require.EqualValues(t, 1, a.Failures(key))
}
