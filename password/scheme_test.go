package password

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

const bcryptVector = "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga" // "allmine"

// everyScheme declares all schemes at a cost that tests can pay.
func everyScheme() []Scheme {
	return []Scheme{
		Argon2id(Params{Memory: 256, Time: 2}),
		Bcrypt(10),
		Scrypt(ScryptParams{LogN: 8, R: 8, P: 2}),
		PBKDF2(crypto.SHA1, 1000),
		PBKDF2(crypto.SHA256, 1000),
		PBKDF2(crypto.SHA512, 1000),
	}
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// Tags of the Argon2 reference implementation, RFC 7914 sections 11 and 12,
// and x/crypto. Each is verified as a stored string, and refused once a bit of
// the password has changed.
func TestPublishedVectors(t *testing.T) {
	argon := func(m, time, p int, salt, tag string) string {
		return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", m, time, p, phcEncode([]byte(salt)), phcEncode(unhex(t, tag)))
	}
	schemes := []Scheme{
		Argon2id(Params{Memory: 65536, Time: 1, Threads: 2}), Bcrypt(10),
		Scrypt(ScryptParams{LogN: 14, P: 16}), PBKDF2(crypto.SHA256, 80000), PBKDF2(crypto.SHA1, 20000), PBKDF2(crypto.SHA512, 20000),
	}
	for _, v := range []struct{ password, stored string }{
		{"password", phcVector},
		{"password", argon(256, 2, 2, "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037")},
		{"password", argon(65536, 1, 1, "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98")},
		{"allmine", bcryptVector},
		{"allmine", "$2b$" + bcryptVector[4:]},
		{"allmine", "$2y$" + bcryptVector[4:]},
		{"pleaseletmein", "$scrypt$ln=14,r=8,p=1$" + phcEncode([]byte("SodiumChloride")) + "$" + phcEncode(unhex(t,
			"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"))},
		{"passwd", "$pbkdf2-sha256$i=1$" + phcEncode([]byte("salt")) + "$" + phcEncode(unhex(t, // the first block of two
			"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"))},
		{"Password", "$pbkdf2-sha256$i=80000,l=32$" + phcEncode([]byte("NaCl")) + "$" + phcEncode(unhex(t,
			"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"))},
		// Computed with Python's hashlib.
		{"correct horse", "$pbkdf2-sha1$i=12000$7/Dx8vP09fb3+Pn6+/z9/g$bic9MP4mq+trLwJezMybpeYax8w"},
		{"correct horse", "$pbkdf2$12000$7/Dx8vP09fb3.Pn6./z9/g$bic9MP4mq.trLwJezMybpeYax8w"},
		{"correct horse", "$pbkdf2-sha256$2900$7/Dx8vP09fb3.Pn6./z9/g$EjrkWKsH4IYruto6f.v3dVW3ZY5e9IBk84rzabHveyQ"},
		{"correct horse", "$pbkdf2-sha512$1200$7/Dx8vP09fb3.Pn6./z9/g$N/9E9v1/B860AaOIYTOuGuI6hAEvelyXBao6F321KViqazaQ8PQlTu0xrfHu6SarkKi224vd07XJ2Z5jvdvCGw"},
		{"correct horse", "$scrypt$ln=10,r=8,p=16$MDEyMzQ1Njc4OWFiY2RlZg$RlLCHFXhWBIPvR4fYR2ot1d8r8zUBkbsN/BSU1FPoCY"},
		{"correct horse", "$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2nYYR1WNiVIE4oqKrxPuQubql1AU4+laWwCM1jFvCJc"},
	} {
		target, _, err := parseStored(schemes, v.stored)
		require.NoError(t, err, v.stored)
		ok, err := target.Verify([]byte(v.password))
		require.NoError(t, err)
		assert.True(t, ok, v.stored)
		if target.Memory() > 1<<20 {
			continue // a wrong one costs as much again
		}
		other := []byte(v.password)
		other[len(other)-1] ^= 1
		ok, err = target.Verify(other)
		require.NoError(t, err)
		assert.False(t, ok, v.stored)
	}
}

func TestDecoysMatchNothing(t *testing.T) {
	for _, s := range everyScheme() {
		for _, password := range []string{"", "password"} {
			ok, err := s.Decoy().Verify([]byte(password))
			require.NoError(t, err)
			assert.False(t, ok, "%T", s)
		}
	}
}

func TestBcryptNeverTruncates(t *testing.T) {
	long := strings.Repeat("x", 72)
	for _, c := range []struct {
		stored, typed string
		want          bool
	}{
		{long, long, true},
		{long, long + "y", false},            // bcrypt itself would accept it
		{long[:71] + "y", long + "y", false}, // differs within the 72
		{"a", "a", true},
		{"a", "a\x00a", false}, // the same repeated key: bcrypt itself would accept it
		{"a", "a\x00", false},
	} {
		stored, err := bcrypt.GenerateFromPassword([]byte(c.stored), 4)
		require.NoError(t, err)
		v, err := Bcrypt(4).Parse(string(stored))
		require.NoError(t, err)
		ok, err := v.Verify([]byte(c.typed))
		require.NoError(t, err)
		assert.Equal(t, c.want, ok, "%q against %q", c.typed, c.stored)
	}
}

func TestDearerHashesAreRefused(t *testing.T) {
	const salt, hash = "$c29tZXNhbHQ$", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	argon := Argon2id(Params{Memory: 1024, Time: 2, Threads: 2})
	scrypt := Scrypt(ScryptParams{LogN: 8, R: 8, P: 2})
	for _, c := range []struct {
		scheme Scheme
		stored string
		dear   bool
	}{
		{argon, "$argon2id$v=19$m=1024,t=2,p=2" + salt + hash, false},
		{argon, "$argon2id$v=19$m=1024,t=2,p=1" + salt + hash, false},
		{argon, "$argon2id$v=19$m=256,t=8,p=1" + salt + hash, false},
		{argon, "$argon2id$v=19$m=256,t=9,p=1" + salt + hash, true},
		{argon, "$argon2id$v=19$m=1025,t=1,p=1" + salt + hash, true},
		{argon, "$argon2id$v=19$m=1024,t=1,p=3" + salt + hash, true},
		{argon, "$argon2id$v=19$m=4194304,t=65536,p=255" + salt + hash, true},
		{Bcrypt(9), strings.Replace(bcryptVector, "$10$", "$09$", 1), false},
		{Bcrypt(9), bcryptVector, true},
		{scrypt, "$scrypt$ln=8,r=8,p=2" + salt + hash, false},
		{scrypt, "$scrypt$ln=6,r=8,p=8" + salt + hash, false},
		{scrypt, "$scrypt$ln=9,r=8,p=1" + salt + hash, true},
		{scrypt, "$scrypt$ln=8,r=8,p=3" + salt + hash, true},
		{PBKDF2(crypto.SHA256, 99), "$pbkdf2-sha256$i=99" + salt + hash, false},
		{PBKDF2(crypto.SHA256, 99), "$pbkdf2-sha256$i=100" + salt + hash, true},
	} {
		_, _, err := parseStored([]Scheme{c.scheme}, c.stored)
		if !c.dear {
			assert.NoError(t, err, c.stored)
			continue
		}
		assert.ErrorIs(t, err, ErrTooDear, c.stored)
		assert.ErrorIs(t, err, ErrUnverifiable, c.stored)
	}
	_, _, err := parseStored([]Scheme{argon}, bcryptVector)
	assert.ErrorIs(t, err, ErrOtherScheme)
}

// Whatever a hash has cost, verification and top-up add up to the declared
// maximum, to within the rounding of one block of each lane or pass.
func TestArgon2WorkAddsUp(t *testing.T) {
	for _, s := range []*argon2Scheme{
		{usual: Params{19456, 2, 1}, memory: 19456, work: 38912},
		{usual: Params{1024, 1, 1}, memory: 1024, work: 1024},
		{usual: Params{19456, 2, 1}, memory: 65536, work: 65536 * 3},
		{usual: Params{65536, 3, 4}, memory: 65536, work: 65536 * 3},
		{usual: Params{64, 40, 1}, memory: 64, work: 64 * 40},
	} {
		for _, p := range []Params{{8, 1, 1}, {512, 1, 1}, {24, 1, 1}, {9728, 2, 1}, {12288, 3, 1}, {19455, 1, 1}, {32, 1, 4}, s.usual, {s.memory, 1, 1}} {
			if p.work() > s.work || p.Memory > s.memory || p.Threads > s.usual.Threads {
				continue
			}
			v := &argon2Verifier{scheme: s, params: p}
			rest := v.remainder()
			require.NoError(t, rest.valid(), "%v of %v", p, s.usual)
			rounding := 4 * float64(s.usual.Threads) * float64(rest.Time)
			assert.InDelta(t, float64(s.work+s.leastTopUp()), float64(p.work()+rest.work()), rounding, "%v of %v: %v", p, s.usual, rest)
			assert.LessOrEqual(t, rest.Memory, s.memory+4*uint32(s.usual.Threads))
		}
	}
}

func TestScryptWorkAddsUp(t *testing.T) {
	for _, most := range []ScryptParams{{17, 8, 1}, {14, 8, 16}, {4, 1, 1}, {10, 3, 5}} {
		for _, p := range []ScryptParams{{14, 8, 1}, {10, 8, 16}, {1, 1, 1}, {4, 1, 1}, {9, 3, 7}, most} {
			if p.work() > most.work() || p.R<<p.LogN > most.R<<most.LogN {
				continue
			}
			v := &scryptVerifier{params: p, max: most}
			sum := p.work()
			for _, call := range v.remainder() {
				sum += call.work()
				assert.LessOrEqual(t, call.bytes(), v.Memory())
			}
			assert.InDelta(t, most.work(), sum, 2*float64(most.R), "%v of %v", p, most)
		}
	}
}
