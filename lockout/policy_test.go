package lockout_test

import (
	"testing"
	"time"

	"github.com/crmauth/crmauth/lockout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPolicyDefaults(t *testing.T) {
	p, err := lockout.Policy{}.Complete()
	require.NoError(t, err)
	assert.Equal(t, lockout.Policy{
		Free:   5,
		Waits:  []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour},
		Forget: 24 * time.Hour,
	}, p)
}

func TestPolicyComplete(t *testing.T) {
	nine := make([]time.Duration, lockout.MaxWaits+1)
	for i := range nine {
		nine[i] = time.Second
	}
	cases := []struct {
		name    string
		policy  lockout.Policy
		forget  time.Duration
		problem string
	}{
		{name: "a short ladder is forgotten after a day", policy: lockout.Policy{Free: 1, Waits: []time.Duration{time.Second}}, forget: 24 * time.Hour},
		{name: "a long wait is forgotten with its end", policy: lockout.Policy{Waits: []time.Duration{48 * time.Hour}}, forget: 48 * time.Hour},
		{name: "forgotten exactly when the longest wait ends", policy: lockout.Policy{Waits: []time.Duration{time.Hour, time.Minute}, Forget: time.Hour}, forget: time.Hour},
		{name: "the most waits", policy: lockout.Policy{Waits: nine[1:]}, forget: 24 * time.Hour},
		{name: "a lock for ever is never forgotten", policy: lockout.Policy{Waits: []time.Duration{lockout.Never}}, forget: lockout.Never},
		{name: "cap", policy: lockout.Cap(100), forget: lockout.Never},
		{name: "quota", policy: lockout.Quota(3, time.Hour), forget: time.Hour},

		{name: "negative Free", policy: lockout.Policy{Free: -1}, problem: "at least 1"},
		{name: "no wait at all", policy: lockout.Policy{Waits: []time.Duration{0}}, problem: "positive"},
		{name: "a negative wait", policy: lockout.Policy{Waits: []time.Duration{time.Minute, -1}}, problem: "positive"},
		{name: "too many waits", policy: lockout.Policy{Waits: nine}, problem: "9 waits"},
		{name: "forgotten while locked", policy: lockout.Policy{Forget: time.Hour}, problem: "shorter than the longest wait"},
		{name: "negative Forget", policy: lockout.Policy{Forget: -1}, problem: "shorter than the longest wait"},
		{name: "a cap of nothing is no default", policy: lockout.Cap(0), problem: "at least 1"},
		{name: "a quota of nothing is no default", policy: lockout.Quota(0, time.Hour), problem: "at least 1"},
		{name: "a quota per no time", policy: lockout.Quota(1, 0), problem: "positive"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := c.policy.Complete()
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.forget, p.Forget)
			again, err := p.Complete()
			require.NoError(t, err)
			assert.Equal(t, p, again, "completing twice changes nothing")
		})
	}
}

func TestPolicyReportsEveryProblem(t *testing.T) {
	_, err := lockout.Policy{Free: -1, Waits: []time.Duration{-1}, Forget: -2}.Complete()
	require.Error(t, err)
	for _, problem := range []string{"free attempts", "positive", "shorter"} {
		assert.ErrorContains(t, err, problem)
	}
}

func TestPolicyCopiesItsWaits(t *testing.T) {
	waits := []time.Duration{time.Minute}
	l := lockout.New(new(lockout.MemoryStore), "test", lockout.Policy{Waits: waits})
	waits[0] = time.Nanosecond
	l.Policy().Waits[0] = time.Nanosecond
	assert.Equal(t, time.Minute, l.Policy().Waits[0])
}

func TestPolicyWait(t *testing.T) {
	p, err := lockout.Policy{}.Complete()
	require.NoError(t, err)
	want := map[int64]time.Duration{
		-1: 0, 0: 0, 4: 0,
		5: time.Minute, 6: 5 * time.Minute, 7: 15 * time.Minute, 8: time.Hour, 9: 24 * time.Hour,
		10: 24 * time.Hour, 1 << 62: 24 * time.Hour,
	}
	for failures, wait := range want {
		assert.Equal(t, wait, p.Wait(failures), "after %d failures", failures)
	}
	assert.Equal(t, lockout.Never, lockout.Cap(100).Wait(100))
	assert.Zero(t, lockout.Cap(100).Wait(99))
	assert.Equal(t, lockout.Never, lockout.Policy{}.Wait(1), "a policy that isn't complete fails closed")
}
