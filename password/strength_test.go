package password_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crmauth/crmauth/password"
)

func TestEstimateOrdersPasswordsAsAnAttackerWould(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pass   string
		least  int
		most   int
		reason password.Code // of those given
	}{
		{"", 0, 0, password.CodeTooShort},
		{"x7k", 0, 0, password.CodeTooShort},
		{"password", 0, 0, password.CodeCommon},
		{"passwordpasswordpassword", 0, 0, password.CodeCommon},
		{"密码密码密码", 0, 0, password.CodeRepeated},
		{"correct horse battery staple", 0, 0, password.CodeCommon},
		{"qwertyuiopasdfghjkl", 0, 0, password.CodeKeyboard},
		{strings.Repeat("a", 200), 0, 0, password.CodeRepeated},
		{"woaini1314520", 0, 0, password.CodeCommon},
		{"20240102", 0, 0, password.CodeNumber},
		{"8305926174", 1, 1, password.CodeNumber},
		{"orange elephant", 0, 1, password.CodeCommon},
		{"k7#mQz", 1, 2, password.CodeTooShort},
		{"k7#mQz2x", 1, 2, password.CodeTooShort},
		{"pelican trellis verdict mosaic", 3, 4, ""},
		{"pelican trellis verdict mosaic gasket", 4, 4, ""},
		{"xkvz qwpl mjtr 73#", 4, 4, ""},
		{unguessable[:16], 4, 4, ""},
		{unguessable, 4, 4, ""},
		{"窗户骆驼灯塔绘画", 3, 4, ""},
	} {
		s := password.Estimate(tc.pass)
		assert.GreaterOrEqual(t, s.Score, tc.least, "%q %+v", tc.pass, s)
		assert.LessOrEqual(t, s.Score, tc.most, "%q %+v", tc.pass, s)
		if tc.reason != "" {
			assert.Contains(t, s.Reasons, tc.reason, tc.pass)
		} else {
			assert.Empty(t, s.Reasons, tc.pass)
		}
	}
}

func TestEstimateKnowsTheContext(t *testing.T) {
	t.Parallel()
	pass := "thorvaldsenFjordblikk"
	without, with := password.Estimate(pass), password.Estimate(pass, "Thorvaldsen Fjordblikk AS")
	assert.Greater(t, without.Score, with.Score)
	assert.Contains(t, with.Reasons, password.CodeContext)
}

func TestEstimateOfMoreIsNeverLessBeyondWhatIsLookedAt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(unguessable, 4)[:256]
	assert.Equal(t, password.Estimate(long), password.Estimate(long+strings.Repeat("z", 1<<20)))
}
