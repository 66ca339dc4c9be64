package authhttp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/session"
)

func errorAs[E error](err error) (E, bool) { return errors.AsType[E](err) }

// codes is a second factor that everybody has once it is on: the code is 123456.
type codes struct{ on atomic.Bool }

func (c *codes) Enrolled(context.Context, string, string) ([]auth.FactorInfo, error) {
	if !c.on.Load() {
		return nil, nil
	}
	return []auth.FactorInfo{{ID: "f1", Kind: "sms", Hint: "•••• 42"}}, nil
}

func (*codes) Challenge(context.Context, auth.Login, string) (auth.Challenge, error) {
	return auth.Challenge{State: []byte("123456"), Show: map[string]any{"sent": true}}, nil
}

func (*codes) Verify(_ context.Context, _ auth.Login, _ string, state []byte, response string) (auth.Verdict, error) {
	return auth.Verdict{Accepted: state != nil && response == string(state), Method: "sms", Level: session.AAL2}, nil
}

// terms is an action: say yes.
type terms struct{}

func (terms) Name() string { return "accept_terms" }

func (terms) Required(context.Context, auth.Login) (bool, error) { return true, nil }

func (terms) Do(_ context.Context, _ auth.Login, input map[string]string) error {
	if input["accept"] != "yes" {
		return &auth.MalformedError{Field: "accept", Problem: `must be "yes"`}
	}
	return nil
}

func TestLoginWithFactorAndAction(t *testing.T) {
	factors := new(codes)
	s := newSite(t, auth.Config{Factors: factors, Actions: []auth.Action{terms{}}}, authhttp.Config{})
	factors.on.Store(true)
	b := s.browser(t)
	a := b.login(boss, right)
	require.Equal(t, http.StatusOK, a.Code)
	require.Nil(t, a.cookie(sessionCookie))
	require.NotNil(t, a.cookie(browserCookie), "what the unfinished login is tied to")
	assert.Equal(t, "factor_required", a.json()["status"])
	assert.Equal(t, []any{object{"id": "f1", "kind": "sms", "hint": "•••• 42"}}, a.json()["factors"])
	flow := a.json()["flow"].(string)
	require.NotEmpty(t, flow)
	require.NotContains(t, flow, "redacted")

	thief := s.browser(t)
	assert.Equal(t, "flow_invalid", thief.post("/auth/login/challenge", object{"flow": flow, "factor": "f1"}).code(), "another browser")

	a = b.post("/auth/login/challenge", object{"flow": flow, "factor": "f1"})
	require.Equal(t, http.StatusOK, a.Code)
	assert.Equal(t, object{"sent": true}, a.json())
	assert.Equal(t, "flow_invalid", thief.post("/auth/login/factor", object{"flow": flow, "factor": "f1", "response": "123456"}).code())
	assert.Equal(t, "invalid_credentials", b.post("/auth/login/factor", object{"flow": flow, "factor": "f1", "response": "000000"}).code())
	assert.Equal(t, "flow_invalid", b.post("/auth/login/action", object{"flow": flow, "action": "accept_terms", "accept": "yes"}).code(), "in order")

	a = b.post("/auth/login/factor", object{"flow": flow, "factor": "f1", "response": "123456"})
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	assert.Equal(t, "action_required", a.json()["status"])
	assert.Equal(t, []any{"accept_terms"}, a.json()["actions"])
	require.Nil(t, a.cookie(sessionCookie))

	a = b.post("/auth/login/action", object{"flow": flow, "action": "accept_terms"})
	require.Equal(t, "malformed_request", a.code())
	assert.Equal(t, "accept", a.json()["field"])
	a = b.post("/auth/login/action", object{"flow": flow, "action": "accept_terms", "accept": "yes"})
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	assert.Equal(t, "authenticated", a.json()["status"])
	assert.Equal(t, "AAL2", a.json()["session"].(object)["assurance"])
	assert.Equal(t, []any{"pwd", "sms"}, a.json()["session"].(object)["methods"])
	require.NotNil(t, a.cookie(sessionCookie))
	assert.NotContains(t, b.cookies, browserCookie)
	assert.Equal(t, http.StatusOK, b.get("/auth/session").Code)
	assert.Equal(t, "flow_invalid", b.post("/auth/login/action", object{"flow": flow, "action": "accept_terms", "accept": "yes"}).code(), "it is over")
}

func TestCheckPasswordInAFlow(t *testing.T) {
	s := newSite(t, auth.Config{Actions: []auth.Action{terms{}}}, authhttp.Config{})
	b := s.browser(t)
	flow := b.login(boss, right).json()["flow"].(string)
	a := b.post("/auth/password/check", object{"flow": flow, "password": "short"})
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	assert.NotEmpty(t, a.json()["violations"])
	assert.Equal(t, "flow_invalid", s.browser(t).post("/auth/password/check", object{"flow": flow, "password": "short"}).code(), "another browser")
}

func TestUnknownFlows(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.browser(t)
	for _, flow := range []string{"", "x", strings.Repeat("A", 43)} {
		a := b.post("/auth/login/challenge", object{"flow": flow, "factor": "f1"})
		assert.Equal(t, http.StatusGone, a.Code)
		assert.Equal(t, "flow_invalid", a.code())
		assert.Equal(t, "flow_invalid", b.post("/auth/login/factor", object{"flow": flow, "factor": "f1", "response": "1"}).code())
		assert.Equal(t, "flow_invalid", b.post("/auth/login/action", object{"flow": flow, "action": "change_password", "new": other}).code())
	}
}
