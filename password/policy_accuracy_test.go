package password_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/password"
)

// words reads a list of ordinary words.
func words(t *testing.T, name string, least int) []string {
	t.Helper()
	file, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	list := strings.Fields(string(file))
	require.GreaterOrEqual(t, len(list), least)
	return list
}

// phrase joins n random words.
func phrase(random *rand.Rand, list []string, n int, between string, capitals bool) string {
	picked := make([]string, n)
	for i := range picked {
		w := list[random.IntN(len(list))]
		if capitals {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		picked[i] = w
	}
	return strings.Join(picked, between)
}

func TestRandomPassphrasesPass(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 5))
	list := words(t, "policy_ordinary_words.txt", 1500)
	styles := []struct {
		between  string
		capitals bool
	}{{"", false}, {" ", false}, {"-", false}, {"", true}, {" ", true}}
	const n = 10_000
	refused, tooShort := 0, 0
	for i := range n {
		style := styles[i%len(styles)]
		pass := phrase(random, list, 5, style.between, style.capitals)
		if len(pass) < 15 {
			tooShort++
			continue
		}
		if len(check(t, password.NIST(), password.Candidate{Password: pass})) > 0 {
			refused++
		}
	}
	t.Logf("%d of %d random five-word passphrases refused (and %d shorter than 15)", refused, n, tooShort)
	assert.LessOrEqual(t, refused, n/1000)
	assert.Less(t, tooShort, n/100)
}

func TestRandomChinesePassphrasesPass(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 4))
	list := words(t, "policy_ordinary_words_zh.txt", 300)
	const n = 2000
	refused := 0
	for range n {
		pass := phrase(random, list, 4, "", false)
		refused += len(check(t, password.NIST(), password.Candidate{Password: pass, FactorMandatory: true}))
	}
	t.Logf("%d of %d random passphrases of four Chinese words refused", refused, n)
	assert.LessOrEqual(t, refused, n/1000)
}

func TestRandomStringsPass(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 16))
	lower, digits := "abcdefghijklmnopqrstuvwxyz", "0123456789"
	for _, tc := range []struct {
		name, alphabet string
		length, n      int
		perMille       int
		policy         *password.Policy
	}{
		{"16 letters and digits", lower + strings.ToUpper(lower) + digits, 16, 1000, 0, password.NIST()},
		{"15 small letters", lower, 15, 1000, 0, password.NIST()},
		{"20 hexadecimal digits", digits + "abcdef", 20, 1000, 0, password.NIST()},
		{"8 letters and digits", lower + strings.ToUpper(lower) + digits, 8, 2000, 5, password.NIST()},
		{"8 small letters", lower, 8, 2000, 5, password.NIST()},
		{"16 of everything, MLPS", lower + strings.ToUpper(lower) + digits + "!#%*+-./:=?@_~", 16, 1000, 20, password.MLPS()},
	} {
		refused := 0
		for range tc.n {
			b := make([]byte, tc.length)
			for i := range b {
				b[i] = tc.alphabet[random.IntN(len(tc.alphabet))]
			}
			if len(check(t, tc.policy, password.Candidate{Password: string(b), FactorMandatory: tc.length < 15})) > 0 {
				refused++
			}
		}
		t.Logf("%s: %d of %d refused", tc.name, refused, tc.n)
		assert.LessOrEqual(t, 1000*refused, tc.perMille*tc.n, tc.name)
	}
}

func TestHabitsAreRefused(t *testing.T) {
	t.Parallel()
	for code, habits := range map[password.Code][]string{
		password.CodeCommon: {
			"passwordpassword", "P@ssw0rdP@ssw0rd", "Welcome2024Welcome2024!", "letmeinletmeinletmein", "mysecretpassword123",
			"ilovemymotherandfather?", "iloveyou-iloveyou-iloveyou", "ToBeOrNotToBeThatIsTheQuestion", "to be or not to be, 1601",
			"maytheforcebewithyou77", "correct horse battery staple", "woaini1314woaini", "woaini5201314forever", "zhangweiwoaini1314",
			"chuangqianmingyueguang", "床前明月光疑是地上霜举头望明月", "drowssapdrowssap", "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
			"p-a-s-s-w-o-r-d-1-2-3", "Pässwörd Pässwörd 2024",
		},
		password.CodeSequence: {"123456789012345", "abcdefghijklmnop", "987654321098765", "112233445566778899", "一二三四五六七八九十一二三四五", "a1b2c3d4e5f6g7h8"},
		password.CodeKeyboard: {"qwertyuiopasdfgh", "1qaz2wsx3edc4rfv", "qazwsxedcrfvtgb", "0o9i8u7y6t5r4e3w", "!QAZ@WSX#EDC$RFV", "z x d r f v g y h n j i"},
		password.CodeRepeated: {"aaaaaaaaaaaaaaa", "abcabcabcabcabc", "xk7xk7xk7xk7xk7xk7", "我爱你我爱你我爱你我爱你我爱你", "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈"},
		password.CodeNumber:   {"19900102198803041", "1990-01-02 1988-03-04"},
	} {
		for _, habit := range habits {
			assert.Contains(t, codes(check(t, password.NIST(), password.Candidate{Password: habit})), code, habit)
		}
	}
	for _, short := range []string{"Summer2024!", "qwerty123", "trustno1", "abc12345", "147258369", "13812345678", "19900102", "zxy123456", "aini1314", "Admin@123", "5201314a", "qq738291645", "18739284651", "密码密码密码密码"} {
		assert.NotEmpty(t, check(t, password.NIST(), password.Candidate{Password: short, FactorMandatory: true}), short)
		assert.NotEmpty(t, check(t, password.MLPS(), password.Candidate{Password: short}), short)
	}
}
