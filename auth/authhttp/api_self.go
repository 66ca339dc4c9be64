package authhttp

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/crmauth/crmauth/auth"
)

// maxItems bounds lists that have no cursor.
const maxItems = 1000

type sessionItem struct {
	ID          string     `json:"id"`
	Current     bool       `json:"current"`
	Assurance   string     `json:"assurance"`
	Methods     []string   `json:"methods"`
	Device      string     `json:"device,omitempty"`
	IP          netip.Addr `json:"ip,omitzero"`
	UserAgent   string     `json:"user_agent,omitempty"`
	Created     time.Time  `json:"created_at"`
	Seen        time.Time  `json:"seen_at"`
	IdleExpires time.Time  `json:"idle_expires_at"`
	Expires     time.Time  `json:"expires_at"`
}

type deviceItem struct {
	ID        string     `json:"id"`
	Current   bool       `json:"current"`
	IP        netip.Addr `json:"ip,omitzero"`
	UserAgent string     `json:"user_agent,omitempty"`
	Created   time.Time  `json:"created_at"`
	Seen      time.Time  `json:"seen_at"`
}

type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

func (web *Web) getSessions(w http.ResponseWriter, r *http.Request, in *input) error {
	me, err := web.self(r)
	if err != nil {
		return err
	}
	out := list[sessionItem]{Items: []sessionItem{}}
	for s, err := range me.Sessions().List(r.Context()) {
		if err != nil {
			return err
		}
		if len(out.Items) == maxItems {
			break
		}
		out.Items = append(out.Items, sessionItem{
			ID: s.ID, Current: s.Current, Assurance: s.Assurance.String(), Methods: methodNames(s.Factors), Device: s.Device,
			IP: s.IP, UserAgent: s.UserAgent, Created: s.Created, Seen: s.Seen, IdleExpires: s.IdleExpires, Expires: s.Expires,
		})
	}
	return reply(w, out)
}

func (web *Web) deleteSessions(w http.ResponseWriter, r *http.Request, in *input) error {
	me, err := web.self(r)
	if err != nil {
		return err
	}
	n, err := me.Sessions().EndOthers(r.Context())
	if err != nil {
		return err
	}
	return reply(w, map[string]int{"ended": n})
}

func (web *Web) deleteSession(w http.ResponseWriter, r *http.Request, in *input) error {
	who, err := web.authenticate(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := web.svc.Self(who, web.Client(r)).Sessions().End(r.Context(), id); err != nil {
		return err
	}
	if id == who.Session {
		web.left(w, r)
	}
	return done(w)
}

func (web *Web) getDevices(w http.ResponseWriter, r *http.Request, in *input) error {
	who, err := web.authenticate(r)
	if err != nil {
		return err
	}
	devices, err := web.svc.Self(who, web.Client(r)).Devices().List(r.Context())
	if err != nil {
		return err
	}
	out := list[deviceItem]{Items: []deviceItem{}}
	for _, d := range devices {
		out.Items = append(out.Items, deviceItem{
			ID: d.ID, Current: d.ID == who.Device, IP: d.IP, UserAgent: d.UserAgent, Created: d.Created, Seen: d.Seen,
		})
	}
	return reply(w, out)
}

func (web *Web) deleteDevice(w http.ResponseWriter, r *http.Request, in *input) error {
	me, err := web.self(r)
	if err != nil {
		return err
	}
	if err := me.Devices().Remove(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return done(w)
}

func (web *Web) postPasswordChange(w http.ResponseWriter, r *http.Request, in *input) error {
	current, new := in.text("current"), in.text("new")
	if in.problem != nil {
		return in.problem
	}
	if _, err := web.ChangePassword(w, r, current, new); err != nil {
		return err
	}
	return done(w)
}

func (web *Web) postPasswordReset(w http.ResponseWriter, r *http.Request, in *input) error {
	token, new := in.text("token"), in.text("new")
	if in.problem != nil {
		return in.problem
	}
	if err := web.svc.Recovery().Complete(r.Context(), token, new, web.Client(r)); err != nil {
		return err
	}
	return done(w)
}

type checkBody struct {
	Violations []violation `json:"violations"`
	Strength   int         `json:"strength"`
}

func (web *Web) postPasswordCheck(w http.ResponseWriter, r *http.Request, in *input) error {
	flow, token, password := in.text("flow"), in.text("token"), in.text("password")
	if in.problem != nil {
		return in.problem
	}
	found, err := web.judge(r, flow, token, password)
	if err != nil {
		return err
	}
	return reply(w, checkBody{Violations: violations(found.Violations, web.languages(r)), Strength: found.Strength.Score})
}

// judge says of a password what its future owner may know: whoever has an
// unfinished login, a link or a session.
func (web *Web) judge(r *http.Request, flow, token, password string) (auth.StrengthCheck, error) {
	if flow != "" {
		return web.svc.Flow(flow, web.Client(r)).CheckPassword(r.Context(), password)
	}
	if token != "" {
		return web.svc.Recovery().CheckPassword(r.Context(), token, password)
	}
	me, err := web.self(r)
	if err != nil {
		return auth.StrengthCheck{}, err
	}
	return me.CheckPassword(r.Context(), password)
}
