package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/session"
)

// Authenticate returns who a session token belongs to. [ErrSessionRequired]
// means nobody; a [*UnavailableError] that nothing is known: refuse as well.
//
// It is one read of the store, and one write when the latest activity was a
// minute ago; that is also when the account is read again, so that what the
// application changed in its own table is seen (see [Config.CheckAccountAlways]).
func (s *Service) Authenticate(ctx context.Context, token string, c Client) (Principal, error) {
	k, err := s.sessions.Parse(token)
	if err != nil {
		return Principal{}, ErrSessionRequired
	}
	var sess session.Session
	if err := s.read(ctx, k, &sess); err != nil {
		return Principal{}, err
	}
	return principalOf(&sess), nil
}

// read fills in the session of a key if it may be used now.
func (s *Service) read(ctx context.Context, k session.Key, sess *session.Session) (err error) {
	if s.joined != nil {
		return s.readJoined(ctx, k, sess)
	}
	if *sess, err = s.config.Stores.Sessions.Get(ctx, k); err != nil {
		return s.noSession(err)
	}
	due, err := s.sessions.Due(sess)
	if err != nil {
		return s.noSession(err)
	}
	if !due && !s.config.CheckAccountAlways {
		return nil
	}
	// The account before the touch: a request that is cut off in between leaves
	// the next one to check it.
	account, security, err := s.load(ctx, sess.Tenant, sess.Account)
	if err := s.follows(ctx, sess, account, security, err); err != nil {
		return err
	}
	_, err = s.sessions.Admit(ctx, sess)
	return s.noSession(err)
}

// readJoined is read where one statement reads the account too.
func (s *Service) readJoined(ctx context.Context, k session.Key, sess *session.Session) error {
	found, account, security, err := s.joined.Session(ctx, k)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return s.noSession(err)
	}
	*sess = found
	if err := s.follows(ctx, sess, account, security, err); err != nil {
		return err
	}
	_, err = s.sessions.Admit(ctx, sess)
	return s.noSession(err)
}

// follows refuses a session that no longer follows from its account, which err
// may tell is gone.
func (s *Service) follows(ctx context.Context, sess *session.Session, a Account, sec Security, err error) error {
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return &UnavailableError{Op: "read the account of a session", Err: err}
	}
	if gone || !stands(sess, a, sec, s.now()) {
		return s.endStale(ctx, sess, gone, a, sec)
	}
	return nil
}

// stands reports whether a session still follows from its account.
func stands(sess *session.Session, a Account, sec Security, now time.Time) bool {
	return !a.Disabled && sess.Epoch == sec.Epoch && !sec.foreign(a.PasswordHash) &&
		sec.inTime(now) && sameRoles(sess.Roles, a.Roles)
}

func sameRoles(a, b []string) bool {
	return slices.Equal(a, b) || slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// endStale ends what no longer follows from its account: this session, or all
// of them if the account itself is why. A session of an earlier epoch is only
// refused, as it will be for ever: whoever raised the epoch is about to end it, or
// to give it a new token.
func (s *Service) endStale(ctx context.Context, sess *session.Session, gone bool, a Account, sec Security) error {
	f := session.Filter{Tenant: sess.Tenant, Account: sess.Account, ID: sess.ID}
	switch {
	case gone || a.Disabled:
		f.ID = ""
	case sess.Epoch != sec.Epoch:
		return ErrSessionRequired
	case sec.foreign(a.PasswordHash):
		f.ID = ""
	}
	if _, err := s.sessions.End(ctx, f); err != nil {
		return &UnavailableError{Op: "end a session", Err: err}
	}
	if err := s.append(ctx, audit.Event{
		Name: audit.SessionExpired, Outcome: audit.Success, Reason: audit.ReasonChanged,
		Tenant: sess.Tenant, Account: sess.Account, Session: sess.ID, Device: sess.Device,
	}); err != nil {
		return err
	}
	return ErrSessionRequired
}

// load reads an account and its security record.
func (s *Service) load(ctx context.Context, tenant, id string) (Account, Security, error) {
	a, err := s.config.Stores.Accounts.Get(ctx, tenant, id)
	if err != nil {
		return Account{}, Security{}, err
	}
	sec, err := s.config.Stores.Security.Load(ctx, tenant, id)
	return a, sec, err
}

// noSession turns what the session package says into what this one says.
func (s *Service) noSession(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, session.ErrNotFound) {
		return ErrSessionRequired
	}
	return &UnavailableError{Op: "read the session", Err: err}
}

// Forbidden records that somebody who is signed in asked for what is not
// allowed, and returns [ErrForbidden]. The resource is a short name, no input.
func (s *Service) Forbidden(ctx context.Context, p Principal, c Client, resource string) error {
	c.IP = knownAddress(c.IP)
	e := audit.Event{
		Name: audit.AuthzFail, Outcome: audit.Refused, Reason: audit.ReasonRoleMissing, Resource: resource,
		Tenant: p.Tenant, Account: p.Account, Session: p.Session, Device: p.Device, Client: clientOf(c),
	}
	if err := s.sum(ctx, "forbidden "+p.Session+" "+resource, e); err != nil {
		return err
	}
	return ErrForbidden
}

// Logout ends the token's session. When it returns nil no node accepts the
// token; a token without a session is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	sess, err := s.sessions.EndToken(ctx, token)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return nil
	case err != nil:
		return &UnavailableError{Op: "end the session", Err: err}
	}
	return s.append(ctx, audit.Event{
		Name: audit.SessionLogout, Outcome: audit.Success,
		Tenant: sess.Tenant, Account: sess.Account, Session: sess.ID, Device: sess.Device,
	})
}
