package password

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCalibrate(t *testing.T) {
	// A machine that takes 5 ms to begin with and 0.5 µs a block.
	measure := func(p Params) time.Duration {
		return 5*time.Millisecond + time.Duration(p.Memory)*time.Duration(p.Time)*500*time.Nanosecond
	}
	floor := Params{}.withDefaults() // 24.5 ms
	for _, c := range []struct {
		target time.Duration
		memory uint32
		want   Params
	}{
		{0, 0, floor},
		{-time.Second, 0, floor},
		{time.Millisecond, 0, floor},
		{20 * time.Millisecond, 0, floor},
		{50 * time.Millisecond, 0, Params{44417, 2, 1}}, // 49.4 ms
		{50 * time.Millisecond, 1, Params{19456, 5, 1}}, // 53.6 ms, against 43.9
		{250 * time.Millisecond, 0, Params{65536, 7, 1}},
		{250 * time.Millisecond, 1 << 20, Params{243869, 2, 1}}, // 248.9 ms
		{time.Second, 0, Params{65536, 30, 1}},
	} {
		got := calibrate(c.target, c.memory, measure)
		assert.Equal(t, c.want, got, "%v within %d KiB", c.target, c.memory)
		assert.NoError(t, got.strong())
	}
	assert.Equal(t, floor, calibrate(time.Hour, 0, func(Params) time.Duration { return 2 * time.Hour }))
	stuck := calibrate(time.Hour, 0, func(Params) time.Duration { return 0 })
	assert.NoError(t, stuck.valid(), "a clock that stands still does no harm")
}
