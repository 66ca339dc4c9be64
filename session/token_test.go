package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTokenFormat(t *testing.T) {
	m, _, _ := newManager(t, Config{Rand: constant(0xA5)})
	c := create(t, m, Login{Tenant: "acme", Account: "42"})
	text := c.Token.Reveal()
	require.Len(t, text, 48)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	sum := sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00\x00\x04acme42"))
	assert.Equal(t, sum[:4], raw[:4], "tag")
	assert.Equal(t, bytes.Repeat([]byte{0xA5}, 32), raw[4:], "secret")
	assert.Equal(t, Key{Tag: binary.BigEndian.Uint32(sum[:]), Digest: sha256.Sum256([]byte(text))}, c.Session.Key)
}

func TestMalformedTokens(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	good := create(t, m, Login{Account: "42"}).Token.Reveal()
	for _, token := range []string{
		"", "x", good[:47], good + "A", good + "=", " " + good, good + "\n", good[:40] + "\r\n" + good[42:], "\n" + good[1:],
		strings.Repeat("=", 48), "+" + good[1:], "/" + good[1:], good[:47] + "\x00", good[:46] + "é", good[:44] + "====",
		strings.Repeat("A", 1<<20), strings.Repeat("A", 48), strings.ToUpper(good), good[1:] + good[:1],
	} {
		_, err := m.Check(t.Context(), token)
		assert.Equal(t, ErrNotFound, err, "%.60q: all alike", token)
	}
	assert.True(t, alive(t, m, Token{good}))
}

func TestTokenShowsItselfToNobody(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	c := create(t, m, Login{Account: "42"})
	secret := c.Token.Reveal()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %p", "%c"} {
		fmt.Fprintf(&out, verb+" ", c.Token)
		fmt.Fprintf(&out, verb+"\n", c)
	}
	out.WriteString(c.Token.String() + c.Token.GoString())
	require.NoError(t, json.NewEncoder(&out).Encode(c))
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", c.Token, "created", c)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", c.Token, "created", c)
	assert.NotContains(t, out.String(), secret)
	assert.NotContains(t, strings.ToLower(out.String()), fmt.Sprintf("%x", secret))
	assert.NotContains(t, out.String(), fmt.Sprint([]byte(secret)))
	assert.Contains(t, out.String(), redacted)
}

func TestCheckAllocatesNothing(t *testing.T) {
	m, _, _ := newManager(t, Config{})
	good := create(t, m, Login{Account: "42", Roles: []string{"sales"}}).Token.Reveal()
	ctx := t.Context()
	for _, token := range []string{good, strings.Repeat("A", 48), "junk"} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = m.Parse(token) }))
		assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = m.Check(ctx, token) }))
	}
}

func FuzzParse(f *testing.F) {
	m, err := New(new(MemoryStore), Config{})
	require.NoError(f, err)
	c, err := m.Create(f.Context(), Login{Account: "42"})
	require.NoError(f, err)
	f.Add(c.Token.Reveal())
	f.Add("")
	f.Add(strings.Repeat("_", 48))
	f.Add(strings.Repeat("A", 40) + "\r\nAAAAAA")
	f.Add(strings.Repeat("A", 47) + "=")
	f.Fuzz(func(t *testing.T, token string) {
		k, err := m.Parse(token)
		if err != nil {
			require.Equal(t, ErrNotFound, err)
			require.Zero(t, k)
			return
		}
		raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
		require.NoError(t, err)
		require.Len(t, raw, 36)
		require.Equal(t, token, base64.RawURLEncoding.EncodeToString(raw), "one spelling only")
		require.Equal(t, Key{Tag: binary.BigEndian.Uint32(raw), Digest: sha256.Sum256([]byte(token))}, k)
	})
}
