package async_test

import (
	"context"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	"github.com/seed-588517f9/pusher-go/backend/fasthttp"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// As a plain backend the queue is what is behind it, whatever that is.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() backend.Backend{
		"nethttp":   func() backend.Backend { return nethttp.New(nil) },
		"fasthttp":  func() backend.Backend { return fasthttp.New(nil) },
		"resty":     func() backend.Backend { return resty.New(nil) },
		"retryable": func() backend.Backend { return retryable.New(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backendtest.Run(t, func(tb testing.TB) backend.Backend {
				tb.Helper()
				q := async.New(open(), async.Config{})
				// Close ends a queue, other than the backends that the suite closes itself.
				tb.Cleanup(func() { _ = q.Close(context.Background()) })
				return backend.Func(q.Send)
			}, backendtest.Strict())
		})
	}
}
