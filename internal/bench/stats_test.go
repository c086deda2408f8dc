package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	ten := []float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}
	tests := []struct {
		name   string
		values []float64
		p      float64
		want   float64
	}{
		{"single value", []float64{7}, 0.9, 7},
		{"median of an odd number", []float64{3, 1, 2}, 0.5, 2},
		{"median of an even number", []float64{4, 1, 3, 2}, 0.5, 2.5},
		{"lowest", ten, 0, 1},
		{"highest", ten, 1, 10},
		{"p10 between the lowest two", ten, 0.1, 1.9},
		{"p90 between the highest two", ten, 0.9, 9.1},
		{"p10 of eleven is the second", []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.InDelta(t, tt.want, percentile(tt.values, tt.p), 1e-9)
		})
	}
}

func TestPercentileOfNothingIsNaN(t *testing.T) {
	t.Parallel()
	assert.True(t, math.IsNaN(median(nil)))
}

func TestPercentileLeavesItsInputInOrder(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2}
	median(values)
	assert.Equal(t, []float64{3, 1, 2}, values)
}
