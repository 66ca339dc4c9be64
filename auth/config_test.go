package auth_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/store/memstore"
)

func TestNewNamesEverythingThatIsMissing(t *testing.T) {
	_, err := auth.New(auth.Config{})
	for _, want := range []string{
		"BaseURL", "Keys", "Notifier", "Stores.Accounts", "Stores.Security", "Stores.Tokens", "Stores.Flows",
		"Stores.Sessions", "Stores.Counters", "Stores.Outbox", "Stores.Audit",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func complete(t *testing.T) auth.Config {
	ring, err := keyring.New(keyring.Generate())
	require.NoError(t, err)
	return auth.Config{
		BaseURL: "http://localhost:8080", Stores: new(memstore.Store).Stores(), Keys: ring,
		Notifier: notify.InsecureConsole(io.Discard),
	}
}

func TestNewRefusesWhatIsUnsafe(t *testing.T) {
	for name, edit := range map[string]func(*auth.Config){
		"plain http":        func(c *auth.Config) { c.BaseURL = "http://crm.example.com" },
		"a path":            func(c *auth.Config) { c.BaseURL = "https://crm.example.com/x" },
		"a user":            func(c *auth.Config) { c.BaseURL = "https://u:p@crm.example.com" },
		"no host":           func(c *auth.Config) { c.BaseURL = "https://" },
		"a former http":     func(c *auth.Config) { c.FormerURLs = []string{"http://old.example.com"} },
		"a cap beyond NIST": func(c *auth.Config) { c.Limits.Cap = 101 },
		"cheap hashes":      func(c *auth.Config) { c.Hashing.Argon2id = password.Params{Memory: 64, Time: 1, Threads: 1} },
		"a bad ladder":      func(c *auth.Config) { c.Limits.Account.Free = -1 },
		"a page elsewhere":  func(c *auth.Config) { c.PasswordPage = "https://evil.example.com" },
		"a negative age":    func(c *auth.Config) { c.RecentFor = -1 },
	} {
		c := complete(t)
		edit(&c)
		_, err := auth.New(c)
		assert.Error(t, err, name)
	}
	for _, base := range []string{"https://crm.example.com", "https://crm.example.com:8443/", "http://localhost:1", "http://a.localhost", "http://127.0.0.9", "http://[::1]:8080"} {
		c := complete(t)
		c.BaseURL = base
		_, err := auth.New(c)
		assert.NoError(t, err, base)
	}
}

func TestCodesAndMessages(t *testing.T) {
	assert.Equal(t, auth.CodeInvalidCredentials, auth.CodeOf(errors.Join(errors.New("x"), auth.ErrInvalidCredentials)))
	assert.Equal(t, auth.CodeUnavailable, auth.CodeOf(errors.New("anything")))
	assert.Empty(t, auth.CodeOf(nil))
	assert.Equal(t, "账号或密码错误。", auth.Message(auth.ErrInvalidCredentials, "zh-TW,zh;q=0.9,en;q=0.1"))
	assert.Equal(t, "The name or the password is wrong.", auth.Message(auth.ErrInvalidCredentials, "fr"))
	for wait, want := range map[time.Duration]string{
		time.Second: "in 1 seconds", time.Minute: "in 60 seconds", 5 * time.Minute: "in 5 minutes",
		61*time.Minute + 1: "in 62 minutes", 24 * time.Hour: "in 24 hours", lockout.Never: "Too many attempts.",
	} {
		assert.Contains(t, auth.Message(&auth.RateLimitedError{RetryAfter: wait}), want)
	}
	rejected := &password.RejectedError{Violations: []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 15}}}}
	assert.Equal(t, auth.CodePasswordRejected, auth.CodeOf(rejected))
	assert.Contains(t, auth.Message(rejected), "15")
	assert.Equal(t, auth.Message(errors.New("secret detail")), auth.Message(&auth.UnavailableError{Op: "x", Err: errors.New("y")}))
}

func TestLanguage(t *testing.T) {
	for wish, want := range map[string]string{
		"": "en", "de": "en", "en-GB": "en", "zh": "zh-CN", "zh-CN": "zh-CN", "zh-TW": "zh-CN", "zh-Hant-HK": "zh-CN",
		"fr,zh;q=0.9,en;q=0.8": "zh-CN", "nonsense;;": "en",
	} {
		assert.Equal(t, want, auth.Language(wish), "%q", wish)
	}
	closed := &auth.MaintenanceError{Message: map[string]string{"zh-CN": "九点恢复。"}}
	assert.Equal(t, "九点恢复。", auth.Message(closed, "zh"))
}
