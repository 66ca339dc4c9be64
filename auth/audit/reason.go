package audit

// A Reason is the true cause of an outcome, as a code. Applications may add their
// own.
type Reason string

// Why a credential was not accepted.
const (
	ReasonUnknownIdentifier Reason = "unknown_identifier"
	ReasonUnknownTenant     Reason = "unknown_tenant"
	ReasonWrongPassword     Reason = "wrong_password"
	ReasonNoPassword        Reason = "no_password" // the account has none
	ReasonWrongCode         Reason = "wrong_code"
	ReasonReplayed          Reason = "replayed" // was right, and had been used
	ReasonTokenInvalid      Reason = "token_invalid"
	ReasonExpired           Reason = "expired"
)

// What state of the account, or which limit, stood in the way.
const (
	ReasonDisabled    Reason = "disabled"
	ReasonSuspended   Reason = "suspended"
	ReasonNotActive   Reason = "not_active"   // not yet, or not any more
	ReasonRateLimited Reason = "rate_limited" // by the typed identifier or the source
	ReasonLaneClosed  Reason = "lane_closed"  // too many failures of this account
	ReasonCapped      Reason = "capped"       // the authenticator is disabled until recovery
	ReasonMaxSessions Reason = "max_sessions"
	ReasonMaxRetries  Reason = "maxretries" // of authn_login_lock, as OWASP spells it
)

// Which policy stood in the way, or what is still missing.
const (
	ReasonMaintenance      Reason = "maintenance"
	ReasonGate             Reason = "gate"
	ReasonRule             Reason = "rule"
	ReasonRisk             Reason = "risk"
	ReasonPolicy           Reason = "policy" // the password policy
	ReasonRoleMissing      Reason = "role_missing"
	ReasonFactorRequired   Reason = "factor_required"
	ReasonActionRequired   Reason = "action_required"
	ReasonReauthentication Reason = "reauthentication_required"
	ReasonLastAdmin        Reason = "last_administrator"
)

// Why a session ended.
const (
	ReasonLogout   Reason = "logout"
	ReasonTimeout  Reason = "timeout"
	ReasonRevoked  Reason = "revoked"
	ReasonRotated  Reason = "rotated"
	ReasonReplaced Reason = "replaced"        // by a newer one, at the limit of sessions
	ReasonChanged  Reason = "account_changed" // password, factor, role or state
)

// What failed on our side, or in the conversation.
const (
	ReasonOverloaded      Reason = "overloaded"
	ReasonStoreError      Reason = "store_error"
	ReasonNotifierError   Reason = "notifier_error"
	ReasonInternalError   Reason = "internal_error"
	ReasonUnknownKey      Reason = "unknown_key"
	ReasonConflict        Reason = "conflict" // somebody else was faster
	ReasonMalformed       Reason = "malformed"
	ReasonOutOfOrder      Reason = "out_of_order"
	ReasonCrossOrigin     Reason = "cross_origin"
	ReasonCanceled        Reason = "canceled"          // the client hung up
	ReasonTooManyRefusals Reason = "too_many_refusals" // a Summer's bucket for what it has no room to tell apart
)
