package backendtest

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// Goroutines inherit the labels of the one that starts them, which tells whose
// they are while other tests run beside.
const (
	suiteLabel = "backendtest"
	caseLabel  = "case"
)

// checkGoroutines reports goroutines of the backends that do not end.
func (s *suite) checkGoroutines(tb testing.TB) {
	tb.Helper()
	var left []string
	if poll(s.leakPatience, func() bool { left = s.goroutines(); return len(left) == 0 }) {
		return
	}
	for _, stack := range left {
		tb.Errorf("no goroutine is left once the backend is closed and its servers are gone; %s later there is:\n%s", s.leakPatience, stack)
	}
}

// goroutines returns a stack for each group of goroutines that the trials of s
// have started.
func (s *suite) goroutines() []string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return []string{err.Error()}
	}
	var own []string
	for group := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(group, s.marker) {
			own = append(own, group)
		}
	}
	return own
}

// poll asks until done says yes or the time is up.
func poll(patience time.Duration, done func() bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for !done() {
		select {
		case <-pause.C:
		case <-deadline.C:
			return done()
		}
	}
	return true
}
