package auth_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
)

func TestCanonicalIdentifier(t *testing.T) {
	for typed, want := range map[string]string{
		"li.na@example.com":      "li.na@example.com",
		" LI.NA@Example.COM\t":   "li.na@example.com",
		"ｌｉ":                     "li",      // full width
		"张  三":                   "张 三",     // a name with a space
		"Straße":                 "strasse", // full case folding
		"e\u0301":                "\u00e9",  // composed
		"ΑΒΓς":                   "αβγσ",    // final sigma folds
		"李娜":                     "李娜",      //
		strings.Repeat("x", 254): strings.Repeat("x", 254),
	} {
		got, err := auth.CanonicalIdentifier(typed)
		require.NoError(t, err, "%q", typed)
		assert.Equal(t, want, got)
	}
	for _, typed := range []string{
		"", " ", "\u3000", strings.Repeat("x", 255), "a\x00b", "a\nb", "a\u200bb", "a\u202eb", "\xff", "*", "\ue000",
	} {
		got, err := auth.CanonicalIdentifier(typed)
		assert.Error(t, err, "%q became %q", typed, got)
	}
}

func FuzzCanonicalIdentifier(f *testing.F) {
	for _, s := range []string{"li.na@example.com", "ｌｉ", "İstanbul", "ﬀ", "\u0345\u0391", "张 三", "ẞ", "a\u0300\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		once, err := auth.CanonicalIdentifier(typed)
		if err != nil {
			if once != "" {
				t.Fatalf("an error with %q", once)
			}
			return
		}
		if once == "" || len(once) > auth.MaxIdentifier || !utf8.ValidString(once) {
			t.Fatalf("%q became %q", typed, once)
		}
		if twice, err := auth.CanonicalIdentifier(once); err != nil || twice != once {
			t.Fatalf("%q became %q, then %q, %v", typed, once, twice, err)
		}
	})
}
