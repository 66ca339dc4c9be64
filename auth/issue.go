package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// mark is how the security record knows a password hash: enough to recognise
// it, useless to guess from.
func mark(hash string) string {
	sum := sha256.Sum256([]byte(hash))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// foreign reports whether somebody else changed the password: the application's
// own screen, a database administrator.
func (sec *Security) foreign(hash string) bool {
	m := mark(hash)
	return m != sec.Leaving && !slices.Contains(sec.Marks, m)
}

// renewing adds a mark for the same password's next hash. Renewals may race, so
// the marks of others stay.
func (sec *Security) renewing(old, next string) {
	marks := []string{mark(old)}
	for _, m := range sec.Marks {
		if m != marks[0] {
			marks = append(marks, m)
		}
	}
	marks = marks[:min(len(marks), maxMarks-1)]
	sec.Marks = append(marks, mark(next))
}

const maxMarks = 4

// unchanged reports whether what was decided from the account still holds, now
// that it was read again. Another login may have renewed the hash of the same
// password meanwhile: the security record tells that from a change.
func (l *login) unchanged(ctx context.Context, current Account) (bool, error) {
	was := &l.account
	if current.Disabled || current.Identifier != was.Identifier || !sameRoles(current.Roles, was.Roles) {
		return false, nil
	}
	if current.PasswordHash == was.PasswordHash {
		return true, nil
	}
	sec, err := l.s.config.Stores.Security.Load(ctx, l.tenant.ID, l.account.ID)
	if err != nil {
		return false, l.unavailable(ctx, "read the security record again", err)
	}
	same := slices.Contains(sec.Marks, mark(was.PasswordHash)) && slices.Contains(sec.Marks, mark(current.PasswordHash))
	return same && sec.Epoch == l.security.Epoch, nil
}

// issue is stage 9: the one place that makes sessions. Whatever goes wrong
// before it returns, no session is left that anybody could use.
func (l *login) issue(ctx context.Context) (*SignIn, error) {
	if err := l.firstSight(ctx); err != nil {
		return nil, err
	}
	if err := l.renewHash(ctx); err != nil {
		return nil, err
	}

	device, err := l.deviceID()
	if err != nil {
		return nil, l.unavailable(ctx, "make a device id", err)
	}
	in := session.Login{
		Tenant: l.tenant.ID, Account: l.account.ID, Identifier: l.account.Identifier, Roles: l.account.Roles,
		Epoch: l.security.Epoch, Level: l.level, Factors: l.methods, Device: device,
		IP: l.client.IP, UserAgent: l.client.UserAgent, Kind: l.kind(),
	}
	if l.idempotent.id != "" {
		in.Secret = new(l.idempotent.derive("session token", l.attempt.First()))
	}
	created, err := l.s.sessions.Create(ctx, in)
	switch {
	case errors.Is(err, session.ErrEnded):
		if err := l.record(ctx, audit.LoginFail, audit.Refused, audit.ReasonReplayed); err != nil {
			return nil, err
		}
		return nil, ErrAttemptReplayed
	case err != nil:
		return nil, l.unavailable(ctx, "open the session", err)
	}

	if err := l.confirm(ctx, created, device); err != nil {
		end := session.Filter{Tenant: l.tenant.ID, Account: l.account.ID, ID: created.Session.ID}
		if _, endErr := l.s.sessions.End(context.WithoutCancel(ctx), end); endErr != nil {
			// Without this session's token nobody can use it, and none was given out.
			l.s.config.Logger.ErrorContext(ctx, "auth: a session that was never handed out could not be ended", "error", endErr)
		}
		return nil, err
	}

	out := &SignIn{Principal: principalOf(&created.Session), Token: created.Token, Kind: created.Session.Kind}
	if !l.public {
		key := l.s.signDevice(l.account, l.security, device, l.now)
		out.DeviceKey = l.s.keepDevice(l.account, l.security, l.client.DeviceKey, key, l.now)
	}
	return out, nil
}

// confirm is what must hold after the session exists and before its token is
// handed out.
func (l *login) confirm(ctx context.Context, created session.Created, device string) error {
	if err := l.saveLogin(ctx, device); err != nil {
		return err
	}
	// Whatever changed the account since it was read either is seen here, or
	// ends this session itself, because it came later.
	current, err := l.s.config.Stores.Accounts.Get(ctx, l.tenant.ID, l.account.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return l.unavailable(ctx, "read the account again", err)
	}
	same := false
	if err == nil {
		if same, err = l.unchanged(ctx, current); err != nil {
			return err
		}
	}
	if !same {
		return l.refuse(ctx, audit.ReasonChanged)
	}
	if old := l.client.Session; old != "" && old != created.Token.Reveal() {
		if _, err := l.s.sessions.EndToken(ctx, old); err != nil && !errors.Is(err, session.ErrNotFound) {
			return l.unavailable(ctx, "end the earlier session", err)
		}
	}
	retries := l.failuresBefore()
	if err := l.settle(ctx); err != nil {
		return l.unavailable(ctx, "settle the attempt", err)
	}
	return l.recordSuccess(ctx, created, device, retries)
}

func (l *login) kind() session.Kind {
	switch {
	case l.public:
		return session.Public
	case l.remember:
		return session.Remembered
	}
	return session.Normal
}

// deviceID is the known device's id, or a new one; "" on a public computer.
func (l *login) deviceID() (string, error) {
	if l.public || l.device != "" {
		return l.device, nil
	}
	var id [deviceIDSize]byte
	if l.idempotent.id != "" {
		sum := l.idempotent.derive("device id", l.attempt.First())
		copy(id[:], sum[:])
	} else if _, err := io.ReadFull(l.s.config.Rand, id[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(id[:]), nil
}

// firstSight makes the security record of an account that never signed in here,
// and answers a password that somebody else changed: its sessions end.
func (l *login) firstSight(ctx context.Context) error {
	sec := &l.security
	if slices.Contains(sec.Marks, mark(l.account.PasswordHash)) {
		sec.Leaving = "" // a change that a crash cut off, behind its last write
	}
	switch {
	case sec.Version == 0:
		sec.PasswordSet = l.now
	case !sec.foreign(l.account.PasswordHash):
		return nil
	default:
		// Account and record may have been read with a change in between, which
		// is not somebody else's: only what is stored now tells.
		now, err := l.s.config.Stores.Accounts.Get(ctx, l.tenant.ID, l.account.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return l.unavailable(ctx, "read the account again", err)
		}
		if err != nil || now.PasswordHash != l.account.PasswordHash {
			return l.refuse(ctx, audit.ReasonChanged)
		}
		sec.Epoch++
		sec.DeviceEpoch++
		sec.PasswordSet = l.now
		if _, err := l.s.sessions.End(ctx, session.Filter{Tenant: l.tenant.ID, Account: l.account.ID}); err != nil {
			return l.unavailable(ctx, "end sessions of a changed password", err)
		}
	}
	sec.Marks, sec.Leaving = []string{mark(l.account.PasswordHash)}, ""
	return nil // saved with the login
}

// renewHash replaces a hash that is out of date. Losing against another change
// is no fault here: the re-reading behind it decides.
func (l *login) renewHash(ctx context.Context) error {
	if l.rehash == "" {
		return nil
	}
	hash, err := l.hasher().Hash(ctx, l.rehash)
	if err != nil {
		return nil // another login will do it
	}
	sec := l.security
	sec.renewing(l.account.PasswordHash, hash)
	saved, err := l.s.save(ctx, &sec)
	if err != nil {
		return l.unavailable(ctx, "note the new hash", err)
	}
	if !saved {
		return nil
	}
	l.security = sec
	won, err := l.s.config.Stores.Accounts.ReplacePassword(ctx, l.tenant.ID, l.account.ID, l.account.PasswordHash, hash)
	if err != nil {
		return l.unavailable(ctx, "store the new hash", err)
	}
	if won {
		l.account.PasswordHash = hash
	}
	return nil
}

// save stores sec over the version it was read at.
func (s *Service) save(ctx context.Context, sec *Security) (bool, error) {
	won, err := s.config.Stores.Security.Save(ctx, *sec, sec.Version)
	if won {
		sec.Version++
	}
	return won, err
}

// saveLogin notes the login and its device. Parallel logins of one account lose
// here and try again; a change of credentials makes it fail.
func (l *login) saveLogin(ctx context.Context, device string) error {
	for range saveTries {
		if l.device != "" && !slices.ContainsFunc(l.security.Devices, func(d Device) bool { return d.ID == l.device }) {
			return l.refuse(ctx, audit.ReasonChanged) // the device was removed meanwhile
		}
		sec := l.security
		sec.Tenant, sec.Account = l.tenant.ID, l.account.ID
		sec.LastLogin = l.now
		if device != "" {
			sec.remember(Device{ID: device, UserAgent: shorten(l.client.UserAgent), IP: l.client.IP, Created: l.now, Seen: l.now})
		}
		saved, err := l.s.save(ctx, &sec)
		if err != nil {
			return l.unavailable(ctx, "note the login", err)
		}
		if saved {
			l.security = sec
			return nil
		}
		now, err := l.s.config.Stores.Security.Load(ctx, l.tenant.ID, l.account.ID)
		if err != nil {
			return l.unavailable(ctx, "read the security record again", err)
		}
		if now.Epoch != sec.Epoch || now.DeviceEpoch != sec.DeviceEpoch || now.foreign(l.account.PasswordHash) {
			return l.refuse(ctx, audit.ReasonChanged)
		}
		l.security = now
	}
	return l.unavailable(ctx, "note the login", errBusy)
}

const saveTries = 100 // every loss means that another save won: progress is made

var errBusy = errors.New("too many changes of one account at once")

// settle clears what this login may clear: its own lane and the caps of the
// authenticators it used. Counters of networks get their own unit back.
func (l *login) settle(ctx context.Context) error {
	if l.attempt.Attempt == nil {
		return nil
	}
	return l.attempt.Settle(context.WithoutCancel(ctx), l.attempt.own, l.attempt.back)
}

// failuresBefore is how many failures the lane counted before this attempt.
func (l *login) failuresBefore() (n int64) {
	if l.attempt.Attempt == nil {
		return 0
	}
	for _, k := range l.attempt.own {
		n = max(n, l.attempt.Failures(k)-1)
	}
	return n
}

// passwordCounters are the counters that a new password opens again: the cap,
// and the lanes, none of a second factor.
func (s *Service) passwordCounters(a Account, sec Security) []lockout.Key {
	keys := []lockout.Key{
		s.limits.cap.Key(a.Tenant, a.ID, authenticatorPassword),
		s.limits.account.Key(a.Tenant, a.ID),
		s.limits.identifier.Key(a.Tenant, a.Identifier),
	}
	for _, d := range sec.Devices {
		keys = append(keys, s.limits.device.Key(a.Tenant, a.ID, d.ID))
	}
	return keys
}

// shorten cuts a client's text to what records keep.
func shorten(s string) string {
	if len(s) > 512 {
		s = s[:512]
	}
	return strings.ToValidUTF8(s, "")
}
