package auth

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
	"golang.org/x/text/unicode/norm"
)

// Self is what somebody who is signed in may do to the own account. The session
// is read again before each act.
func (s *Service) Self(p Principal, c Client) *Self {
	c.IP = knownAddress(c.IP)
	return &Self{s: s, principal: p, client: c}
}

// Self acts on the account of a session; [Service.Self] makes it.
type Self struct {
	s         *Service
	principal Principal
	client    Client
}

// ownSession is the session behind a Self, as one call sees it.
type ownSession struct {
	*login
	session session.Session
}

func (me *Self) open(ctx context.Context) (*ownSession, error) {
	var sess session.Session
	if err := me.s.read(ctx, me.principal.key, &sess); err != nil {
		return nil, err
	}
	if sess.Tenant != me.principal.Tenant || sess.Account != me.principal.Account {
		return nil, ErrSessionRequired
	}
	l, err := me.s.begin(ctx, sess.Tenant, me.client)
	if err != nil {
		return nil, err
	}
	if l.account, l.security, err = me.s.load(ctx, sess.Tenant, sess.Account); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, ErrSessionRequired
		}
		return nil, l.unavailable(ctx, "read the account", err)
	}
	if err := me.s.follows(ctx, &sess, l.account, l.security, nil); err != nil {
		return nil, err
	}
	l.found, l.identifier = true, l.account.Identifier
	l.device = me.s.knownDevice(l.account, l.security, me.client.DeviceKey, l.now)
	return &ownSession{login: l, session: sess}, nil
}

// recent refuses a session whose latest authentication is too long ago.
func (o *ownSession) recent() error {
	if principalOf(&o.session).Recent(o.now, o.s.config.RecentFor) {
		return nil
	}
	return &ReauthenticationError{Accepted: []string{"password"}, Within: o.s.config.RecentFor, Level: session.AAL1}
}

// verify counts and verifies the account's password for somebody who has a
// session. Without a known device the session has a lane of its own: strangers
// who close the account's lane don't keep its owner from acting.
func (o *ownSession) verify(ctx context.Context, pw string) error {
	if err := checkPassword("password", pw); err != nil {
		return err
	}
	lane, top := o.s.lane(o.login), o.s.limits.cap.Key(o.tenant.ID, o.account.ID, authenticatorPassword)
	a := attempt{}
	if o.device == "" {
		lane = o.s.limits.device.Key(o.tenant.ID, o.account.ID, "session", o.session.ID)
		a.back = o.s.limits.sources(o.client.IP)
	}
	a.open, a.quiet, a.own = append(slices.Clone(a.back), lane), []lockout.Key{top}, []lockout.Key{lane, top}
	a.lane, a.laneFree, a.top = lane, o.s.limits.deviceFree, top
	var err error
	if o.closed, err = o.s.reserve(ctx, o.login, "", a); err != nil {
		return err
	}
	return o.verifyPassword(ctx, pw)
}

// Reauthenticate proves the password again. The token rotates: the old one is
// dead when it returns.
func (me *Self) Reauthenticate(ctx context.Context, pw string) (*SignIn, error) {
	o, err := me.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.verify(ctx, pw); err != nil {
		return nil, err
	}
	// The token last: nothing behind it can fail and leave its owner without one.
	ctx = context.WithoutCancel(ctx)
	if err := o.settle(ctx); err != nil {
		return nil, o.unavailable(ctx, "settle the attempt", err)
	}
	e := o.event()
	e.Name, e.Outcome = audit.Reauthenticated, audit.Success
	if err := o.s.append(ctx, e); err != nil {
		return nil, err
	}
	return o.rotate(ctx, o.session.Epoch)
}

// rotate gives the session a new token, with the password's time renewed.
func (o *ownSession) rotate(ctx context.Context, epoch int64) (*SignIn, error) {
	created, err := o.s.sessions.Rotate(ctx, o.session, func(next *session.Session) {
		next.Renew("pwd", o.now)
		next.Epoch = epoch
	})
	if err != nil {
		return nil, o.s.noSession(err)
	}
	o.session = created.Session
	return &SignIn{
		Principal: principalOf(&created.Session), Token: created.Token, Kind: created.Session.Kind,
		DeviceKey: notify.NewSecret(o.client.DeviceKey),
	}, nil
}

// ChangePassword replaces the password: the current one is verified even inside
// a live session (ASVS 6.2.3), all other sessions end and this one rotates.
// [*password.RejectedError] says what is wrong with the new one.
func (me *Self) ChangePassword(ctx context.Context, current, new string) (*SignIn, error) {
	o, err := me.open(ctx)
	if err != nil {
		return nil, err
	}
	change := passwordChange{tenant: o.tenant, account: o.account, security: o.security, client: me.client, new: new}
	if err := checkPassword("new", new); err != nil {
		return nil, err
	}
	if norm.NFC.String(new) == norm.NFC.String(current) {
		return nil, &password.RejectedError{Violations: []password.Violation{
			{Code: password.CodeReused, Params: map[string]int{"last": 1}},
		}}
	}
	if err := o.verify(ctx, current); err != nil {
		return nil, err
	}
	failed := o.s.setPassword(ctx, &change)
	if !change.done {
		if change.raised { // this session is of an epoch that is over
			_, ended := o.s.sessions.End(context.WithoutCancel(ctx), session.Filter{Tenant: o.tenant.ID, Account: o.account.ID})
			failed = errors.Join(failed, ended)
		}
		return nil, o.changeRefused(ctx, failed)
	}
	// The password is written: nothing that follows may be cut off by a client
	// that hangs up, or by a request that takes this session's token meanwhile.
	ctx = context.WithoutCancel(ctx)
	others := session.Filter{Tenant: o.tenant.ID, Account: o.account.ID, Except: o.session.ID}
	_, ended := o.s.sessions.End(ctx, others)
	if err := errors.Join(o.s.passwordChanged(ctx, &change, o.event()), failed, storeError("end the other sessions", ended)); err != nil {
		return nil, err
	}
	if err := o.settle(ctx); err != nil {
		return nil, o.unavailable(ctx, "settle the attempt", err)
	}
	return o.rotate(ctx, change.security.Epoch)
}

// changeRefused gives the attempt back: the current password was right.
func (o *ownSession) changeRefused(ctx context.Context, cause error) error {
	if err := o.settle(ctx); err != nil {
		return o.unavailable(ctx, "settle the attempt", err)
	}
	e := o.event()
	e.Name, e.Outcome, e.Reason = audit.PasswordChangeFail, audit.Refused, reasonOf(cause)
	if err := o.s.append(ctx, e); err != nil {
		return err
	}
	return cause
}

// CheckPassword tells whether a password would do, before it is chosen. It is
// limited to 60 questions a minute for each session.
func (me *Self) CheckPassword(ctx context.Context, pw string) (StrengthCheck, error) {
	o, err := me.open(ctx)
	if err != nil {
		return StrengthCheck{}, err
	}
	if err := o.s.question(ctx, o.session.ID); err != nil {
		return StrengthCheck{}, err
	}
	return o.s.judge(&passwordChange{tenant: o.tenant, account: o.account, security: o.security, client: me.client, new: pw})
}

// question draws on the quota of answers that cost work and open nothing.
func (s *Service) question(ctx context.Context, who string) error {
	_, err := s.take(ctx, s.limits.checks.Key(who))
	return err
}

// Sessions are the account's own sessions.
func (me *Self) Sessions() *SelfSessions { return &SelfSessions{me} }

// SelfSessions lists and ends the own sessions.
type SelfSessions struct{ me *Self }

// List yields the active sessions, newest first; an error ends it.
func (ss *SelfSessions) List(ctx context.Context) iter.Seq2[SessionInfo, error] {
	return func(yield func(SessionInfo, error) bool) {
		o, err := ss.me.open(ctx)
		if err != nil {
			yield(SessionInfo{}, err)
			return
		}
		for sess, err := range o.s.sessions.List(ctx, o.tenant.ID, o.account.ID) {
			if err != nil {
				yield(SessionInfo{}, o.unavailable(ctx, "list the sessions", err))
				return
			}
			if !yield(sessionInfo(&sess, o.session.ID), nil) {
				return
			}
		}
	}
}

// End ends one, by its handle. [ErrNotFound] if the account has none of that
// name; another account's can't be reached. It needs a recent authentication
// (ASVS 7.5.2), except for the own one.
func (ss *SelfSessions) End(ctx context.Context, id string) error {
	o, err := ss.me.open(ctx)
	if err != nil {
		return err
	}
	if id != o.session.ID {
		if err := o.recent(); err != nil {
			return err
		}
	}
	if id == "" {
		return ErrNotFound
	}
	n, err := o.s.sessions.End(ctx, session.Filter{Tenant: o.tenant.ID, Account: o.account.ID, ID: id})
	if err != nil {
		return o.unavailable(ctx, "end the session", err)
	}
	if n == 0 {
		return ErrNotFound
	}
	e := o.event()
	e.Name, e.Outcome, e.Reason, e.Session = audit.SessionExpired, audit.Success, audit.ReasonRevoked, id
	return o.s.append(ctx, e)
}

// EndOthers ends all but this one and returns how many. It needs a recent
// authentication.
func (ss *SelfSessions) EndOthers(ctx context.Context) (int, error) {
	o, err := ss.me.open(ctx)
	if err != nil {
		return 0, err
	}
	if err := o.recent(); err != nil {
		return 0, err
	}
	n, err := o.s.sessions.End(ctx, session.Filter{Tenant: o.tenant.ID, Account: o.account.ID, Except: o.session.ID})
	if err != nil {
		return n, o.unavailable(ctx, "end the other sessions", err)
	}
	e := o.event()
	e.Name, e.Outcome, e.Reason, e.Count = audit.SessionExpired, audit.Success, audit.ReasonRevoked, int64(n)
	return n, o.s.append(ctx, e)
}

// SessionInfo is a session as its owner sees it.
type SessionInfo struct {
	ID          string // public handle
	Current     bool   // the one that asks
	Assurance   session.Level
	Factors     []session.Factor
	Kind        session.Kind
	Device      string
	IP          netip.Addr
	UserAgent   string
	Created     time.Time
	Seen        time.Time // to the minute
	IdleExpires time.Time
	Expires     time.Time
}

func sessionInfo(s *session.Session, current string) SessionInfo {
	p := principalOf(s)
	return SessionInfo{
		ID: s.ID, Current: s.ID == current, Assurance: s.Level, Factors: s.Factors, Kind: s.Kind, Device: s.Device,
		IP: s.IP, UserAgent: s.UserAgent, Created: s.Created, Seen: s.Seen, IdleExpires: p.IdleExpires, Expires: p.Expires,
	}
}

// Devices are the browsers that the account is known on.
func (me *Self) Devices() *SelfDevices { return &SelfDevices{me} }

// SelfDevices lists and removes the own devices.
type SelfDevices struct{ me *Self }

// List returns the known devices, at most [MaxDevices], the latest seen last.
func (d *SelfDevices) List(ctx context.Context) ([]Device, error) {
	o, err := d.me.open(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(o.security.Devices), nil
}

// Remove makes a device unknown and ends its sessions. [ErrNotFound] if it is
// not known. It needs a recent authentication.
func (d *SelfDevices) Remove(ctx context.Context, id string) error {
	o, err := d.me.open(ctx)
	if err != nil {
		return err
	}
	if err := o.recent(); err != nil {
		return err
	}
	found := false
	err = o.s.change(ctx, o.tenant.ID, o.account.ID, func(sec *Security) error {
		n := len(sec.Devices)
		sec.Devices = slices.DeleteFunc(slices.Clone(sec.Devices), func(k Device) bool { return k.ID == id })
		found = len(sec.Devices) < n
		if !found {
			return ErrNotFound
		}
		return nil
	})
	if err != nil {
		return err
	}
	for sess, err := range o.s.sessions.List(ctx, o.tenant.ID, o.account.ID) {
		if err != nil {
			return o.unavailable(ctx, "list the device's sessions", err)
		}
		if sess.Device != id || sess.ID == o.session.ID {
			continue
		}
		if _, err := o.s.sessions.End(ctx, session.Filter{Tenant: o.tenant.ID, Account: o.account.ID, ID: sess.ID}); err != nil {
			return o.unavailable(ctx, "end the device's sessions", err)
		}
	}
	e := o.event()
	e.Name, e.Outcome, e.Device = audit.DeviceRemoved, audit.Success, id
	return o.s.append(ctx, e)
}

// change edits a security record until the edit is saved over the version that
// it was made from.
func (s *Service) change(ctx context.Context, tenant, account string, edit func(*Security) error) error {
	for range saveTries {
		sec, err := s.config.Stores.Security.Load(ctx, tenant, account)
		if err != nil {
			return &UnavailableError{Op: "read the security record", Err: err}
		}
		sec.Tenant, sec.Account = tenant, account
		if err := edit(&sec); err != nil {
			return err
		}
		saved, err := s.save(ctx, &sec)
		if err != nil {
			return &UnavailableError{Op: "save the security record", Err: err}
		}
		if saved {
			return nil
		}
	}
	return &UnavailableError{Op: "save the security record", Err: errBusy}
}
