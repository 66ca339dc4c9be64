package password_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/password"
)

// unguessable has 80 code points that belong together by chance alone.
const unguessable = "vK7tq0ZrXw2mHc9sNb5yLd3gPj8fUe6aTi4oRx1kVzWnQhMuCpGyBsDlJfEw0XvKq7tZr2mHc9sNb5yL"

func check(t *testing.T, p *password.Policy, c password.Candidate) []password.Violation {
	t.Helper()
	err := p.Check(t.Context(), c)
	if err == nil {
		return nil
	}
	rejected, ok := errors.AsType[*password.RejectedError](err)
	require.True(t, ok, "%T: %v", err, err)
	require.NotEmpty(t, rejected.Violations)
	return rejected.Violations
}

func codes(found []password.Violation) (codes []password.Code) {
	for _, v := range found {
		codes = append(codes, v.Code)
	}
	return codes
}

func TestLengthIsCountedInCodePoints(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(unguessable, 4)
	emoji := []rune("🦊🚲🎻🧭🪁🌵🧀🛶🔭🪴🧲🎈🐙🥁🧊🪐")
	for _, tc := range []struct {
		name   string
		policy *password.Policy
		factor bool
		pass   string
		want   []password.Violation
	}{
		{"14, password alone", password.NIST(), false, unguessable[:14], []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 15}}}},
		{"15, password alone", password.NIST(), false, unguessable[:15], nil},
		{"7 with a factor", password.NIST(), true, unguessable[:7], []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 8}}}},
		{"8 with a factor", password.NIST(), true, unguessable[:8], nil},
		{"7, MLPS", password.MLPS(), false, unguessable[:7], []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 8}}}},
		{"8, MLPS", password.MLPS(), false, unguessable[:8], nil},
		{"64", password.NIST(), false, unguessable[:64], nil},
		{"256", password.NIST(), false, long[:256], nil},
		{"257", password.NIST(), false, long[:257], []password.Violation{{Code: password.CodeTooLong, Params: map[string]int{"max": 256, "max_bytes": 1024}}}},
		{"1,025 bytes", password.NIST(), false, strings.Repeat("é", 512) + "x", []password.Violation{{Code: password.CodeTooLong, Params: map[string]int{"max": 256, "max_bytes": 1024}}}},
		{"14 emoji", password.NIST(), false, string(emoji[:14]), []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 15}}}},
		{"15 emoji", password.NIST(), false, string(emoji[:15]), nil},
		{"8 letters with combining accents count 8", password.NIST(), true, "t\u0301k\u0304" + "e\u0301v\u0307", []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 8}}}},
		{"not UTF-8", password.NIST(), false, unguessable[:20] + "\xff", []password.Violation{{Code: password.CodeInvalidEncoding}}},
		{"empty", password.NIST(), false, "", []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 15}}}},
		{"the zero policy is NIST's", new(password.Policy), false, unguessable[:14], []password.Violation{{Code: password.CodeTooShort, Params: map[string]int{"min": 15}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, check(t, tc.policy, password.Candidate{Password: tc.pass, FactorMandatory: tc.factor}))
		})
	}
}

func TestNISTAsksForNoKindOfCharacter(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(6, 25))
	printable := make([]rune, 0, 95)
	for r := ' '; r <= '~'; r++ {
		printable = append(printable, r)
	}
	alphabets := map[string][]rune{
		"lower case":  printable['a'-' ' : 'z'-' '+1],
		"capitals":    printable['A'-' ' : 'Z'-' '+1],
		"digits":      printable['0'-' ' : '9'-' '+1],
		"punctuation": []rune(`!"#$%&'()*+,-./:;<=>?@[\]^_{|}~`),
		"printing":    printable,
		"Cyrillic":    []rune("абвгдежзийклмнопрстуфхцчшщъыьэюя"),
		"Hangul":      []rune("가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허"),
		"emoji":       []rune("😀😃😄😁😆😅😂🙂🙃😉😊😇🥰😍🤩😘😗☺😚😙"),
	}
	for name, alphabet := range alphabets {
		refused := 0
		for range 150 {
			runes := make([]rune, 16+random.IntN(49))
			for i := range runes {
				runes[i] = alphabet[random.IntN(len(alphabet))]
			}
			found := check(t, password.NIST(), password.Candidate{Password: string(runes)})
			assert.NotContains(t, codes(found), password.CodeComposition)
			refused += len(found)
		}
		// Among random digits there is a date now and then.
		assert.LessOrEqual(t, refused, 2, name)
	}
	for _, r := range printable { // NIST SP 800-63B-4, 3.1.1.2: every printing character and space
		assert.Empty(t, check(t, password.NIST(), password.Candidate{Password: string(r) + unguessable[:15] + string(r)}), "%q", r)
	}
}

func TestNISTRefusesTheWholePasswordOnly(t *testing.T) {
	t.Parallel()
	personal := password.Personal{Names: []string{"Li Na"}, Birthday: time.Date(1990, 1, 2, 0, 0, 0, 0, time.UTC)}
	for _, part := range []string{"password", "qwertyuiop", "abcdef", "aaaaaaaa", "iloveyou", "LiNa", "19900102", "lina@example.com"} {
		inside := unguessable[:10] + part + unguessable[10:20]
		assert.Empty(t, check(t, password.NIST(), password.Candidate{Password: inside, Identifier: "lina@example.com", Personal: personal}), part)
	}
}

func TestMLPSRefusesPatternsAndPersonalDataInside(t *testing.T) {
	t.Parallel()
	c := password.Candidate{
		Identifier: "lina@acme.example",
		Personal: password.Personal{
			Names: []string{"Wang Xiaoming", "王小明"}, Phones: []string{"+86 138 1234 5678"},
			Birthday: time.Date(1990, time.January, 2, 0, 0, 0, 0, time.UTC),
		},
		Words: []string{"Blue Harbor CRM", "蓝海科技"},
	}
	for part, want := range map[string]password.Code{
		"abcd": password.CodeSequence, "4321": password.CodeSequence, "一二三四": password.CodeSequence,
		"qwer": password.CodeKeyboard, "1QAZ": password.CodeKeyboard, "lkjh": password.CodeKeyboard,
		"aaaa": password.CodeRepeated, "xyxyxy": password.CodeRepeated, "k9wk9w": password.CodeRepeated,
		"Wang": password.CodePersonal, "xiaoming": password.CodePersonal, "gnimoaix": password.CodePersonal, "小明": password.CodePersonal,
		"L1na": password.CodePersonal, "acme": password.CodePersonal, "5678": password.CodePersonal, "345678": password.CodePersonal,
		"19900102": password.CodePersonal, "900102": password.CodePersonal, "0102": password.CodePersonal, "1990-1-2": password.CodePersonal,
		"02/01/90": password.CodePersonal, "02011990": password.CodePersonal, "1990年1月2日": password.CodePersonal, "jan2": password.CodePersonal,
		"Harbor": password.CodeContext, "h4rb0r": password.CodeContext, "蓝海": password.CodeContext,
	} {
		c.Password = "Zt#7" + part + "!Kp9$w"
		assert.Contains(t, codes(check(t, password.MLPS(), c)), want, part)
		c.Password = "Zt#7!Kp9$w"
		assert.Empty(t, check(t, password.MLPS(), c))
	}
	assert.Equal(t, []password.Violation{{Code: password.CodeComposition, Params: map[string]int{"need": 3, "of": 4}}},
		check(t, password.MLPS(), password.Candidate{Password: "tkqvzmrwhp72"}))
	assert.Empty(t, check(t, password.MLPS(), password.Candidate{Password: "tkqvZmrwhp72"}))
}

func TestProfilesReport(t *testing.T) {
	t.Parallel()
	assert.Equal(t, password.Report{
		Profile: "NIST", Standards: []string{"NIST SP 800-63B-4", "OWASP ASVS 5.0"},
		MinLength: 15, MinLengthWithFactor: 8, MaxLength: 256, MaxBytes: 1024, Classes: 4, Common: true,
	}, password.NIST().Report())
	assert.Equal(t, password.Report{
		Profile: "MLPS", Standards: []string{"GB/T 22239-2019"},
		MinLength: 8, MinLengthWithFactor: 8, MaxLength: 256, MaxBytes: 1024, ClassesNeeded: 3, Classes: 4, PatternInside: true, Common: true,
		MaxAge: 90 * 24 * time.Hour, History: 5, IdleTimeout: 15 * time.Minute, LockAfter: 5, LockFor: 30 * time.Minute,
	}, password.MLPS().Report())
	assert.Equal(t, "NIST", new(password.Policy).Name())
	assert.Equal(t, password.NIST().Report(), new(password.Policy).Report())
}

func TestOptionsOnlyMakeStricter(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]password.Options{
		"shorter":        {MinLength: 7},
		"negative":       {MinLength: -1},
		"beyond 64":      {MinLength: 65},
		"tiny word":      {Words: []string{"x"}},
		"huge word":      {Words: []string{strings.Repeat("x", 65)}},
		"too many words": {Words: make([]string, 1001)},
		"nil list":       {Blocklists: []password.Blocklist{nil}},
	} {
		_, err := password.NIST().With(opts)
		assert.ErrorContains(t, err, "password: Options.", name)
	}

	base := password.NIST()
	longer, err := base.With(password.Options{MinLength: 20, Words: []string{"Blue Harbor"}})
	require.NoError(t, err)
	both, err := longer.With(password.Options{MinLength: 12, Words: []string{"Tidewater"}})
	require.NoError(t, err)
	assert.Equal(t, 20, both.Report().MinLength, "a later, smaller minimum doesn't undo an earlier one")
	assert.Equal(t, 20, both.Report().MinLengthWithFactor)
	assert.Equal(t, []string{"Blue Harbor", "Tidewater"}, both.Report().Words)
	assert.Equal(t, 15, base.Report().MinLength, "the original is unchanged")

	for _, pass := range []string{"blueharbor2024blueharbor", "TidewaterTidewater2024", "BlueHarbor-Tidewater!!"} {
		assert.Contains(t, codes(check(t, both, password.Candidate{Password: pass})), password.CodeContext, pass)
	}
	assert.Contains(t, codes(check(t, base, password.Candidate{Password: "KingfisherBank2024!", Words: []string{"Kingfisher Bank"}})), password.CodeContext)
}

type breach func(ctx context.Context, pw string) (int, error)

func (f breach) Breached(ctx context.Context, pw string) (int, error) { return f(ctx, pw) }

func TestHooksAreAskedLastAndWithTheHashedForm(t *testing.T) {
	t.Parallel()
	var asked []string
	failure := errors.New("away")
	var historyErr, breachErr error
	var reused bool
	var count int
	policy, err := password.MLPS().With(password.Options{Breach: breach(func(_ context.Context, pw string) (int, error) {
		asked = append(asked, "breach "+pw)
		return count, breachErr
	})})
	require.NoError(t, err)
	c := password.Candidate{Password: "Zt#7!Kp9$wE\u0301", History: func(_ context.Context, pw string, last int) (bool, error) {
		asked = append(asked, fmt.Sprint("history ", pw, last))
		return reused, historyErr
	}}

	require.NoError(t, policy.Check(t.Context(), c))
	assert.Equal(t, []string{"history Zt#7!Kp9$wÉ5", "breach Zt#7!Kp9$wÉ"}, asked)

	count = 7
	assert.Equal(t, []password.Violation{{Code: password.CodeBreached, Params: map[string]int{"count": 7}}}, check(t, policy, c))
	reused = true
	asked = nil
	assert.Equal(t, []password.Violation{{Code: password.CodeReused, Params: map[string]int{"last": 5}}}, check(t, policy, c))
	assert.Len(t, asked, 1, "a reused password goes to nobody")

	asked = nil
	short := c
	short.Password = "Zt#7"
	assert.Equal(t, []password.Code{password.CodeTooShort}, codes(check(t, policy, short)))
	assert.Empty(t, asked)

	reused, breachErr = false, failure
	hook, ok := errors.AsType[*password.HookError](policy.Check(t.Context(), c))
	require.True(t, ok)
	assert.Equal(t, password.HookBreach, hook.Hook)
	require.ErrorIs(t, hook, failure)
	historyErr = failure
	hook, ok = errors.AsType[*password.HookError](policy.Check(t.Context(), c))
	require.True(t, ok)
	assert.Equal(t, password.HookHistory, hook.Hook)

	asked = nil
	c.Password = unguessable[:20]
	require.NoError(t, password.NIST().Check(t.Context(), c))
	assert.Empty(t, asked, "NIST's profile demands no history")
}

func TestBothBreachCheckersAreAsked(t *testing.T) {
	t.Parallel()
	clean := breach(func(context.Context, string) (int, error) { return 0, nil })
	known := breach(func(context.Context, string) (int, error) { return 1, nil })
	for _, order := range [][2]breach{{clean, known}, {known, clean}} {
		p, err := password.NIST().With(password.Options{Breach: order[0]})
		require.NoError(t, err)
		p, err = p.With(password.Options{Breach: order[1]})
		require.NoError(t, err)
		assert.Equal(t, []password.Code{password.CodeBreached}, codes(check(t, p, password.Candidate{Password: unguessable[:20]})))
	}
}

func TestCandidatesAndErrorsDontShowThePassword(t *testing.T) {
	t.Parallel()
	c := password.Candidate{Password: "Password2024Password", Identifier: "lina"}
	shown := fmt.Sprintf("%v %+v %#v %s %q %d %x", c, c, c, c, c, c, c)
	assert.NotContains(t, shown, c.Password)
	assert.NotContains(t, shown, "lina")
	assert.NotContains(t, c.LogValue().String(), c.Password)
	json, err := c.MarshalJSON()
	require.NoError(t, err)
	assert.NotContains(t, string(json), c.Password)

	err = password.NIST().Check(t.Context(), c)
	assert.EqualError(t, err, "password: refused by the policy: common")
	assert.NotContains(t, fmt.Sprintf("%#v", err), c.Password)
}
