package keyring_test

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/crmauth/crmauth/auth/keyring"
)

// fixed is the key with the bytes 0 to 31; the expected values under it were
// computed by another program from the documentation alone.
func fixed() keyring.Key {
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	return keyring.Key{ID: "k1", Secret: secret}
}

func ringOf(t testing.TB, keys ...keyring.Key) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(keys...)
	require.NoError(t, err)
	return r
}

func TestDerivationNeverChanges(t *testing.T) {
	r := ringOf(t, fixed())
	mac := r.MAC("test", []byte("ab"), []byte("c"))
	assert.Equal(t, "1d1294a0c5a009a026bb82df6dfc189b453824e597f9d2abc07312b669e9958e", hex.EncodeToString(mac[:]))
	assert.Equal(t, "0102"+hex.EncodeToString([]byte("k1"))+"872c0db016da39cfd31bf1868da4c41789abbc8d265e2b80415c83d3b0fd497c",
		hex.EncodeToString(r.Sign("test", []byte("ab"), []byte("c"))))
	pepper, err := r.Pepper().Apply("k1", []byte("secret"))
	require.NoError(t, err)
	assert.Equal(t, "a61425a1d105f8c917d79bafd5282e5c229f894e1dcc156902bbb53a8d8051b5", hex.EncodeToString(pepper))

	subkey, err := hex.DecodeString("ff31cc8bdb800f6f79ecf223de230f1311ddc86612fe96e618456f6d32e92fee")
	require.NoError(t, err)
	aead, err := chacha20poly1305.NewX(subkey)
	require.NoError(t, err)
	sealed, err := r.Seal("test", []byte("plain"), "t", "acc")
	require.NoError(t, err)
	head := "\x01\x02k1"
	require.Equal(t, head, string(sealed[:4]))
	aad := "\x00\x00\x00\x00\x00\x00\x00\x04" + head + "\x00\x00\x00\x00\x00\x00\x00\x01t" + "\x00\x00\x00\x00\x00\x00\x00\x03acc"
	plain, err := aead.Open(nil, sealed[4:28], sealed[28:], []byte(aad))
	require.NoError(t, err)
	assert.Equal(t, "plain", string(plain))
}

func TestMACSeparatesPartsAndPurposes(t *testing.T) {
	r := ringOf(t, fixed())
	seen := map[[32]byte]string{}
	for name, mac := range map[string][32]byte{
		"ab c":          r.MAC("p", []byte("ab"), []byte("c")),
		"a bc":          r.MAC("p", []byte("a"), []byte("bc")),
		"abc":           r.MAC("p", []byte("abc")),
		"abc empty":     r.MAC("p", []byte("abc"), nil),
		"nothing":       r.MAC("p"),
		"one empty":     r.MAC("p", nil),
		"other purpose": r.MAC("q", []byte("abc")),
		"other key":     ringOf(t, keyring.Generate()).MAC("p", []byte("abc")),
		"sign":          [32]byte(r.Sign("p", []byte("abc"))[4:]),
		"pepper":        r.MAC("password pepper", []byte("abc")),
		"real pepper":   [32]byte(must(r.Pepper().Apply("k1", []byte("abc")))),
	} {
		assert.Empty(t, seen[mac], "%s equals", name)
		seen[mac] = name
	}
}

func TestVerifyRefusesEveryChangedBit(t *testing.T) {
	r := ringOf(t, fixed())
	tag := r.Sign("device", []byte("tenant"), []byte("account"))
	require.True(t, r.Verify("device", tag, []byte("tenant"), []byte("account")))
	assert.False(t, r.Verify("other", tag, []byte("tenant"), []byte("account")), "another purpose")
	assert.False(t, r.Verify("device", tag, []byte("tenanta"), []byte("ccount")), "parts moved")
	assert.False(t, r.Verify("device", tag, []byte("account"), []byte("tenant")), "parts swapped")
	for i := range len(tag) * 8 {
		bad := bytes.Clone(tag)
		bad[i/8] ^= 1 << (i % 8)
		assert.False(t, r.Verify("device", bad, []byte("tenant"), []byte("account")), "bit %d", i)
	}
	for n := range tag {
		assert.False(t, r.Verify("device", tag[:n], []byte("tenant"), []byte("account")), "cut to %d", n)
	}
	assert.False(t, r.Verify("device", append(tag, 0), []byte("tenant"), []byte("account")), "longer")
}

func TestUnsealRefusesEveryChangedBit(t *testing.T) {
	r := ringOf(t, fixed())
	sealed, err := r.Seal("seed", []byte("plaintext"), "tenant", "account")
	require.NoError(t, err)
	for i := range len(sealed) * 8 {
		bad := bytes.Clone(sealed)
		bad[i/8] ^= 1 << (i % 8)
		_, err := r.Unseal("seed", bad, "tenant", "account")
		assert.Error(t, err, "bit %d", i)
	}
	for n := range sealed {
		_, err := r.Unseal("seed", sealed[:n], "tenant", "account")
		assert.ErrorIs(t, err, keyring.ErrNotSealed, "cut to %d", n)
	}
	_, err = r.Unseal("seed", append(sealed, 0), "tenant", "account")
	assert.ErrorIs(t, err, keyring.ErrNotSealed)
}

func TestUnsealNeedsPurposeAndContext(t *testing.T) {
	r := ringOf(t, fixed())
	sealed, err := r.Seal("seed", []byte("x"), "tenant", "account")
	require.NoError(t, err)
	got, err := r.Unseal("seed", sealed, "tenant", "account")
	require.NoError(t, err)
	require.Equal(t, "x", string(got))

	for name, open := range map[string]func() ([]byte, error){
		"other purpose":   func() ([]byte, error) { return r.Unseal("mail", sealed, "tenant", "account") },
		"other account":   func() ([]byte, error) { return r.Unseal("seed", sealed, "tenant", "account2") },
		"swapped":         func() ([]byte, error) { return r.Unseal("seed", sealed, "account", "tenant") },
		"moved":           func() ([]byte, error) { return r.Unseal("seed", sealed, "tenanta", "ccount") },
		"joined":          func() ([]byte, error) { return r.Unseal("seed", sealed, "tenantaccount") },
		"one more":        func() ([]byte, error) { return r.Unseal("seed", sealed, "tenant", "account", "") },
		"no context":      func() ([]byte, error) { return r.Unseal("seed", sealed) },
		"same id, others": func() ([]byte, error) { return twin(t).Unseal("seed", sealed, "tenant", "account") },
	} {
		_, err := open()
		assert.ErrorIs(t, err, keyring.ErrNotSealed, name)
	}
}

// twin has another secret under the same id.
func twin(t testing.TB) *keyring.Ring {
	k := keyring.Generate()
	k.ID = "k1"
	return ringOf(t, k)
}

func TestSealNeverRepeatsItself(t *testing.T) {
	r := ringOf(t, fixed())
	seen := map[string]bool{}
	for range 1000 {
		sealed, err := r.Seal("p", nil)
		require.NoError(t, err)
		require.False(t, seen[string(sealed)])
		seen[string(sealed)] = true
		plain, err := r.Unseal("p", sealed)
		require.NoError(t, err)
		require.Empty(t, plain)
	}
}

func TestRotationKeepsOldValues(t *testing.T) {
	old := ringOf(t, fixed())
	sealed, err := old.Seal("seed", []byte("x"))
	require.NoError(t, err)
	tag := old.Sign("device", []byte("d"))
	pepper := must(old.Pepper().Apply(old.Pepper().Current(), []byte("pw")))
	mac := old.MAC("m", []byte("d"))

	next := keyring.Generate()
	r, err := old.Rotate(next)
	require.NoError(t, err)
	assert.Equal(t, "k1", old.Current(), "the ring itself must not change")
	assert.Equal(t, next.ID, r.Current())
	assert.Equal(t, []string{next.ID, "k1"}, r.IDs())

	got, err := r.Unseal("seed", sealed)
	require.NoError(t, err)
	assert.Equal(t, "x", string(got))
	assert.True(t, r.Verify("device", tag, []byte("d")))
	assert.Equal(t, pepper, must(r.Pepper().Apply("k1", []byte("pw"))))
	assert.NotEqual(t, pepper, must(r.Pepper().Apply(r.Pepper().Current(), []byte("pw"))))
	again, err := r.MACWith("k1", "m", []byte("d"))
	require.NoError(t, err)
	assert.Equal(t, mac, again)
	assert.NotEqual(t, mac, r.MAC("m", []byte("d")))

	fresh, err := r.Seal("seed", []byte("y"))
	require.NoError(t, err)
	id, err := keyring.KeyID(fresh)
	require.NoError(t, err)
	assert.Equal(t, next.ID, id, "new values use the new key")

	_, err = old.Unseal("seed", fresh)
	unknown, ok := errors.AsType[*keyring.UnknownKeyError](err)
	require.True(t, ok, "got %v", err)
	assert.Equal(t, next.ID, unknown.ID)
	assert.False(t, old.Verify("device", r.Sign("device", []byte("d")), []byte("d")))
	_, err = old.Pepper().Apply(next.ID, nil)
	assert.ErrorAs(t, err, &unknown)
	_, err = old.MACWith(next.ID, "m")
	assert.ErrorAs(t, err, &unknown)
	assert.True(t, r.Has("k1"))
	assert.False(t, old.Has(next.ID))
}

func TestNewRefuses(t *testing.T) {
	good := fixed()
	for name, c := range map[string]struct {
		keys []keyring.Key
		want string
	}{
		"none":         {nil, "at least one key"},
		"no id":        {[]keyring.Key{{Secret: good.Secret}}, "letters and digits"},
		"long id":      {[]keyring.Key{{ID: "123456789", Secret: good.Secret}}, "letters and digits"},
		"dollar":       {[]keyring.Key{{ID: "a$b", Secret: good.Secret}}, "letters and digits"},
		"short secret": {[]keyring.Key{{ID: "a", Secret: good.Secret[:31]}}, "31 bytes"},
		"long secret":  {[]keyring.Key{{ID: "a", Secret: make([]byte, 257)}}, "257 bytes"},
		"zeros":        {[]keyring.Key{{ID: "a", Secret: make([]byte, 32)}}, "repeats a single byte"},
		"id twice":     {[]keyring.Key{good, func() keyring.Key { k := keyring.Generate(); k.ID = "k1"; return k }()}, "occurs twice"},
		"secret twice": {[]keyring.Key{good, {ID: "k2", Secret: good.Secret}}, "same secret"},
		"too many":     {make([]keyring.Key, keyring.MaxKeys+1), "at most"},
		"all faults":   {[]keyring.Key{{ID: "?"}, {ID: "b"}}, "key 2"},
	} {
		_, err := keyring.New(c.keys...)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), c.want, name)
		assert.True(t, strings.HasPrefix(err.Error(), "keyring: "), name)
	}
}

func TestNewCopiesSecrets(t *testing.T) {
	k := fixed()
	r := ringOf(t, k)
	before := r.MAC("p")
	clear(k.Secret)
	assert.Equal(t, before, r.MAC("p"))
	assert.NotEqual(t, before, r.MAC("q"), "derived after the change")
	assert.Equal(t, ringOf(t, fixed()).MAC("q"), r.MAC("q"))
}

func TestSecretsAreNeverShown(t *testing.T) {
	k := fixed()
	copy(k.Secret, "canary-canary-canary-canary-cana")
	r := ringOf(t, k)
	tell := func(out string) {
		t.Helper()
		assert.Contains(t, out, "k1")
		for _, bad := range []string{"canary", "99 97 110", "63616e617279", "Y2FuYXJ5", "0x63", "143 141"} {
			assert.NotContains(t, out, bad)
		}
	}
	holder := struct {
		Ring *keyring.Ring
		Key  keyring.Key
	}{r, k}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b"} {
		for _, v := range []any{r, k, &k, holder, []keyring.Key{k}} {
			tell(fmt.Sprintf(verb, v))
		}
	}
	assert.NotContains(t, fmt.Sprintf("%+v", struct{ r *keyring.Ring }{r}), "canary")
	for _, v := range []any{r, k, holder} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		tell(string(b))
	}
	for _, make := range []func(io.Writer) slog.Handler{
		func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var b bytes.Buffer
		slog.New(make(&b)).Info("x", "ring", r, "key", k, "both", holder)
		tell(b.String())
	}
	assert.Equal(t, "keyring.Ring(nil)", fmt.Sprint((*keyring.Ring)(nil)))
}

func TestRingIsSafeForParallelUse(t *testing.T) {
	r := ringOf(t, keyring.Generate(), keyring.Generate())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 { // more purposes than are cached
				purpose := fmt.Sprint("p", j)
				tag := r.Sign(purpose, []byte{byte(i)})
				assert.True(t, r.Verify(purpose, tag, []byte{byte(i)}))
				sealed, err := r.Seal(purpose, tag)
				if assert.NoError(t, err) {
					got, err := r.Unseal(purpose, sealed)
					assert.NoError(t, err)
					assert.True(t, hmac.Equal(tag, got))
				}
			}
		})
	}
	wg.Wait()
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func FuzzUnseal(f *testing.F) {
	r := ringOf(f, fixed())
	f.Add(must(r.Seal("p", []byte("x"), "c")))
	f.Add(r.Sign("p"))
	f.Add([]byte{1, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := r.Unseal("p", b, "c"); err == nil {
			require.Equal(t, "x", string(plain), "opened what was never sealed")
		}
		if id, err := keyring.KeyID(b); err == nil {
			require.Regexp(t, "^[a-zA-Z0-9]{1,8}$", id)
		}
		r.Verify("p", b)
	})
}

func BenchmarkMAC(b *testing.B) {
	r := ringOf(b, fixed())
	msg := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		r.MAC("purpose", msg)
	}
}

func BenchmarkVerify(b *testing.B) {
	r := ringOf(b, fixed())
	msg := make([]byte, 64)
	tag := r.Sign("purpose", msg)
	b.ReportAllocs()
	for b.Loop() {
		r.Verify("purpose", tag, msg)
	}
}

func BenchmarkSealUnseal(b *testing.B) {
	r := ringOf(b, fixed())
	msg := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		sealed, _ := r.Seal("purpose", msg, "tenant", "account")
		_, _ = r.Unseal("purpose", sealed, "tenant", "account")
	}
}
