package session

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRotateReplacesTheToken(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	c := create(t, m, Login{Tenant: "acme", Account: "42", Roles: []string{"sales"}, Kind: Remembered})
	clock.advance(10 * time.Minute)
	next, err := m.Rotate(t.Context(), c.Session, nil)
	require.NoError(t, err)
	assert.NotEqual(t, c.Token, next.Token)
	assert.False(t, alive(t, m, c.Token), "without grace")

	got, err := m.Check(t.Context(), next.Token.Reveal())
	require.NoError(t, err)
	want := c.Session
	want.Key, want.Seen = next.Session.Key, clock.now()
	assert.Equal(t, want, got, "nothing else changed")
	assert.Equal(t, []string{c.Session.ID}, list(t, m, "acme", "42"))
}

func TestRotateChangesOnlyWhatMayChange(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	c := create(t, m, Login{Tenant: "acme", Account: "42", Roles: []string{"sales"}, Factors: []Factor{{Method: "pwd"}}})
	next, err := m.Rotate(t.Context(), c.Session, func(s *Session) {
		s.Roles[0] = "manager"
		s.Factors[0].Method = "changed"
		s.Identifier, s.Epoch, s.Device, s.UserAgent = "ann", 3, "d2", "B\n2"
		s.ID, s.Tenant, s.Account, s.Kind = "mine", "other", "1", Remembered
		s.Key, s.Created, s.Expires, s.Idle = Key{}, s.Created.Add(time.Hour), s.Expires.Add(time.Hour), time.Hour
	})
	require.NoError(t, err)
	n, old := next.Session, c.Session
	assert.Equal(t, []string{"manager"}, n.Roles)
	assert.Equal(t, []string{"sales"}, old.Roles, "the old session's slices are untouched")
	assert.Equal(t, "pwd", old.Factors[0].Method)
	assert.Equal(t, []any{"ann", int64(3), "d2", "B2"}, []any{n.Identifier, n.Epoch, n.Device, n.UserAgent})
	assert.Equal(t, []any{old.ID, "acme", "42", Normal, old.Created, old.Idle}, []any{n.ID, n.Tenant, n.Account, n.Kind, n.Created, n.Idle})
	assert.Equal(t, old.Key.Tag, n.Key.Tag)
	assert.False(t, n.Expires.After(old.Created.Add(12*time.Hour)))

	_, err = m.Rotate(t.Context(), n, func(s *Session) { s.Level = 9 })
	assert.Error(t, err)
	assert.True(t, alive(t, m, next.Token), "a refused rotation ends nothing")
}

func TestLevelRisesOnlyWithANewFactor(t *testing.T) {
	m, _, clock := newManager(t, Config{})
	c := create(t, m, Login{Account: "42", Factors: []Factor{{Method: "pwd"}}})
	used := clock.now()
	clock.advance(5 * time.Minute)
	for name, change := range map[string]func(*Session){
		"no factor":        func(s *Session) { s.Level = AAL2 },
		"the same factor":  func(s *Session) { s.Level = AAL2; s.Renew("pwd", used) },
		"an older factor":  func(s *Session) { s.Level = AAL2; s.Renew("otp", used.Add(-time.Microsecond)) },
		"no factor at all": func(s *Session) { s.Level = AAL2; s.Factors = nil },
	} {
		_, err := m.Rotate(t.Context(), c.Session, change)
		assert.ErrorIs(t, err, ErrLevel, name)
	}
	next, err := m.Rotate(t.Context(), c.Session, func(s *Session) { s.Level = AAL2; s.Renew("otp", time.Time{}) })
	require.NoError(t, err)
	assert.Equal(t, AAL2, next.Session.Level)
	assert.Equal(t, []Factor{{"pwd", used}, {"otp", clock.now()}}, next.Session.Factors)
}

func TestAbsoluteLimitStartsAnewOnlyWhenEveryFactorDoes(t *testing.T) {
	for name, test := range map[string]struct {
		login  Login
		change func(*Session)
		want   time.Duration // from the login; the rotation is an hour later
	}{
		"no factor":          {Login{Level: AAL1, Factors: []Factor{{Method: "pwd"}}}, nil, 12 * time.Hour},
		"the only factor":    {Login{Level: AAL1, Factors: []Factor{{Method: "pwd"}}}, func(s *Session) { s.Renew("pwd", time.Time{}) }, 13 * time.Hour},
		"in the future":      {Login{Level: AAL1, Factors: []Factor{{Method: "pwd"}}}, func(s *Session) { s.Renew("pwd", s.Expires) }, 13 * time.Hour},
		"one of two":         {Login{Level: AAL2, Factors: []Factor{{Method: "pwd"}, {Method: "otp"}}}, func(s *Session) { s.Renew("otp", time.Time{}) }, 12 * time.Hour},
		"both":               {Login{Level: AAL2, Factors: []Factor{{Method: "pwd"}, {Method: "otp"}}}, func(s *Session) { s.Renew("pwd", time.Time{}); s.Renew("otp", time.Time{}) }, 13 * time.Hour},
		"step up":            {Login{Level: AAL1, Factors: []Factor{{Method: "pwd"}}}, func(s *Session) { s.Level = AAL2; s.Renew("otp", time.Time{}) }, 12 * time.Hour},
		"instead of another": {Login{Level: AAL1, Factors: []Factor{{Method: "pwd"}}}, func(s *Session) { s.Level, s.Factors = AAL3, []Factor{{Method: "hwk"}} }, 13 * time.Hour},
		"a lower ceiling":    {Login{Level: AAL1, Kind: Remembered, Factors: []Factor{{Method: "pwd"}}}, func(s *Session) { s.Level = AAL3; s.Renew("hwk", time.Time{}) }, 13 * time.Hour},
		"nothing known":      {Login{Level: AAL1}, func(s *Session) { s.Factors = nil }, 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, clock := newManager(t, Config{})
			test.login.Account = "42"
			c := create(t, m, test.login)
			for range 6 {
				clock.advance(10 * time.Minute)
				require.True(t, alive(t, m, c.Token))
			}
			s, err := m.Check(t.Context(), c.Token.Reveal())
			require.NoError(t, err)
			next, err := m.Rotate(t.Context(), s, test.change)
			require.NoError(t, err)
			assert.Equal(t, test.want, next.Session.Expires.Sub(c.Session.Created))
			assert.Equal(t, m.Limits(s.Kind, next.Session.Level).Idle, next.Session.Idle)
			assert.Equal(t, clock.now(), next.Session.Seen)
			for _, f := range next.Session.Factors {
				assert.False(t, f.Time.After(clock.now()), "nothing was used in the future")
			}
			assert.Equal(t, c.Session.Created, next.Session.Created)
		})
	}
}

func TestRenew(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	s := Session{Factors: []Factor{{"pwd", at}, {"otp", at}}}
	s.Renew("pwd", at.Add(time.Hour))
	assert.Equal(t, []Factor{{"otp", at}, {"pwd", at.Add(time.Hour)}}, s.Factors)
}
