package backendtest

import (
	"testing"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// CaseNames returns the names of all cases.
func CaseNames() []string {
	var names []string
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}

// RunCase runs the case of that name, and what Run checks at its end, for tb.
func RunCase(tb testing.TB, name string, patience time.Duration, open func(testing.TB) backend.Backend, options ...Option) {
	tb.Helper()
	s := newSuite(open, options)
	s.patience, s.leakPatience = patience, patience
	logs := watchLogs(false)
	defer func() { s.checkLogs(tb, logs.stop()) }()
	s.warmUp(tb)
	for _, c := range cases() {
		if c.name == name {
			tb.Cleanup(func() { s.checkGoroutines(tb) })
			s.run(tb, c)
			return
		}
	}
	tb.Fatalf("no case %q", name)
}

// Logged returns what f logs, by any of the ways that the suite watches.
func Logged(f func()) string {
	w := watchLogs(true)
	f()
	return w.stop()
}
