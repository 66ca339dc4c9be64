package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// phcMaxLength bounds every stored string before it is looked at, in bytes.
// The longest Argon2id string that can be valid has 241.
const phcMaxLength = 512

// phcString is a string in the PHC format, $id[$v=n][$k=v,…]$salt$hash, read
// strictly: whatever parses is the one spelling of its content.
type phcString struct {
	id      string
	version string // decimal, "" if absent
	params  string // k=v,…
	salt    string // base64
	hash    string // base64
}

func parsePHC(s string) (phcString, error) {
	if len(s) > phcMaxLength {
		return phcString{}, fmt.Errorf("longer than %d bytes", phcMaxLength)
	}
	fields := strings.Split(s, "$")
	if len(fields) < 5 || len(fields) > 6 || fields[0] != "" {
		return phcString{}, errors.New("not of the form $id$parameters$salt$hash")
	}
	p := phcString{id: fields[1]}
	fields = fields[2:]
	if len(fields) == 4 {
		version, ok := strings.CutPrefix(fields[0], "v=")
		if !ok || version == "" {
			return phcString{}, errors.New("a version v=… must stand before the parameters")
		}
		p.version = version
		fields = fields[1:]
	}
	p.params, p.salt, p.hash = fields[0], fields[1], fields[2]
	return p, nil
}

// phcParams reads k=v,… in a fixed order. The first problem sticks; so unknown
// and repeated keys and another order are all found by reading what is due.
type phcParams struct {
	rest string
	err  error
}

// next returns the value of key if it is the next one.
func (r *phcParams) next(key string) (value string, ok bool) {
	if r.err != nil || r.rest == "" {
		return "", false
	}
	head, tail, more := strings.Cut(r.rest, ",")
	value, ok = strings.CutPrefix(head, key+"=")
	if !ok {
		return "", false
	}
	if value == "" || (more && tail == "") {
		r.err = fmt.Errorf("parameter %s is incomplete", key)
		return "", false
	}
	r.rest = tail
	return value, true
}

// uint requires key to be the next parameter, a decimal of at most bits bits.
func (r *phcParams) uint(key string, bits int) uint64 {
	value, ok := r.next(key)
	if r.err != nil {
		return 0
	}
	if !ok {
		r.err = fmt.Errorf("parameter %s is missing or out of order", key)
		return 0
	}
	n, err := phcUint(value, bits)
	if err != nil {
		r.err = fmt.Errorf("parameter %s: %w", key, err)
	}
	return n
}

// done reports the first problem, or that something is left over.
func (r *phcParams) done() error {
	if r.err == nil && r.rest != "" {
		return errors.New("unknown, repeated or misplaced parameter")
	}
	return r.err
}

// phcUint reads a decimal without sign and leading zeros.
func phcUint(s string, bits int) (uint64, error) {
	if len(s) > 1 && s[0] == '0' {
		return 0, errors.New("leading zero")
	}
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("not a decimal number below 2^%d", bits)
	}
	return n, nil
}

// phcDecode reads base64 in the standard alphabet without padding, whose
// unused trailing bits must be zero, of shortest to longest bytes.
func phcDecode(s string, shortest, longest int) ([]byte, error) {
	if n := base64.RawStdEncoding.DecodedLen(len(s)); n < shortest || n > longest {
		return nil, fmt.Errorf("%d bytes, must be %d to %d", n, shortest, longest)
	}
	if strings.ContainsAny(s, "\r\n") { // the decoder would skip them
		return nil, errors.New("line break in base64")
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("not base64 in the standard alphabet without padding")
	}
	return b, nil
}

func phcEncode(b []byte) string {
	return base64.RawStdEncoding.EncodeToString(b)
}

// saltAndHash reads the last two fields.
func (p phcString) saltAndHash(saltMin, saltMax, hashMin, hashMax int) (salt, hash []byte, err error) {
	if salt, err = phcDecode(p.salt, saltMin, saltMax); err != nil {
		return nil, nil, fmt.Errorf("salt: %w", err)
	}
	if hash, err = phcDecode(p.hash, hashMin, hashMax); err != nil {
		return nil, nil, fmt.Errorf("hash: %w", err)
	}
	return salt, hash, nil
}
