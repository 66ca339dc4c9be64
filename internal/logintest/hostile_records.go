package logintest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
)

// ledger counts how often a sink is written to, and fails when it is full.
type ledger struct {
	audit.Sink
	writes int
	full   bool
}

func (l *ledger) Append(ctx context.Context, e ...audit.Event) error {
	if l.writes++; l.full {
		return errBroken
	}
	return l.Sink.Append(ctx, e...)
}

// refused sums the refusals on record, by the text that of makes of each.
func (w *World) refused(of func(audit.Event) string) map[string]int64 {
	sums := map[string]int64{}
	for _, e := range w.Audit.Events() {
		if e.Name == audit.RateLimitExceeded {
			sums[of(e)] += max(1, e.Count)
		}
	}
	return sums
}

// hostileRecords: the record can neither be told apart from outside, nor filled,
// nor blinded by what one source repeats.
func hostileRecords(t *testing.T, open Open) {
	kept := func(t *testing.T, edits ...func(*auth.Config)) (*World, *ledger) {
		stores := open(t)
		sink := &ledger{Sink: stores.Audit}
		stores.Audit = sink
		return New(t, stores, edits...), sink
	}

	t.Run("accounts that are closed and names that lead nowhere are written alike", func(t *testing.T) {
		for state, c := range map[string]struct {
			close func(w *World)
			names [2]string
		}{
			"another name of a locked account": {func(w *World) { w.guess(5) }, [2]string{"lina", "lino"}},
			"an account at its cap": {func(w *World) {
				for n := range 6 {
					for i, name := range []string{Person, "nobody@example.com"} {
						_, _ = w.Try(name, Wrong, Browser(10*i+n))
					}
					w.Clock.Add(25 * time.Hour) // every ladder forgets, the cap does not
				}
			}, [2]string{Person, "nobody@example.com"}},
		} {
			w, sink := kept(t, func(c *auth.Config) { c.Limits.Cap = 6 })
			w.AccountWith(auth.Account{Identifier: Person}, Right, "lina")
			c.close(w)
			before, writes := verified(w), [2][]int{}
			for n := range 4 {
				for i, name := range c.names {
					sink.writes = 0
					_, err := w.Try(name, Wrong, Browser(100+10*i+n))
					require.Same(t, auth.ErrInvalidCredentials, err)
					writes[i] = append(writes[i], sink.writes)
				}
			}
			assert.Equal(t, writes[1], writes[0], state)
			assert.Zero(t, verified(w)-before, "%s: it isn't closed", state)

			sink.full = true
			for i, name := range c.names {
				_, err := w.Try(name, Wrong, Browser(200+i))
				assert.Equal(t, auth.CodeUnavailable, auth.CodeOf(err), "%s: a record that is full, for %s", state, name)
			}
		}
	})

	t.Run("a closed source is one sum, whatever names it tries, and hides nobody else", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) { c.Limits.Source.Free = 4 })
		id := w.Account(Person, Right)
		for n := range 4 {
			_, _ = w.Try(fmt.Sprint("x", n), Wrong, Browser(1))
		}
		before := len(w.Audit.Events())
		for n := range 60 {
			_, err := w.Try(fmt.Sprint("y", n), Wrong, Browser(1))
			limited(t, err)
		}
		assert.Len(t, w.Audit.Events()[before:], 1, "rows of one closed source in a minute")
		w.guess(7)
		w.Clock.Add(time.Minute)
		_, _ = w.Try("z", Wrong, Browser(2))
		for range 5 {
			_, _ = w.Try("z", Wrong, Browser(2)) // whose refusal writes the sums of the minute before
		}
		by := w.refused(func(e audit.Event) string { return e.Client.IP.String() + " " + e.Account })
		assert.EqualValues(t, 60, by[Browser(1).IP.String()+" "], "%v", by)
		locked := int64(0)
		for who, n := range by {
			if strings.HasSuffix(who, " "+id) {
				locked += n
			}
		}
		assert.EqualValues(t, 2, locked, "refusals that name the locked account: %v", by)
	})

	t.Run("refusals are on record under the tenant that they are of", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) {
			c.Limits.Source.Free = 3
			c.Tenants = func(_ context.Context, id string) (auth.Tenant, error) { return auth.Tenant{Name: id}, nil }
		})
		try := func(tenant string) error {
			_, err := w.Login(t.Context(), auth.Credentials{Tenant: tenant, Identifier: Person, Password: Wrong}, Browser(1))
			return err
		}
		for range 3 {
			require.Same(t, auth.ErrInvalidCredentials, try("a"))
		}
		for range 3 {
			limited(t, try("a"))
			limited(t, try("b"))
		}
		w.Clock.Add(30 * time.Second)
		limited(t, try("b"))
		w.Clock.Add(29 * time.Second)
		assert.Equal(t, map[string]int64{"a": 1, "b": 1}, w.refused(func(e audit.Event) string { return e.Tenant }))
	})

	t.Run("clients that hang up are one sum", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		for range 40 {
			_, err := w.Login(gone, auth.Credentials{Identifier: Person, Password: Right}, Browser(1))
			require.Error(t, err)
		}
		assert.Len(t, w.Audit.Events(), 1)
		assert.Equal(t, audit.ReasonCanceled, w.Audit.Last().Reason)
	})

	t.Run("a password that is changed inside a login is on record, and its owner is told", func(t *testing.T) {
		const first, second = "Kx7-Lantern!plum", "Vb4+Otter?quartz"
		w := New(t, open(t), func(c *auth.Config) { c.Policy = password.MLPS() })
		w.Account(Person, first)
		w.SignIn(Person, first, Browser(1))
		w.Clock.Add(91 * 24 * time.Hour)
		_, err := w.Try(Person, first, Browser(1))
		_, err = w.Flow(more(t, err).Flow.Reveal(), Browser(1)).Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": second})
		require.NoError(t, err)
		assert.True(t, w.recorded(audit.PasswordChange))
		assert.True(t, w.told(notify.PasswordChanged))
	})

	t.Run("what rules and gates are shown of a client prints without its secrets", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		c := With(Browser(1), in)
		c.Binding = "canary-binding"
		var text strings.Builder
		shown := auth.Login{Client: c}
		fmt.Fprintf(&text, "%v %+v %#v %s %v %+v %#v", shown, shown, shown, c, &c, []auth.Client{c}, c)
		slog.New(slog.NewJSONHandler(&text, nil)).Info("login", "client", c)
		slog.New(slog.NewTextHandler(&text, nil)).Info("login", "client", c, "login", shown)
		for what, secret := range map[string]string{"token": c.Session, "device key": c.DeviceKey, "binding": c.Binding} {
			assert.NotContains(t, text.String(), secret, what)
		}
	})
}
