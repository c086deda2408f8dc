//go:build !race

package pusher_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// Allocation counts are exact: one more is a change that someone should notice.
// The race detector allocates by itself, so `make test` runs these separately.

var text100 = strings.Repeat("x", 100)

var okResponse = backend.Response{StatusCode: 200, Body: []byte("{}")}

// signing is the cheapest backend there is: it signs, as all must, and says yes.
func signing(_ context.Context, req backend.Request) (backend.Response, error) {
	sink = req.URL()
	return okResponse, nil
}

var sink string

//nolint:paralleltest // counts allocations of the whole process
func TestAllocations(t *testing.T) {
	client, _ := setup(t, func(c *pusher.Config) { c.Backend = backend.Func(signing) })
	ctx := context.Background()
	events := make([]pusher.Event, 10)
	for i := range events {
		events[i] = pusher.Event{Channel: "my-channel", Name: "my-event", Data: text100}
	}
	multi := []string{"a", "b", "c"}
	for name, row := range map[string]struct {
		want float64
		run  func() error
	}{
		"trigger of a string: box, body, URL": {3, func() error {
			_, err := client.Trigger(ctx, "my-channel", "my-event", text100)
			return err
		}},
		"trigger of 9 KB": {3, func() error {
			_, err := client.Trigger(ctx, "my-channel", "my-event", text9K)
			return err
		}},
		"trigger on several channels": {3, func() error {
			_, err := client.TriggerMulti(ctx, multi, "my-event", text100)
			return err
		}},
		"batch of ten: body, URL": {2, func() error {
			_, err := client.TriggerBatch(ctx, events)
			return err
		}},
		"private authorization: token": {1, func() error {
			auth, err := client.AuthorizeChannel("1234.1234", "private-foobar", nil)
			sink = auth.Auth
			return err
		}},
		"query: path, URL and three to decode": {5, func() error {
			_, err := client.ChannelUsers(ctx, "presence-a")
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, row.run())
			got := testing.AllocsPerRun(200, func() {
				if err := row.run(); err != nil {
					t.Error(err)
				}
			})
			require.InDelta(t, row.want, got, 0)
		})
	}
}

var text9K = strings.Repeat("plain text ", 838)
