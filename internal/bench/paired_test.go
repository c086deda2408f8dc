package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loops returns a pair that notes in which order its sides begin their rounds.
func loops(order *[]string) pair {
	note := func(name string) loop {
		return func(int) error { *order = append(*order, name); return nil }
	}
	return pair{subject: note("subject"), floor: note("floor")}
}

func TestPairedSidesTakeTurnsToGoFirst(t *testing.T) {
	t.Parallel()
	var order []string
	subject := &side{run: loops(&order).subject, n: 10}
	floor := &side{run: loops(&order).floor, n: 10}
	m, err := alternate(subject, floor, plan{rounds: 4})
	require.NoError(t, err)
	assert.Equal(t, []string{"subject", "floor", "floor", "subject", "subject", "floor", "floor", "subject"}, order)
	assert.Len(t, m, 4)
}

func TestPairedReportsALoopThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var order []string
	p := loops(&order)
	p.floor = func(int) error { return broken }
	_, err := p.measure("row", plan{rounds: 1})
	assert.ErrorIs(t, err, broken)
}

func TestSideGrowsUntilItTakesLongEnough(t *testing.T) {
	t.Parallel()
	s := &side{n: 1}
	s.grow(time.Second, time.Nanosecond)
	assert.Equal(t, 101, s.n, "a hundredfold at most")
	s.grow(10*time.Millisecond, 5*time.Millisecond)
	assert.Equal(t, 243, s.n, "twice as many, and a fifth to spare")
	s.grow(time.Millisecond, time.Millisecond)
	assert.Equal(t, 292, s.n)
}
