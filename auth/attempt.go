package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
)

// attempt is one reservation, made before anything is verified, together with
// what its parts mean.
type attempt struct {
	*lockout.Attempt
	open  []lockout.Key // closed: "too many attempts"; alike for identifiers that exist and that don't
	quiet []lockout.Key // closed: answered as a wrong credential, after the same work
	own   []lockout.Key // cleared by the login that succeeds
	back  []lockout.Key // given its own unit back by the login that succeeds
}

// lanes are the counters of an account that a client's attempt falls into.
func (s *Service) lanes(l *login) (a attempt) {
	if l.device != "" {
		lane := s.limits.device.Key(l.tenant.ID, l.account.ID, l.device)
		return attempt{open: []lockout.Key{lane}, own: []lockout.Key{lane}}
	}
	lane := s.limits.account.Key(l.tenant.ID, l.account.ID)
	if l.account.ID == "" { // the same work where there is no account
		lane = s.limits.account.Key(l.tenant.ID, "", l.identifier)
	}
	sources := s.limits.sources(l.client.IP)
	return attempt{open: sources, quiet: []lockout.Key{lane}, own: []lockout.Key{lane}, back: sources}
}

// passwordAttempt plans the attempt of a typed password.
func (s *Service) passwordAttempt(l *login) attempt {
	a := s.lanes(l)
	top := s.limits.cap.Key(l.tenant.ID, l.account.ID, authenticatorPassword)
	if l.account.ID == "" {
		top = s.limits.nobody.Key(l.tenant.ID, l.identifier)
	}
	a.quiet = append(a.quiet, top)
	a.own = append(a.own, top)
	if l.device == "" {
		typed := s.limits.identifier.Key(l.tenant.ID, l.identifier)
		a.open = append(a.open, typed)
		a.own = append(a.own, typed)
	}
	return a
}

// reserve reserves every key of a on its own. It reports whether a quiet key is
// closed; a closed open key is a [*RateLimitedError], and nothing stays counted.
func (s *Service) reserve(ctx context.Context, l *login, id string, a attempt) (closed bool, err error) {
	keys := append(append([]lockout.Key(nil), a.open...), a.quiet...)
	if a.Attempt, err = lockout.Try(ctx, id, keys...); err != nil {
		return false, l.unavailable(ctx, "count the attempt", err)
	}
	l.attempt = a
	var wait time.Duration
	var limiter string
	for _, k := range a.open {
		if b, blocked := a.Blocked(k); blocked && b.RetryAfter >= wait {
			wait, limiter = b.RetryAfter, b.Limiter
		}
	}
	if limiter != "" {
		if err := l.refund(ctx); err != nil {
			return false, err
		}
		if err := l.recordRefusal(ctx, limiter); err != nil {
			return false, err
		}
		return false, &RateLimitedError{RetryAfter: wait}
	}
	for _, k := range a.quiet {
		if _, blocked := a.Blocked(k); blocked {
			closed = true
		}
	}
	return closed, nil
}

// refund gives back everything that this attempt counted. It outlives the
// request, so that hanging up costs nobody an attempt that never ran.
func (l *login) refund(ctx context.Context) error {
	if l.attempt.Attempt == nil {
		return nil
	}
	if err := l.attempt.Refund(context.WithoutCancel(ctx)); err != nil {
		return l.unavailable(ctx, "give the attempt back", err)
	}
	return nil
}

// unavailable records that something failed that the answer depends on.
func (l *login) unavailable(ctx context.Context, op string, cause error) error {
	level, reason := slog.LevelError, audit.ReasonStoreError
	if ctx.Err() != nil { // the client hung up
		level, reason = slog.LevelDebug, audit.ReasonCanceled
	}
	l.s.config.Logger.Log(ctx, level, "auth: nobody was let in", "op", op, "error", cause)
	_ = l.record(ctx, audit.LoginFail, audit.Fault, reason) // refused either way
	return &UnavailableError{Op: op, Err: cause}
}

// idempotent holds what an attempt id turns into. Nothing of it is stored but
// the id that the counters know the attempt by.
type idempotent struct {
	k  [32]byte
	id string
}

// idempotency binds the client's attempt id to everything that was submitted
// with it, so that the same id with another password is another attempt.
func (s *Service) idempotency(c Credentials, identifier, device string) (i idempotent) {
	if c.AttemptID == "" {
		return i
	}
	i.k = s.config.Keys.MAC("login attempt", []byte(c.AttemptID), []byte(c.Tenant), []byte(identifier), []byte(c.Password), []byte(device))
	sum := i.derive("count once", time.Time{})
	i.id = hex.EncodeToString(sum[:16])
	return i
}

// derive returns a secret of this attempt. It depends on when the attempt was
// first counted, so that a later submit of the same form, which counts anew,
// never meets an old session's token.
func (i idempotent) derive(purpose string, first time.Time) (out [32]byte) {
	m := hmac.New(sha256.New, i.k[:])
	m.Write([]byte(purpose))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(first.UnixMicro())))
	m.Sum(out[:0])
	return out
}

// knownAddress renders an address for records; unknown ones stay zero.
func knownAddress(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
