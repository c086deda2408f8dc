package main

import (
	"math"
	"slices"
)

// percentile returns the value below which the share p, from 0 to 1, of values
// lies, interpolated between neighbours; NaN if there are no values.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := p * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}

// median returns the value in the middle; NaN if there are no values.
func median(values []float64) float64 { return percentile(values, 0.5) }
