package logintest

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
)

// answers: unknown, wrong, disabled and without a password are one answer; the
// true reason is on record.
func answers(t *testing.T, open Open) {
	w := New(t, open(t))
	w.Account(Person, Right)
	w.AccountWith(auth.Account{Identifier: "gone@example.com", Disabled: true}, Right)
	w.Account("invited@example.com", "")
	for i, c := range []struct {
		identifier, pw string
		reason         audit.Reason
	}{
		{Person, Wrong, audit.ReasonWrongPassword},
		{"nobody@example.com", Right, audit.ReasonUnknownIdentifier},
		{"gone@example.com", Right, audit.ReasonDisabled},
		{"gone@example.com", Wrong, audit.ReasonDisabled},
		{"invited@example.com", Right, audit.ReasonNoPassword},
	} {
		in, err := w.Try(c.identifier, c.pw, Browser(i))
		require.Nil(t, in)
		require.Same(t, auth.ErrInvalidCredentials, err, c.reason)
		e := w.Audit.Last()
		assert.Equal(t, audit.LoginFail, e.Name)
		assert.Equal(t, c.reason, e.Reason)
		assert.Equal(t, c.reason == audit.ReasonUnknownIdentifier, e.Account == "")
	}

	t.Run("identifiers are canonical", func(t *testing.T) {
		for _, typed := range []string{"LI.NA@example.com", "  li.na@Example.com ", "ｌｉ.na@example.com"} {
			_, err := w.Try(typed, Right, Browser(9))
			assert.NoError(t, err, typed)
		}
	})
	t.Run("passwords are exact", func(t *testing.T) {
		for _, pw := range []string{Right + " ", " " + Right, strings.ToUpper(Right), Right[:len(Right)-1], Right + "\x00"} {
			_, err := w.Try(Person, pw, Browser(10))
			assert.Same(t, auth.ErrInvalidCredentials, err)
			w.SignIn(Person, Right, Browser(10))
		}
	})
	t.Run("malformed input is told and changes nothing", func(t *testing.T) {
		before := len(w.Audit.Events())
		for _, c := range []auth.Credentials{
			{Identifier: "", Password: Right},
			{Identifier: Person},
			{Identifier: strings.Repeat("x", 300), Password: Right},
			{Identifier: "a\x00b", Password: Right},
			{Identifier: "a\u200bb", Password: Right},
			{Identifier: Person, Password: strings.Repeat("x", 2000)},
			{Identifier: Person, Password: "\xff" + Right},
			{Identifier: Person, Password: Right, AttemptID: strings.Repeat("x", 200)},
		} {
			_, err := w.Login(t.Context(), c, Browser(11))
			m, ok := errors.AsType[*auth.MalformedError](err)
			if assert.True(t, ok, "%q: %v", c.Identifier, err) && c.Identifier != "" {
				assert.NotContains(t, m.Error(), c.Identifier)
			}
		}
		assert.Len(t, w.Audit.Events(), before)
	})
	t.Run("tenants never meet", func(t *testing.T) {
		_, err := w.Login(t.Context(), auth.Credentials{Tenant: "other", Identifier: Person, Password: Right}, Browser(12))
		assert.Same(t, auth.ErrInvalidCredentials, err)
	})
}
