package authhttp

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxReturn = 2048

// encodedTwice is a percent sign, encoded, that makes another encoding.
var encodedTwice = regexp.MustCompile(`(?i)%25[0-9a-f]{2}`)

// SafeReturn returns path if a browser can be sent there after signing in: an
// absolute path on this host, with or without a query, of at most 2048 bytes.
// For anything else, whatever it is disguised as, it returns "/" (ASVS 3.7.2):
// other hosts and schemes, "//host", dot segments, backslashes and control
// characters, which browsers read as slashes or skip, and any of these
// percent-encoded, once or more often.
func SafeReturn(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(path) > maxReturn || strings.ContainsRune(path, ' ') || !harmless(path) {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "/"
	}
	// u.Path is decoded.
	if strings.Contains(u.Path, "//") || !harmless(u.Path) || encodedTwice.MatchString(u.EscapedPath()) {
		return "/"
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return "/"
		}
	}
	return path
}

// harmless tells that s holds no backslash and no control character.
func harmless(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || r == utf8.RuneError || unicode.IsControl(r) })
}
