package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/lockout"
)

// attempt is one reservation, made before anything is verified, together with
// what its parts mean. Its keys are reserved in this order, and once one refuses
// those behind it are not touched: nobody can count where nothing is verified.
type attempt struct {
	*lockout.Attempt
	open  []lockout.Key // closed: "too many attempts"; alike for identifiers that exist and that don't
	quiet []lockout.Key // closed: answered as a wrong credential, after the same work
	extra []lockout.Key // counted where they are open, and refuse nothing
	own   []lockout.Key // cleared by the login that succeeds
	back  []lockout.Key // given its own unit back by the login that succeeds

	lane, top lockout.Key // where failures are guesses at this account: its lane, and the authenticator's cap
	laneFree  int64       // failures after which the lane closes
}

// lane is the counter of an account that a client's attempt falls into.
func (s *Service) lane(l *login) lockout.Key {
	switch {
	case l.device != "":
		return s.limits.device.Key(l.tenant.ID, l.account.ID, l.device)
	case l.account.ID == "": // the same work where there is no account
		return s.limits.account.Key(l.tenant.ID, "", l.identifier)
	}
	return s.limits.account.Key(l.tenant.ID, l.account.ID)
}

// passwordAttempt plans the attempt of a typed password.
func (s *Service) passwordAttempt(l *login) attempt {
	lane := s.lane(l)
	top := s.limits.cap.Key(l.tenant.ID, l.account.ID, authenticatorPassword)
	if l.account.ID == "" {
		top = s.limits.nobody.Key(l.tenant.ID, l.identifier)
	}
	if l.device != "" {
		return attempt{
			open: []lockout.Key{lane}, quiet: []lockout.Key{top}, own: []lockout.Key{lane, top},
			lane: lane, top: top, laneFree: s.laneFree(l),
		}
	}
	sources, typed := s.limits.sources(l.client.IP), s.limits.identifier.Key(l.tenant.ID, l.identifier)
	return attempt{
		open: append(slices.Clone(sources), typed), quiet: []lockout.Key{lane, top},
		own: []lockout.Key{lane, top, typed}, back: sources,
		lane: lane, top: top, laneFree: s.laneFree(l),
	}
}

func (s *Service) laneFree(l *login) int64 {
	if l.device != "" {
		return s.limits.deviceFree
	}
	return s.limits.accountFree
}

// reserve reserves the keys of a. It reports whether a quiet key is closed; a
// closed open key is a [*RateLimitedError], and nothing stays counted.
func (s *Service) reserve(ctx context.Context, l *login, id string, a attempt) (closed bool, err error) {
	if a.Attempt, err = lockout.Try(ctx, id, slices.Concat(a.open, a.quiet, a.extra)...); err != nil {
		return false, l.unavailable(ctx, "count the attempt", err)
	}
	l.attempt = a
	for _, k := range a.open {
		if b, blocked := a.Blocked(k); blocked {
			if err := l.refund(ctx); err != nil {
				return false, err
			}
			if err := l.recordRefusal(ctx, b); err != nil {
				return false, err
			}
			return false, &RateLimitedError{RetryAfter: b.RetryAfter}
		}
	}
	if a.Repeat() { // costs work, and counts nowhere else
		if err := l.draw(ctx, s.limits.repeats.Key(id)); err != nil {
			return false, err
		}
	}
	for _, k := range a.quiet {
		closed = closed || !a.Granted(k)
	}
	return closed, nil
}

// take takes one unit of a quota, or tells which counter refused.
func (s *Service) take(ctx context.Context, k lockout.Key) (*lockout.BlockedError, error) {
	_, err := lockout.Reserve(ctx, k)
	if b, ok := errors.AsType[*lockout.BlockedError](err); ok {
		return b, &RateLimitedError{RetryAfter: b.RetryAfter}
	}
	if err != nil {
		return nil, &UnavailableError{Op: "count", Err: err}
	}
	return nil, nil
}

// draw takes one unit of a quota for this login; a refusal goes on record.
func (l *login) draw(ctx context.Context, k lockout.Key) error {
	b, err := l.s.take(ctx, k)
	if b != nil {
		err = cmp.Or(l.recordRefusal(ctx, b), err)
	}
	return err
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
	// Refused either way, whether or not this can be recorded.
	if e := l.event(); ctx.Err() != nil { // the client hung up, as often as it likes
		l.s.config.Logger.DebugContext(ctx, "auth: nobody was let in", "op", op, "error", cause)
		e.Name, e.Outcome, e.Reason = audit.LoginFail, audit.Fault, audit.ReasonCanceled
		_ = l.s.sum(ctx, "canceled "+l.tenant.ID+" "+sourceName(l.client.IP), e)
	} else {
		l.s.config.Logger.ErrorContext(ctx, "auth: nobody was let in", "op", op, "error", cause)
		_ = l.record(ctx, audit.LoginFail, audit.Fault, audit.ReasonStoreError)
	}
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

// knownAddress gives an address its one form: IPv4 as such, without a zone. The
// unknown one stays zero.
func knownAddress(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
