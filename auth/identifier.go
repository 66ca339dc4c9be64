package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxIdentifier is how many bytes an identifier may have, in canonical form
// and as typed; the longest address of RFC 5321 fits.
const MaxIdentifier = 254

// CanonicalIdentifier returns the one form under which a user name or e-mail
// address is stored, looked up and counted: compatibility forms unified (NFKC,
// so that full-width letters equal the usual ones), case folded, spaces around
// it removed and runs of spaces inside it made one. It refuses what is empty,
// longer than [MaxIdentifier] or not UTF-8, and control and invisible
// characters. Applying it twice changes nothing.
func CanonicalIdentifier(typed string) (string, error) {
	if len(typed) > MaxIdentifier {
		return "", fmt.Errorf("auth: the identifier has %d bytes, at most %d are possible", len(typed), MaxIdentifier)
	}
	if !utf8.ValidString(typed) {
		return "", errors.New("auth: the identifier is not valid UTF-8")
	}
	if strings.ContainsFunc(strings.TrimSpace(typed), unicode.IsControl) {
		return "", errors.New("auth: the identifier contains a control or invisible character")
	}
	s, fold := typed, cases.Fold()
	for range 4 { // folding can open a new composition, hardly ever twice
		next := strings.Join(strings.Fields(norm.NFKC.String(fold.String(norm.NFKC.String(s)))), " ")
		if next == s {
			break
		}
		s = next
	}
	switch {
	case s == "":
		return "", errors.New("auth: the identifier is empty")
	case len(s) > MaxIdentifier:
		return "", fmt.Errorf("auth: the identifier has %d bytes in canonical form, at most %d are possible", len(s), MaxIdentifier)
	case s == GuardAccount:
		return "", errors.New("auth: the identifier is reserved")
	}
	for _, r := range s {
		if r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) {
			return "", errors.New("auth: the identifier contains a control or invisible character")
		}
	}
	return s, nil
}

// newIdentifier is CanonicalIdentifier for names that are about to be given: it
// also refuses to mix scripts whose letters look alike, so that nobody can be
// given a name that reads like another's (UTS 39, 5.1).
func newIdentifier(typed string) (string, error) {
	s, err := CanonicalIdentifier(typed)
	if err != nil {
		return "", err
	}
	var latin, lookalike bool
	for _, r := range s {
		latin = latin || unicode.Is(unicode.Latin, r)
		lookalike = lookalike || unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee)
	}
	if latin && lookalike {
		return "", errors.New("auth: the identifier mixes Latin letters with letters of another script that look like them")
	}
	return s, nil
}
