package logintest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
)

// push is a second factor: "yes" is right, "wait" is not answered yet. It works
// for the accounts that are enrolled.
type push map[string]bool

func (p push) Enrolled(_ context.Context, _, account string) ([]auth.FactorInfo, error) {
	if !p[account] {
		return nil, nil
	}
	return []auth.FactorInfo{{ID: "f1", Kind: "push", Hint: "phone"}}, nil
}

func (p push) Challenge(context.Context, auth.Login, string) (auth.Challenge, error) {
	return auth.Challenge{State: []byte("asked"), Show: map[string]any{"number": 42}}, nil
}

func (p push) Verify(_ context.Context, _ auth.Login, _ string, state []byte, response string) (auth.Verdict, error) {
	switch {
	case response == "broken":
		return auth.Verdict{}, errors.New("push service is down")
	case response == "wait":
		return auth.Verdict{Pending: true}, nil
	}
	return auth.Verdict{Accepted: response == "yes" && string(state) == "asked", Method: "swk", Level: session.AAL2}, nil
}

// terms is an action that must be done once.
type terms map[string]bool

func (terms) Name() string { return "accept_terms" }

func (a terms) Required(_ context.Context, l auth.Login) (bool, error) {
	return !a[l.Account.ID], nil
}

func (a terms) Do(_ context.Context, l auth.Login, input map[string]string) error {
	if input["accept"] != "yes" {
		return &auth.MalformedError{Field: "accept", Problem: "must be yes"}
	}
	a[l.Account.ID] = true
	return nil
}

// ask makes every login of unknown devices answer a factor, and refuses some.
type ask struct{ refuse bool }

func (r ask) Decide(_ context.Context, l auth.Login) (auth.Decision, error) {
	return auth.Decision{RequireFactor: !l.KnownDevice, Refuse: r.refuse, Reason: "test"}, nil
}

type gate struct{ closed bool }

func (g *gate) Pass(context.Context, string, auth.Client, time.Time) error {
	if g.closed {
		return &auth.MaintenanceError{Message: map[string]string{"en": "Back at nine.", "zh": "九点恢复。"}}
	}
	return nil
}

// corp is a provider whose assertions are identifiers in clear.
type corp struct{}

func (corp) Verify(_ context.Context, _ string, assertion []byte) (auth.Identity, error) {
	if string(assertion) == "forged" {
		return auth.Identity{}, errors.New("bad signature")
	}
	return auth.Identity{Identifier: string(assertion)}, nil
}

func more(t *testing.T, err error) *auth.IncompleteError {
	t.Helper()
	e, ok := errors.AsType[*auth.IncompleteError](err)
	require.True(t, ok, "%v", err)
	return e
}

func flows(t *testing.T, open Open) {
	bound := Browser(1)
	bound.Binding = "browser-1"
	two := func(t *testing.T, edits ...func(*auth.Config)) (*World, string) {
		enrolled := push{}
		w := New(t, open(t), append(edits, func(c *auth.Config) { c.Factors = enrolled })...)
		id := w.Account(Person, Right)
		enrolled[id] = true
		return w, id
	}
	begin := func(t *testing.T, w *World) *auth.IncompleteError {
		in, err := w.Try(Person, Right, bound)
		require.Nil(t, in)
		e := more(t, err)
		require.Len(t, e.Factors, 1)
		return e
	}

	t.Run("a factor continues the login, on any node, for the same browser, once", func(t *testing.T) {
		w, _ := two(t)
		node := w.Again()
		e := begin(t, w)
		other := bound
		other.Binding = "browser-2"
		_, err := node.Flow(e.Flow.Reveal(), other).Challenge(t.Context(), "f1")
		assert.ErrorIs(t, err, auth.ErrFlowInvalid)
		_, err = node.Flow("nonsense", bound).Answer(t.Context(), "f1", "yes")
		assert.ErrorIs(t, err, auth.ErrFlowInvalid)
		_, err = node.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f2", "yes")
		assert.ErrorIs(t, err, auth.ErrFlowInvalid)

		show, err := node.Flow(e.Flow.Reveal(), bound).Challenge(t.Context(), "f1")
		require.NoError(t, err)
		assert.EqualValues(t, 42, show["number"])
		_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "wait")
		more(t, err)
		w.Clock.Add(time.Second)
		won := 0
		results := make([]*auth.SignIn, 4)
		together(len(results), func(i int) { results[i], _ = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "yes") })
		for _, in := range results {
			if in != nil {
				won++
				assert.Equal(t, session.AAL2, in.Principal.Assurance)
				assert.Len(t, in.Principal.Factors, 2)
			}
		}
		assert.Equal(t, 1, won)
		_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "yes")
		assert.ErrorIs(t, err, auth.ErrFlowInvalid)
	})

	t.Run("factors count on the same ladder as passwords, and a right password clears nothing", func(t *testing.T) {
		w, _ := two(t)
		for range 4 {
			_, err := w.Try(Person, Wrong, bound)
			require.Same(t, auth.ErrInvalidCredentials, err)
		}
		e := begin(t, w)
		_, err := w.Flow(e.Flow.Reveal(), bound).Challenge(t.Context(), "f1")
		require.NoError(t, err)
		_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "no")
		require.Same(t, auth.ErrInvalidCredentials, err)
		_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "yes")
		limited(t, err)
		w.Clock.Add(time.Minute)
		_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "broken")
		assert.Equal(t, auth.CodeUnavailable, auth.CodeOf(err))
		_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "yes")
		require.NoError(t, err, "what was never verified was given back")
	})

	t.Run("a flow ends with its ten minutes, its password and its account", func(t *testing.T) {
		for name, end := range map[string]func(w *World, id string){
			"time": func(w *World, _ string) { w.Clock.Add(10 * time.Minute) },
			"password": func(w *World, id string) {
				a, _ := w.Stores.Accounts.Get(t.Context(), "", id)
				_, _ = w.Stores.Accounts.ReplacePassword(t.Context(), "", id, a.PasswordHash, "x")
			},
			"disabled": func(w *World, id string) { _, _ = w.Stores.Accounts.SetDisabled(t.Context(), "", id, true) },
		} {
			w, id := two(t)
			e := begin(t, w)
			_, err := w.Flow(e.Flow.Reveal(), bound).Challenge(t.Context(), "f1")
			require.NoError(t, err)
			end(w, id)
			_, err = w.Flow(e.Flow.Reveal(), bound).Answer(t.Context(), "f1", "yes")
			assert.ErrorIs(t, err, auth.ErrFlowInvalid, name)
		}
	})

	t.Run("actions come after factors, in order, and none is skipped", func(t *testing.T) {
		w, id := two(t, func(c *auth.Config) { c.Actions = []auth.Action{terms{}} })
		sec, err := w.Stores.Security.Load(t.Context(), "", id)
		require.NoError(t, err)
		sec.Tenant, sec.Account, sec.Required = "", id, []string{auth.ActionChangePassword}
		a, err := w.Stores.Accounts.Get(t.Context(), "", id)
		require.NoError(t, err)
		_ = a
		won, err := w.Stores.Security.Save(t.Context(), sec, sec.Version)
		require.NoError(t, err)
		require.True(t, won)

		e := begin(t, w)
		assert.Equal(t, []string{auth.ActionChangePassword, "accept_terms"}, e.Actions)
		flow := w.Flow(e.Flow.Reveal(), bound)
		_, err = flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": Other})
		assert.ErrorIs(t, err, auth.ErrFlowInvalid, "the factor first")
		_, err = flow.Challenge(t.Context(), "f1")
		require.NoError(t, err)
		_, err = flow.Answer(t.Context(), "f1", "yes")
		assert.Empty(t, more(t, err).Factors)
		_, err = flow.Act(t.Context(), "accept_terms", map[string]string{"accept": "yes"})
		assert.ErrorIs(t, err, auth.ErrFlowInvalid, "the password first")
		_, err = flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": "short"})
		_, ok := errors.AsType[*password.RejectedError](err)
		require.True(t, ok, "%v", err)
		_, err = flow.Act(t.Context(), auth.ActionChangePassword, map[string]string{"new": Other})
		assert.Equal(t, []string{"accept_terms"}, more(t, err).Actions)
		_, err = flow.Act(t.Context(), "accept_terms", nil)
		assert.Equal(t, auth.CodeMalformed, auth.CodeOf(err))
		in, err := flow.Act(t.Context(), "accept_terms", map[string]string{"accept": "yes"})
		require.NoError(t, err)
		assert.True(t, w.Valid(in))
		_, err = w.Try(Person, Right, bound)
		assert.Same(t, auth.ErrInvalidCredentials, err)
	})

	t.Run("an external identity takes the same way", func(t *testing.T) {
		enrolled := push{}
		w := New(t, open(t), func(c *auth.Config) {
			c.Factors = enrolled
			c.Providers = map[string]auth.Provider{"corp": corp{}}
			c.Limits.Source.Free = 3
		})
		id := w.Account(Person, "", "sales")
		in, err := w.LoginWith(t.Context(), "", "corp", []byte(Person), Browser(1))
		require.NoError(t, err)
		assert.Equal(t, session.AAL1, in.Principal.Assurance)
		assert.False(t, in.Principal.Recent(w.Clock.Now(), time.Hour), "a time that nobody proved is not recent")
		_, err = w.LoginWith(t.Context(), "", "corp", []byte("nobody@example.com"), Browser(1))
		assert.Same(t, auth.ErrInvalidCredentials, err)
		_, err = w.LoginWith(t.Context(), "", "nowhere", []byte(Person), Browser(1))
		assert.Equal(t, auth.CodeMalformed, auth.CodeOf(err))
		enrolled[id] = true
		_, err = w.LoginWith(t.Context(), "", "corp", []byte(Person), Browser(1))
		assert.Len(t, more(t, err).Factors, 1)
		_, err = w.Stores.Accounts.SetDisabled(t.Context(), "", id, true)
		require.NoError(t, err)
		_, err = w.LoginWith(t.Context(), "", "corp", []byte(Person), Browser(1))
		assert.Same(t, auth.ErrInvalidCredentials, err)
		_, err = w.LoginWith(t.Context(), "", "corp", []byte("forged"), Browser(1))
		assert.Same(t, auth.ErrInvalidCredentials, err)
		_, err = w.LoginWith(t.Context(), "", "corp", []byte("forged"), Browser(1))
		limited(t, err)
	})

	t.Run("gates, rules and what nobody can answer", func(t *testing.T) {
		g, r := &gate{closed: true}, &ask{}
		w := New(t, open(t), func(c *auth.Config) { c.Gates, c.Rules = []auth.Gate{g}, []auth.Rule{r} })
		w.Account(Person, Right)
		for _, name := range []string{Person, "nobody@example.com"} {
			_, err := w.Try(name, Right, bound)
			assert.Equal(t, auth.CodeMaintenance, auth.CodeOf(err))
			assert.Equal(t, "九点恢复。", auth.Message(err, "zh-TW,zh;q=0.9"))
		}
		g.closed = false
		for range 6 { // refused by rule: told to whoever knows the password, and not counted
			_, err := w.Try(Person, Right, bound)
			require.ErrorIs(t, err, auth.ErrRefused, "a factor is required and none is enrolled")
		}
		_, err := w.Try(Person, Wrong, bound)
		require.Same(t, auth.ErrInvalidCredentials, err)
	})
}
