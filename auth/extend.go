package auth

import (
	"context"
	"time"

	"github.com/crmauth/crmauth/session"
)

// Gate stands before every login and knows no account: maintenance, networks,
// hours of a tenant. It gets no account because a refusal that depended on one
// would tell accounts apart.
type Gate interface {
	// Pass returns nil, or the reason why nobody from there may sign in now,
	// best a [*MaintenanceError]. Any error closes the gate.
	Pass(ctx context.Context, tenant string, c Client, now time.Time) error
}

// Login is a login whose first credential was proven, as rules, the risk
// assessment and actions see it.
type Login struct {
	Account     Account
	Security    Security
	Client      Client
	KnownDevice bool
	Public      bool
	Methods     []session.Factor // what was proven so far
	Time        time.Time
}

// Decision is what a rule or assessment asks for. Decisions add up: they can
// only raise the bar. The zero Decision asks for nothing.
type Decision struct {
	Refuse        bool
	RequireFactor bool   // a second factor, even where none is required otherwise
	Reason        string // for the record: a short code of lower-case letters and underscores
	Score         int    // for the record: 0–100 where there is a score
}

// Rule is a condition on one account's login, asked after its credential was
// proven. An error refuses the login.
type Rule interface {
	// Decide returns what this login needs. It is asked at each login, so it is
	// quick, and safe for concurrent use.
	Decide(ctx context.Context, l Login) (Decision, error)
}

// Assessor is the risk assessment of logins. It is asked once, after the rules.
type Assessor interface {
	// Assess returns what this login needs, with its score. An error refuses the
	// login. It is safe for concurrent use.
	Assess(ctx context.Context, l Login) (Decision, error)
}

// Provider verifies an assertion of an external identity: OIDC, WeCom, DingTalk,
// a passkey alone. Everything behind it is the same as for a password.
type Provider interface {
	// Verify returns who the assertion names, or an error that refuses it.
	Verify(ctx context.Context, tenant string, assertion []byte) (Identity, error)
}

// Identity is what a [Provider] proved. Its Identifier is resolved like a typed
// one.
type Identity struct {
	Identifier string
	Methods    []string      // RFC 8176 values; empty counts as "ext"
	Level      session.Level // 0 counts as AAL1
	Time       time.Time     // when it was proven; zero = unknown, no recent authentication
}

// FactorInfo is an enrolled second factor as the login shows it.
type FactorInfo struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`           // "totp", "sms", …
	Hint string `json:"hint,omitempty"` // masked: "•••• 42"
}

// Challenge is what a factor shows before it can be answered.
type Challenge struct {
	State []byte         // kept in the flow, sealed; at most 4 KiB
	Show  map[string]any // for the client, encodes as JSON
}

// Verdict is what a factor says of a response.
type Verdict struct {
	Accepted bool
	Pending  bool          // not answered yet: ask again
	Method   string        // RFC 8176 value
	Level    session.Level // reached together with what was proven before
}

// Factors answers for the second factors of accounts. Attempts are counted here, before Verify is asked.
type Factors interface {
	// Enrolled lists the factors that may be answered now.
	Enrolled(ctx context.Context, tenant, account string) ([]FactorInfo, error)
	// Challenge begins one, for instance by sending a code.
	Challenge(ctx context.Context, l Login, factor string) (Challenge, error)
	// Verify judges a response; state is what Challenge kept, nil without one.
	// An error means that nothing was verified.
	Verify(ctx context.Context, l Login, factor string, state []byte, response string) (Verdict, error)
}

// Action is something that an account must do before its login finishes:
// accept terms, enrol a factor. Changing an expired password is built in.
type Action interface {
	Name() string // "accept_terms": lower-case letters and underscores
	// Required reports whether this login must do it.
	Required(ctx context.Context, l Login) (bool, error)
	// Do does it. A [*MalformedError] or [*password.RejectedError] lets the
	// person try again.
	Do(ctx context.Context, l Login, input map[string]string) error
}
