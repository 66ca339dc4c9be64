package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/session"
)

// Credentials are what somebody typed to sign in. They print without the
// password.
type Credentials struct {
	Tenant     string // "" where there is only one
	Identifier string // as typed; canonicalised here
	Password   string // exact: NFC, then every byte counts
	// AttemptID, if the client sends one with each submit of a form, makes a
	// double click or a retry after a dropped connection count once and end in
	// one session. Any text of at most 128 bytes that the client picks at random.
	AttemptID string
	Public    bool // a public computer: shorter limits, no device is remembered
	Remember  bool // the session outlives the browser's restart
}

// String returns a text without the password.
func (c Credentials) String() string { return "auth.Credentials(redacted)" }

// GoString returns a text without the password.
func (c Credentials) GoString() string { return c.String() }

// Client is the browser or program that asks, as the server sees it. Package
// authhttp fills it in; whoever writes another front end takes care that the
// address is the peer's, not a header's.
type Client struct {
	IP        netip.Addr // zero = unknown; all unknown ones share one counter
	UserAgent string     // cut to 512 bytes
	DeviceKey string     // what [SignIn] gave this browser to keep
	Session   string     // the session token it already carries; a login ends it
	Binding   string     // a value only this browser knows, that an unfinished login is tied to; "" ties it to nothing
}

// String returns a text without the secrets.
func (c Client) String() string {
	return fmt.Sprintf("auth.Client(%v, %q)", c.IP, shorten(c.UserAgent))
}

// GoString returns a text without the secrets.
func (c Client) GoString() string { return c.String() }

// LogValue returns a text without the secrets.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Principal is who is signed in, as handed to the application. It is made by
// [Service.Authenticate] and by logins only. Its slices are shared: treat them as
// read-only. Nothing that changes an account trusts its fields: such calls
// read the session again.
type Principal struct {
	Tenant     string
	Account    string
	Identifier string
	Roles      []string

	Session   string // public handle of the session, no secret
	Assurance session.Level
	Factors   []session.Factor // each method used, with its time
	Device    string

	AuthenticatedAt time.Time // the latest of the factors' times
	IdleExpires     time.Time
	Expires         time.Time

	key session.Key // what the session is read again by
}

// HasRole reports whether the account held the role at sign-in; a change of
// roles ends the session.
func (p Principal) HasRole(role string) bool { return slices.Contains(p.Roles, role) }

// Recent reports whether any factor was used within age before now.
func (p Principal) Recent(now time.Time, age time.Duration) bool {
	return p.AuthenticatedAt.Add(age).After(now)
}

func principalOf(s *session.Session) Principal {
	p := Principal{
		Tenant: s.Tenant, Account: s.Account, Identifier: s.Identifier, Roles: s.Roles,
		Session: s.ID, Assurance: s.Level, Factors: s.Factors, Device: s.Device,
		IdleExpires: s.Seen.Add(s.Idle), Expires: s.Expires, key: s.Key,
	}
	for i := range s.Factors {
		if t := s.Factors[i].Time; t.After(p.AuthenticatedAt) {
			p.AuthenticatedAt = t
		}
	}
	if p.IdleExpires.After(p.Expires) {
		p.IdleExpires = p.Expires
	}
	return p
}

// SignIn is a finished login. Token and DeviceKey are secrets that only the
// client keeps; they print as redacted.
type SignIn struct {
	Principal Principal
	Token     session.Token
	// DeviceKey lets this browser in while strangers have closed the account's
	// attempt counter. "" on a public computer: then the browser forgets its own.
	DeviceKey Secret
	// Kind tells how long the browser keeps the token.
	Kind session.Kind
}

// Secret is a text that only its owner may see. It prints, logs and encodes as
// redacted; Reveal is the one way to the text.
type Secret = notify.Secret

type principalKey struct{}

// WithPrincipal returns a context that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, &p)
}

// PrincipalFrom returns who is signed in, if the context carries it.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok {
		return *p, true
	}
	return Principal{}, false
}
