//go:build !race

package async_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// The race detector allocates by itself, so these are run without it.

//nolint:paralleltest // counts allocations of the whole process
func TestAllocations(t *testing.T) {
	t.Run("a future nobody waits for is one", func(t *testing.T) {
		require.InDelta(t, 1, testing.AllocsPerRun(1000, func() {
			p := new(async.Promise[[2]int])
			kept = p.Future()
			p.Resolve([2]int{1, 2}, nil)
			_, _ = kept.Wait(t.Context())
		}), 0)
	})
	t.Run("submitting is one", func(t *testing.T) {
		held := newGate()
		q := setup(t, held, async.Config{Workers: 1, QueueSize: 10_000})
		q.Submit(t.Context(), request("a"))
		<-held.arrived // from here on the worker does nothing
		run := func(context.Context, backend.Backend) ([2]int, backend.Outcome, error) {
			return [2]int{}, backend.Accepted, nil
		}
		require.InDelta(t, 1, testing.AllocsPerRun(1000, func() {
			kept = async.Submit(t.Context(), q, "trigger", run)
		}), 0)
		close(held.open)
	})
}

var kept *async.Future[[2]int]
