package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	at := func(r float64) measurement { return measurement{ratios: []float64{0.1, r, 9}} }
	tests := []struct {
		name string
		goal goal
		got  measurement
		want string
	}{
		{"no goal", goal{}, at(5), missing},
		{"at the goal", goal{ratio: 2}, at(2), "ok"},
		{"above the goal", goal{ratio: 2}, at(2.001), "over"},
		{"never measured", goal{ratio: 2}, measurement{}, "over"},
		{"fast enough with too many allocations", goal{ratio: 2, allocs: 3}, measurement{ratios: []float64{1}, allocs: 4}, "over"},
		{"allocations at the goal", goal{allocs: 3}, measurement{allocs: 3}, "ok"},
		{"time above the goal", goal{ratio: 2, time: 1.2}, measurement{ratios: []float64{1}, times: []float64{1.3}}, "over"},
		{"time at the goal", goal{time: 1.2}, measurement{times: []float64{1.2}}, "ok"},
		{"count of none allowed", goal{count: new(int)}, measurement{count: 1}, "over"},
		{"count of none reached", goal{count: new(int)}, measurement{}, "ok"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, verdict(tt.goal, tt.got))
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	limit := 192
	table := newTable()
	table.add(row{name: "trigger, 100 bytes", goal: goal{ratio: 2, allocs: 3}}, measurement{
		ratios: []float64{1.5, 1.4, 1.6}, subject: 987 * time.Nanosecond, floor: 12_345 * time.Nanosecond, allocs: 3, bytes: 512,
	})
	table.add(row{name: "loopback", goal: goal{time: 1.2}}, measurement{
		ratios: []float64{1}, times: []float64{1.25}, subject: 123_456 * time.Nanosecond, floor: time.Millisecond,
	})
	table.add(row{name: "connections", goal: goal{count: &limit}}, measurement{count: 200})
	var out strings.Builder
	require.NoError(t, table.write(&out))
	assert.Equal(t, strings.TrimPrefix(`
row                 median    p10    p90     goal  verdict  allocs  goal  bytes  subject    floor   time     goal
trigger, 100 bytes   1.50×  1.42×  1.58×  ≤ 2.00×       ok       3   ≤ 3    512   987 ns  12.3 µs      –        –
loopback             1.00×  1.00×  1.00×        –     over       0     –      0   123 µs  1000 µs  1.25×  ≤ 1.20×
connections            200      –      –    ≤ 192     over       –     –      –        –        –      –        –
`, "\n"), out.String())
}
