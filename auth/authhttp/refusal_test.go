package authhttp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/lockout"
)

// A browser sends one line of languages. However many more there are, and however
// long it is, a refusal reads and costs the same.
func TestLanguagesHaveALimit(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	ask := func(lines ...string) answer {
		b := s.browser(t)
		b.header["Accept-Language"] = lines
		a := b.get("/auth/session")
		require.Equal(t, http.StatusUnauthorized, a.Code)
		return a
	}
	full := strings.TrimSuffix(strings.Repeat("en-GB,", 42), ",") // as much as one line may hold
	flood := append([]string{"zh-CN"}, slices.Repeat([]string{full}, 4000)...)
	one, many := ask("zh-CN"), ask(flood...)
	assert.Equal(t, "zh-CN", one.Header().Get("Content-Language"))
	assert.Equal(t, one.Body.String(), many.Body.String())
	assert.Equal(t, one.Header(), many.Header())
	long := ask(strings.Repeat("zh-CN,", 50))
	assert.Equal(t, "en", long.Header().Get("Content-Language"), "a line that is too long is no wish")

	cost := func(lines ...string) float64 { return testing.AllocsPerRun(5, func() { ask(lines...) }) }
	assert.InDelta(t, cost("zh-CN"), cost(flood...), 20, "allocations; a full line that is parsed takes more")
}

// What no waiting opens asks nobody to wait.
func TestNoRetryAfterWhereNoWaitingHelps(t *testing.T) {
	s := newSite(t, auth.Config{Limits: auth.Limits{Account: lockout.Cap(2)}}, authhttp.Config{})
	b := s.browser(t)
	for range 2 {
		require.Equal(t, http.StatusUnauthorized, b.login("wang@example.com", other).Code)
	}
	a := b.login("wang@example.com", other)
	require.Equal(t, http.StatusTooManyRequests, a.Code)
	assert.NotContains(t, a.Header(), "Retry-After")
	assert.NotContains(t, a.json(), "retry_after")
	assert.Equal(t, "Too many attempts.", a.json()["detail"])
}
