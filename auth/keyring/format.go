package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxFileSize is the largest size of a key file in bytes.
const MaxFileSize = 64 << 10

const (
	fileHeader = "crmauth-keyring 1"

	fileNotes = `# The secret keys of this installation. Whoever reads this file can forge what
# it signs and open what it seals; whoever loses it can't open it any more.
# Keep it out of the repository, and its backup apart from the database's.
#
# One key a line: id, time of creation, secret (base64). The first is the
# current one; the others open and verify what they once sealed and signed.
`
)

// Parse makes a ring of the text of a key file, for programs that keep it in a
// vault or an environment variable: the line "crmauth-keyring 1", then one key a
// line, the current one first:
//
//	id  created (RFC 3339)  secret (base64 of 32 to 256 bytes)
//
// Empty lines, and lines that begin with #, are skipped. It refuses text of more
// than [MaxFileSize] bytes and all that [New] refuses. No error shows any part
// of a secret.
func Parse(text []byte) (*Ring, error) {
	keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return New(keys...)
}

func parseKeys(text []byte) ([]Key, error) {
	if len(text) > MaxFileSize {
		return nil, fmt.Errorf("more than %d bytes: this is no key file", MaxFileSize)
	}
	var keys []Key
	started, number := false, 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case !started && line != fileHeader:
			return nil, fmt.Errorf("line %d: want %q: this is no key file, or one of a newer version", number, fileHeader)
		case !started:
			started = true
		default:
			k, err := parseKey(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w: restore the file from its backup", number, err)
			}
			keys = append(keys, k)
		}
	}
	if !started {
		return nil, fmt.Errorf("the line %q is missing: this is no key file", fileHeader)
	}
	return keys, nil
}

func parseKey(line string) (Key, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return Key{}, fmt.Errorf("%d words, want an id, a time and a secret", len(fields))
	}
	created, err := time.Parse(time.RFC3339, fields[1])
	if err != nil {
		return Key{}, errors.New("the second word is no RFC 3339 time")
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil {
		return Key{}, errors.New("the third word is no base64")
	}
	k := Key{ID: fields[0], Secret: secret, Created: created}
	return k, k.check()
}

func formatKeys(keys []Key) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(fileHeader + "\n" + fileNotes)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s %s %s\n", k.ID, k.Created.UTC().Format(time.RFC3339), base64.StdEncoding.EncodeToString(k.Secret))
	}
	if b.Len() > MaxFileSize {
		return nil, fmt.Errorf("the file would exceed %d bytes: remove old keys", MaxFileSize)
	}
	return b.Bytes(), nil
}
