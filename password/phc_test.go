package password

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The PHC form of a reference vector: "password", "somesalt", t=2, m=256, p=1.
const phcVector = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

func TestPHCIsReadStrictly(t *testing.T) {
	salt, tag := "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	with := func(head string) string { return head + "$" + salt + "$" + tag }
	require.NoError(t, parses(phcVector))
	require.NoError(t, parses(with("$argon2id$v=19$m=256,t=2,p=1,keyid=azE")))

	for name, s := range map[string]string{
		"order of parameters":       with("$argon2id$v=19$t=2,m=256,p=1"),
		"unknown parameter":         with("$argon2id$v=19$m=256,t=2,p=1,x=1"),
		"data parameter":            with("$argon2id$v=19$m=256,t=2,p=1,data=azE"),
		"duplicate parameter":       with("$argon2id$v=19$m=256,t=2,t=2,p=1"),
		"duplicate keyid":           with("$argon2id$v=19$m=256,t=2,p=1,keyid=azE,keyid=azE"),
		"empty keyid":               with("$argon2id$v=19$m=256,t=2,p=1,keyid="),
		"long keyid":                with("$argon2id$v=19$m=256,t=2,p=1,keyid=" + strings.Repeat("A", 44)),
		"missing parameter":         with("$argon2id$v=19$m=256,t=2"),
		"no parameters":             with("$argon2id$v=19"),
		"trailing comma":            with("$argon2id$v=19$m=256,t=2,p=1,"),
		"leading zero":              with("$argon2id$v=19$m=0256,t=2,p=1"),
		"leading zero in version":   with("$argon2id$v=019$m=256,t=2,p=1"),
		"sign":                      with("$argon2id$v=19$m=+256,t=2,p=1"),
		"space":                     with("$argon2id$v=19$m=256, t=2,p=1"),
		"overflow of memory":        with("$argon2id$v=19$m=4294967296,t=2,p=1"),
		"overflow of threads":       with("$argon2id$v=19$m=4096,t=2,p=256"),
		"no memory":                 with("$argon2id$v=19$m=0,t=2,p=1"),
		"memory below 8 per thread": with("$argon2id$v=19$m=15,t=2,p=2"),
		"no passes":                 with("$argon2id$v=19$m=256,t=0,p=1"),
		"no threads":                with("$argon2id$v=19$m=256,t=2,p=0"),
		"missing version":           with("$argon2id$m=256,t=2,p=1"),
		"old version":               with("$argon2id$v=16$m=256,t=2,p=1"),
		"version twice":             with("$argon2id$v=19$v=19$m=256,t=2,p=1"),
		"padding":                   phcVector + "=",
		"padded salt":               "$argon2id$v=19$m=256,t=2,p=1$" + salt + "=$" + tag,
		"trailing bits in salt":     "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHR$" + tag,
		"trailing bits in hash":     strings.TrimSuffix(phcVector, "4") + "5",
		"other base64 alphabet":     strings.ReplaceAll(phcVector, "/", "_"),
		"line break in base64":      "$argon2id$v=19$m=256,t=2,p=1$c29tZX\nNhbHQ$" + tag,
		"line break behind":         phcVector + "\n",
		"short salt":                "$argon2id$v=19$m=256,t=2,p=1$c29tZXM$" + tag,
		"long salt":                 "$argon2id$v=19$m=256,t=2,p=1$" + strings.Repeat("A", 66) + "$" + tag,
		"no salt":                   "$argon2id$v=19$m=256,t=2,p=1$$" + tag,
		"short hash":                "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$c29tZXM",
		"long hash":                 "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + strings.Repeat("A", 87),
		"no hash":                   "$argon2id$v=19$m=256,t=2,p=1$" + salt,
		"one field more":            phcVector + "$",
		"over-long":                 phcVector + strings.Repeat("A", 600),
	} {
		if err := parses(s); assert.ErrorIs(t, err, ErrUnverifiable, name) {
			assert.NotContains(t, err.Error(), salt, "%s: a stored hash must not be quoted", name)
		}
	}
}

// parses shows s to every scheme.
func parses(s string) error {
	pepper := testPepper{current: "k1", keys: map[string]string{"k1": "secret"}}
	own := &argon2Scheme{usual: Params{Memory: 1 << 16, Time: 16, Threads: 8}, memory: 1 << 16, work: 1 << 20, pepper: pepper}
	_, _, err := parseStored(append([]Scheme{own}, everyScheme()[1:]...), s)
	return err
}

func TestOtherSpellingsAreReadStrictly(t *testing.T) {
	const h32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, s := range []string{
		"$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$i=100$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$i=100,l=32$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$100$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha1$i=100$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$pbkdf2$100$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		bcryptVector,
	} {
		assert.NoError(t, parses(s), s)
	}
	for _, s := range []string{
		"$scrypt$v=1$ln=4,r=8,p=1$c29tZXNhbHQ$" + h32,
		"$scrypt$r=8,ln=4,p=1$c29tZXNhbHQ$" + h32,
		"$scrypt$ln=0,r=8,p=1$c29tZXNhbHQ$" + h32,
		"$scrypt$ln=4,r=0,p=1$c29tZXNhbHQ$" + h32,
		"$scrypt$ln=4,r=8,p=0$c29tZXNhbHQ$" + h32,
		"$scrypt$ln=63,r=8,p=1$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$i=0$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$0$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$0100$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$i=100,l=0$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$i=100,l=31$c29tZXNhbHQ$" + h32,
		"$pbkdf2-sha256$100$c29tZX+hbHQ$" + h32,
		"$pbkdf2-sha256$i=100$c29tZX.hbHQ$" + h32,
		"$pbkdf2-sha256$i=100$c29tZXNhbHQ$" + h32 + h32,
		"$pbkdf2-sha1$100$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$pbkdf2$i=100$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$pbkdf2-sha384$i=100$c29tZXNhbHQ$" + h32,
		"$2x$" + bcryptVector[4:],
		"$2$" + bcryptVector[4:],
		bcryptVector[:59],
		bcryptVector + "a",
		strings.Replace(bcryptVector, "$10$", "$03$", 1),
		strings.Replace(bcryptVector, "$10$", "$1:$", 1),
		strings.Replace(bcryptVector, "$10$", "$ 9$", 1),
		strings.Replace(bcryptVector, "$10$X", "$10$=", 1),
		strings.Replace(bcryptVector, "$10$XajjQ", "$10$Xaj+Q", 1),
	} {
		assert.ErrorIs(t, parses(s), ErrUnverifiable, s)
	}
}

// A stored string that is accepted has exactly one spelling (Argon2id), stays
// within its declared ceilings, and none of it makes anything panic.
func FuzzParseStored(f *testing.F) {
	f.Add(phcVector)
	f.Add(bcryptVector)
	f.Add("$argon2id$v=19$m=256,t=2,p=1,keyid=azE$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$pbkdf2-sha256$i=100,l=32$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$pbkdf2$100$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	schemes := everyScheme()
	f.Fuzz(func(t *testing.T, s string) {
		v, _, err := parseStored(schemes, s)
		if err != nil {
			require.True(t, errors.Is(err, ErrUnverifiable))
			return
		}
		require.LessOrEqual(t, v.Memory(), int64(1<<20))
		if a, ok := v.(*argon2Verifier); ok {
			require.Equal(t, s, a.String())
		}
		_, err = v.Verify([]byte("password"))
		require.NoError(t, err)
		require.NoError(t, v.TopUp([]byte("password")))
	})
}
