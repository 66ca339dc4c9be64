package password

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// breaches counts how often it is asked.
type breaches struct{ asked int }

func (b *breaches) Breached(context.Context, string) (int, error) {
	b.asked++
	return 1, nil
}

// Advice asks nobody: neither the breach data nor the account's history.
func TestPreviewAsksNobody(t *testing.T) {
	b := new(breaches)
	p, err := MLPS().With(Options{Breach: b})
	require.NoError(t, err)
	c := Candidate{Password: "Kx7-Lantern!plum", History: func(context.Context, string, int) (bool, error) {
		t.Error("the history was asked")
		return false, nil
	}}
	assert.Empty(t, p.Preview(c))
	assert.Zero(t, b.asked)
	c.History = nil
	assert.Error(t, p.Check(t.Context(), c))
	assert.Equal(t, 1, b.asked)
	assert.NotEmpty(t, p.Preview(Candidate{Password: "short"}))
}
