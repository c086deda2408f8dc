package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// missing stands in cells that do not apply.
const missing = "–"

// table collects the rows' figures as text.
type table struct {
	lines [][]string
}

func newTable() *table {
	return &table{lines: [][]string{{
		"row", "median", "p10", "p90", "goal", "verdict", "allocs", "goal", "bytes", "subject", "floor", "time", "goal",
	}}}
}

// add appends a row's line.
func (t *table) add(r row, m measurement) {
	line := []string{r.name}
	if r.goal.count != nil {
		line = append(line, strconv.Itoa(m.count), missing, missing, "≤ "+strconv.Itoa(*r.goal.count))
	} else {
		line = append(line, ratio(median(m.ratios)), ratio(percentile(m.ratios, 0.1)), ratio(percentile(m.ratios, 0.9)))
		line = append(line, orMissing(r.goal.ratio > 0, "≤ "+ratio(r.goal.ratio)))
	}
	counted := r.goal.count == nil
	line = append(line, verdict(r.goal, m),
		orMissing(counted && m.allocs >= 0, strconv.Itoa(int(m.allocs))),
		orMissing(r.goal.allocs > 0, "≤ "+strconv.Itoa(r.goal.allocs)),
		orMissing(counted && m.bytes >= 0, strconv.Itoa(int(m.bytes))),
		orMissing(counted, perOp(m.subject)),
		orMissing(counted, perOp(m.floor)),
		orMissing(len(m.times) > 0, ratio(median(m.times))),
		orMissing(r.goal.time > 0, "≤ "+ratio(r.goal.time)),
	)
	t.lines = append(t.lines, line)
}

// verdict says whether every figure that has a goal keeps to it: "ok", "over", or
// missing if there is none.
func verdict(g goal, m measurement) string {
	var judged, over bool
	if g.ratio > 0 {
		judged = true
		over = !(median(m.ratios) <= g.ratio) // NaN is over
	}
	if g.time > 0 {
		judged = true
		over = over || !(median(m.times) <= g.time)
	}
	if g.allocs > 0 {
		judged = true
		over = over || m.allocs > float64(g.allocs)
	}
	if g.count != nil {
		judged = true
		over = over || m.count > *g.count
	}
	switch {
	case over:
		return "over"
	case judged:
		return "ok"
	default:
		return missing
	}
}

// write prints the lines in columns: names to the left, figures to the right.
func (t *table) write(out io.Writer) error {
	widths := make([]int, len(t.lines[0]))
	for _, line := range t.lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range t.lines {
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func ratio(r float64) string {
	if math.IsNaN(r) {
		return missing
	}
	return fmt.Sprintf("%.2f×", r)
}

// perOp prints a duration with three digits.
func perOp(d time.Duration) string {
	switch {
	case d >= 100*time.Microsecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d >= 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", float64(d)/1e3)
	default:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	}
}

func orMissing(applies bool, cell string) string {
	if applies {
		return cell
	}
	return missing
}
