package backendtest

import (
	"context"
	"io"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// trial is one case with the servers and backends that it uses.
type trial struct {
	testing.TB
	suite    *suite
	name     string
	servers  []*server
	backends []*subject
}

// open returns a fresh backend.
func (t *trial) open() *subject {
	t.Helper()
	return t.openWith(t.suite.open)
}

// openWith returns the backend that open returns. Goroutines that it starts carry
// the trial's label.
func (t *trial) openWith(open func(testing.TB) backend.Backend) *subject {
	t.Helper()
	b := &subject{t: t}
	t.labelled(func() { b.Backend = open(t.TB) })
	if b.Backend == nil {
		t.Fatal("the open function is to return a backend; it returned nil")
	}
	t.backends = append(t.backends, b)
	return b
}

func (t *trial) labelled(f func()) {
	labels := pprof.Labels(suiteLabel, t.suite.marker, caseLabel, t.name)
	pprof.Do(context.Background(), labels, func(context.Context) { f() })
}

// closeBackends closes what was opened. If that was to close idle connections,
// none is left.
func (t *trial) closeBackends() {
	t.Helper()
	closes := len(t.backends) > 0
	for _, b := range t.backends {
		_, closer := b.Backend.(io.Closer)
		closes = closes && closer
		t.labelled(func() { closeBackend(t, b.Backend) })
	}
	if !closes || t.Failed() {
		return
	}
	for _, s := range t.servers {
		if n, none := s.awaitNone(); !none {
			t.Errorf("no connection is left after Close, %s later %d still open", t.suite.patience, n)
		}
	}
}

func closeBackend(tb testing.TB, b backend.Backend) {
	tb.Helper()
	if closer, ok := b.(io.Closer); ok {
		if err := closer.Close(); err != nil {
			tb.Errorf("Close is to return nil; it returned %v", err)
		}
	}
}

func (t *trial) stopServers() {
	for _, s := range t.servers {
		s.stop()
	}
}

// within waits until done is closed, or reports false when patience ends.
func (t *trial) within(done <-chan struct{}) bool {
	timer := time.NewTimer(t.suite.patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
