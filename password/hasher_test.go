package password

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

var cheap = Params{Memory: 64, Time: 1, Threads: 1}

func cheapHasher(t testing.TB, change func(*Config)) *Hasher {
	cfg := Config{Argon2id: cheap, InsecureCheap: true}
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg)
	require.NoError(t, err)
	return h
}

func hashOf(t testing.TB, h *Hasher, password string) string {
	hash, err := h.Hash(t.Context(), password)
	require.NoError(t, err)
	return hash
}

func verify(t testing.TB, h *Hasher, hash, password string) Result {
	r, err := h.Verify(t.Context(), hash, password)
	require.NoError(t, err)
	return r
}

type testPepper struct {
	current string
	keys    map[string]string
	calls   *atomic.Int64
}

func (p testPepper) Current() string { return p.current }

func (p testPepper) Apply(keyID string, in []byte) ([]byte, error) {
	if p.calls != nil {
		p.calls.Add(1)
	}
	key, ok := p.keys[keyID]
	if !ok {
		return nil, errors.New("no such key")
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(in)
	return mac.Sum(nil), nil
}

func TestDefaultIsOWASP(t *testing.T) {
	h, err := New(Config{})
	require.NoError(t, err)
	hash := hashOf(t, h, "correct horse battery staple")
	assert.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, hash)
	assert.Equal(t, Result{OK: true}, verify(t, h, hash, "correct horse battery staple"))
	assert.Equal(t, Result{}, verify(t, h, hash, "correct horse battery stapl"))
	assert.NotEqual(t, hash, hashOf(t, h, "correct horse battery staple"), "salts differ")
	assert.NoError(t, h.Check(hash))
}

func TestNewReportsEveryProblem(t *testing.T) {
	for _, ok := range []Params{{}, {47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {65536, 3, 4}, {Memory: 65536}} {
		_, err := New(Config{Argon2id: ok})
		assert.NoError(t, err, "%v", ok)
	}
	for _, weak := range []Params{{47103, 1, 1}, {19455, 2, 1}, {12287, 3, 1}, {12287, 30, 1}, {Time: 1}} {
		_, err := New(Config{Argon2id: weak})
		assert.ErrorContains(t, err, "below the floor", "%v", weak)
		_, err = New(Config{Argon2id: weak, InsecureCheap: true})
		assert.NoError(t, err, "%v", weak)
	}
	small, err := NewPool(PoolConfig{Memory: 1 << 20})
	require.NoError(t, err)
	_, err = New(Config{Pool: small})
	assert.ErrorContains(t, err, "raise PoolConfig.Memory")

	_, err = New(Config{
		Argon2id:      Params{Memory: 15, Time: 1, Threads: 2},
		InsecureCheap: true,
		Accept: []Scheme{nil, Bcrypt(3), Bcrypt(32), Scrypt(ScryptParams{R: 65}), PBKDF2(0, 1), PBKDF2(5, 0),
			Argon2id(Params{Memory: 8 << 20})},
		Pepper: testPepper{},
	})
	for _, problem := range []string{"8 KiB for each thread", "Accept[0] is nil", "Bcrypt(3)", "Bcrypt(32)", "Scrypt", "digest", "iterations", "above m=", "key id of 0 bytes"} {
		assert.ErrorContains(t, err, problem)
	}
	_, err = New(Config{Pepper: testPepper{current: "k1"}})
	assert.ErrorContains(t, err, "no such key")
}

// Any one byte that differs makes another password: none is dropped, folded or
// trimmed, at any length.
func TestEveryByteCounts(t *testing.T) {
	h := cheapHasher(t, func(c *Config) { c.Argon2id.Memory = 8 })
	for _, n := range []int{1, 2, 71, 72, 73, 255, 256, 1024} {
		password := []byte(strings.Repeat("aB3 ", 256)[:n])
		hash := hashOf(t, h, string(password))
		require.True(t, verify(t, h, hash, string(password)).OK)
		for i := range n {
			other := append([]byte(nil), password...)
			other[i] ^= 0x20 // case of a letter, or another character
			require.False(t, verify(t, h, hash, string(other)).OK, "byte %d of %d", i, n)
		}
	}
	hash := hashOf(t, h, "pass")
	for _, other := range []string{"pass ", " pass", "Pass", "pass\x00", "pass\n", "pas"} {
		assert.False(t, verify(t, h, hash, other).OK, "%q", other)
	}
}

func TestOnlyNFCIsApplied(t *testing.T) {
	h := cheapHasher(t, nil)
	same := func(a, b string) bool { return verify(t, h, hashOf(t, h, a), b).OK }
	assert.True(t, same("e\u0301", "\u00e9"))
	assert.True(t, same("\u00e9", "e\u0301"))
	assert.True(t, same("\u212b", "\u00c5"))
	assert.True(t, same("\u1112\u1161\u11ab", "\ud55c"))
	assert.False(t, same("\uff21", "A"), "compatibility characters stay apart")
	assert.False(t, same("\u2163", "IV"))
	assert.False(t, same("e\u0301\uff21", "\u00e9A"))
	assert.False(t, same("foo\u1680bar", "foo bar"))
	assert.False(t, same("Pass", "pass"))
	for _, p := range []string{"pass\x00word", "my cat is a \tby", "👨‍👩‍👧", strings.Repeat("👩", 64), "密码 密码"} {
		assert.True(t, same(p, p), "%q", p)
	}
}

func TestWhatIsNoPassword(t *testing.T) {
	h := cheapHasher(t, nil)
	hash := hashOf(t, h, strings.Repeat("x", MaxBytes))
	assert.True(t, verify(t, h, hash, strings.Repeat("x", MaxBytes)).OK)
	for password, want := range map[string]error{strings.Repeat("x", MaxBytes+1): ErrTooLong, "a\xff": ErrInvalidUTF8} {
		_, err := h.Hash(t.Context(), password)
		assert.ErrorIs(t, err, want)
		_, err = h.Verify(t.Context(), hash, password)
		assert.ErrorIs(t, err, want)
		assert.ErrorIs(t, h.Reject(t.Context(), password), want)
	}
	_, err := h.Hash(t.Context(), "")
	assert.ErrorIs(t, err, ErrEmpty)
}

func TestEmptyNeverVerifies(t *testing.T) {
	empty, err := bcrypt.GenerateFromPassword(nil, 4)
	require.NoError(t, err)
	h := cheapHasher(t, func(c *Config) { c.Accept = []Scheme{Bcrypt(4)} })
	assert.Equal(t, Result{}, verify(t, h, string(empty), ""))
	assert.Equal(t, Result{}, verify(t, h, "", ""))
	assert.Equal(t, Result{}, verify(t, h, "", "anything"))
	for _, hash := range []string{"null", "*", "!", "$", "plain", "$argon2id$"} {
		r, err := h.Verify(t.Context(), hash, hash)
		assert.ErrorIs(t, err, ErrUnverifiable, hash)
		assert.False(t, r.OK)
	}
	assert.ErrorIs(t, h.Check(""), ErrUnverifiable)
}

func TestRehashAfterAnyChange(t *testing.T) {
	stored := hashOf(t, cheapHasher(t, nil), "password")
	for name, change := range map[string]func(*Config){
		"more memory":  func(c *Config) { c.Argon2id.Memory = 128 },
		"more passes":  func(c *Config) { c.Argon2id.Time = 2 },
		"more threads": func(c *Config) { c.Argon2id.Threads = 2 },
		"less memory":  func(c *Config) { c.Argon2id.Memory = 32; c.Accept = []Scheme{Argon2id(cheap)} },
		"fewer passes, more memory": func(c *Config) {
			c.Argon2id = Params{Memory: 256, Time: 1, Threads: 1}
		},
		"a pepper": func(c *Config) { c.Pepper = testPepper{current: "k1", keys: map[string]string{"k1": "x"}} },
	} {
		h := cheapHasher(t, change)
		assert.Equal(t, Result{OK: true, Rehash: true}, verify(t, h, stored, "password"), name)
		assert.Equal(t, Result{}, verify(t, h, stored, "passwore"), name)
		assert.Equal(t, Result{OK: true}, verify(t, h, hashOf(t, h, "password"), "password"), name)
	}

	lowered := cheapHasher(t, func(c *Config) { c.Argon2id.Memory = 32 })
	_, err := lowered.Verify(t.Context(), stored, "password")
	assert.ErrorIs(t, err, ErrTooDear, "undeclared, what is dearer than new hashes is refused")

	theirs, err := bcrypt.GenerateFromPassword([]byte("password"), 4)
	require.NoError(t, err)
	h := cheapHasher(t, func(c *Config) { c.Accept = []Scheme{Bcrypt(4)} })
	assert.Equal(t, Result{OK: true, Rehash: true}, verify(t, h, string(theirs), "password"))
	_, err = cheapHasher(t, nil).Verify(t.Context(), string(theirs), "password")
	assert.ErrorIs(t, err, ErrOtherScheme)
}

func TestPepperRotates(t *testing.T) {
	with := func(current string, keys ...string) *Hasher {
		return cheapHasher(t, func(c *Config) {
			p := testPepper{current: current, keys: map[string]string{}}
			for _, k := range keys {
				p.keys[k] = "secret of " + k
			}
			c.Pepper = p
		})
	}
	first := with("k1", "k1")
	stored := hashOf(t, first, "password")
	assert.Contains(t, stored, ",keyid=azE$")
	assert.Equal(t, Result{OK: true}, verify(t, first, stored, "password"))
	assert.Equal(t, Result{}, verify(t, first, stored, "passwore"))

	rotated := with("k2", "k1", "k2")
	assert.Equal(t, Result{OK: true, Rehash: true}, verify(t, rotated, stored, "password"))
	assert.NoError(t, rotated.Check(stored))

	for name, h := range map[string]*Hasher{"key lost": with("k2", "k2"), "pepper lost": cheapHasher(t, nil)} {
		r, err := h.Verify(t.Context(), stored, "password")
		assert.ErrorIs(t, err, ErrUnverifiable, name)
		assert.False(t, r.OK, name)
		assert.ErrorIs(t, h.Check(stored), ErrUnverifiable, name)
	}
	wrong := cheapHasher(t, func(c *Config) { c.Pepper = testPepper{current: "k1", keys: map[string]string{"k1": "another"}} })
	assert.Equal(t, Result{}, verify(t, wrong, stored, "password"))
}

// While the pepper is out of order, no account answers differently.
func TestPepperOutOfOrder(t *testing.T) {
	keys := map[string]string{"k1": "x", "k2": "y"}
	h := cheapHasher(t, func(c *Config) {
		c.Pepper = testPepper{current: "k2", keys: keys}
		c.Accept = []Scheme{Bcrypt(4)}
	})
	former := hashOf(t, cheapHasher(t, func(c *Config) { c.Pepper = testPepper{current: "k1", keys: keys} }), "password")
	theirs, err := bcrypt.GenerateFromPassword([]byte("password"), 4)
	require.NoError(t, err)
	clear(keys)
	_, hashing := h.Hash(t.Context(), "password")
	require.ErrorContains(t, hashing, "no such key")
	rejected := h.Reject(t.Context(), "wrong")
	require.ErrorContains(t, rejected, "no such key")
	assert.NotErrorIs(t, rejected, ErrUnverifiable)
	for _, stored := range []string{"", former, string(theirs), "garbage"} {
		_, err := h.Verify(t.Context(), stored, "wrong")
		assert.EqualError(t, err, rejected.Error(), stored)
	}
}

func TestImportedHashesOfRawBytes(t *testing.T) {
	const raw, nfc = "cafe\u0301", "caf\u00e9"
	theirs, err := bcrypt.GenerateFromPassword([]byte(raw), 4)
	require.NoError(t, err)
	h := cheapHasher(t, func(c *Config) { c.Accept = []Scheme{Bcrypt(4)} })
	assert.Equal(t, Result{OK: true, Rehash: true}, verify(t, h, string(theirs), raw))
	assert.Equal(t, Result{}, verify(t, h, string(theirs), nfc))
	assert.Equal(t, Result{OK: true}, verify(t, h, hashOf(t, h, raw), nfc))

	argon, err := h.own.hash([]byte(raw), []byte("sixteen byte slt"))
	require.NoError(t, err)
	assert.Equal(t, Result{OK: true, Rehash: true}, verify(t, h, argon, raw), "the right parameters, but not normalized")
	assert.Equal(t, Result{}, verify(t, cheapHasher(t, nil), argon, raw), "nothing is declared to be imported")
}

func TestNoSaltNoHash(t *testing.T) {
	h := cheapHasher(t, func(c *Config) { c.Rand = iotest.ErrReader(errors.New("no entropy")) })
	hash, err := h.Hash(t.Context(), "password")
	assert.ErrorContains(t, err, "no entropy")
	assert.Empty(t, hash)
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	h := cheapHasher(t, nil)
	_, err := h.Verify(t.Context(), "$argon2id$v=19$m=1,t=1,p=1$SALTSALTSALT$HASHHASHHASH", "hunter2 hunter2")
	assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), "SALT")
	assert.NotContains(t, fmt.Sprint(err), "hunter2")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Verify(ctx, "", "hunter2")
	assert.ErrorIs(t, err, context.Canceled)
}
