package logintest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
)

// verified counts the passwords that were compared, by what is on record.
func verified(w *World) (n int) {
	for _, e := range w.Audit.Events() {
		if e.Reason == audit.ReasonWrongPassword {
			n++
		}
	}
	return n
}

func races(t *testing.T, open Open) {
	t.Run("200 parallel guesses verify no more than the limit", func(t *testing.T) {
		w := New(t, open(t))
		w.AccountWith(auth.Account{Identifier: Person}, Right, "lina")
		names := []string{Person, "lina"}
		together(200, func(i int) {
			_, err := w.Try(names[i%2], fmt.Sprint(Wrong, i), Browser(i))
			if _, limited := errors.AsType[*auth.RateLimitedError](err); !limited {
				assert.ErrorIs(t, err, auth.ErrInvalidCredentials)
			}
		})
		assert.Equal(t, 5, verified(w))
	})

	t.Run("parallel logins of one account all succeed and keep the limit of sessions", func(t *testing.T) {
		w := New(t, open(t), func(c *auth.Config) { c.Sessions.Keep = 3; c.Limits.Account.Free = 100 })
		id := w.Account(Person, Right)
		ins := make([]*auth.SignIn, 12)
		together(len(ins), func(i int) {
			var err error
			ins[i], err = w.Try(Person, Right, Browser(i))
			assert.NoError(t, err)
		})
		alive := 0
		for _, in := range ins {
			if w.Valid(in) {
				alive++
			}
		}
		assert.Equal(t, 3, alive)
		sec, err := w.Stores.Security.Load(t.Context(), "", id)
		require.NoError(t, err)
		assert.Len(t, sec.Devices, auth.MaxDevices)
	})

	// Whatever happens between any two store calls of a login: when both have
	// returned, no session is left.
	for name, change := range map[string]func(w *World, id string, known *auth.SignIn) error{
		"suspension": func(w *World, id string, _ *auth.SignIn) error {
			return w.Admin(auth.Operator{Name: "root"}, auth.Client{}).Suspend(t.Context(), id)
		},
		"change of password": func(w *World, _ string, known *auth.SignIn) error {
			_, err := w.Self(known.Principal, With(Browser(2), known)).ChangePassword(t.Context(), Right, Other)
			return err
		},
		"foreign change": func(w *World, id string, _ *auth.SignIn) error {
			a, err := w.Stores.Accounts.Get(t.Context(), "", id)
			if err == nil {
				_, err = w.Stores.Accounts.ReplacePassword(t.Context(), "", id, a.PasswordHash, "")
			}
			if err == nil {
				err = w.Admin(auth.Operator{Name: "root"}, auth.Client{}).AccountChanged(t.Context(), id)
			}
			return err
		},
	} {
		t.Run("a login that races a "+name+" leaves no session", func(t *testing.T) {
			for n, more := 1, true; more; n++ {
				stores, tap := tapped(open(t))
				w := New(t, stores)
				id := w.Account(Person, Right)
				known := w.SignIn(Person, Right, Browser(2))
				ran := false
				tap.arm(n, false, func() error { ran = true; return change(w, id, known) })
				in, err := w.Try(Person, Right, Browser(1))
				calls := tap.disarm()
				more = ran
				if !ran {
					require.NoError(t, err)
					require.Greater(t, n, 6, "the tap saw too few calls: %v", calls)
					continue
				}
				if err == nil {
					assert.False(t, w.Valid(in), "a session survived a %s before call %d: %v", name, n, calls)
				} else {
					assert.NotEqual(t, auth.CodeUnavailable, auth.CodeOf(err), "%v", err)
				}
			}
		})
	}
}

func idempotency(t *testing.T, open Open) {
	with := func(w *World, id, pw string, c auth.Client) (*auth.SignIn, error) {
		return w.Login(t.Context(), auth.Credentials{Identifier: Person, Password: pw, AttemptID: id}, c)
	}
	t.Run("a double submit counts once and ends in one session", func(t *testing.T) {
		w := New(t, open(t))
		id := w.Account(Person, Right)
		ins := make([]*auth.SignIn, 8)
		together(len(ins), func(i int) {
			var err error
			ins[i], err = with(w, "form-1", Right, Browser(1))
			assert.NoError(t, err)
		})
		for _, in := range ins {
			require.NotNil(t, in)
			assert.Equal(t, ins[0].Token.Reveal(), in.Token.Reveal())
			assert.Equal(t, ins[0].Principal.Device, in.Principal.Device)
		}
		assert.True(t, w.Valid(ins[0]))
		sec, err := w.Stores.Security.Load(t.Context(), "", id)
		require.NoError(t, err)
		assert.Len(t, sec.Devices, 1)

		require.NoError(t, w.Logout(t.Context(), ins[0].Token.Reveal()))
		_, err = with(w, "form-1", Right, Browser(1))
		assert.ErrorIs(t, err, auth.ErrAttemptReplayed)
		assert.False(t, w.Valid(ins[0]))
	})
	t.Run("one wrong password submitted often is one attempt", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		together(20, func(int) {
			_, err := with(w, "form-1", Wrong, Browser(1))
			assert.ErrorIs(t, err, auth.ErrInvalidCredentials)
		})
		for range 4 {
			_, err := w.Try(Person, Wrong, Browser(2))
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err := w.Try(Person, Right, Browser(2))
		limited(t, err)
	})
	t.Run("one id with other passwords counts each", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		for i := range 5 {
			_, err := with(w, "form-1", fmt.Sprint(Wrong, i), Browser(1))
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		_, err := with(w, "form-1", Right, Browser(1))
		limited(t, err)
	})
}
