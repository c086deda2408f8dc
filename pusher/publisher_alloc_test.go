//go:build !race

package pusher_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// What is enqueued while the server hangs shows the caller's allocations alone.
//
//nolint:paralleltest // counts allocations of the whole process
func TestPublisherAllocations(t *testing.T) {
	for name, row := range map[string]struct {
		want   float64
		data   any
		future bool
	}{
		"enqueue a string":                     {0, text100, false},
		"enqueue bytes: part of a chunk":       {0, []byte(text100), false},
		"enqueue raw JSON: part of a chunk":    {0, json.RawMessage(text100), false},
		"publish a string: future and promise": {1, text100, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := publisher(t, backend.Func(hung), pusher.PublisherConfig{MaxInFlight: 1})
			ctx, cancel := context.WithCancel(context.Background())
			t.Cleanup(func() {
				cancel()
				_ = p.Close(ctx)
			})
			event := pusher.Event{Channel: "a", Name: "e", Data: row.data, SocketID: "1.2"}
			require.NoError(t, p.Enqueue(ctx, event))
			for p.Stats().Requests == 0 { //nolint:revive // the sender is on its way
			}
			got := testing.AllocsPerRun(1000, func() {
				var err error
				if row.future {
					_, err = p.Publish(ctx, event)
				} else {
					err = p.Enqueue(ctx, event)
				}
				if err != nil {
					t.Error(err)
				}
			})
			require.InDelta(t, row.want, got, 0)
		})
	}
}
