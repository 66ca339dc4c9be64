package logintest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
)

// factored makes a world in which one account has a second factor.
func factored(t *testing.T, open Open, edits ...func(*auth.Config)) (w *World, id string) {
	enrolled := push{}
	w = New(t, open(t), append(edits, func(c *auth.Config) { c.Factors = enrolled })...)
	id = w.Account(Person, Right)
	enrolled[id] = true
	return w, id
}

// guess tries n wrong passwords, each from another browser, and returns how many
// were compared.
func (w *World) guess(n int) int {
	before := verified(w)
	for i := range n {
		_, _ = w.Try(Person, fmt.Sprint(Wrong, i), Browser(1000+i))
	}
	return verified(w) - before
}

// known signs in and returns the browser as a known one, without its session.
func (w *World) known(c auth.Client) auth.Client {
	w.t.Helper()
	c = With(c, w.SignIn(Person, Right, c))
	c.Session = ""
	return c
}

// untilLimited calls f until it is refused for its number, at most most times,
// and returns how often it wasn't.
func untilLimited(t *testing.T, most int, f func(i int) error) int {
	t.Helper()
	for i := range most {
		if _, limited := errors.AsType[*auth.RateLimitedError](f(i)); limited {
			return i
		}
	}
	require.Fail(t, "there is no limit", "%d times", most)
	return most
}

// cutOff are the counters of a database whose client hangs up while it counts:
// what was counted stays, and the answer is lost with the context.
type cutOff struct {
	lockout.Store
	hangUp func()
}

func (c *cutOff) Reserve(ctx context.Context, now time.Time, r ...lockout.Request) ([]lockout.Count, error) {
	counts, err := c.Store.Reserve(ctx, now, r...)
	c.hangUp()
	return counts, errors.Join(err, ctx.Err())
}

// hostileCounts: only what is verified counts against an owner, everything that
// costs work or sends something has a bound, and what was counted is cleared by
// nobody but a later success.
func hostileCounts(t *testing.T, open Open) {
	t.Run("what is not verified leaves the cap as it is", func(t *testing.T) {
		capped := func(c *auth.Config) { c.Limits.Cap = 6 }
		t.Run("through other names of the account", func(t *testing.T) {
			w := New(t, open(t), capped)
			w.AccountWith(auth.Account{Identifier: Person}, Right, "lina", "nana")
			owner := w.known(Browser(1))
			for _, name := range []string{Person, "lina", "nana"} {
				for n := range 6 {
					_, err := w.Try(name, Wrong, Browser(10+n))
					require.Error(t, err)
				}
			}
			require.Equal(t, 5, verified(w))
			w.SignIn(Person, Right, owner)
		})
		t.Run("while a refused attempt is under way", func(t *testing.T) {
			atEveryCall(t, open, true, func(w *World) (act, meanwhile func(), check func([]string)) {
				w.Account(Person, Right)
				owner := w.known(Browser(1))
				w.guess(5)
				var err error
				return func() { _, refused := w.Try(Person, Wrong, Browser(2)); limited(t, refused) },
					func() { _, err = w.Try(Person, Right, owner) },
					func(calls []string) { assert.NoError(t, err, "the owner, during %v", calls) }
			}, capped)
		})
		t.Run("by clients that hang up", func(t *testing.T) {
			stores := open(t)
			counters := &cutOff{Store: stores.Counters, hangUp: func() {}}
			stores.Counters = counters
			w := New(t, stores, capped)
			w.Account(Person, Right)
			owner := w.known(Browser(1))
			w.guess(5)
			for range 5 {
				ctx, cancel := context.WithCancel(t.Context())
				counters.hangUp = cancel
				_, err := w.Login(ctx, auth.Credentials{Identifier: Person, Password: Wrong}, Browser(2))
				require.Error(t, err)
			}
			counters.hangUp = func() {}
			w.SignIn(Person, Right, owner)
		})
	})

	t.Run("what is counted while a login finishes stays counted", func(t *testing.T) {
		enrolled, accepted := push{}, terms{}
		finish := func(w *World, e *auth.IncompleteError) func() {
			flow := w.Flow(e.Flow.Reveal(), Browser(1))
			return func() {
				var err error
				if len(e.Factors) > 0 {
					_, err = flow.Answer(t.Context(), "f1", "yes")
				} else {
					_, err = flow.Act(t.Context(), "accept_terms", map[string]string{"accept": "yes"})
				}
				require.NoError(t, err)
			}
		}
		for name, begin := range map[string]func(w *World, id string) (act func()){
			"by a password": func(w *World, id string) func() {
				accepted[id] = true
				return func() { w.SignIn(Person, Right, Browser(1)) }
			},
			"by a factor": func(w *World, id string) func() {
				accepted[id], enrolled[id] = true, true
				_, err := w.Try(Person, Right, Browser(1))
				e := more(t, err)
				_, err = w.Flow(e.Flow.Reveal(), Browser(1)).Challenge(t.Context(), "f1")
				require.NoError(t, err)
				return finish(w, e)
			},
			"by an action": func(w *World, _ string) func() {
				_, err := w.Try(Person, Right, Browser(1))
				return finish(w, more(t, err))
			},
		} {
			t.Run(name, func(t *testing.T) {
				atEveryCall(t, open, false, func(w *World) (act, meanwhile func(), check func([]string)) {
					guessed := 0
					return begin(w, w.Account(Person, Right)), func() { guessed = w.guess(4) }, func(calls []string) {
						if before := calls[:len(calls)-1]; slices.Contains(before, "counters.Reserve") {
							assert.LessOrEqual(t, guessed+w.guess(6), 5, "guesses since the login was counted, 4 of them before the last of %v", calls)
						}
					}
				}, func(c *auth.Config) { c.Factors, c.Actions = enrolled, []auth.Action{accepted} })
			})
		}
	})

	t.Run("passwords and codes in turn are one budget", func(t *testing.T) {
		w, _ := factored(t, open)
		_, err := w.Try(Person, Right, Browser(1))
		flow := w.Flow(more(t, err).Flow.Reveal(), Browser(1))
		for i := range 12 {
			_, _ = flow.Answer(t.Context(), "f1", "no")
			_, _ = w.Try(Person, Right, Browser(10+i)) // clears nothing: the login isn't finished
		}
		assert.Equal(t, 5, wrongCodes(w))
	})

	t.Run("parallel codes verify no more than the limit", func(t *testing.T) {
		w, _ := factored(t, open)
		_, err := w.Try(Person, Right, Browser(1))
		token := more(t, err).Flow.Reveal()
		together(40, func(i int) { _, _ = w.Flow(token, Browser(i)).Answer(t.Context(), "f1", "no") })
		assert.Equal(t, 5, wrongCodes(w))
	})

	t.Run("parallel guesses from inside a session verify no more than the limit", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		in := w.SignIn(Person, Right, Browser(1))
		together(40, func(i int) {
			if me := w.Self(in.Principal, Browser(10+i)); i%2 == 0 {
				_, _ = me.Reauthenticate(t.Context(), fmt.Sprint(Wrong, i))
			} else {
				_, _ = me.ChangePassword(t.Context(), fmt.Sprint(Wrong, i), Other)
			}
		})
		assert.Equal(t, 5, verified(w))
	})

	t.Run("every attempt costs one hash, whatever is wrong", func(t *testing.T) {
		pool, err := password.NewPool(password.PoolConfig{})
		require.NoError(t, err)
		w := New(t, open(t), func(c *auth.Config) { c.Hashing.Pool = pool })
		w.Account(Person, Right)
		expired := w.Account("expired@example.com", Right)
		w.secure(expired, func(s *auth.Security) { s.NotAfter = w.Clock.Now() })
		early := w.Account("early@example.com", Right)
		w.secure(early, func(s *auth.Security) { s.NotBefore = w.Clock.Now().Add(time.Hour) })
		w.AccountWith(auth.Account{Identifier: "gone@example.com", Disabled: true}, Right)
		for i, c := range [][2]string{
			{Person, Wrong}, {"nobody@example.com", Right}, {"gone@example.com", Right}, {"gone@example.com", Wrong},
			{"expired@example.com", Right}, {"expired@example.com", Wrong}, {"early@example.com", Right}, {"early@example.com", Wrong},
		} {
			before := pool.Stats().Done
			_, err := w.Try(c[0], c[1], Browser(i))
			require.Same(t, auth.ErrInvalidCredentials, err)
			assert.EqualValues(t, 1, pool.Stats().Done-before, "%v", c)
		}
	})

	hostileQuotas(t, open)
}

// wrongCodes counts the codes of a factor that were verified, by what is on
// record.
func wrongCodes(w *World) (n int) {
	for _, e := range w.Audit.Events() {
		if e.Reason == audit.ReasonWrongCode {
			n++
		}
	}
	return n
}

func hostileQuotas(t *testing.T, open Open) {
	t.Run("repeats of one attempt are limited to 20 in two minutes", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		repeat := func(id string) error {
			_, err := w.Login(t.Context(), auth.Credentials{Identifier: Person, Password: Wrong, AttemptID: id}, Browser(1))
			return err
		}
		assert.Equal(t, 1+20, untilLimited(t, 30, func(int) error { return repeat("form-1") }))
		require.Same(t, auth.ErrInvalidCredentials, repeat("form-2"), "another attempt is another one")
		w.Clock.Add(lockout.DedupeWindow)
		require.Same(t, auth.ErrInvalidCredentials, repeat("form-1"))
	})

	t.Run("unfinished logins of one account are limited to 20 in ten minutes", func(t *testing.T) {
		w, _ := factored(t, open)
		begin := func(int) error { _, err := w.Try(Person, Right, Browser(1)); return err }
		assert.Equal(t, 20, untilLimited(t, 30, begin))
		w.Clock.Add(10 * time.Minute)
		more(t, begin(0))
	})

	t.Run("challenges of one factor are limited to 5 in ten minutes, over all logins", func(t *testing.T) {
		w, _ := factored(t, open)
		challenge := func(int) error {
			_, err := w.Try(Person, Right, Browser(1))
			_, err = w.Flow(more(t, err).Flow.Reveal(), Browser(1)).Challenge(t.Context(), "f1")
			return err
		}
		assert.Equal(t, 5, untilLimited(t, 10, challenge))
		w.Clock.Add(10 * time.Minute)
		assert.NoError(t, challenge(0))
	})

	// A policy that compares with earlier passwords tells whether a guess is one.
	const current, next = "Kx7-Lantern!plum", "Vb4+Otter?quartz"
	mlps := func(c *auth.Config) { c.Policy = password.MLPS() }
	reused := func(t *testing.T, err error) error {
		if _, limited := errors.AsType[*auth.RateLimitedError](err); !limited {
			r, ok := errors.AsType[*password.RejectedError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, password.CodeReused, r.Violations[0].Code)
		}
		return err
	}

	t.Run("a link takes 10 passwords in ten minutes", func(t *testing.T) {
		w := New(t, open(t), mlps)
		id := w.Account(Person, current)
		w.SignIn(Person, current, Browser(1))
		require.NoError(t, root(w).StartReset(t.Context(), id))
		token := w.mailed(t, Person)
		assert.Equal(t, 10, untilLimited(t, 20, func(i int) error {
			return reused(t, w.Recovery().Complete(t.Context(), token, current, Browser(i)))
		}))
		w.Clock.Add(10 * time.Minute)
		assert.NoError(t, w.Recovery().Complete(t.Context(), token, next, Browser(1)), "the link is as it was")
	})

	t.Run("an unfinished login takes 10 passwords", func(t *testing.T) {
		w := New(t, open(t), mlps)
		w.Account(Person, current)
		w.SignIn(Person, current, Browser(1))
		w.Clock.Add(91 * 24 * time.Hour)
		_, err := w.Try(Person, current, Browser(1))
		flow := w.Flow(more(t, err).Flow.Reveal(), Browser(1))
		assert.Equal(t, 10, untilLimited(t, 20, func(int) error {
			_, err := flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": current})
			return reused(t, err)
		}))
	})
}
