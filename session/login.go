package session

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Login is what is known of somebody whose credentials were verified just now.
// Only Account is required. Texts are UTF-8 of at most 255 bytes each.
type Login struct {
	Tenant  string // "" where there is only one
	Account string // required

	Identifier string   // what the account is called, for display
	Roles      []string // at most 256
	Epoch      int64    // the account's credential epoch
	Level      Level    // 0 means AAL1, the least
	Factors    []Factor // in the order of use, at most 16; a zero Time means now

	Device    string     // known device, "" if none
	IP        netip.Addr // the zero Addr if unknown; without zone, IPv4 as such
	UserAgent string     // cut to 512 bytes; control characters are removed
	Kind      Kind

	// Secret, if not nil, is the token's secret: 256 bits that nobody can
	// foresee, such as a MAC of the submitted form under a secret key. It makes
	// the login idempotent, see [Manager.Create]. nil means random, as it should
	// be everywhere else.
	//
	// A session that ended is remembered for [Tombstone], and one that expired
	// perhaps not at all: let no form derive the same secret for longer than that.
	Secret *[32]byte
}

const (
	maxText      = 255
	maxUserAgent = 512
	maxRoles     = 256
	maxFactors   = 16
)

// open makes a session of a login, all but its key.
func (m *Manager) open(l Login) (Session, error) {
	now := m.now()
	s := Session{
		Tenant: l.Tenant, Account: l.Account,
		Identifier: l.Identifier, Roles: slices.Clone(l.Roles), Epoch: l.Epoch,
		Level: l.Level, Factors: slices.Clone(l.Factors),
		Device: l.Device, IP: l.IP, UserAgent: l.UserAgent, Kind: l.Kind,
		Created: now, Seen: now,
	}
	if err := s.clean(now); err != nil {
		return Session{}, err
	}
	limits := m.Limits(s.Kind, s.Level)
	s.Idle, s.Expires = limits.Idle, now.Add(limits.Absolute)

	var handle [16]byte
	if _, err := io.ReadFull(m.rand, handle[:]); err != nil {
		return Session{}, fmt.Errorf("random source: %w", err)
	}
	s.ID = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(handle[:]))
	return s, nil
}

// succeed makes the session that follows old in a rotation, all but its key.
func (m *Manager) succeed(old Session, change func(*Session), now time.Time) (Session, error) {
	next := old
	next.Roles, next.Factors = slices.Clone(old.Roles), slices.Clone(old.Factors)
	if change != nil {
		change(&next)
	}
	next.ID, next.Tenant, next.Account, next.Kind, next.Created = old.ID, old.Tenant, old.Account, old.Kind, old.Created
	next.Roles, next.Factors = slices.Clone(next.Roles), slices.Clone(next.Factors) // change may have kept its own
	if err := next.clean(now); err != nil {
		return Session{}, err
	}

	renewed := 0
	for _, f := range next.Factors {
		if f.newIn(old.Factors) {
			renewed++
		}
	}
	if next.Level > old.Level && renewed == 0 {
		return Session{}, ErrLevel
	}
	limits := m.Limits(next.Kind, next.Level)
	next.Seen, next.Idle = now, limits.Idle
	next.Expires = now.Add(limits.Absolute)
	if all := renewed > 0 && renewed == len(next.Factors); !all && old.Expires.Before(next.Expires) {
		next.Expires = old.Expires
	}
	return next, nil
}

// newIn reports whether f was used after the factors of before were: later than
// the same method there, and not earlier than any other.
func (f Factor) newIn(before []Factor) bool {
	for _, b := range before {
		if f.Time.Before(b.Time) || f.Method == b.Method && f.Time.Equal(b.Time) {
			return false
		}
	}
	return true
}

// clean brings s into the form that stores are given, or says what is wrong.
func (s *Session) clean(now time.Time) error {
	if s.Level == 0 {
		s.Level = AAL1
	}
	for i := range s.Factors {
		if at := &s.Factors[i].Time; at.IsZero() || at.After(now) {
			*at = now
		} else {
			*at = micro(*at)
		}
	}
	s.IP = s.IP.Unmap().WithZone("")
	s.UserAgent = cleanUserAgent(s.UserAgent)

	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	text := func(field, value string) {
		if len(value) > maxText || !utf8.ValidString(value) {
			problem("%s must be UTF-8 of at most %d bytes", field, maxText)
		}
	}
	if s.Account == "" {
		problem("Account is required")
	}
	text("Tenant", s.Tenant)
	text("Account", s.Account)
	text("Identifier", s.Identifier)
	text("Device", s.Device)
	if s.Level > AAL3 {
		problem("Level is %d, must be AAL1, AAL2 or AAL3", s.Level)
	}
	if s.Kind > Public {
		problem("Kind is %d, must be Normal, Remembered or Public", s.Kind)
	}
	if len(s.Roles) > maxRoles {
		problem("%d Roles, at most %d are possible", len(s.Roles), maxRoles)
	}
	for _, role := range s.Roles[:min(len(s.Roles), maxRoles)] {
		text("a role", role)
	}
	if len(s.Factors) > maxFactors {
		problem("%d Factors, at most %d are possible", len(s.Factors), maxFactors)
	}
	for _, f := range s.Factors[:min(len(s.Factors), maxFactors)] {
		text("a factor's Method", f.Method)
	}
	return errors.Join(problems...)
}

// cleanUserAgent makes what a client calls itself safe to store and to show.
// It looks at a bounded part of it only.
func cleanUserAgent(ua string) string {
	if len(ua) > 4*maxUserAgent {
		ua = ua[:4*maxUserAgent]
	}
	ua = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(ua, "\uFFFD"))
	if len(ua) <= maxUserAgent {
		return ua
	}
	cut := maxUserAgent
	for !utf8.RuneStart(ua[cut]) {
		cut--
	}
	return ua[:cut]
}
