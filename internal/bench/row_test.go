package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRowsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rows() {
		assert.False(t, seen[r.name], r.name)
		seen[r.name] = true
	}
	assert.NotEmpty(t, seen)
}

func TestPlanKeepsToTheLeastThatCounts(t *testing.T) {
	t.Parallel()
	p := planOf(0, false)
	assert.GreaterOrEqual(t, p.rounds, 15)
	assert.GreaterOrEqual(t, p.side, 30*time.Millisecond)
	assert.GreaterOrEqual(t, p.loopRounds, 9)
	assert.GreaterOrEqual(t, p.loopSide, time.Second)
	assert.Equal(t, 4, planOf(4, false).rounds)
	assert.True(t, planOf(0, true).quick)
}

// Rows check that floor and subject do the same work when they are opened, so a
// short run of each that needs no server is a test of that.
func TestPairedRowsMeasure(t *testing.T) {
	t.Parallel()
	for _, group := range [][]row{triggerRows(), authRows(), webhookRows()} {
		for _, r := range group {
			m, err := r.measure(&lab{plan: plan{rounds: 1, counted: 10}})
			require.NoError(t, err, r.name)
			assert.Len(t, m.ratios, 1, r.name)
		}
	}
}
