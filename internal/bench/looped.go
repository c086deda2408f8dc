package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"
)

// exchange is what a loopback row compares: one event sent and its answer read.
// Both sides are safe for concurrent use.
type exchange struct {
	subject, floor func() error
	// settle waits for what calls of subject have left to do. Nil if there is
	// nothing.
	settle  func() error
	closers []io.Closer
}

func (x exchange) close() error {
	var errs []error
	for _, c := range x.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// looped returns a row that compares the CPU time an event that two ways of sending
// take, with so many concurrent callers. open makes them for the server's address.
func looped(name string, g goal, callers int, open func(address string) (exchange, error)) row {
	return row{name: name, goal: g, measure: func(l *lab) (m measurement, err error) {
		s, err := l.server()
		if err != nil {
			return m, err
		}
		x, err := open(s.API)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, x.close()) }()
		return x.measure(name, callers, l.plan)
	}}
}

func (x exchange) measure(name string, callers int, p plan) (measurement, error) {
	var m measurement
	sides := [2]struct {
		label  string
		send   func() error
		settle func() error
		cpu    []float64
	}{{label: "subject", send: x.subject, settle: x.settle}, {label: "floor", send: x.floor}}
	// One round more than asked for: the first opens connections and fills pools.
	for round := range p.loopRounds + 1 {
		var loads [2]load
		for turn := range sides {
			i := (round + turn) % 2
			var err error
			pprof.Do(context.Background(), pprof.Labels("row", name, "side", sides[i].label), func(context.Context) {
				loads[i], err = apply(sides[i].send, sides[i].settle, callers, p.loopSide)
			})
			if err != nil {
				return m, err
			}
		}
		if round == 0 {
			continue
		}
		for i := range sides {
			sides[i].cpu = append(sides[i].cpu, loads[i].cpu)
		}
		m.ratios = append(m.ratios, loads[0].cpu/loads[1].cpu)
		m.times = append(m.times, loads[0].time/loads[1].time)
		m.allocs, m.bytes = loads[0].allocs, loads[0].bytes
	}
	m.subject, m.floor = time.Duration(median(sides[0].cpu)), time.Duration(median(sides[1].cpu))
	return m, nil
}

// load is what one event cost on average, in nanoseconds.
type load struct {
	cpu, time     float64
	allocs, bytes float64
}

// apply sends from so many callers for at least as long as asked.
func apply(send, settle func() error, callers int, atLeast time.Duration) (load, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu, err := cpuTime()
	if err != nil {
		return load{}, err
	}
	start := time.Now()
	events, err := sendAll(callers, send, func(int) bool { return time.Since(start) < atLeast })
	if err == nil && settle != nil {
		err = settle()
	}
	took := time.Since(start)
	if err != nil {
		return load{}, err
	}
	until, err := cpuTime()
	runtime.ReadMemStats(&after)
	n := float64(events)
	return load{
		cpu:    float64(until-cpu) / n,
		time:   float64(took) / n,
		allocs: float64(after.Mallocs-before.Mallocs) / n,
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, err
}

// sendAll sends from so many callers while more, told how many events are begun,
// says so, and returns how many were sent. It stops at the first error.
func sendAll(callers int, send func() error, more func(begun int) bool) (int, error) {
	var (
		group  sync.WaitGroup
		begun  atomic.Int64
		sent   atomic.Int64
		failed atomic.Pointer[error]
	)
	for range callers {
		group.Go(func() {
			for failed.Load() == nil && more(int(begun.Add(1))) {
				if err := send(); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				sent.Add(1)
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return int(sent.Load()), nil
}
