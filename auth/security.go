package auth

import (
	"context"
	"net/netip"
	"time"
)

// Security is what this package knows of an account and the CRM's table has no
// columns for. A store keeps it as one opaque record (encoding/json keeps every
// field), under its tenant and account, with Version beside it.
type Security struct {
	Tenant  string `json:"-"`
	Account string `json:"-"`
	Version int64  `json:"-"` // 0 = there is no record yet

	// Epoch counts changes of credentials and suspensions; sessions of an earlier one are
	// dead. DeviceEpoch counts what makes every device unknown again.
	Epoch       int64 `json:"epoch,omitzero"`
	DeviceEpoch int64 `json:"device_epoch,omitzero"`
	// Marks are digests of the present password's hashes, as far as this package
	// set them, at most four: a hash may be renewed. A stored hash that has no
	// mark was changed by somebody else: that ends every session.
	Marks []string `json:"marks,omitempty"`
	// Leaving is the mark of the hash that the latest change replaces: until
	// that is done it is the stored one, and no sign of somebody else.
	Leaving string `json:"leaving,omitzero"`
	// PasswordSet is when the password was last chosen, History the hashes
	// before it, the latest first, at most as many as the policy compares.
	PasswordSet time.Time `json:"password_set,omitzero"`
	History     []string  `json:"history,omitempty"`
	// Required lists the actions that the next login must complete, in order.
	Required []string `json:"required,omitempty"`
	// NotBefore and NotAfter bound when the account may sign in; zero = no bound.
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`

	Invited   time.Time `json:"invited,omitzero"`
	LastLogin time.Time `json:"last_login,omitzero"`
	Devices   []Device  `json:"devices,omitempty"` // the newest last, at most [MaxDevices]

	Guard *Guard `json:"guard,omitempty"` // only in the record of [GuardAccount]
}

// inTime reports whether the account may be used at now.
func (sec *Security) inTime(now time.Time) bool {
	return (sec.NotBefore.IsZero() || !now.Before(sec.NotBefore)) && (sec.NotAfter.IsZero() || now.Before(sec.NotAfter))
}

// MaxDevices is how many browsers of one account are known at a time. Each has
// an attempt counter of its own; the one that was seen longest ago makes place.
const MaxDevices = 10

// Device is a browser that signed in and was remembered.
type Device struct {
	ID        string     `json:"id"` // a public handle, no secret
	UserAgent string     `json:"user_agent,omitempty"`
	IP        netip.Addr `json:"ip,omitzero"`
	Created   time.Time  `json:"created"`
	Seen      time.Time  `json:"seen"`
}

// GuardAccount is the reserved account of the record, in each tenant, that
// guards what belongs to no single account. No store gives it to an account.
const GuardAccount = "*"

// Guard is what the record of [GuardAccount] holds.
type Guard struct {
	// First is the identifier of the tenant's first administrator.
	First string `json:"first,omitempty"`
	// Leaving are the accounts that may be about to stop administering, as id,
	// slash and the operation, with since when, so that two who stop each other
	// at once can't both win.
	Leaving map[string]time.Time `json:"leaving,omitempty"`
	// Keys are the ids of the keys that data were sealed or signed under.
	Keys []string `json:"keys,omitempty"`
}

// SecurityStore keeps the [Security] records.
type SecurityStore interface {
	// Load returns the record, or a zero value with tenant and account set and
	// Version 0 if there is none. It never returns [ErrNotFound].
	Load(ctx context.Context, tenant, account string) (Security, error)

	// Save stores s as version ifVersion+1 if the stored version is ifVersion
	// (0 = there is none), in one atomic step, and reports whether it was. Of
	// several racing saves exactly one wins; the losers load and try again.
	Save(ctx context.Context, s Security, ifVersion int64) (won bool, err error)
}
