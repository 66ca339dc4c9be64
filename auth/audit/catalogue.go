package audit

import (
	"cmp"
	"strconv"
	"strings"
)

type entry struct {
	level   Level
	meaning string
	args    []string
	owasp   string // "" = the name itself
}

func (e entry) vocabulary(n Name) string {
	if e.owasp != "" {
		return e.owasp
	}
	return string(n)
}

func args(names ...string) []string { return names }

// catalogue is never written to.
var catalogue = map[Name]entry{
	LoginSuccess:          {Info, "a session was issued", args("user"), ""},
	LoginSuccessAfterFail: {Info, "a session was issued after failures", args("user", "retries"), ""},
	LoginIncomplete:       {Info, "the credential was right, a factor or an action is required", args("user", "reason"), ""},
	LoginFail:             {Warn, "a login was not accepted", args("user"), ""},
	LoginFailMax:          {Warn, "the limit of failures was reached", args("user", "limit"), ""},
	LoginLock:             {Warn, "a lane was closed or an authenticator disabled", args("user", "reason"), ""},
	LoginUnlock:           {Warn, "a lane was reopened or an authenticator enabled by somebody", args("actor", "user", "=unlocked"), "user_updated"},
	PasswordChange:        {Info, "a password was changed", args("user"), ""},
	PasswordChangeFail:    {Critical, "a password change was refused", args("user"), ""},
	PasswordResetRequest:  {Info, "a link to set a new password was asked for", args("user", "=password_reset"), "authn_token_created"},
	PasswordResetComplete: {Info, "a password was set by a one-time link", args("user"), "authn_password_change"},
	PasswordResetFail:     {Critical, "setting a password by a one-time link was refused", args("user"), "authn_password_change_fail"},
	ImpossibleTravel:      {Critical, "two logins are too far apart for the time between", args("user", "from", "to"), ""},
	TokenCreated:          {Info, "a one-time or device token was issued", args("user", "factor"), ""},
	TokenRevoked:          {Info, "a token was revoked", args("user", "factor"), ""},
	TokenReuse:            {Critical, "a used, revoked or rotated token was seen again", args("user", "factor"), ""},
	TokenDelete:           {Warn, "a token was removed", args("user", "factor"), ""},
	Reauthenticated:       {Info, "somebody who is signed in proved a credential again", args("user"), ""},
	ReauthenticationFail:  {Warn, "proving a credential again failed", args("user"), "authn_login_fail"},
	MFAEnrolled:           {Warn, "a factor was added", args("actor", "user", "=mfa"), "user_updated"},
	MFARemoved:            {Warn, "a factor was removed", args("actor", "user", "=mfa"), "user_updated"},
	MFASuccess:            {Info, "a factor was proven", args("user", "factor"), ""},
	MFAFail:               {Warn, "a factor was not accepted", args("user"), "authn_login_fail"},
	RecoveryCodeUsed:      {Warn, "a recovery code was used up", args("user"), ""},
	IdentifierChange:      {Warn, "a user name, e-mail or phone was changed", args("actor", "user", "=identifier"), "user_updated"},
	RiskDecision:          {Info, "a login was assessed", args("user", "reason"), ""},
	DeviceAdded:           {Info, "a browser became a known device", args("user", "=device"), "authn_token_created"},
	DeviceRemoved:         {Info, "a known device was forgotten", args("user", "=device"), "authn_token_revoked"},

	AuthzFail:             {Critical, "access was refused", args("user", "resource"), ""},
	AuthzChange:           {Warn, "a role or level was changed", args("user", "from", "to"), ""},
	AuthzAdmin:            {Warn, "an administrator did something", args("actor", "operation"), ""},
	PermissionsChanged:    {Warn, "a permission was changed", args("user", "resource", "from", "to"), ""},
	DecryptFail:           {Warn, "a sealed value could not be opened", args("user"), ""},
	EncryptFail:           {Warn, "a value could not be sealed", args("user"), ""},
	RateLimitExceeded:     {Warn, "a limiter refused", args("user", "limit"), ""},
	SessionsExceeded:      {Warn, "the limit of sessions was reached", args("user", "limit"), ""},
	ValidationFail:        {Warn, "input was malformed", args("resource", "user"), ""},
	CSRF:                  {Warn, "a request from another origin was refused", args("user"), ""},
	SequenceFail:          {Critical, "a step of a flow came out of order", args("user"), ""},
	SessionCreated:        {Info, "a session began", args("user"), ""},
	SessionRenewed:        {Info, "a session's token was rotated", args("user"), ""},
	SessionExpired:        {Info, "a session ended", args("user", "reason"), ""},
	SessionLogout:         {Info, "somebody signed out", args("user", "session"), ""},
	SessionUseAfterExpire: {Critical, "the token of an ended session was used", args("user"), ""},

	UserCreated:      {Warn, "an account was made", args("actor", "user"), ""},
	UserUpdated:      {Warn, "an account was changed", args("actor", "user", "resource"), ""},
	UserArchived:     {Warn, "an account was closed", args("actor", "user"), ""},
	UserDeleted:      {Warn, "an account was deleted", args("actor", "user"), ""},
	UserInvited:      {Warn, "an invitation was issued", args("user", "=invitation"), "authn_token_created"},
	UserSuspended:    {Warn, "an account was suspended", args("actor", "user", "=suspended"), "user_updated"},
	UserResumed:      {Warn, "a suspended account was opened again", args("actor", "user", "=resumed"), "user_updated"},
	Startup:          {Warn, "the service started", args("operation"), ""},
	Shutdown:         {Warn, "the service stopped", args("operation"), ""},
	NotificationFail: {Warn, "a message could not be delivered", args("user", "reason"), ""},
	SystemFault:      {Critical, "a store or another dependency failed", args("operation", "reason"), ""},
	AuditRead:        {Info, "the record was read", args("actor"), ""},
}

// OWASP renders the event as the OWASP Logging Vocabulary does: the name and its
// arguments, such as authn_login_fail:42 or authn_login_lock:42,maxretries. Names
// the vocabulary lacks appear as their nearest relative; see [Catalogue]. The user
// is the account, or the identifier's hash where none is known. A comma or a
// percent sign inside an argument becomes %2C or %25; unknown arguments at the
// end are left out.
func (e Event) OWASP() string {
	e = e.Clean()
	def, ok := catalogue[e.Name]
	if !ok {
		def.args = args("user")
	}
	values := make([]string, len(def.args))
	for i, a := range def.args {
		values[i] = argumentEscaper.Replace(e.argument(a))
	}
	for len(values) > 0 && values[len(values)-1] == "" {
		values = values[:len(values)-1]
	}
	if len(values) == 0 {
		return def.vocabulary(e.Name)
	}
	return def.vocabulary(e.Name) + ":" + strings.Join(values, ",")
}

var argumentEscaper = strings.NewReplacer("%", "%25", ",", "%2C")

func (e Event) argument(name string) string {
	if word, ok := strings.CutPrefix(name, "="); ok {
		return word
	}
	switch name {
	case "user":
		return cmp.Or(e.Account, e.IdentifierHash)
	case "actor":
		return cmp.Or(e.Actor.ID, e.Account)
	case "reason":
		return string(e.Reason)
	case "retries":
		return strconv.FormatInt(e.Retries, 10)
	case "limit":
		return strconv.FormatInt(e.Limit, 10)
	case "session":
		return e.Session
	case "factor":
		return e.Factor
	case "resource":
		return e.Resource
	case "operation":
		return e.Operation
	case "from":
		return e.From
	case "to":
		return e.To
	}
	return ""
}
