package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
)

// Config is what a [Service] is made of. BaseURL, Stores, Keys and Notifier are
// required; every other field's zero value is the secure default. [New] copies
// it.
type Config struct {
	// BaseURL is where people reach the application: links are built from it,
	// cookies and HTTPS follow from it. It is https, or http on localhost,
	// *.localhost, 127.0.0.0/8 or ::1; no path, query or user.
	BaseURL string
	// FormerURLs are earlier base URLs; package authhttp redirects them.
	FormerURLs []string

	Stores   Stores          // where everything is kept; required
	Keys     *keyring.Ring   // what is sealed and signed with; required, see keyring.Open
	Notifier notify.Notifier // sends messages to owners of accounts; required

	// Policy is the password policy, and with it the profile of the whole
	// installation: nil is password.NIST(), password.MLPS() also shortens
	// sessions and locks as that standard is read.
	Policy *password.Policy
	// Hashing says how passwords are hashed and which foreign hashes are
	// accepted. Its zero value is Argon2id at OWASP's minimum.
	Hashing password.Config
	// Sessions limits sessions; zero = 30 minutes idle, 12 hours in all.
	Sessions session.Config
	// Limits says how many attempts are verified.
	Limits Limits

	// Tenants resolves the customer of a multi-tenant application; nil = there
	// is one, called "". [ErrNotFound] makes every account of it unknown.
	Tenants func(ctx context.Context, id string) (Tenant, error)

	// AdminRole is the role that administers accounts; "" = "admin".
	AdminRole string
	// RecentFor is how long an authentication counts as recent for changes of
	// credentials and for administration; 0 = 10 minutes.
	RecentFor time.Duration
	// CheckAccountAlways reads the account at every check of a session. Without
	// it, what the application changes in its own table without calling
	// [Admin.AccountChanged] is seen within a minute. A store that joins both
	// reads always sees it.
	CheckAccountAlways bool
	// PasswordPage is the path, below BaseURL, of the application's page where a
	// first or new password is chosen, by [Service.Recovery]; one-time links lead
	// there with ?token=…. "" = "/password".
	PasswordPage string
	// Product is the name of the application, in the messages it sends; at most
	// 64 characters. A tenant's own name stands in its place.
	Product string
	// Locale is the language of messages where an account has none; "" = "en".
	Locale string

	Gates     []Gate              // asked in this order before every login; nil = none
	Rules     []Rule              // asked once the credential was proven; nil = none
	Risk      Assessor            // nil = none
	Factors   Factors             // nil = none
	Actions   []Action            // in the order in which they are to be done; nil = none but the built-in
	Providers map[string]Provider // by the name that LoginWith is called with; nil = none

	// Listeners hear of events after they are on record. They are no sinks: they
	// run while [Service.Run] runs, and what they are too slow for is dropped.
	Listeners []audit.Listener
	// Logger gets what goes wrong in the background; nil = slog.Default().
	Logger *slog.Logger

	Now  func() time.Time // nil = time.Now
	Rand io.Reader        // nil = crypto/rand
}

// Limits says how many failures are verified before an answer is refused. Each
// zero policy takes the default named beside it.
type Limits struct {
	// Account is the ladder of one account for all unknown browsers together,
	// and of one typed identifier: 5 free, then 1, 5, 15, 60 minutes, 24 hours;
	// under MLPS 5, then 30 minutes.
	Account lockout.Policy
	// Device is the ladder of one account on one known browser; as Account.
	Device lockout.Policy
	// Source is the ladder of one IPv4 address or IPv6 /64: 100 free, then 1, 5,
	// 15 minutes, forgotten after an hour.
	Source lockout.Policy
	// Network is the ladder of one IPv6 /48: 1,000 free, else as Source.
	Network lockout.Policy
	// Cap is how many consecutive failures disable an account's password until
	// recovery; 0 = 100, which is also the maximum (NIST SP 800-63B-4, 3.2.2).
	Cap int
}

// Tenant is one customer of a multi-tenant application.
type Tenant struct {
	ID      string
	Name    string           // in the messages sent for it; and no password may be made of it
	BaseURL string           // "" = Config.BaseURL; same rules
	Locale  string           // "" = Config.Locale
	Policy  *password.Policy // nil = Config.Policy, else of the same profile: limits and sessions follow it
}

// Service runs logins. It is safe for concurrent use.
type Service struct {
	config   Config
	hasher   *password.Hasher
	sessions *session.Manager
	joined   Joined // nil if the stores can't
	courier  *notify.Courier
	summer   *audit.Summer
	hear     *audit.Listeners

	limits limiters
}

// New checks c, all of it, and returns every problem joined. It starts no
// goroutine; see [Service.Run].
func New(c Config) (*Service, error) {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("auth: config: "+format, args...))
	}

	if _, err := ParseBaseURL(c.BaseURL); err != nil {
		problem("BaseURL: %w", err)
	}
	for _, u := range c.FormerURLs {
		if _, err := ParseBaseURL(u); err != nil {
			problem("FormerURLs: %w", err)
		}
	}
	stores := reflect.ValueOf(c.Stores)
	for i := range stores.NumField() {
		if f := stores.Field(i); f.IsNil() {
			problem("Stores.%s is missing", stores.Type().Field(i).Name)
		}
	}
	if c.Keys == nil {
		problem("Keys is missing: keyring.Open makes a key file")
	}
	if c.Notifier == nil {
		problem("Notifier is missing: notify.InsecureConsole prints messages while you develop")
	}
	if c.RecentFor < 0 {
		problem("RecentFor is negative")
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}

	if c.Policy == nil {
		c.Policy = password.NIST()
	}
	if c.AdminRole == "" {
		c.AdminRole = "admin"
	}
	if c.RecentFor == 0 {
		c.RecentFor = 10 * time.Minute
	}
	if c.PasswordPage == "" {
		c.PasswordPage = "/password"
	}
	if u, err := url.Parse(c.PasswordPage); err != nil || !strings.HasPrefix(c.PasswordPage, "/") || u.Path != c.PasswordPage || u.Host != "" {
		problem("PasswordPage must be a path such as /password")
	}
	if err := (notify.Message{Kind: notify.Suspended, Channel: notify.Email, To: "a@example.com", Params: notify.Params{Product: c.Product}}).Validate(); err != nil {
		problem("Product: %w", err)
	}
	if c.Locale == "" {
		c.Locale = "en"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	for i, f := range c.Actions {
		if f == nil || f.Name() == "" || f.Name() == ActionChangePassword {
			problem("Actions[%d] needs a name of its own", i)
		}
	}

	s := &Service{config: c}
	var err error
	if s.hasher, err = newHasher(c); err != nil {
		problem("Hashing: %w", err)
	}
	if s.sessions, err = newSessions(c); err != nil {
		problem("Sessions: %w", err)
	}
	if s.limits, err = newLimiters(c); err != nil {
		problem("Limits: %w", err)
	}
	if s.courier, err = newCourier(c); err != nil {
		problem("Notifier: %w", err)
	}
	if s.summer, s.hear, err = newRecorder(c); err != nil {
		problem("Stores.Audit: %w", err)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if j, ok := c.Stores.Sessions.(Joiner); ok {
		s.joined = j.Join(c.Stores.Accounts, c.Stores.Security)
	}
	return s, nil
}

// ParseBaseURL parses the address an application is reached at and refuses what
// can't be served safely.
func ParseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no absolute URL such as https://crm.example.com", s)
	case u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%q must be scheme, host and port only", u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && isLocal(u.Hostname()):
		u.Path = ""
		return u, nil
	}
	return nil, fmt.Errorf("%q must be https; http is only for localhost", s)
}

func isLocal(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
