package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/notify"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 123456000, time.FixedZone("", 8*3600))

// invitation has every field set.
func invitation() notify.Message {
	return notify.Message{
		ID: "m1", Time: noon, Expires: noon.Add(24 * time.Hour), Kind: notify.Invitation, Channel: notify.Email,
		To: "li.na@example.com", Tenant: "acme", Account: "42", Locale: "en-GB",
		Params: notify.Params{
			Product: "Acme CRM", Identifier: "li.na", IP: netip.MustParseAddr("192.0.2.1"), Place: "Shanghai",
			Device: "Firefox, Windows", UserAgent: "Mozilla/5.0", Until: noon.Add(time.Hour),
		},
		Link:  notify.NewSecret("https://crm.example.com/set#token=CANARY"),
		Token: notify.NewSecret("CANARY"),
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	m := invitation()
	hidden := struct{ m notify.Message }{m}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o"} {
		for _, v := range []any{m, &m, hidden, m.Link, &m.Link, []notify.Secret{m.Token}} {
			out := fmt.Sprintf(verb, v)
			assert.NotContains(t, out, "CANARY", verb)
			assert.NotContains(t, strings.ToLower(out), "43414e415259", verb)
			assert.NotContains(t, out, "67 65 78", verb)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", m), "Link:[redacted] Token:[redacted]")
	for _, v := range []any{m, m.Link, map[string]any{"m": m}, map[notify.Secret]int{m.Link: 1}} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		assert.NotContains(t, string(b), "CANARY")
		assert.Contains(t, string(b), "[redacted]")
	}
	for _, make := range []func(io.Writer) slog.Handler{
		func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var b bytes.Buffer
		slog.New(make(&b)).Info("x", "message", m, "link", m.Link, "pointer", &m, "hidden", hidden)
		assert.NotContains(t, b.String(), "CANARY")
		assert.Contains(t, b.String(), "[redacted]")
	}
	assert.Equal(t, "CANARY", m.Token.Reveal())
	//lint:ignore SA9005 that it can't be decoded is what is tested
	assert.Error(t, json.Unmarshal([]byte(`"x"`), new(notify.Secret)))
}

func TestZeroSecret(t *testing.T) {
	var s notify.Secret
	assert.Empty(t, s.Reveal()+s.String())
	assert.True(t, notify.NewSecret("").IsZero())
	b, err := json.Marshal(notify.Message{ID: "x"})
	require.NoError(t, err)
	assert.NotContains(t, string(b), "link")
}

func TestValidateRefuses(t *testing.T) {
	require.NoError(t, invitation().Validate())
	for name, c := range map[string]struct {
		change func(*notify.Message)
		want   string
	}{
		"newline in address":   {func(m *notify.Message) { m.To = "a@example.com\r\nBcc: b@example.com" }, "To must"},
		"two addresses":        {func(m *notify.Message) { m.To = "a@example.com,b@example.com" }, "To must"},
		"name and address":     {func(m *notify.Message) { m.To = "A <a@example.com>" }, "To must"},
		"quoted local part":    {func(m *notify.Message) { m.To = `"a b"@example.com` }, "To must"},
		"bidi in address":      {func(m *notify.Message) { m.To = "a\u202e@example.com" }, "To must"},
		"no address":           {func(m *notify.Message) { m.To = "" }, "To must"},
		"long address":         {func(m *notify.Message) { m.To = strings.Repeat("a", 250) + "@b.cn" }, "To must"},
		"mail as phone":        {func(m *notify.Message) { m.Channel = notify.SMS }, "phone"},
		"phone with newline":   {func(m *notify.Message) { m.Channel, m.To = notify.SMS, "13800138000\n" }, "phone"},
		"newline in product":   {func(m *notify.Message) { m.Params.Product = "Acme\r\nBcc: x@example.com" }, "Product"},
		"long product":         {func(m *notify.Message) { m.Params.Product = strings.Repeat("长", 65) }, "Product"},
		"no channel":           {func(m *notify.Message) { m.Channel = "" }, "Channel"},
		"path in id":           {func(m *notify.Message) { m.ID = "../x" }, "ID"},
		"long id":              {func(m *notify.Message) { m.ID = strings.Repeat("x", 65) }, "ID"},
		"no kind":              {func(m *notify.Message) { m.Kind = "" }, "Kind"},
		"kind with newline":    {func(m *notify.Message) { m.Kind = "a\n" }, "Kind"},
		"long locale":          {func(m *notify.Message) { m.Locale = strings.Repeat("zh,", 100) }, "Locale"},
		"script link":          {func(m *notify.Message) { m.Link = notify.NewSecret("javascript:alert('CANARY')") }, "Link"},
		"http link":            {func(m *notify.Message) { m.Link = notify.NewSecret("http://crm.example.com/CANARY") }, "Link"},
		"link with newline":    {func(m *notify.Message) { m.Link = notify.NewSecret("https://a.example/\nCANARY") }, "Link"},
		"link with user":       {func(m *notify.Message) { m.Link = notify.NewSecret("https://crm@a.example/CANARY") }, "Link"},
		"relative link":        {func(m *notify.Message) { m.Link = notify.NewSecret("/CANARY") }, "Link"},
		"invitation, no link":  {func(m *notify.Message) { m.Link = notify.Secret{} }, "needs a Link"},
		"all faults are named": {func(m *notify.Message) { m.ID, m.Channel = "?", "" }, "ID must"},
	} {
		m := invitation()
		c.change(&m)
		err := m.Validate()
		require.ErrorContains(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "CANARY", name)
		assert.NotContains(t, err.Error(), "example.com", name)
		_, _, _, err = notify.Render(m)
		require.Error(t, err, "%s: rendered all the same", name)
	}
	for _, ok := range []string{"http://localhost:8080/x", "http://127.0.0.1/x", "http://[::1]:80/x", "http://crm.localhost/x"} {
		m := invitation()
		m.Link = notify.NewSecret(ok)
		assert.NoError(t, m.Validate(), ok)
	}
	for _, ok := range []string{"+8613800138000", "10086"} {
		m := invitation()
		m.Channel, m.To = notify.SMS, ok
		assert.NoError(t, m.Validate(), ok)
	}
	m := invitation()
	m.To = "李娜@例子.中国"
	assert.NoError(t, m.Validate())
}
