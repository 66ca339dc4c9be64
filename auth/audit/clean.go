package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of an event's fields in bytes of UTF-8, after encoding.
const (
	MaxText      = 128 // ids, handles, names, reasons, places, roles
	MaxLongText  = 512 // Client.UserAgent, Actor.Reason, Resource
	MaxMethods   = 16  // entries of Methods
	maxMethod    = 32
	cutMark      = "…"
	timeAccuracy = time.Microsecond
)

// Clean returns the event as sinks keep it; the sinks of this package and those
// of its stores call it themselves. Cleaning twice changes nothing more.
//
// Characters that could forge or hide part of a log line (controls such as CR,
// LF and ESC, the bidirectional and other invisible ones, line separators, and
// what is not Unicode at all) are written out as \u000a or \xff (ASVS 16.4.1).
// Longer strings than [MaxText] or [MaxLongText] end in "…". The time is
// converted to UTC and cut to microseconds, an empty ID is made of it, the zero
// Level becomes that of the name, negative numbers become 0.
func (e Event) Clean() Event {
	e.Time = e.Time.UTC().Truncate(timeAccuracy)
	if !e.Since.IsZero() {
		e.Since = e.Since.UTC().Truncate(timeAccuracy)
	}
	if e.ID == "" {
		e.ID = NewID(e.Time)
	}
	if e.Level == "" {
		e.Level = e.Name.Level()
	}
	for _, s := range []*string{
		&e.ID, (*string)(&e.Name), (*string)(&e.Level), (*string)(&e.Outcome), (*string)(&e.Reason),
		&e.Tenant, &e.Account, &e.IdentifierHash, (*string)(&e.Actor.Kind), &e.Actor.ID,
		&e.Session, &e.Device, &e.Flow, &e.Factor, &e.From, &e.To, &e.Operation, &e.Policy,
	} {
		*s = cleanText(*s, MaxText)
	}
	for _, s := range []*string{&e.Client.UserAgent, &e.Actor.Reason, &e.Resource} {
		*s = cleanText(*s, MaxLongText)
	}
	e.Methods = slices.Clone(e.Methods[:min(len(e.Methods), MaxMethods)])
	for i, m := range e.Methods {
		e.Methods[i] = cleanText(m, maxMethod)
	}
	e.Client.IP = e.Client.IP.Unmap().WithZone("")
	e.Seq, e.Retries, e.Limit, e.Count = max(0, e.Seq), max(0, e.Retries), max(0, e.Limit), max(0, e.Count)
	e.Assurance = max(0, e.Assurance)
	return e
}

// cleanText encodes what is not printable and cuts to limit bytes. It reads no
// more of s than the result can hold.
func cleanText(s string, limit int) string {
	if len(s) <= limit && isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case unicode.IsPrint(r):
		case r > 0xffff:
			piece = fmt.Sprintf(`\U%08x`, r)
		default:
			piece = fmt.Sprintf(`\u%04x`, r)
		}
		if b.Len()+len(piece) > limit {
			return cutTo(b.String(), limit-len(cutMark)) + cutMark
		}
		b.WriteString(piece)
		i += size
	}
	return b.String()
}

// cutTo cuts s to at most n bytes without splitting a character.
func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}
