package sqlstore

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/lockout"
)

func TestTimesComeBackExactly(t *testing.T) {
	for _, want := range []time.Time{
		{},
		time.UnixMicro(0).UTC(),
		time.UnixMicro(-1).UTC(),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	} {
		assert.Equal(t, want, fromMicros(micros(want)))
	}
	assert.True(t, fromMicros(micros(time.Time{})).IsZero())
}

func TestDurationsAreNeverShorter(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		1: 1, time.Microsecond: 1, time.Microsecond + 1: 2, 24 * time.Hour: 86_400_000_000,
		lockout.Never: 1<<63 - 1, lockout.Never - 1: 1<<63 - 1,
	} {
		assert.Equal(t, want, span(d), "%v", d)
	}
}

func TestListsAndAddressesComeBackExactly(t *testing.T) {
	for _, want := range [][]string{nil, {""}, {"sales", "<admin>", "经理", "a,b", `"`}} {
		got, err := fromList(list(want))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, want := range []netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddr("::ffff:192.0.2.1")} {
		got, err := fromAddress(address(want))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := fromAddress("nowhere")
	assert.ErrorContains(t, err, "damaged record")
	_, err = fromList("[")
	assert.ErrorContains(t, err, "damaged record")
}
