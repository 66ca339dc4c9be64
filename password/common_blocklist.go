package password

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Blocklist is a list of passwords that a [Policy] refuses beside the common
// ones it knows. Implementations are safe for concurrent use and fast: they are
// asked for every candidate.
type Blocklist interface {
	// Listed reports whether the whole password, which is in NFC, is on the
	// list. How alike two passwords must be is up to the list.
	Listed(password string) bool
}

// Limits of [ReadList].
const (
	maxListBytes   = 256 << 20
	maxListEntries = 5_000_000
)

// List is a [Blocklist] in memory, made by [ReadList]. It holds some 60 bytes
// for each entry. It is immutable.
type List struct {
	entries map[string]struct{}
}

// ReadList reads a list with one password in a line, such as a file of common
// or leaked passwords in UTF-8. Empty lines are skipped; so are lines that no
// policy would accept anyway, because they are not UTF-8 or have more than 256
// code points. A list of more than 256 MiB or 5 million entries is an error,
// and an error of r is returned as it is.
func ReadList(r io.Reader) (*List, error) {
	list := &List{entries: make(map[string]struct{})}
	limited := &io.LimitedReader{R: r, N: maxListBytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := bytes.TrimRight(lines.Bytes(), "\r")
		if len(line) == 0 || len(line) > MaxBytes || !utf8.Valid(line) || utf8.RuneCount(line) > maxCodePoints {
			continue
		}
		list.entries[listKey(string(line))] = struct{}{}
		if len(list.entries) > maxListEntries {
			return nil, fmt.Errorf("password: list has more than %d entries; keep the commonest", maxListEntries)
		}
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("password: list is larger than %d MiB; keep the commonest entries", maxListBytes>>20)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, errors.New("password: list has a line of more than 1 MiB; give one password a line")
	} else if err != nil {
		return nil, err
	}
	return list, nil
}

// Len returns the number of different entries.
func (l *List) Len() int { return len(l.entries) }

// Listed reports whether the password is on the list. Upper and lower case,
// full-width and ordinary characters, and letters and the signs that commonly
// replace them (a and @) are the same. The cost is one look-up.
func (l *List) Listed(password string) bool {
	_, ok := l.entries[listKey(password)]
	return ok
}

// listKey returns what entries are compared by.
func listKey(password string) string { return string(newText(norm.NFC.String(password)).shape) }
