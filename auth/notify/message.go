package notify

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Kind is what a message says. Applications that render their own may add
// their own, of at most 64 characters (a-z, 0-9, _).
type Kind string

// The kinds that [Render] knows.
const (
	Invitation      Kind = "invitation"       // a one-time link to set the first password
	PasswordReset   Kind = "password_reset"   // a one-time link to set a new password
	NewDevice       Kind = "new_device"       // a sign-in on a browser that was not known
	PasswordChanged Kind = "password_changed" // by the owner, or by a one-time link
	Locked          Kind = "account_locked"   // too many attempts
	Suspended       Kind = "account_suspended"
	Resumed         Kind = "account_resumed" // no longer suspended
)

// A Channel is how a message travels.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

// A Message is what the owner of an account is told. Printed, logged or
// marshalled it shows everything but its secrets.
type Message struct {
	// ID is the same for the same message, however often it is sent: 1 to 64
	// characters (letters, digits, - and _). Empty: [Courier.Send] makes one.
	ID string `json:"id"`

	// Time is when what it tells happened; zero: [Courier.Send] takes the
	// present time. It is shown in its own time zone.
	Time time.Time `json:"time"`

	// Expires is when there is no more sense in sending it, such as the end of
	// its link; it is shown. Zero: never.
	Expires time.Time `json:"expires,omitzero"`

	Kind    Kind    `json:"kind"`
	Channel Channel `json:"channel"`

	// To is one bare mail address, or a phone number of 5 to 20 digits, which
	// may begin with +.
	To string `json:"to"`

	Tenant  string `json:"tenant,omitzero"`
	Account string `json:"account,omitzero"`

	// Locale chooses the language: a BCP 47 tag such as zh-CN, or a list as in
	// Accept-Language. What is empty, unknown or malformed becomes English.
	Locale string `json:"locale,omitzero"`

	Params Params `json:"params,omitzero"`

	// Link is a whole https URL (or http on this computer), with the token in
	// it. Token is the bare token or short code.
	Link  Secret `json:"link,omitzero"`
	Token Secret `json:"token,omitzero"`
}

// Params are the particulars of a message; empty ones are left out of the text.
// All but Product may come from a client: [Render] strips what is not printable
// and shortens the rest.
type Params struct {
	Product    string     `json:"product,omitzero"`    // name of the application, at most 64 characters; in the subject
	Identifier string     `json:"identifier,omitzero"` // which account, as its owner knows it
	IP         netip.Addr `json:"ip,omitzero"`         // of the client that did it
	Place      string     `json:"place,omitzero"`      // where that is, such as "Hangzhou"
	Device     string     `json:"device,omitzero"`     // such as "Firefox, Windows"
	UserAgent  string     `json:"user_agent,omitzero"` // shown where Device is empty
	Until      time.Time  `json:"until,omitzero"`      // end of a lock or suspension
}

var (
	validKind  = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
	validID    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	validPhone = regexp.MustCompile(`^\+?[0-9]{5,20}$`)
)

// Validate returns what forbids sending the message, all faults joined: a
// malformed field, an address or product that could add a header to a mail, a
// link that leads elsewhere than to a web page, an invitation or a reset without
// one. An ID
// may still be missing. No error repeats an address or a secret.
func (m Message) Validate() error {
	var faults []error
	fault := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New("notify: message: "+what))
		}
	}
	fault(m.ID == "" || validID.MatchString(m.ID), "ID must be 1 to 64 letters, digits, - or _")
	fault(validKind.MatchString(string(m.Kind)), "Kind must be 1 to 64 of a-z, 0-9 and _")
	switch m.Channel {
	case Email:
		fault(validAddress(m.To), "To must be one bare mail address of at most 254 bytes")
	case SMS:
		fault(validPhone.MatchString(m.To), "To must be a phone number: 5 to 20 digits, + in front if international")
	default:
		fault(false, "Channel must be Email or SMS")
	}
	fault(len(m.Locale) <= 256, "Locale exceeds 256 bytes")
	p := m.Params.Product
	fault(utf8.RuneCountInString(p) <= 64 && p == printable(p, 64), "Product must be at most 64 printable characters")
	fault(m.Link.IsZero() || validLink(m.Link.Reveal()), "Link must be an https URL (http only on localhost) of at most 2048 bytes")
	fault(m.Kind != Invitation && m.Kind != PasswordReset || !m.Link.IsZero(), "an invitation or a reset needs a Link")
	return errors.Join(faults...)
}

func validAddress(to string) bool {
	if len(to) > 254 || strings.ContainsFunc(to, func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(` <>()[],;:\"`, r) }) {
		return false
	}
	a, err := mail.ParseAddress(to)
	return err == nil && a.Address == to && a.Name == ""
}

func validLink(link string) bool {
	if len(link) > 2048 || strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	host := u.Hostname()
	ip, _ := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}

// printable replaces what is not printable by spaces, trims them, and cuts to at
// most n characters.
func printable(s string, n int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s[:min(len(s), 4*n)]))
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// label names a message in errors, without its address.
func (m Message) label() string { return fmt.Sprintf("message %s (%s)", m.ID, m.Kind) }
