package logintest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
)

var errBroken = errors.New("the disk is on fire")

// faults: whichever store call fails, before or after it did its work, nobody
// is let in, nothing that was refused was done by half, and the next try works.
func faults(t *testing.T, open Open) {
	for _, after := range []bool{false, true} {
		t.Run(map[bool]string{false: "a login, before a call", true: "a login, after a call"}[after], func(t *testing.T) {
			for n, more := 1, true; more; n++ {
				stores, tap := tapped(open(t))
				w := New(t, stores)
				id := w.Account(Person, Right)
				failed := false
				tap.arm(n, after, func() error { failed = true; return errBroken })
				in, err := w.Try(Person, Right, Browser(1))
				calls := tap.disarm()
				more = failed
				if !failed {
					require.NoError(t, err)
					require.Greater(t, n, 6, "the tap saw too few calls: %v", calls)
					continue
				}
				require.Nil(t, in, "signed in although call %d failed: %v", n, calls)
				assert.Equal(t, auth.CodeUnavailable, auth.CodeOf(err), "%v", err)
				active := 0
				for _, err := range w.Stores.Sessions.List(t.Context(), "", id) {
					require.NoError(t, err)
					active++
				}
				if !after || calls[n-1] != "sessions.Create" { // whose token nobody ever saw
					assert.Zero(t, active, "a session is left by a login that failed at %v", calls)
				}
				w.SignIn(Person, Right, Browser(1))
			}
		})
		t.Run(map[bool]string{false: "a change of password, before a call", true: "a change of password, after a call"}[after], func(t *testing.T) {
			for n, more := 1, true; more; n++ {
				stores, tap := tapped(open(t))
				w := New(t, stores)
				w.Account(Person, Right)
				stranger := w.SignIn(Person, Right, Browser(2))
				in := w.SignIn(Person, Right, Browser(1))
				failed := false
				tap.arm(n, after, func() error { failed = true; return errBroken })
				_, err := w.Self(in.Principal, With(Browser(1), in)).ChangePassword(t.Context(), Right, Other)
				calls := tap.disarm()
				more = failed
				if !failed {
					require.NoError(t, err)
					continue
				}
				require.Error(t, err, "%v", calls)
				_, old := w.Try(Person, Right, Browser(3))
				_, new := w.Try(Person, Other, Browser(4))
				assert.True(t, (old == nil) != (new == nil), "exactly one password works after %v: %v, %v", calls, old, new)
				if new == nil {
					w.Clock.Add(61e9)
					assert.False(t, w.Valid(stranger), "the password changed and an old session lives, after %v", calls)
				}
			}
		})
	}
}
