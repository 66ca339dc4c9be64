package password_test

import (
	"strings"
	"testing"
	"time"

	"github.com/crmauth/crmauth/password"
)

// BenchmarkCheck has an ordinary password, and the inputs that keep the search
// for patterns busiest, at the largest size that it looks at.
func BenchmarkCheck(b *testing.B) {
	candidate := password.Candidate{
		Identifier: "li.na@example.com",
		Personal:   password.Personal{Names: []string{"Li Na"}, Phones: []string{"+86 138 1234 5678"}, Birthday: time.Date(1990, 1, 2, 0, 0, 0, 0, time.UTC)},
		Words:      []string{"Blue Harbor CRM"},
	}
	for _, tc := range []struct{ name, pass string }{
		{"ordinary", "pelican trellis verdict"},
		{"one character", strings.Repeat("a", 256)},
		{"one digit", strings.Repeat("1", 256)},
		{"digits", strings.Repeat("1234567890", 26)[:256]},
		{"two keys", strings.Repeat("qw", 128)},
		{"words", strings.Repeat("iloveyou!", 29)[:256]},
		{"pinyin", strings.Repeat("woaini", 43)[:256]},
		{"marks between", strings.Repeat("1-", 128)},
		{"Chinese", strings.Repeat("一二", 128)},
		{"emoji", strings.Repeat("😀", 256)},
		{"accents", strings.Repeat("a\u0301", 341)},
	} {
		b.Run(tc.name, func(b *testing.B) {
			candidate.Password = tc.pass
			policy := password.MLPS()
			b.ReportAllocs()
			for b.Loop() {
				_ = policy.Check(b.Context(), candidate)
			}
		})
	}
}

// BenchmarkEstimate has an input of a megabyte: no more of it is looked at than
// of a long password.
func BenchmarkEstimate(b *testing.B) {
	huge := strings.Repeat("qwerty!", 1<<20/7)
	for b.Loop() {
		password.Estimate(huge)
	}
}
