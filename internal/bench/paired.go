package main

import (
	"context"
	"runtime"
	"runtime/pprof"
	"time"
)

// A loop carries out an operation n times.
type loop func(n int) error

// pair is what a paired row compares.
type pair struct {
	subject, floor loop
}

// paired returns a row that compares the time of two loops. open makes them when
// the row is measured.
func paired(name string, g goal, open func() (pair, error)) row {
	return row{name: name, goal: g, measure: func(l *lab) (measurement, error) {
		p, err := open()
		if err != nil {
			return measurement{}, err
		}
		return p.measure(name, l.plan)
	}}
}

func (p pair) measure(name string, pl plan) (measurement, error) {
	subject := &side{name: name + "/subject", label: "subject", run: p.subject}
	floor := &side{name: name + "/floor", label: "floor", run: p.floor}
	var m measurement
	for _, s := range []*side{subject, floor} {
		if err := s.calibrate(pl.side); err != nil {
			return m, err
		}
	}
	var err error
	if m.ratios, err = alternate(subject, floor, pl); err != nil {
		return m, err
	}
	m.subject, m.floor = subject.median(), floor.median()
	m.allocs, m.bytes, err = allocations(p.subject, pl.counted)
	return m, err
}

// alternate measures the rounds, the sides taking turns to go first, and returns
// each round's ratio.
func alternate(subject, floor *side, pl plan) ([]float64, error) {
	ratios := make([]float64, 0, pl.rounds)
	for round := range pl.rounds {
		first, second := subject, floor
		if round%2 == 1 {
			first, second = floor, subject
		}
		if err := first.round(pl.side); err != nil {
			return nil, err
		}
		if err := second.round(pl.side); err != nil {
			return nil, err
		}
		ratios = append(ratios, subject.last()/floor.last())
	}
	return ratios, nil
}

// side is one of the two loops of a pair, with its figures so far.
type side struct {
	name, label string
	run         loop
	n           int       // operations a round
	perOp       []float64 // nanoseconds, a round each
}

// calibrate finds how many operations take atLeast, with a quarter to spare.
func (s *side) calibrate(atLeast time.Duration) error {
	for s.n = 1; ; {
		took, err := s.time()
		if err != nil {
			return err
		}
		if took >= atLeast {
			s.n += s.n / 4
			return nil
		}
		s.grow(atLeast, took)
	}
}

// grow raises n towards what takes atLeast, up to a hundredfold at a time.
func (s *side) grow(atLeast, took time.Duration) {
	factor := 1.2 * float64(atLeast) / float64(max(took, time.Microsecond))
	s.n = int(float64(s.n)*min(max(factor, 1.1), 100)) + 1
}

// round measures once, again if the machine has become so much faster that the
// loop took less than atLeast.
func (s *side) round(atLeast time.Duration) error {
	for {
		runtime.GC()
		took, err := s.time()
		if err != nil {
			return err
		}
		if took >= atLeast {
			s.perOp = append(s.perOp, float64(took)/float64(s.n))
			return nil
		}
		s.grow(atLeast, took)
	}
}

func (s *side) time() (took time.Duration, err error) {
	pprof.Do(context.Background(), pprof.Labels("row", s.name, "side", s.label), func(context.Context) {
		start := time.Now()
		err = s.run(s.n)
		took = time.Since(start)
	})
	return took, err
}

func (s *side) last() float64         { return s.perOp[len(s.perOp)-1] }
func (s *side) median() time.Duration { return time.Duration(median(s.perOp)) }

// allocations returns how many allocations and bytes an operation takes, on
// average over n. As in package testing, whole numbers only: a pool that a garbage
// collection empties does not count.
func allocations(run loop, n int) (allocs, bytes float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := run(n); err != nil {
		return 0, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = run(n)
	runtime.ReadMemStats(&after)
	per := uint64(n)
	return float64((after.Mallocs - before.Mallocs) / per), float64((after.TotalAlloc - before.TotalAlloc) / per), err
}
