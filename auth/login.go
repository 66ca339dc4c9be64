package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/session"
)

// login is one login on its way through the pipeline.
type login struct {
	s      *Service
	tenant Tenant
	client Client
	now    time.Time

	identifier string // canonical
	account    Account
	security   Security
	found      bool
	device     string // the known device, "" if none

	public, remember bool
	methods          []session.Factor
	level            session.Level
	attempt          attempt
	idempotent       idempotent
	rehash           string // the password, if its hash is to be made anew
	closed           bool   // a quiet counter refused
}

// Login signs somebody in by identifier and password. err == nil means signed
// in; nothing else does. The errors to expect:
//
//   - [ErrInvalidCredentials], whatever the true reason, always after the same work
//   - [*IncompleteError]: the password was right, a factor or an action is needed
//   - [*RateLimitedError]: too many attempts, alike for accounts that don't exist
//   - [*OverloadedError], [*MaintenanceError]: nothing was verified or counted
//   - [ErrRefused]: the password was right, a rule refused
//   - [*MalformedError]: the input can't be an identifier or password
//   - [*UnavailableError]: a store or another dependency failed; nobody was let in
//
// A login costs one password hash; see [password.Pool] for how many run at once.
func (s *Service) Login(ctx context.Context, c Credentials, client Client) (*SignIn, error) {
	l, err := s.begin(ctx, c.Tenant, client)
	if err != nil {
		return nil, err
	}
	l.public, l.remember = c.Public, c.Remember && !c.Public
	if err := checkCredentials(c); err != nil {
		return nil, err
	}
	if err := l.resolve(ctx, c.Identifier); err != nil {
		return nil, err
	}
	if err := l.passGates(ctx); err != nil {
		return nil, err
	}
	l.idempotent = s.idempotency(c, l.identifier, l.device)
	if l.closed, err = s.reserve(ctx, l, l.idempotent.id, s.passwordAttempt(l)); err != nil {
		return nil, err
	}
	if err := l.verifyPassword(ctx, c.Password); err != nil {
		return nil, err
	}
	return l.proven(ctx)
}

// LoginWith signs somebody in by an external identity that the named provider
// verifies. Everything but the verification is as in [Service.Login].
func (s *Service) LoginWith(ctx context.Context, tenant, provider string, assertion []byte, client Client) (*SignIn, error) {
	p, ok := s.config.Providers[provider]
	if !ok {
		return nil, &MalformedError{"provider", "is not configured"}
	}
	l, err := s.begin(ctx, tenant, client)
	if err != nil {
		return nil, err
	}
	if err := l.passGates(ctx); err != nil {
		return nil, err
	}
	sources := s.limits.sources(l.client.IP)
	if _, err := s.reserve(ctx, l, "", attempt{open: sources, back: sources}); err != nil {
		return nil, err
	}
	who, err := p.Verify(ctx, l.tenant.ID, assertion)
	if err != nil {
		return nil, l.refuse(ctx, audit.ReasonTokenInvalid)
	}
	if err := l.resolve(ctx, who.Identifier); err != nil {
		return nil, err
	}
	if why := l.barred(); why != "" && why != audit.ReasonNoPassword {
		return nil, l.refuse(ctx, why)
	}
	if len(who.Methods) == 0 {
		who.Methods = []string{"ext"}
	}
	if who.Time.IsZero() { // unknown is long ago, never now
		who.Time = time.Unix(1, 0)
	}
	for _, m := range who.Methods {
		l.methods = append(l.methods, session.Factor{Method: m, Time: who.Time})
	}
	l.level = max(who.Level, session.AAL1)
	return l.proven(ctx)
}

// begin resolves the tenant. One that doesn't exist goes on, as a tenant
// without accounts.
func (s *Service) begin(ctx context.Context, tenant string, client Client) (*login, error) {
	client.IP = knownAddress(client.IP)
	l := &login{s: s, client: client, now: s.now(), tenant: Tenant{ID: tenant}}
	t, err := s.tenant(ctx, tenant)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, l.unavailable(ctx, "resolve the tenant", err)
	}
	l.tenant = t
	return l, nil
}

func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Microsecond) }

// tenant returns the tenant with its defaults filled in.
func (s *Service) tenant(ctx context.Context, id string) (Tenant, error) {
	t, err := Tenant{ID: id}, error(nil)
	switch {
	case s.config.Tenants != nil:
		t, err = s.config.Tenants(ctx, id)
		t.ID = id
	case id != "":
		err = ErrNotFound
	}
	if t.BaseURL == "" {
		t.BaseURL = s.config.BaseURL
	}
	if t.Locale == "" {
		t.Locale = s.config.Locale
	}
	if t.Policy == nil {
		t.Policy = s.config.Policy
	}
	if err == nil && t.Policy.Name() != s.config.Policy.Name() {
		err = fmt.Errorf("the password policy of the tenant is of profile %s, that of the service of %s: run a service for each",
			t.Policy.Name(), s.config.Policy.Name())
	}
	return t, err
}

func checkCredentials(c Credentials) error {
	switch {
	case len(c.AttemptID) > 128:
		return &MalformedError{"attempt_id", "has more than 128 bytes"}
	case len(c.Tenant) > 128:
		return &MalformedError{"tenant", "has more than 128 bytes"}
	}
	return checkPassword("password", c.Password)
}

func checkPassword(field, pw string) error {
	switch {
	case pw == "":
		return &MalformedError{field, "is missing"}
	case len(pw) > password.MaxBytes:
		return &MalformedError{field, "has more than 1024 bytes"}
	case !utf8.ValidString(pw):
		return &MalformedError{field, "is not valid UTF-8"}
	}
	return nil
}

// resolve finds the account: the same statement whether or not there is one.
func (l *login) resolve(ctx context.Context, typed string) (err error) {
	if l.identifier, err = CanonicalIdentifier(typed); err != nil {
		return &MalformedError{"identifier", strings.TrimPrefix(err.Error(), "auth: the identifier ")}
	}
	if l.s.joined != nil {
		l.account, l.security, err = l.s.joined.Find(ctx, l.tenant.ID, l.identifier)
	} else {
		l.account, l.security, err = l.findApart(ctx)
	}
	switch {
	case errors.Is(err, ErrNotFound):
		l.account, l.security = Account{Tenant: l.tenant.ID}, Security{}
	case err != nil:
		return l.unavailable(ctx, "find the account", err)
	default:
		l.found = true
	}
	if !l.found || l.security.Version == 0 || !l.security.foreign(l.account.PasswordHash) {
		l.device = l.s.knownDevice(l.account, l.security, l.client.DeviceKey, l.now)
	}
	return nil
}

// findApart finds the account and then its security record, or another one where
// there is no account: the same statements for every identifier.
func (l *login) findApart(ctx context.Context) (Account, Security, error) {
	st := &l.s.config.Stores
	account, err := st.Accounts.Find(ctx, l.tenant.ID, l.identifier)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return account, Security{}, err
	}
	id := account.ID
	if err != nil {
		id = GuardAccount
	}
	sec, failed := st.Security.Load(ctx, l.tenant.ID, id)
	if failed != nil {
		return account, sec, failed
	}
	return account, sec, err
}

// passGates asks the gates. They know no account, so nothing is told of one.
func (l *login) passGates(ctx context.Context) error {
	for _, g := range l.s.config.Gates {
		if err := g.Pass(ctx, l.tenant.ID, l.client, l.now); err != nil {
			if err := l.recordGate(ctx); err != nil {
				return err
			}
			if CodeOf(err) == CodeUnavailable {
				return &UnavailableError{Op: "pass the gates", Err: err}
			}
			return err
		}
	}
	return nil
}

// barred is why this account can't sign in at all, "" if it may. It is acted
// on only after the same work as for a wrong password.
func (l *login) barred() audit.Reason {
	switch {
	case !l.found:
		return audit.ReasonUnknownIdentifier
	case l.closed:
		return audit.ReasonLaneClosed
	case l.account.Disabled:
		return audit.ReasonDisabled
	case l.account.PasswordHash == "":
		return audit.ReasonNoPassword
	case !l.security.inTime(l.now):
		return audit.ReasonNotActive
	}
	return ""
}

// verifyPassword does the work, the same for every failure.
func (l *login) verifyPassword(ctx context.Context, pw string) error {
	hasher := l.hasher()
	why := l.barred()
	if why != "" {
		if err := hasher.Reject(ctx, pw); err != nil {
			return l.hashingFailed(ctx, err)
		}
		return l.refuse(ctx, why)
	}
	result, err := hasher.Verify(ctx, l.account.PasswordHash, pw)
	switch {
	case errors.Is(err, password.ErrUnverifiable):
		l.s.config.Logger.ErrorContext(ctx, "auth: a stored password hash can't be verified", "account", l.account.ID, "error", err)
		return l.refuse(ctx, reasonUnverifiable)
	case err != nil:
		return l.hashingFailed(ctx, err)
	case !result.OK:
		return l.refuse(ctx, audit.ReasonWrongPassword)
	}
	if result.Rehash {
		l.rehash = pw
	}
	l.methods = []session.Factor{{Method: "pwd", Time: l.now}}
	l.level = session.AAL1
	return nil
}

// hasher queues this login's work: known devices on their own, everybody else by
// network.
func (l *login) hasher() *password.Hasher {
	if l.device != "" {
		return l.s.hasher.For(password.Source{Key: "device " + l.device, Known: true})
	}
	return l.s.hasher.For(password.Source{Key: sourceName(l.client.IP)})
}

// hashingFailed answers an error of the hasher. Only an overload is refunded:
// it is sure that nothing was verified.
func (l *login) hashingFailed(ctx context.Context, err error) error {
	if o, ok := errors.AsType[*password.OverloadedError](err); ok {
		if err := l.refund(ctx); err != nil {
			return err
		}
		if err := l.recordOverload(ctx); err != nil {
			return err
		}
		return &OverloadedError{RetryAfter: o.RetryAfter}
	}
	return l.unavailable(ctx, "verify the password", err)
}

// refuse records the true reason and gives the one answer.
func (l *login) refuse(ctx context.Context, why audit.Reason) error {
	if err := l.record(ctx, audit.LoginFail, audit.Failure, why); err != nil {
		return err
	}
	return ErrInvalidCredentials
}

// view is the login as extensions see it.
func (l *login) view() Login {
	return Login{
		Account: l.account, Security: l.security, Client: l.client, KnownDevice: l.device != "",
		Public: l.public, Methods: slices.Clone(l.methods), Time: l.now,
	}
}

// proven goes on behind the first credential: rules, risk, factors, actions.
func (l *login) proven(ctx context.Context) (*SignIn, error) {
	decision, err := l.decide(ctx)
	if err != nil {
		return nil, err
	}
	if decision.Refuse {
		return nil, l.refuseByPolicy(ctx)
	}
	need, factors, err := l.neededFactors(ctx, decision)
	if err != nil {
		return nil, err
	}
	actions, err := l.neededActions(ctx)
	if err != nil {
		return nil, err
	}
	if !need && len(actions) == 0 {
		return l.issue(ctx)
	}
	return nil, l.suspend(ctx, need, factors, actions)
}

func (l *login) refuseByPolicy(ctx context.Context) error {
	if err := l.refund(ctx); err != nil {
		return err
	}
	if err := l.record(ctx, audit.LoginFail, audit.Refused, audit.ReasonRule); err != nil {
		return err
	}
	return ErrRefused
}

// decide adds up what rules and the risk assessment ask for.
func (l *login) decide(ctx context.Context) (sum Decision, err error) {
	add := func(d Decision, err error) error {
		if err != nil {
			if err := l.refund(ctx); err != nil {
				return err
			}
			return l.unavailable(ctx, "ask the rules", err)
		}
		sum.Refuse = sum.Refuse || d.Refuse
		sum.RequireFactor = sum.RequireFactor || d.RequireFactor
		sum.Score = max(sum.Score, d.Score)
		return nil
	}
	for _, r := range l.s.config.Rules {
		if err := add(r.Decide(ctx, l.view())); err != nil {
			return sum, err
		}
	}
	if r := l.s.config.Risk; r != nil {
		if err := add(r.Assess(ctx, l.view())); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// neededFactors tells whether a second factor is to be answered, and which ones
// would do. What is required and not enrolled can't be answered: it refuses.
func (l *login) neededFactors(ctx context.Context, d Decision) (need bool, enrolled []FactorInfo, err error) {
	if l.level >= session.AAL2 {
		return false, nil, nil
	}
	if l.s.config.Factors != nil {
		if enrolled, err = l.s.config.Factors.Enrolled(ctx, l.tenant.ID, l.account.ID); err != nil {
			if err := l.refund(ctx); err != nil {
				return false, nil, err
			}
			return false, nil, l.unavailable(ctx, "list the factors", err)
		}
	}
	if d.RequireFactor && len(enrolled) == 0 {
		return false, nil, l.refuseByPolicy(ctx)
	}
	return len(enrolled) > 0, enrolled, nil
}

// ActionChangePassword is the built-in action: choose a new password before the
// login finishes.
const ActionChangePassword = "change_password"

// neededActions lists what is to be done before the login finishes, in order.
func (l *login) neededActions(ctx context.Context) ([]string, error) {
	var names []string
	if slices.Contains(l.security.Required, ActionChangePassword) || l.passwordExpired() {
		names = append(names, ActionChangePassword)
	}
	for _, a := range l.s.config.Actions {
		required, err := a.Required(ctx, l.view())
		if err != nil {
			if err := l.refund(ctx); err != nil {
				return nil, err
			}
			return nil, l.unavailable(ctx, "ask for required actions", err)
		}
		if required {
			names = append(names, a.Name())
		}
	}
	return names, nil
}

func (l *login) passwordExpired() bool {
	age := l.tenant.Policy.Report().MaxAge
	return age > 0 && l.account.PasswordHash != "" && !l.security.PasswordSet.IsZero() &&
		!l.now.Before(l.security.PasswordSet.Add(age))
}
