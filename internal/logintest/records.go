package logintest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/password"
)

func records(t *testing.T, open Open) {
	t.Run("every outcome is on record, and no secret is", func(t *testing.T) {
		var log bytes.Buffer
		w := New(t, open(t), func(c *auth.Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
		link, err := w.Bootstrap(t.Context(), "", Person)
		require.NoError(t, err)
		token := TokenOf(t, link)
		require.NoError(t, w.Recovery().Complete(t.Context(), token, Right, Browser(1)))
		_, _ = w.Try(Person, "canary-wrong-password", Browser(1))
		_, _ = w.Try("canary-typed-as-a-name", Right, Browser(1))
		in := w.SignIn(Person, Right, Browser(1))
		again, err := w.Self(in.Principal, With(Browser(1), in)).Reauthenticate(t.Context(), Right)
		require.NoError(t, err)
		changed, err := w.Self(again.Principal, With(Browser(1), again)).ChangePassword(t.Context(), Right, Other)
		require.NoError(t, err)
		require.NoError(t, w.Logout(t.Context(), changed.Token.Reveal()))
		require.NoError(t, w.Deliver(t.Context()))

		var names []audit.Name
		var all strings.Builder
		for _, e := range w.Audit.Events() {
			names = append(names, e.Name)
			line, err := json.Marshal(e)
			require.NoError(t, err)
			all.Write(line)
			fmt.Fprintf(&all, "%+v %#v", e, e)
		}
		for _, want := range []audit.Name{
			audit.UserCreated, audit.PasswordResetComplete, audit.LoginFail, audit.LoginSuccessAfterFail,
			audit.DeviceAdded, audit.Reauthenticated, audit.PasswordChange, audit.SessionLogout,
		} {
			assert.Contains(t, names, want)
		}
		fmt.Fprintf(&all, "%v %+v %#v %v %+v", in, in, in, w.Mail.Sent(), auth.Credentials{Password: Right})
		all.Write(log.Bytes())
		for what, secret := range map[string]string{
			"link": token, "password": Right, "new password": Other, "wrong password": "canary-wrong-password",
			"typed name": "canary-typed-as-a-name", "token": in.Token.Reveal(), "rotated token": changed.Token.Reveal(),
			"device key": in.DeviceKey.Reveal(),
		} {
			assert.NotContains(t, all.String(), secret, what)
		}
	})

	t.Run("a closed lane is summed, so that a flood can not fill the disk", func(t *testing.T) {
		w := New(t, open(t))
		w.Account(Person, Right)
		for range 5 {
			_, _ = w.Try(Person, Wrong, Browser(1))
		}
		last := w.Audit.Last()
		assert.Equal(t, audit.LoginLock, last.Name)
		before := len(w.Audit.Events())
		for range 500 {
			_, _ = w.Try(Person, Wrong, Browser(1))
		}
		assert.LessOrEqual(t, len(w.Audit.Events())-before, 2)
	})

	t.Run("keys that data need and the ring lacks stop the program at its start", func(t *testing.T) {
		stores := open(t)
		w := New(t, stores)
		require.NoError(t, w.Ready(t.Context()))
		stranger := New(t, stores)
		assert.ErrorContains(t, stranger.Ready(t.Context()), "key")
	})

	t.Run("overload is refused at once, counted nowhere", func(t *testing.T) {
		pool, err := password.NewPool(password.PoolConfig{Memory: 64 << 10, Queue: -1})
		require.NoError(t, err)
		w := New(t, open(t), func(c *auth.Config) { c.Hashing.Pool = pool })
		w.Account(Person, Right)
		overloaded := 0
		errs := make([]error, 40)
		together(len(errs), func(i int) { _, errs[i] = w.Try(Person, Right, Browser(1)) })
		for _, err := range errs {
			if auth.CodeOf(err) == auth.CodeOverloaded {
				overloaded++
			}
		}
		t.Logf("%d of %d overloaded", overloaded, len(errs))
		_, err = w.Try(Person, Wrong, Browser(2))
		assert.Same(t, auth.ErrInvalidCredentials, err, "the refused ones were counted")
	})
}
