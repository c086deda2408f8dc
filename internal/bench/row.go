package main

import (
	"errors"
	"slices"
	"time"
)

// A row is one line of the table. Rows are made by [paired], [looped] and
// [connections], or with a measure function of their own.
type row struct {
	name    string
	goal    goal
	measure func(*lab) (measurement, error)
}

// goal is what a row should keep to. Zero means that the figure is shown, not judged.
type goal struct {
	ratio  float64 // subject over floor, at most
	time   float64 // loopback rows: time that passed, subject over floor, at most
	allocs int     // allocations of the subject an operation, at most
	count  *int    // for rows that count: at most
}

// measurement is what a row yields.
type measurement struct {
	ratios []float64 // subject over floor, a round each: time, or CPU time for loopback rows
	times  []float64 // loopback rows: time that passed, subject over floor

	subject, floor time.Duration // an operation, median: time, or CPU time for loopback rows
	allocs, bytes  float64       // of the subject, an operation; negative if unknown
	count          int           // for rows that count
}

// rows returns all rows in the order of the table.
func rows() []row {
	return slices.Concat(
		triggerRows(),
		authRows(),
		webhookRows(),
		publisherRows(),
		loopbackRows(),
	)
}

// plan says how long to measure.
type plan struct {
	rounds     int           // of paired rows
	side       time.Duration // that one side of a round takes at least
	counted    int           // operations whose allocations are counted
	loopRounds int           // of loopback rows
	loopSide   time.Duration
	warmUp     int // events before connections are counted
	events     int // events of a row that counts connections
	quick      bool
}

// planOf returns the plan for the flags; zero rounds means the default.
func planOf(rounds int, quick bool) plan {
	p := plan{
		rounds: 15, side: 30 * time.Millisecond, counted: 1_000,
		loopRounds: 9, loopSide: time.Second,
		warmUp: 10_000, events: 50_000,
	}
	if quick {
		p = plan{
			rounds: 3, side: 3 * time.Millisecond, counted: 100,
			loopRounds: 3, loopSide: 50 * time.Millisecond,
			warmUp: 500, events: 1_000, quick: true,
		}
	}
	if rounds > 0 {
		p.rounds, p.loopRounds = rounds, rounds
	}
	return p
}

// lab is what rows share: the plan, and the server once a row has asked for it.
type lab struct {
	plan
	started *server
}

// server returns the server of the loopback rows and starts it first if need be.
func (l *lab) server() (*server, error) {
	if l.started == nil {
		s, err := startServer()
		if err != nil {
			return nil, err
		}
		l.started = s
	}
	return l.started, nil
}

func (l *lab) close() error {
	if l.started == nil {
		return nil
	}
	return l.started.close()
}

// errFloor says that a floor does not do the work that the subject does.
var errFloor = errors.New("the floor does not match what the subject sends")
