package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/pprof"
	"time"
)

// What a round of a burst row consists of. Between bursts, unmeasured, what they
// have left behind is carried out.
const (
	bursts    = 20
	burstSize = 4_096
)

// handover is what a burst row measures: work left to other goroutines.
type handover struct {
	// give hands over one piece of work, the one that is called number n.
	give func(n int) error
	// drain waits until all of it is done.
	drain func() error
	io.Closer
}

// burst returns a row that compares what a caller pays to hand work over. open
// makes both sides when the row is measured.
func burst(name string, g goal, open func() (subject, floor handover, err error)) row {
	return row{name: name, goal: g, measure: func(l *lab) (m measurement, err error) {
		subject, floor, err := open()
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, subject.Close(), floor.Close()) }()
		size := burstSize
		if l.quick {
			size = 256
		}
		return measureBursts(name, subject, floor, l.rounds, size)
	}}
}

func measureBursts(name string, subject, floor handover, rounds, size int) (measurement, error) {
	// The caller's allocations cannot be told from those of the goroutines that do
	// the work; tests count them.
	m := measurement{allocs: -1, bytes: -1}
	sides := [2]struct {
		label string
		handover
		perOp []float64
	}{{label: "subject", handover: subject}, {label: "floor", handover: floor}}
	// One round more than asked for: the first fills pools.
	for round := range rounds + 1 {
		for turn := range sides {
			s := &sides[(round+turn)%2]
			var took time.Duration
			var err error
			runtime.GC()
			pprof.Do(context.Background(), pprof.Labels("row", name, "side", s.label), func(context.Context) {
				took, err = s.round(size)
			})
			if err != nil {
				return m, err
			}
			s.perOp = append(s.perOp, float64(took)/float64(bursts*size))
		}
		if round > 0 {
			m.ratios = append(m.ratios, sides[0].perOp[round]/sides[1].perOp[round])
		}
	}
	m.subject, m.floor = time.Duration(median(sides[0].perOp)), time.Duration(median(sides[1].perOp))
	return m, nil
}

// round returns how long the bursts take in all.
func (h handover) round(size int) (sum time.Duration, err error) {
	for range bursts {
		start := time.Now()
		for n := range size {
			if err := h.give(n); err != nil {
				return 0, err
			}
		}
		sum += time.Since(start)
		if err := h.drain(); err != nil {
			return 0, err
		}
	}
	return sum, nil
}
