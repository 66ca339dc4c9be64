package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

// Recovery chooses a password by a one-time link: the first one, after
// [Service.Bootstrap] or [Admin.Invite], or a new one, after [Admin.StartReset].
// The links lead to a page of the application, see Config.PasswordPage: its GET
// calls [Recovery.Peek], its POST [Recovery.Complete]. A link opens no session;
// one signs in afterwards.
func (s *Service) Recovery() *Recovery { return &Recovery{s} }

// Recovery redeems one-time links; [Service.Recovery] makes it.
type Recovery struct{ s *Service }

// Link is what a one-time link is about, as its page shows it.
type Link struct {
	Identifier string
	First      bool // there is no password yet
	Expires    time.Time
}

// openLink is a link as one request sees it.
type openLink struct {
	token    Token
	tenant   Tenant
	account  Account
	security Security
}

func (r *Recovery) open(ctx context.Context, token string) (*openLink, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 32 {
		return nil, ErrTokenInvalid
	}
	var o openLink
	o.token, err = r.s.config.Stores.Tokens.Peek(ctx, sha256.Sum256(raw), purposePassword, r.s.now())
	if errors.Is(err, ErrNotFound) {
		return nil, ErrTokenInvalid
	}
	if err == nil {
		o.tenant, err = r.s.tenant(ctx, o.token.Tenant)
	}
	if err == nil {
		o.account, o.security, err = r.s.load(ctx, o.token.Tenant, o.token.Account)
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, ErrTokenInvalid
	case err != nil:
		return nil, &UnavailableError{Op: "read the link", Err: err}
	case o.account.Disabled, string(o.token.Data) != epochText(o.security):
		return nil, ErrTokenInvalid
	}
	return &o, nil
}

// Peek tells what a link is about. It consumes nothing: mail scanners open
// links. [ErrTokenInvalid] for one that was used, replaced or expired.
func (r *Recovery) Peek(ctx context.Context, token string) (Link, error) {
	o, err := r.open(ctx, token)
	if err != nil {
		return Link{}, err
	}
	return Link{Identifier: o.account.Identifier, First: o.account.PasswordHash == "", Expires: o.token.Expires}, nil
}

// CheckPassword tells whether a password would do, before it is chosen. It is
// limited to 60 questions a minute for each link.
func (r *Recovery) CheckPassword(ctx context.Context, token, pw string) (StrengthCheck, error) {
	o, err := r.open(ctx, token)
	if err != nil {
		return StrengthCheck{}, err
	}
	if err := r.s.question(ctx, digestText(o.token.Digest)); err != nil {
		return StrengthCheck{}, err
	}
	return r.s.judge(&passwordChange{tenant: o.tenant, account: o.account, security: o.security, new: pw})
}

// Complete chooses the password. A password that is refused leaves the link as
// it was. The link is consumed before anything is written: of several at once
// one wins, the others get [ErrTokenInvalid]. All sessions end, every device is
// unknown again, and the counters of the password open; those of second factors
// don't. A link takes 10 tries in 10 minutes.
func (r *Recovery) Complete(ctx context.Context, token, new string, c Client) error {
	o, err := r.open(ctx, token)
	if err != nil {
		return err
	}
	// A policy that compares with earlier passwords answers guesses.
	if _, err := r.s.take(ctx, r.s.limits.choices.Key(digestText(o.token.Digest))); err != nil {
		return err
	}
	if r.s.config.Factors != nil {
		enrolled, err := r.s.config.Factors.Enrolled(ctx, o.tenant.ID, o.account.ID)
		if err != nil {
			return &UnavailableError{Op: "list the factors", Err: err}
		}
		if len(enrolled) > 0 { // a link alone never replaces what a factor protects
			return &ReauthenticationError{Accepted: kinds(enrolled), Level: session.AAL2}
		}
	}
	c.IP = knownAddress(c.IP)
	change := passwordChange{tenant: o.tenant, account: o.account, security: o.security, client: c, new: new, forget: true}
	change.take = func(ctx context.Context) error {
		_, won, err := r.s.config.Stores.Tokens.Take(ctx, o.token.Digest, purposePassword, r.s.now())
		if err != nil {
			return &UnavailableError{Op: "consume the link", Err: err}
		}
		if !won {
			return ErrTokenInvalid
		}
		return nil
	}
	known := o.security // its devices' lanes open too
	failed := r.s.setPassword(ctx, &change)
	if !change.done {
		return failed
	}
	ctx = context.WithoutCancel(ctx)
	_, ended := r.s.sessions.End(ctx, session.Filter{Tenant: o.tenant.ID, Account: o.account.ID})
	cleared := lockout.Clear(ctx, r.s.passwordCounters(o.account, known)...)
	// Whatever failed: the password is the new one, and its owner is told.
	return errors.Join(failed, storeError("end the sessions", ended), storeError("open the counters", cleared),
		r.s.passwordChanged(ctx, &change, audit.Event{
			Name: audit.PasswordResetComplete, Tenant: o.tenant.ID, Account: o.account.ID, Client: clientOf(c),
		}))
}

func kinds(factors []FactorInfo) (out []string) {
	for _, f := range factors {
		out = append(out, f.Kind)
	}
	return out
}

// epochText is what a link remembers of the credentials it was made for: when
// they change, it is dead, whatever else failed.
func epochText(sec Security) string { return strconv.FormatInt(sec.Epoch, 10) }

// newLink issues a one-time link that chooses the account's password, and ends
// the one before it.
func (s *Service) newLink(ctx context.Context, t Tenant, account string, life time.Duration) (link, token Secret, err error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.config.Rand, raw); err != nil {
		return Secret{}, Secret{}, &UnavailableError{Op: "make a link", Err: err}
	}
	sec, err := s.config.Stores.Security.Load(ctx, t.ID, account)
	if err != nil {
		return Secret{}, Secret{}, &UnavailableError{Op: "read the security record", Err: err}
	}
	now := s.now()
	err = s.config.Stores.Tokens.Issue(ctx, Token{
		Digest: sha256.Sum256(raw), Purpose: purposePassword, Tenant: t.ID, Account: account, Slot: slotPassword,
		Created: now, Expires: now.Add(life), Data: []byte(epochText(sec)),
	})
	if err != nil {
		return Secret{}, Secret{}, &UnavailableError{Op: "issue the link", Err: err}
	}
	base, err := ParseBaseURL(t.BaseURL)
	if err != nil {
		return Secret{}, Secret{}, &UnavailableError{Op: "build the link", Err: err}
	}
	text := base64.RawURLEncoding.EncodeToString(raw)
	base.Path = s.config.PasswordPage
	base.RawQuery = url.Values{"token": {text}}.Encode()
	return notify.NewSecret(base.String()), notify.NewSecret(text), nil
}
