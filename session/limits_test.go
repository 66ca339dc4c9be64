package session

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table of the package comment, ceilings applied.
var defaults = []struct {
	kind  Kind
	level Level
	want  Limits
}{
	{Normal, AAL1, Limits{30 * time.Minute, 12 * time.Hour}},
	{Normal, AAL2, Limits{30 * time.Minute, 12 * time.Hour}},
	{Normal, AAL3, Limits{15 * time.Minute, 12 * time.Hour}},
	{Remembered, AAL1, Limits{time.Hour, 24 * time.Hour}},
	{Remembered, AAL2, Limits{time.Hour, 24 * time.Hour}},
	{Remembered, AAL3, Limits{15 * time.Minute, 12 * time.Hour}},
	{Public, AAL1, Limits{10 * time.Minute, 2 * time.Hour}},
	{Public, AAL3, Limits{10 * time.Minute, 2 * time.Hour}},
}

func TestIdleLimitToTheMicrosecond(t *testing.T) {
	for _, test := range defaults {
		t.Run(test.kind.String()+" "+test.level.String(), func(t *testing.T) {
			m, _, clock := newManager(t, Config{})
			assert.Equal(t, test.want, m.Limits(test.kind, test.level))
			c := create(t, m, Login{Account: "42", Kind: test.kind, Level: test.level})
			d := create(t, m, Login{Account: "42", Kind: test.kind, Level: test.level})

			clock.advance(test.want.Idle - time.Microsecond)
			assert.True(t, alive(t, m, c.Token), "just before, which is activity")
			clock.advance(time.Microsecond)
			assert.True(t, alive(t, m, c.Token), "the limit starts anew")
			_, err := m.Check(t.Context(), d.Token.Reveal())
			assert.ErrorIs(t, err, ErrExpired, "the other one was idle")
			assert.ErrorIs(t, err, ErrNotFound, "to whom it makes no difference")
		})
	}
}

func TestAbsoluteLimitToTheMicrosecond(t *testing.T) {
	for _, test := range defaults {
		t.Run(test.kind.String()+" "+test.level.String(), func(t *testing.T) {
			m, _, clock := newManager(t, Config{})
			c := create(t, m, Login{Account: "42", Kind: test.kind, Level: test.level})
			end := clock.now().Add(test.want.Absolute)
			for clock.now().Add(9 * time.Minute).Before(end) {
				clock.advance(9 * time.Minute)
				require.True(t, alive(t, m, c.Token))
			}
			clock.set(end.Add(-time.Microsecond))
			assert.True(t, alive(t, m, c.Token), "just before")
			clock.set(end)
			_, err := m.Check(t.Context(), c.Token.Reveal())
			assert.ErrorIs(t, err, ErrExpired, "whatever the activity")
			_, err = m.Rotate(t.Context(), c.Session, nil)
			assert.ErrorIs(t, err, ErrExpired)
			assert.Empty(t, list(t, m, "", "42"))
		})
	}
}

func TestRememberedSessionsStillExpireWhenIdle(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	c := create(t, m, Login{Account: "42", Kind: Remembered})
	clock.advance(59 * time.Minute) // lunch
	assert.True(t, alive(t, m, c.Token))
	clock.advance(15 * time.Hour) // the next morning
	assert.False(t, alive(t, m, c.Token))
}

func TestConfiguredLimits(t *testing.T) {
	const day = 24 * time.Hour
	m, _, _ := newManager(t, Config{
		Normal: Limits{Idle: 15 * time.Minute}, Remembered: Limits{14 * day, 30 * day}, Public: Limits{Absolute: 5 * time.Minute},
	})
	assert.Equal(t, Limits{15 * time.Minute, 12 * time.Hour}, m.Limits(Normal, AAL1))
	assert.Equal(t, Limits{14 * day, 30 * day}, m.Limits(Remembered, AAL1))
	assert.Equal(t, Limits{time.Hour, day}, m.Limits(Remembered, AAL2), "the ceiling of the level")
	assert.Equal(t, Limits{15 * time.Minute, 12 * time.Hour}, m.Limits(Remembered, AAL3))
	assert.Equal(t, Limits{5 * time.Minute, 5 * time.Minute}, m.Limits(Public, AAL1), "a default follows a short Absolute")
	assert.Equal(t, m.Limits(Normal, AAL1), m.Limits(Normal, 0))

	m, _, _ = newManager(t, Config{Normal: Limits{60 * day, 90 * day}, InsecureNoCeilings: true})
	assert.Equal(t, Limits{60 * day, 90 * day}, m.Limits(Normal, AAL3))
}

func TestNewRefusesBadConfigs(t *testing.T) {
	for name, c := range map[string]Config{
		"beyond 30 days":      {Remembered: Limits{Absolute: 30*24*time.Hour + time.Microsecond}},
		"idle beyond 30 days": {Remembered: Limits{Idle: 31 * 24 * time.Hour}},
		"idle too short":      {Normal: Limits{Idle: 2*time.Minute - time.Microsecond}},
		"negative idle":       {Public: Limits{Idle: -time.Hour}},
		"negative absolute":   {Public: Limits{Absolute: -time.Hour}},
		"swapped":             {Normal: Limits{Idle: 2 * time.Hour, Absolute: time.Hour}},
		"keep":                {Keep: -2},
	} {
		m, err := New(new(MemoryStore), c)
		assert.Error(t, err, name)
		assert.Nil(t, m, name)
	}
	_, err := New(nil, Config{Keep: -2, Normal: Limits{Idle: 1}})
	for _, problem := range []string{"store", "Keep", "normal"} {
		assert.ErrorContains(t, err, problem, "all problems at once")
	}
}

func TestActivityIsRecordedOnceAMinute(t *testing.T) {
	m, store, clock := newManager(t, Config{})
	c := create(t, m, Login{Account: "42"})
	start := clock.now()
	seen := func() time.Duration {
		s, err := store.Get(t.Context(), c.Session.Key)
		require.NoError(t, err)
		return s.Seen.Sub(start)
	}
	clock.advance(time.Minute - time.Microsecond)
	require.True(t, alive(t, m, c.Token))
	assert.Zero(t, seen())
	clock.advance(time.Microsecond)
	s, err := m.Check(t.Context(), c.Token.Reveal())
	require.NoError(t, err)
	assert.Equal(t, time.Minute, seen())
	assert.Equal(t, clock.now(), s.Seen)
	clock.advance(59 * time.Second)
	require.True(t, alive(t, m, c.Token))
	assert.Equal(t, time.Minute, seen())

	s = c.Session // as somebody else read it
	clock.advance(time.Second)
	touched, err := m.Admit(t.Context(), &s)
	require.NoError(t, err)
	assert.True(t, touched)
	assert.Equal(t, 2*time.Minute, seen())
	touched, err = m.Admit(t.Context(), &s)
	require.NoError(t, err)
	assert.False(t, touched)
}

func TestSeenNeverMovesBack(t *testing.T) {
	m, store, clock := newManager(t, Config{})
	c := create(t, m, Login{Account: "42"})
	latest := clock.now().Add(20 * time.Minute)
	var work sync.WaitGroup
	for i := range 20 {
		work.Go(func() {
			at := clock.now().Add(time.Duration(i+1) * time.Minute)
			found, err := store.Touch(t.Context(), c.Session.Key, at)
			assert.NoError(t, err)
			assert.True(t, found)
		})
	}
	work.Wait()
	s, err := store.Get(t.Context(), c.Session.Key)
	require.NoError(t, err)
	assert.Equal(t, latest, s.Seen)
}

func TestTimesAreMicrosecondsInUTC(t *testing.T) {
	at := time.Now().In(time.FixedZone("east", 8*3600))
	m, err := New(new(MemoryStore), Config{Now: func() time.Time { return at }})
	require.NoError(t, err)
	c, err := m.Create(t.Context(), Login{Account: "42", Factors: []Factor{{"pwd", at}}})
	require.NoError(t, err)
	for _, got := range []time.Time{c.Session.Created, c.Session.Seen, c.Session.Factors[0].Time} {
		assert.Equal(t, time.UnixMicro(at.UnixMicro()).UTC(), got)
		assert.Zero(t, got.Nanosecond()%1000)
	}
}
