package authhttp

import (
	"net/url"
	"strings"
)

const (
	maxReturn = 2048
	// maxDecodings is how often a path may be percent-encoded over.
	maxDecodings = 4
)

// SafeReturn returns path if a browser can be sent there after signing in: an
// absolute path on this host, with or without a query, of at most 2048 bytes.
// For anything else, whatever it is disguised as, it returns "/" (ASVS 3.7.2):
// other hosts and schemes, "//host", backslashes and control characters, which
// browsers read as slashes or skip, and any of these percent-encoded.
func SafeReturn(path string) string {
	if path == "" || path[0] != '/' || len(path) > maxReturn {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !visible(path) {
		return "/"
	}
	inside, _, _ := strings.Cut(path, "?")
	inside, _, _ = strings.Cut(inside, "#")
	for range maxDecodings {
		if strings.Contains(inside, "//") || !visible(inside) || strings.Contains(inside, "/../") || strings.HasSuffix(inside, "/..") {
			return "/"
		}
		decoded, err := url.PathUnescape(inside)
		if err != nil {
			return "/"
		}
		if decoded == inside {
			return path
		}
		inside = decoded
	}
	return "/"
}

// visible tells that s holds no backslash, space or control character.
func visible(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == '\\' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return false
		}
	}
	return true
}
