package pushertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// faultList holds the faults of a server in the order in which they were injected.
type faultList struct {
	mu       sync.Mutex
	injected []*injectedFault // replaced, never changed: readers use it without the lock
	count    uint64           // of all faults since the list was last empty on purpose
}

// injectedFault is a fault and what it has done so far.
type injectedFault struct {
	Fault

	mu     sync.Mutex
	chance *rand.Rand
	met    int // requests that it could befall
	hits   int
}

// misfortune is what all faults together make of one request.
type misfortune struct {
	faults []Fault
	skew   time.Duration
	// before and after are how long the request and its answer are held.
	before, after time.Duration
	// end is the fault that decides how the request ends, nil if none does.
	end *Fault
}

// add appends faults, or none of them if one is invalid.
func (l *faultList) add(faults []Fault) error {
	for i, f := range faults {
		if err := f.validate(); err != nil {
			return fmt.Errorf("fault %d of %d: %w", i+1, len(faults), err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(l.injected), (*injectedFault).spent)
	for _, f := range faults {
		f.Header = f.Header.Clone()
		// Its place in the list goes in, so that faults of one seed are independent.
		list = append(list, &injectedFault{Fault: f, chance: rand.New(rand.NewPCG(f.Seed, l.count))}) //nolint:gosec // protects nothing
		l.count++
	}
	l.injected = list
	return nil
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injected, l.count = nil, 0
}

func (l *faultList) current() []*injectedFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.injected
}

// befall returns what happens to r: every fault that hits it, up to and including
// the first that decides how it ends.
func (l *faultList) befall(r Request) misfortune {
	var m misfortune
	for _, f := range l.current() {
		if f.Refuse || f.When != nil && !f.When(r) || !f.hit() {
			continue
		}
		m.faults = append(m.faults, f.Fault)
		m.skew += f.ClockSkew
		if f.AfterAccepting {
			m.after += f.Latency
		} else {
			m.before += f.Latency
		}
		if f.decides() {
			m.end = &f.Fault
			break
		}
	}
	return m
}

// refuse reports whether a connection is to be refused.
func (l *faultList) refuse() bool {
	for _, f := range l.current() {
		if f.Refuse && f.hit() {
			return true
		}
	}
	return false
}

// hit counts a request that the fault can befall, and reports whether it does.
func (f *injectedFault) hit() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.met++
	if f.met <= f.Skip || f.isSpent() || f.Probability > 0 && f.chance.Float64() >= f.Probability {
		return false
	}
	f.hits++
	return true
}

func (f *injectedFault) spent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.isSpent()
}

func (f *injectedFault) isSpent() bool { return f.Times > 0 && f.hits >= f.Times }
