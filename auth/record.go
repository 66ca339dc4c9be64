package auth

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// reasonUnverifiable is of a stored hash that no declared scheme verifies.
const reasonUnverifiable audit.Reason = "unverifiable_hash"

func newRecorder(c Config) (*audit.Summer, *audit.Listeners, error) {
	hear := audit.NewListeners(audit.ListenersConfig{Fault: func(err error) {
		c.Logger.Error("auth: a listener failed", "error", err)
	}}, c.Listeners...)
	sum, err := audit.NewSummer(c.Stores.Audit, audit.SummerConfig{Now: c.Now})
	return sum, hear, err
}

// append puts events on record before anybody is answered. What can't be
// recorded is refused.
func (s *Service) append(ctx context.Context, events ...audit.Event) error {
	now := s.now()
	for i := range events {
		s.complete(&events[i], now)
	}
	if err := s.config.Stores.Audit.Append(context.WithoutCancel(ctx), events...); err != nil {
		return &UnavailableError{Op: "record what happened", Err: err}
	}
	s.hear.Offer(events...)
	return nil
}

func (s *Service) complete(e *audit.Event, now time.Time) {
	if e.ID == "" {
		e.ID = audit.NewID(now)
	}
	if e.Time.IsZero() {
		e.Time = now
	}
	if e.Policy == "" {
		e.Policy = s.config.Policy.Name()
	}
}

// sum records what an attacker can repeat at will: the first of a minute, then
// one sum.
func (s *Service) sum(ctx context.Context, key string, e audit.Event) error {
	s.complete(&e, s.now())
	if err := s.summer.Append(context.WithoutCancel(ctx), key, e); err != nil {
		return &UnavailableError{Op: "record what happened", Err: err}
	}
	return nil
}

func clientOf(c Client) audit.Client {
	return audit.Client{IP: c.IP, UserAgent: shorten(c.UserAgent)}
}

// event is an event of this login, without its name.
func (l *login) event() audit.Event {
	e := audit.Event{Tenant: l.tenant.ID, Account: l.account.ID, Device: l.device, Client: clientOf(l.client)}
	for _, f := range l.methods {
		e.Methods = append(e.Methods, f.Method)
	}
	if l.account.ID == "" && l.identifier != "" {
		// People type passwords into the name field: only a keyed hash is kept.
		mac := l.s.config.Keys.MAC("audit identifier", []byte(l.tenant.ID), []byte(l.identifier))
		e.IdentifierHash = hex.EncodeToString(mac[:12])
	}
	return e
}

// event is an event of this session, without its name.
func (o *ownSession) event() audit.Event {
	e := o.login.event()
	e.Session = o.session.ID
	return e
}

// record records how this login ended, and with it that a lane was closed or an
// authenticator disabled.
func (l *login) record(ctx context.Context, name audit.Name, outcome audit.Outcome, reason audit.Reason) error {
	e := l.event()
	e.Name, e.Outcome, e.Reason = name, outcome, reason
	events := []audit.Event{e}
	if name == audit.LoginFail && outcome == audit.Failure && l.attempt.Attempt != nil && l.found {
		closed := func(k lockout.Key, limit int64, name audit.Name) {
			if l.attempt.Granted(k) && l.attempt.Failures(k) == limit { // by this attempt
				c := e
				c.Name, c.Outcome, c.Reason, c.Limit = name, audit.Refused, audit.ReasonMaxRetries, limit
				events = append(events, c)
			}
		}
		closed(l.attempt.lane, l.attempt.laneFree, audit.LoginLock)
		closed(l.attempt.top, l.s.limits.capFree, audit.LoginFailMax)
	}
	return l.s.append(ctx, events...)
}

// recordRefusal records an attempt that a closed counter refused, summed by that
// counter: what an attacker types makes no further events.
func (l *login) recordRefusal(ctx context.Context, b *lockout.BlockedError) error {
	e := l.event()
	e.Name, e.Outcome, e.Reason, e.Resource = audit.RateLimitExceeded, audit.Refused, audit.ReasonRateLimited, b.Limiter
	if slices.Contains(l.attempt.back, b.Key) { // a network, whatever was typed
		e.Account, e.IdentifierHash = "", ""
	}
	return l.s.sum(ctx, "refused "+l.tenant.ID+" "+b.Key.String(), e)
}

func (l *login) recordGate(ctx context.Context) error {
	e := l.event()
	e.Name, e.Outcome, e.Reason = audit.LoginFail, audit.Refused, audit.ReasonGate
	return l.s.sum(ctx, "gate "+l.tenant.ID+" "+sourceName(l.client.IP), e)
}

func (l *login) recordOverload(ctx context.Context) error {
	e := l.event()
	e.Name, e.Outcome, e.Reason = audit.LoginFail, audit.Fault, audit.ReasonOverloaded
	return l.s.sum(ctx, "overload "+l.tenant.ID+" "+sourceName(l.client.IP), e)
}

func (l *login) recordSuccess(ctx context.Context, created session.Created, device string, retries int64) error {
	e := l.event()
	e.Name, e.Outcome, e.Session, e.Assurance = audit.LoginSuccess, audit.Success, created.Session.ID, int(created.Session.Level)
	if retries > 0 {
		e.Name, e.Retries = audit.LoginSuccessAfterFail, retries
	}
	events := []audit.Event{e}
	if device != "" && device != l.device {
		added := e
		added.Name, added.Device, added.Retries = audit.DeviceAdded, device, 0
		events = append(events, added)
	}
	for _, id := range created.Ended {
		ended := e
		ended.Name, ended.Session, ended.Reason, ended.Retries = audit.SessionsExceeded, id, audit.ReasonReplaced, 0
		events = append(events, ended)
	}
	return l.s.append(ctx, events...)
}

// reasonOf is the reason of a refused change, as a code.
func reasonOf(err error) audit.Reason {
	switch code := CodeOf(err); code {
	case CodePasswordRejected:
		return audit.ReasonPolicy
	case CodeTokenInvalid:
		return audit.ReasonTokenInvalid
	case CodeConflict:
		return audit.ReasonConflict
	case CodeOverloaded:
		return audit.ReasonOverloaded
	case CodeUnavailable:
		return audit.ReasonStoreError
	default:
		return audit.Reason(code)
	}
}
