package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"
)

// micros is a time as the databases keep it. The zero time is a number like any
// other, so that it needs no exception: time.UnixMicro gives it back exactly.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// errInvalidText is the answer to a name that would not come back as it was: what
// travels in a list must be UTF-8.
var errInvalidText = errors.New("sqlstore: a name is not UTF-8")

func invalidText(name string) bool { return !utf8.ValidString(name) }

// list is a JSON array of strings; [] for none.
func list(names []string) string {
	if len(names) == 0 {
		return "[]"
	}
	return encode(names)
}

func fromList(text string) ([]string, error) {
	var names []string
	if text == "[]" {
		return nil, nil
	}
	return names, decode(text, &names)
}

// encode is JSON of strings, numbers and structs of them, which always can be.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(text)
}

func decode(text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("sqlstore: damaged record: %w", err)
	}
	return nil
}

// address is an IP address as text; "" for none.
func address(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

func fromAddress(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("sqlstore: damaged record: %w", err)
	}
	return ip, nil
}
