package resty_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	libresty "github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// Time limits run on the bubble's clock, over connections in memory.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	silent := func(w *wire.Conn) { w.Request(); w.Gone() }
	halfway := func(w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
		w.Gone()
	}
	const long, short = time.Hour, time.Second
	for name, tt := range map[string]struct {
		ctx, client, request time.Duration
		server               func(w *wire.Conn)
		want                 backend.Outcome
	}{
		"of the client":                     {long, short, 0, silent, backend.Unknown},
		"of the client, halfway":            {long, short, 0, halfway, backend.Accepted},
		"of the client, before the request": {long, short, long, silent, backend.Unknown},
		"of the request":                    {long, long, short, silent, backend.Unknown},
		"of the request, halfway":           {long, 0, short, halfway, backend.Accepted},
		"of the context":                    {short, long, long, silent, backend.Unknown},
		"of the context, halfway":           {short, 0, 0, halfway, backend.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := nethttp.NewTransport()
				transport.Proxy = nil
				transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer theirs.Close()
						tt.server(wire.New(theirs))
					}()
					return ours, nil
				}
				b := setup(t, libresty.NewWithClient(&http.Client{Transport: transport}).SetTimeout(tt.client))
				ctx, cancel := context.WithTimeout(t.Context(), tt.ctx)
				defer cancel()
				began := time.Now()
				_, err := b.Send(ctx, post("http://api.test", "/").WithTimeout(tt.request))
				var failed *backend.Error
				require.ErrorAs(t, err, &failed)
				require.ErrorIs(t, failed, context.DeadlineExceeded)
				assert.True(t, failed.Timeout())
				assert.Equal(t, tt.want, failed.Outcome)
				assert.Equal(t, short, time.Since(began), "on the bubble's clock")
			})
		})
	}
}
