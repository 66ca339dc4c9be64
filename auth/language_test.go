package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crmauth/crmauth/auth"
)

// Wishes come from whoever asks: four of at most 256 bytes are read.
func TestLanguageReadsAFewWishes(t *testing.T) {
	assert.Equal(t, "zh-CN", auth.Language("xx", "xx", "xx", "zh"))
	assert.Equal(t, "en", auth.Language("xx", "xx", "xx", "xx", "zh"))
	assert.Equal(t, "zh-CN", auth.Language("zh"+strings.Repeat(" ", 254)))
	assert.Equal(t, "en", auth.Language("zh"+strings.Repeat(" ", 255)))

	full := strings.TrimSuffix(strings.Repeat("zh-CN,", 42), ",")
	cost := func(n int) float64 {
		wishes := slices.Repeat([]string{full}, n)
		return testing.AllocsPerRun(5, func() { auth.Language(wishes...) })
	}
	assert.Equal(t, cost(4), cost(4000))
}
