package authhttp

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

// sessionBody is a session as its client sees it: everything but the token.
type sessionBody struct {
	ID            string    `json:"id"`
	Account       string    `json:"account_id"`
	Identifier    string    `json:"identifier"`
	Roles         []string  `json:"roles"`
	Assurance     string    `json:"assurance"`
	Methods       []string  `json:"methods"` // RFC 8176
	Authenticated time.Time `json:"authenticated_at"`
	IdleExpires   time.Time `json:"idle_expires_at"`
	Expires       time.Time `json:"expires_at"`
}

func sessionOf(p *auth.Principal) sessionBody {
	return sessionBody{
		ID: p.Session, Account: p.Account, Identifier: p.Identifier, Roles: append([]string{}, p.Roles...),
		Assurance: p.Assurance.String(), Methods: methodNames(p.Factors),
		Authenticated: p.AuthenticatedAt, IdleExpires: p.IdleExpires, Expires: p.Expires,
	}
}

// loginBody is where a login stands.
type loginBody struct {
	Status  string            `json:"status"`
	Session *sessionBody      `json:"session,omitempty"`
	Flow    string            `json:"flow,omitempty"`
	Expires time.Time         `json:"expires_at,omitzero"`
	Factors []auth.FactorInfo `json:"factors,omitempty"`
	Actions []string          `json:"actions,omitempty"`
}

// replyLogin answers a step of a login: 200 if it was right, even if more is
// needed.
func replyLogin(w http.ResponseWriter, done *auth.SignIn, err error) error {
	if more, ok := errors.AsType[*auth.IncompleteError](err); ok {
		body := loginBody{Status: "action_required", Flow: more.Flow.Reveal(), Expires: more.Expires, Factors: more.Factors, Actions: more.Actions}
		if len(more.Factors) > 0 {
			body.Status = "factor_required"
		}
		return reply(w, body)
	}
	if err != nil {
		return err
	}
	return reply(w, loginBody{Status: "authenticated", Session: new(sessionOf(&done.Principal))})
}

func (web *Web) postLogin(w http.ResponseWriter, r *http.Request, in *input) error {
	c := auth.Credentials{
		Identifier: in.text("identifier"), Password: in.text("password"), AttemptID: in.text("attempt_id"),
		Public: in.flag("public_computer"), Remember: in.flag("remember"),
	}
	if in.problem != nil {
		return in.problem
	}
	done, err := web.Login(w, r, c)
	return replyLogin(w, done, err)
}

func (web *Web) postChallenge(w http.ResponseWriter, r *http.Request, in *input) error {
	flow, factor := in.text("flow"), in.text("factor")
	if in.problem != nil {
		return in.problem
	}
	show, err := web.svc.Flow(flow, web.Client(r)).Challenge(r.Context(), factor)
	if err != nil {
		return err
	}
	if show == nil {
		show = map[string]any{}
	}
	return reply(w, show)
}

func (web *Web) postFactor(w http.ResponseWriter, r *http.Request, in *input) error {
	flow, factor, response := in.text("flow"), in.text("factor"), in.text("response")
	if in.problem != nil {
		return in.problem
	}
	done, err := web.Answer(w, r, flow, factor, response)
	return replyLogin(w, done, err)
}

func (web *Web) postAction(w http.ResponseWriter, r *http.Request, in *input) error {
	flow, action, more := in.text("flow"), in.text("action"), in.others("flow", "action")
	if in.problem != nil {
		return in.problem
	}
	done, err := web.Act(w, r, flow, action, more)
	return replyLogin(w, done, err)
}

func (web *Web) postLogout(w http.ResponseWriter, r *http.Request, in *input) error {
	if err := web.Logout(w, r); err != nil {
		return err
	}
	return done(w)
}

func (web *Web) getSession(w http.ResponseWriter, r *http.Request, in *input) error {
	who, err := web.authenticate(r)
	if err != nil {
		return err
	}
	return reply(w, sessionOf(&who))
}

func (web *Web) postReauthenticate(w http.ResponseWriter, r *http.Request, in *input) error {
	password := in.text("password")
	if in.problem != nil {
		return in.problem
	}
	renewed, err := web.Reauthenticate(w, r, password)
	if err != nil {
		return err
	}
	return reply(w, map[string]sessionBody{"session": sessionOf(&renewed.Principal)})
}

// methodNames are the methods used, each once, in the order of use.
func methodNames(factors []session.Factor) []string {
	names := []string{}
	for _, f := range factors {
		if !slices.Contains(names, f.Method) {
			names = append(names, f.Method)
		}
	}
	return names
}
