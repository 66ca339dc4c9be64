package password

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// meter is a scheme that counts work. Its hashes are "meter:" and one letter
// for each unit; the password of each is "right".
type meter struct {
	max  int
	done *atomic.Int64
}

type metered struct {
	meter
	cost int
	real bool
}

func (m meter) Parse(stored string) (Verifier, error) {
	units, ok := strings.CutPrefix(stored, "meter:")
	if !ok {
		return nil, ErrOtherScheme
	}
	if len(units) > m.max {
		return nil, ErrTooDear
	}
	return metered{m, len(units), true}, nil
}

func (m meter) Decoy() Verifier { return metered{m, m.max, false} }

func (v metered) Verify(password []byte) (bool, error) {
	v.done.Add(int64(v.cost))
	return v.real && string(password) == "right", nil
}

func (v metered) TopUp([]byte) error { v.done.Add(int64(v.max - v.cost)); return nil }
func (v metered) Memory() int64      { return 1 }

// Every way to fail does the whole of every declared scheme exactly once, and
// asks the pepper exactly once; a password that isn't in form C does it twice.
func TestFailuresDoEqualWork(t *testing.T) {
	var units, macs atomic.Int64
	pepper := testPepper{current: "k1", keys: map[string]string{"k1": "x", "k0": "y"}, calls: &macs}
	h := cheapHasher(t, func(c *Config) {
		c.Accept = []Scheme{meter{5, &units}, Bcrypt(4), meter{7, &units}}
		c.Pepper = pepper
	})
	pepper.current = "k0"
	former := hashOf(t, cheapHasher(t, func(c *Config) { c.Pepper = pepper }), "right")
	plain := hashOf(t, cheapHasher(t, nil), "right")
	cheaper := hashOf(t, cheapHasher(t, func(c *Config) { c.Argon2id.Memory = 16 }), "right")
	theirs, err := bcrypt.GenerateFromPassword([]byte("right"), 4)
	require.NoError(t, err)

	work := func(stored, password string) (n, m int64, ok bool, err error) {
		units.Store(0)
		macs.Store(0)
		r, err := h.Verify(t.Context(), stored, password)
		return units.Load(), macs.Load(), r.OK, err
	}
	for name, c := range map[string]struct {
		stored       string
		unverifiable bool
	}{
		"current":          {stored: hashOf(t, h, "right")},
		"former key":       {stored: former},
		"no pepper":        {stored: plain},
		"cheaper":          {stored: cheaper},
		"bcrypt":           {stored: string(theirs)},
		"metered, 1 of 5":  {stored: "meter:x"},
		"metered, 5 of 5":  {stored: "meter:xxxxx"},
		"metered, 6 of 7":  {stored: "meter:xxxxxx"},
		"too dear":         {stored: "meter:xxxxxxxx", unverifiable: true},
		"no password":      {stored: ""},
		"malformed":        {stored: "$argon2id$v=19$", unverifiable: true},
		"unknown scheme":   {stored: "{SSHA}x", unverifiable: true},
		"unknown, longest": {stored: strings.Repeat("x", phcMaxLength+1), unverifiable: true},
	} {
		for password, forms := range map[string]int64{"wrong": 1, "": 1, strings.Repeat("w", 100): 1, "wrong e\u0301": 2} {
			n, m, ok, err := work(c.stored, password)
			assert.Equal(t, 12*forms, n, "%s, %q: units of work", name, password)
			assert.Equal(t, forms, m, "%s, %q: pepper calls", name, password)
			assert.False(t, ok)
			if c.unverifiable && password != "" {
				assert.ErrorIs(t, err, ErrUnverifiable, name)
			} else {
				assert.NoError(t, err, name)
			}
		}
	}
	units.Store(0)
	macs.Store(0)
	require.NoError(t, h.Reject(t.Context(), "wrong"))
	assert.EqualValues(t, 12, units.Load())
	assert.EqualValues(t, 1, macs.Load())

	n, _, ok, err := work("meter:xx", "right")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.EqualValues(t, 2, n, "a right password is not topped up")
	n, _, _, _ = work(plain, "right")
	assert.Zero(t, n)
}

func TestArgon2idDeclarationsAreMerged(t *testing.T) {
	own := &argon2Scheme{usual: Params{64, 2, 2}, memory: 64, work: 128}
	accept := []Scheme{
		Bcrypt(4),
		Argon2id(Params{128, 1, 2}), // merged into own
		Argon2id(Params{32, 1, 1}),
		Argon2id(Params{16, 8, 1}), // merged with the one before
	}
	schemes := acceptedSchemes(own, accept)
	require.Len(t, schemes, 3)
	single := schemes[0].(*argon2Scheme)
	assert.EqualValues(t, 1, single.usual.Threads, "fewer threads first")
	assert.EqualValues(t, 32, single.memory)
	assert.EqualValues(t, 128, single.work)
	assert.Same(t, own, schemes[1])
	assert.EqualValues(t, 128, own.memory)
	assert.EqualValues(t, 128, own.work)
	assert.True(t, slices.Contains(schemes, Bcrypt(4)))
	assert.EqualValues(t, 32, accept[2].(*argon2Scheme).work, "the caller's declaration stays as it is")
}
