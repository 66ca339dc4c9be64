package logintest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
)

// limited asserts that err is a refusal to count any further, and returns when
// the next attempt is open.
func limited(t *testing.T, err error) time.Duration {
	t.Helper()
	l, ok := errors.AsType[*auth.RateLimitedError](err)
	require.True(t, ok, "%v", err)
	return l.RetryAfter
}

func attempts(t *testing.T, open Open) {
	t.Run("the ladder is the same for accounts that do not exist", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		for i, name := range []string{Person, "nobody@example.com"} {
			for n := range 5 {
				_, err := w.Try(name, Wrong, Browser(100*i+n))
				require.Same(t, auth.ErrInvalidCredentials, err)
			}
			for n := range 20 { // refusals neither count nor extend
				_, err := w.Try(name, Right, Browser(100*i+50+n))
				assert.Equal(t, time.Minute, limited(t, err))
			}
		}
		w.Clock.Add(time.Minute - time.Microsecond)
		_, err := w.Try(Person, Right, Browser(1))
		limited(t, err)
		w.Clock.Add(time.Microsecond)
		_, err = w.Try(Person, Wrong, Browser(1))
		require.Same(t, auth.ErrInvalidCredentials, err)
		_, err = w.Try(Person, Right, Browser(1))
		assert.Equal(t, 5*time.Minute, limited(t, err))
		w.Clock.Add(5 * time.Minute)
		w.SignIn(Person, Right, Browser(1))
		for range 5 { // success cleared its lane
			_, err = w.Try(Person, Wrong, Browser(1))
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err = w.Try(Person, Wrong, Browser(1))
		limited(t, err)
	})

	t.Run("the owner on a known device gets in while strangers are locked out", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		known := With(Browser(1), w.SignIn(Person, Right, Browser(1)))
		for range 6 {
			_, _ = w.Try(Person, Wrong, Browser(2))
		}
		_, err := w.Try(Person, Right, Browser(3))
		limited(t, err)
		w.SignIn(Person, Right, known)
		_, err = w.Try(Person, Right, Browser(3)) // which does not open the strangers' lane
		limited(t, err)

		for range 5 { // a device's lane is its own
			_, err := w.Try(Person, Wrong, known)
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err = w.Try(Person, Right, known)
		assert.Equal(t, time.Minute, limited(t, err))
	})

	t.Run("a device key of somebody else, a forged or an old one is no key", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		w.Account("wang@example.com", Other)
		own := w.SignIn(Person, Right, Browser(1)).DeviceKey.Reveal()
		foreign := w.SignIn("wang@example.com", Other, Browser(2)).DeviceKey.Reveal()
		flipped := []byte(own)
		flipped[len(flipped)-2] ^= 1
		for range 6 {
			_, _ = w.Try(Person, Wrong, Browser(3))
		}
		for _, key := range []string{foreign, string(flipped), "x", own[:20]} {
			c := Browser(4)
			c.DeviceKey = key
			_, err := w.Try(Person, Right, c)
			limited(t, err)
		}
		c := Browser(5)
		c.DeviceKey = foreign + "." + own // a browser that two people use
		w.SignIn(Person, Right, c)
		w.Clock.Add(181 * 24 * time.Hour)
		for range 6 {
			_, _ = w.Try(Person, Wrong, Browser(3))
		}
		_, err := w.Try(Person, Right, c)
		limited(t, err)
	})

	t.Run("aliases share one budget, and the answers do not show it", func(t *testing.T) {
		w := New(t, open(t))
		w.AccountWith(auth.Account{Identifier: Person}, Right, "lina")
		for n := range 5 {
			_, err := w.Try(Person, Wrong, Browser(n))
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		for n := range 5 { // the right password, through the other name, alike for a name that leads nowhere
			_, err := w.Try("lina", Right, Browser(10+n))
			assert.Same(t, auth.ErrInvalidCredentials, err)
			_, err = w.Try("lino", Right, Browser(20+n))
			assert.Same(t, auth.ErrInvalidCredentials, err)
		}
		for _, name := range []string{"lina", "lino"} {
			_, err := w.Try(name, Right, Browser(30))
			assert.Equal(t, time.Minute, limited(t, err))
		}
		w.Clock.Add(time.Minute)
		w.SignIn("lina", Right, Browser(31))
	})

	t.Run("a source is limited over all identifiers, and not its known devices", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) { c.Limits.Source.Free = 8 })
		w.Account(Person, Right)
		known := With(Browser(1), w.SignIn(Person, Right, Browser(1)))
		known.Session = ""
		for n := range 8 {
			_, err := w.Try("x"+string(rune('a'+n)), Wrong, Browser(1))
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err := w.Try("fresh", Wrong, Browser(1))
		limited(t, err)
		w.SignIn(Person, Right, known)
		_, err = w.Try("fresh", Wrong, Browser(2))
		assert.Same(t, auth.ErrInvalidCredentials, err)
	})

	t.Run("a hundred consecutive failures disable the password until recovery", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) { c.Limits.Cap = 10 })
		id := w.Account(Person, Right)
		known := With(Browser(1), w.SignIn(Person, Right, Browser(1)))
		for n := range 10 {
			_, err := w.Try(Person, Wrong, Browser(n))
			require.Same(t, auth.ErrInvalidCredentials, err)
			w.Clock.Add(25 * time.Hour) // every ladder forgets, the cap does not
		}
		last := w.Audit.Last()
		assert.Equal(t, audit.LoginFailMax, last.Name)
		assert.EqualValues(t, 10, last.Limit)
		for _, c := range []auth.Client{Browser(50), known} {
			_, err := w.Try(Person, Right, c)
			assert.Same(t, auth.ErrInvalidCredentials, err)
		}
		admin := w.Admin(auth.Operator{Name: "root"}, auth.Client{})
		require.NoError(t, admin.Unlock(t.Context(), id))
		w.SignIn(Person, Right, Browser(51))
	})
}
