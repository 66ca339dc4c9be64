package password_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/password"
)

func TestCommonPasswordsAreManyAndRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		least  int
		factor bool
	}{{8, true}, {15, false}} {
		n, seen := 0, make(map[string]bool)
		for pass := range password.CommonPasswords(tc.least) {
			n++
			require.False(t, seen[pass], "twice: %q", pass)
			seen[pass] = true
			require.GreaterOrEqual(t, utf8.RuneCountInString(pass), tc.least)
			// Of the long tail a sample is enough.
			if n > 3500 && n%53 != 0 {
				continue
			}
			require.NotEmpty(t, check(t, password.NIST(), password.Candidate{Password: pass, FactorMandatory: tc.factor}), "%q", pass)
		}
		t.Logf("%d common passwords of at least %d code points", n, tc.least)
		assert.GreaterOrEqual(t, n, 3000, "ASVS 5.0, 6.2.4")
	}
}

func TestCommonPasswordsCanStopEarly(t *testing.T) {
	t.Parallel()
	n := 0
	for range password.CommonPasswords(8) {
		if n++; n == 10 {
			break
		}
	}
	assert.Equal(t, 10, n)
}

func TestListIsComparedWithoutCaseWidthAndSubstitutions(t *testing.T) {
	t.Parallel()
	list, err := password.ReadList(strings.NewReader("Zq7 rattling Moth\r\n\nvenster-Lamp-0x\n\xff\xfe\n" + strings.Repeat("y", 257) + "\n中文密钥本子灯火\n"))
	require.NoError(t, err)
	assert.Equal(t, 3, list.Len())
	for pass, want := range map[string]bool{
		"Zq7 rattling Moth": true, "zq7 RATTLING moth": true, "zq7 r@ttl1ng m0th": true, "ｚｑ7 rattling moth": true,
		"Zq7 rattling Moths": false, "rattling Moth": false, "venster-lamp-0x": true, "中文密钥本子灯火": true, "": false,
	} {
		assert.Equal(t, want, list.Listed(pass), pass)
	}

	policy, err := password.NIST().With(password.Options{Blocklists: []password.Blocklist{list}})
	require.NoError(t, err)
	assert.Equal(t, []password.Code{password.CodeCommon}, codes(check(t, policy, password.Candidate{Password: "zq7 rattling moth"})))
	assert.Empty(t, check(t, policy, password.Candidate{Password: "zq7 rattling moth under"}))
	assert.Equal(t, 1, policy.Report().Blocklists)
}

func TestReadListRefusesWhatIsTooLargeOrBroken(t *testing.T) {
	t.Parallel()
	_, err := password.ReadList(bytes.NewReader(bytes.Repeat([]byte("x"), 2<<20)))
	require.ErrorContains(t, err, "one password a line")

	_, err = password.ReadList(io.LimitReader(endless{}, 1<<30))
	require.ErrorContains(t, err, "256 MiB")

	failure := errors.New("disk")
	_, err = password.ReadList(iotest.ErrReader(failure))
	require.ErrorIs(t, err, failure)
}

// endless is a reader of lines that are too long to be passwords.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	p[0] = '\n'
	return len(p), nil
}
