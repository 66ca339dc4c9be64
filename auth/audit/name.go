package audit

import (
	"cmp"
	"slices"
)

// A Name is what happened. Applications may add their own, in the same spelling.
type Name string

// Logins and credentials: OWASP Logging Vocabulary.
const (
	LoginSuccess          Name = "authn_login_success"
	LoginSuccessAfterFail Name = "authn_login_successafterfail"
	LoginFail             Name = "authn_login_fail"
	LoginFailMax          Name = "authn_login_fail_max"
	LoginLock             Name = "authn_login_lock"
	PasswordChange        Name = "authn_password_change"
	PasswordChangeFail    Name = "authn_password_change_fail"
	ImpossibleTravel      Name = "authn_impossible_travel"
	TokenCreated          Name = "authn_token_created"
	TokenRevoked          Name = "authn_token_revoked"
	TokenReuse            Name = "authn_token_reuse"
	TokenDelete           Name = "authn_token_delete"
)

// Logins and credentials: names of this package, where the vocabulary has none.
const (
	LoginIncomplete       Name = "authn_login_incomplete"
	LoginUnlock           Name = "authn_login_unlock"
	Reauthenticated       Name = "authn_reauthenticated"
	ReauthenticationFail  Name = "authn_reauthentication_fail"
	MFAEnrolled           Name = "authn_mfa_enrolled"
	MFARemoved            Name = "authn_mfa_removed"
	MFASuccess            Name = "authn_mfa_success"
	MFAFail               Name = "authn_mfa_fail"
	RecoveryCodeUsed      Name = "authn_recovery_code_used"
	PasswordResetRequest  Name = "authn_password_reset_requested"
	PasswordResetComplete Name = "authn_password_reset_complete"
	PasswordResetFail     Name = "authn_password_reset_fail"
	IdentifierChange      Name = "authn_identifier_change"
	RiskDecision          Name = "authn_risk_decision"
	DeviceAdded           Name = "authn_device_added"
	DeviceRemoved         Name = "authn_device_removed"
)

// Access, sessions and limits: OWASP Logging Vocabulary.
const (
	AuthzFail             Name = "authz_fail"
	AuthzChange           Name = "authz_change"
	AuthzAdmin            Name = "authz_admin"
	PermissionsChanged    Name = "privilege_permissions_changed"
	DecryptFail           Name = "crypt_decrypt_fail"
	EncryptFail           Name = "crypt_encrypt_fail"
	RateLimitExceeded     Name = "excess_rate_limit_exceeded"
	SessionsExceeded      Name = "excess_sessions_exceeded"
	ValidationFail        Name = "input_validation_fail"
	CSRF                  Name = "malicious_csrf"
	SequenceFail          Name = "sequence_fail"
	SessionCreated        Name = "session_created"
	SessionRenewed        Name = "session_renewed"
	SessionExpired        Name = "session_expired"
	SessionLogout         Name = "session_logout"
	SessionUseAfterExpire Name = "session_use_after_expire"
)

// Accounts and the system: OWASP Logging Vocabulary, the last ones ours.
const (
	UserCreated  Name = "user_created"
	UserUpdated  Name = "user_updated"
	UserArchived Name = "user_archived"
	UserDeleted  Name = "user_deleted"
	Startup      Name = "sys_startup"
	Shutdown     Name = "sys_shutdown"

	UserInvited      Name = "user_invited"
	UserSuspended    Name = "user_suspended"
	UserResumed      Name = "user_resumed"
	NotificationFail Name = "sys_notification_fail"
	SystemFault      Name = "sys_fault"
	AuditRead        Name = "audit_read"
)

// A Definition describes one event name.
type Definition struct {
	Name  Name
	Level Level // of events that set none

	// OWASP is the vocabulary's name for it: the same, or the nearest one, or
	// Name itself where the vocabulary has nothing alike.
	OWASP string

	// Args are the fields that follow the name in [Event.OWASP], by their JSON
	// names; "user" stands for the account, or else the identifier's hash, and
	// "=word" for the word itself.
	Args []string

	// Meaning is one line for an inventory (ASVS 16.1.1).
	Meaning string
}

// Catalogue returns the definitions of all names of this package, sorted by name.
func Catalogue() []Definition {
	all := make([]Definition, 0, len(catalogue))
	for n, e := range catalogue {
		all = append(all, Definition{Name: n, Level: e.level, OWASP: e.vocabulary(n), Args: slices.Clone(e.args), Meaning: e.meaning})
	}
	slices.SortFunc(all, func(a, b Definition) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Level returns the level of the name in the [Catalogue], Warn if it isn't there.
func (n Name) Level() Level {
	if e, ok := catalogue[n]; ok {
		return e.level
	}
	return Warn
}
