package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
)

func newHasher(c Config) (*password.Hasher, error) { return password.New(c.Hashing) }

func newSessions(c Config) (*session.Manager, error) {
	sc := c.Sessions
	if idle := c.Policy.Report().IdleTimeout; idle > 0 {
		for _, l := range []*session.Limits{&sc.Normal, &sc.Remembered, &sc.Public} {
			if l.Idle == 0 || l.Idle > idle {
				l.Idle = idle
			}
		}
	}
	if sc.Now == nil {
		sc.Now = c.Now
	}
	if sc.Rand == nil {
		sc.Rand = c.Rand
	}
	return session.New(c.Stores.Sessions, sc)
}

// Tokens that choose a password stand in one slot: a new link ends the old one.
const (
	purposePassword = "password"
	slotPassword    = "password"
)

// passwordChange is one change of a password: what it starts from, and, once
// done, what it led to.
type passwordChange struct {
	tenant   Tenant
	account  Account
	security Security
	client   Client
	new      string
	// forget makes every device unknown again, as after a recovery.
	forget bool
	// take, if any, consumes what entitles to the change, once the new password
	// is known to be acceptable and before anything is written.
	take func(context.Context) error
	// done tells that the new password is stored, whatever failed afterwards.
	done bool
	// raised tells that the epoch was raised, which ends this session too.
	raised bool
}

// checkNew judges a password that is about to be chosen.
func (s *Service) checkNew(ctx context.Context, c *passwordChange) error {
	if err := checkPassword("new", c.new); err != nil {
		return err
	}
	return s.rejected(c.tenant.Policy.Check(ctx, s.candidate(c)))
}

func (s *Service) candidate(c *passwordChange) password.Candidate {
	personal := password.Personal{}
	if c.account.Name != "" {
		personal.Names = []string{c.account.Name}
	}
	if c.account.Email != "" {
		personal.Emails = []string{c.account.Email}
	}
	cand := password.Candidate{
		Password: c.new, Identifier: c.account.Identifier, Personal: personal,
		History: s.reused(c),
	}
	if c.tenant.Name != "" {
		cand.Words = []string{c.tenant.Name}
	}
	return cand
}

// reused compares with the present password and those before it, by
// verification: hashes can't be compared otherwise.
func (s *Service) reused(c *passwordChange) func(context.Context, string, int) (bool, error) {
	return func(ctx context.Context, pw string, last int) (bool, error) {
		hashes := c.security.History
		if c.account.PasswordHash != "" {
			hashes = append([]string{c.account.PasswordHash}, hashes...)
		}
		for _, h := range hashes[:min(len(hashes), last)] {
			r, err := s.hasher.For(password.Source{Key: sourceName(c.client.IP)}).Verify(ctx, h, pw)
			if errors.Is(err, password.ErrUnverifiable) {
				continue
			}
			if err != nil || r.OK {
				return r.OK, err
			}
		}
		return false, nil
	}
}

// rejected passes on what the person can mend, and wraps everything else.
func (s *Service) rejected(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*password.RejectedError](err); ok {
		return err
	}
	if o, ok := errors.AsType[*password.OverloadedError](err); ok {
		return &OverloadedError{RetryAfter: o.RetryAfter}
	}
	return &UnavailableError{Op: "check the new password", Err: err}
}

// setPassword is the one place that writes passwords. The order is such that a
// crash between any two steps leaves a safe state: entitlements are consumed
// first; the epoch that ends the old sessions, and with it every link, is written
// before the password; and sessions are ended before anybody is answered. After
// an error c.done tells whether the password is the new one all the same.
func (s *Service) setPassword(ctx context.Context, c *passwordChange) error {
	if err := s.checkNew(ctx, c); err != nil {
		return err
	}
	hash, err := s.hasher.For(password.Source{Key: sourceName(c.client.IP)}).Hash(ctx, c.new)
	if err != nil {
		return s.rejected(err)
	}
	// From here on nobody who hangs up leaves it half done.
	ctx = context.WithoutCancel(ctx)
	if c.take != nil {
		if err := c.take(ctx); err != nil {
			return err
		}
	}

	var sec Security
	if err := s.change(ctx, c.tenant.ID, c.account.ID, func(now *Security) error {
		if now.Epoch != c.security.Epoch {
			return ErrConflict
		}
		s.follow(now, c, hash)
		sec = *now
		return nil
	}); err != nil {
		return err
	}
	c.raised = true
	switch won, err := s.config.Stores.Accounts.ReplacePassword(ctx, c.tenant.ID, c.account.ID, c.account.PasswordHash, hash); {
	case err != nil:
		return &UnavailableError{Op: "store the new password", Err: err}
	case !won:
		return ErrConflict
	}
	c.account.PasswordHash, c.done = hash, true
	if err := s.change(ctx, c.tenant.ID, c.account.ID, func(now *Security) error {
		if now.Epoch != sec.Epoch { // suspended meanwhile, say: nothing goes on from here
			return ErrConflict
		}
		now.Leaving = "" // the old hash is gone: who puts it back is somebody else
		c.security = *now
		return nil
	}); err != nil {
		return err
	}
	c.security.Version++
	if _, err := s.config.Stores.Tokens.Revoke(ctx, c.tenant.ID, c.account.ID); err != nil {
		return &UnavailableError{Op: "revoke the account's links", Err: err}
	}
	return nil
}

// follow is what a change of the password means for the security record.
func (s *Service) follow(sec *Security, c *passwordChange, hash string) {
	sec.Epoch++
	if c.forget {
		sec.DeviceEpoch++
		sec.Devices = nil
	}
	sec.Marks, sec.Leaving = []string{mark(hash)}, mark(c.account.PasswordHash)
	sec.PasswordSet = s.now()
	if n := c.tenant.Policy.Report().History; n > 1 && c.account.PasswordHash != "" {
		sec.History = append([]string{c.account.PasswordHash}, sec.History...)
		sec.History = sec.History[:min(len(sec.History), n-1)]
	}
	sec.Required = slices.DeleteFunc(slices.Clone(sec.Required), func(a string) bool { return a == ActionChangePassword })
}

// passwordChanged records and tells the account.
func (s *Service) passwordChanged(ctx context.Context, c *passwordChange, e audit.Event) error {
	if e.Name == "" {
		e.Name = audit.PasswordChange
	}
	e.Outcome = audit.Success
	if err := s.append(ctx, e); err != nil {
		return err
	}
	return s.notify(ctx, c.tenant, c.account, notify.Message{
		Kind:   notify.PasswordChanged,
		Params: notify.Params{IP: c.client.IP, UserAgent: shorten(c.client.UserAgent)},
	})
}

// StrengthCheck is what is told about a password before it is chosen.
type StrengthCheck struct {
	Violations []password.Violation // empty = it would be accepted
	Strength   password.Strength    // advice, never a reason to refuse
}

// judge is the question "would this do?", which costs no breach service and no
// comparison with earlier passwords.
func (s *Service) judge(c *passwordChange) (StrengthCheck, error) {
	if err := checkPassword("password", c.new); err != nil {
		return StrengthCheck{}, err
	}
	out := StrengthCheck{Strength: password.Estimate(c.new, c.account.Identifier, c.account.Name, c.tenant.Name)}
	out.Violations = c.tenant.Policy.Preview(s.candidate(c))
	return out, nil
}
