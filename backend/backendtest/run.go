package backendtest

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Run tests the backends that open returns against everything the documentation
// of [backend.Backend] promises, each promise a subtest of t.
//
// open is asked for a fresh backend in each subtest, with that subtest's
// [testing.TB], and for one before the first, so that what a library starts once
// for the process does not count as a leak. The suite closes what it was given, if
// it is an [io.Closer]. open may close it, too, with TB.Cleanup.
//
// Subtests whose means open cannot provide are skipped unless an [Option] brings
// them: see [WithTLS], [WithProxy] and [Strict].
//
// Run looks into what is logged meanwhile: by way of [log/slog] and [log], and to
// os.Stderr if t is not parallel. Runs may be parallel to each other.
func Run(t *testing.T, open func(testing.TB) backend.Backend, options ...Option) {
	t.Helper()
	s := newSuite(open, options)
	logs := watchLogs(isSequential(t))
	defer logs.stop()
	s.warmUp(t)
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { s.run(t, c) })
	}
	t.Run("End/Goroutines", func(t *testing.T) { s.checkGoroutines(t) })
	t.Run("End/Logs", func(t *testing.T) { s.checkLogs(t, logs.stop()) })
}

// A testCase checks one promise.
type testCase struct {
	name string
	run  func(t *trial)
}

func cases() []testCase {
	return slices.Concat(
		requestCases(), responseCases(), bodyCases(), gzipCases(), connectionCases(),
		contextCases(), bufferCases(), timeoutCases(), failureCases(), sharingCases(), attemptCases(), tlsCases(), http2Cases(), proxyCases(),
	)
}

// suite is what the trials of one backend share.
type suite struct {
	settings
	open func(testing.TB) backend.Backend
	// marker is part of every signed query, and of the label of every goroutine.
	marker string
	// patience is how long anything may take that is to happen promptly.
	patience time.Duration
	// leakPatience is how long a goroutine may linger: some libraries look only
	// every 10 s for what is idle.
	leakPatience time.Duration
}

func newSuite(open func(testing.TB) backend.Backend, options []Option) *suite {
	s := &suite{open: open, marker: "marker" + rand.Text(), patience: 20 * time.Second, leakPatience: 20 * time.Second}
	for _, option := range options {
		if option != nil {
			option(&s.settings)
		}
	}
	return s
}

// run runs one case. What the case opens and what the user's open function hands
// to tb.Cleanup ends in this order: the backends, the user's own, the servers.
func (s *suite) run(tb testing.TB, c testCase) {
	tb.Helper()
	t := &trial{TB: tb, suite: s, name: c.name}
	tb.Cleanup(t.stopServers)
	defer t.closeBackends()
	c.run(t)
}

// warmUp sends once without a label on its goroutines.
func (s *suite) warmUp(tb testing.TB) {
	tb.Helper()
	if s.open == nil {
		tb.Fatal("backendtest: Run needs a function that opens a backend, not nil")
	}
	t := &trial{TB: tb, suite: s, name: "warm-up"}
	defer t.stopServers()
	srv := t.serve(always(ok))
	b := s.open(tb)
	if b == nil {
		tb.Fatal("backendtest: the open function returned a nil backend")
	}
	if _, err := b.Send(tb.Context(), srv.get("/")); err != nil {
		tb.Fatalf("backendtest: the first request to a server that answers 200 failed: %v", err)
	}
	closeBackend(tb, b)
}

// isSequential reports whether neither t nor a test above it is parallel, for
// which Setenv is the only one to ask.
func isSequential(t *testing.T) (sequential bool) {
	t.Helper()
	defer func() { sequential = recover() == nil }()
	t.Setenv("BACKENDTEST", "")
	return true
}
