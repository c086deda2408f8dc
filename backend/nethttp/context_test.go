package nethttp_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

func TestContextEndedBefore(t *testing.T) {
	t.Parallel()
	var received atomic.Int64
	srv := serve(t, func(http.ResponseWriter, *http.Request) { received.Add(1) })
	b := setup(t, nil)
	_, err := b.Send(t.Context(), get(srv.URL, "/"))
	require.NoError(t, err, "leaves a connection to use")

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	for want, ctx := range map[error]context.Context{context.Canceled: canceled, context.DeadlineExceeded: expired} {
		for _, req := range []backend.Request{get(srv.URL, "/"), post(srv.URL, "/").WithTimeout(time.Hour)} {
			res, err := b.Send(ctx, req)
			failed := asFailure(t, req, res, err)
			require.ErrorIs(t, failed, want)
			assert.Equal(t, backend.NotSent, failed.Outcome)
			assert.Equal(t, errors.Is(want, context.DeadlineExceeded), failed.Timeout())
		}
	}
	assert.EqualValues(t, 1, received.Load())
}

func TestContextEndsWhileTheServerIsSilent(t *testing.T) {
	t.Parallel()
	received := make(chan string, 1)
	address := wire.Serve(t, func(_ int, w *wire.Conn) {
		raw, _ := w.Request()
		received <- raw
		w.Gone()
	})
	b := setup(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-received
		cancel()
	}()
	req := post(address, "/")
	res, err := b.Send(ctx, req)
	failed := asFailure(t, req, res, err)
	require.ErrorIs(t, failed, context.Canceled)
	assert.Equal(t, backend.Unknown, failed.Outcome)
	assert.False(t, failed.Timeout())
}

func TestContextEndsWhileTheServerIsAnswering(t *testing.T) {
	t.Parallel()
	for status, outcome := range map[string]backend.Outcome{"200": backend.Accepted, "500": backend.Rejected} {
		head := make(chan struct{})
		address := wire.Serve(t, func(_ int, w *wire.Conn) {
			w.Request()
			w.Answer("HTTP/1.1 " + status + " X\r\nContent-Length: 10\r\n\r\n{")
			w.Gone()
		})
		ctx, cancel := context.WithCancel(t.Context())
		transport := nethttp.NewTransport()
		tracing := roundTripper(func(r *http.Request) (*http.Response, error) {
			res, err := transport.RoundTrip(r)
			close(head)
			return res, err
		})
		go func() {
			<-head
			cancel()
		}()
		req := post(address, "/").WithTimeout(time.Hour)
		res, err := setup(t, &http.Client{Transport: tracing}).Send(ctx, req)
		transport.CloseIdleConnections()
		failed := asFailure(t, req, res, err)
		require.ErrorIs(t, failed, context.Canceled)
		assert.Equal(t, outcome, failed.Outcome)
	}
}

func TestContextEndsWhileConnecting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	transport := nethttp.NewTransport()
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	req := post("http://127.0.0.1:1", "/")
	res, err := setup(t, &http.Client{Transport: transport}).Send(ctx, req)
	failed := asFailure(t, req, res, err)
	require.ErrorIs(t, failed, context.Canceled)
	assert.Equal(t, backend.NotSent, failed.Outcome)
}

// Time limits run on the bubble's clock, over connections in memory: they pass
// at once, and always while the server is silent.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	silent := func(w *wire.Conn) { w.Request(); w.Gone() }
	halfway := func(w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
		w.Gone()
	}
	asIs := func(req backend.Request) backend.Request { return req }
	tests := map[string]struct {
		ctx     time.Duration
		client  time.Duration
		header  time.Duration
		request func(backend.Request) backend.Request
		server  func(w *wire.Conn)
		want    backend.Outcome
	}{
		"of the request": {
			request: func(req backend.Request) backend.Request { return req.WithTimeout(5 * time.Second) },
			server:  silent, want: backend.Unknown,
		},
		"of the request, halfway": {
			request: func(req backend.Request) backend.Request { return req.WithTimeout(5 * time.Second) },
			server:  halfway, want: backend.Accepted,
		},
		"of the context":          {ctx: time.Second, request: asIs, server: silent, want: backend.Unknown},
		"of the context, halfway": {ctx: time.Second, request: asIs, server: halfway, want: backend.Accepted},
		"of the client":           {client: time.Second, request: asIs, server: silent, want: backend.Unknown},
		"of the client, halfway":  {client: time.Second, request: asIs, server: halfway, want: backend.Accepted},
		"of the transport":        {header: time.Second, request: asIs, server: silent, want: backend.Unknown},
		"of the client, the request's being longer": {
			client:  time.Second,
			request: func(req backend.Request) backend.Request { return req.WithTimeout(time.Hour) },
			server:  silent, want: backend.Unknown,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := nethttp.NewTransport()
				transport.Proxy = nil
				transport.ResponseHeaderTimeout = tt.header
				transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer theirs.Close()
						tt.server(wire.New(theirs))
					}()
					return ours, nil
				}
				b := setup(t, &http.Client{Transport: transport, Timeout: tt.client})
				ctx := t.Context()
				if tt.ctx > 0 {
					bounded, cancel := context.WithTimeout(ctx, tt.ctx)
					defer cancel()
					ctx = bounded
				}
				req := tt.request(post("http://api.test", "/"))
				res, err := b.Send(ctx, req)
				failed := asFailure(t, req, res, err)
				require.ErrorIs(t, failed, context.DeadlineExceeded)
				assert.True(t, failed.Timeout())
				assert.Equal(t, tt.want, failed.Outcome)
			})
		})
	}
}

func TestTimeLimitWhileConnectingIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := nethttp.NewTransport()
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		failed := failure(t, setup(t, &http.Client{Transport: transport}), post("http://api.test", "/").WithTimeout(time.Second))
		require.ErrorIs(t, failed, context.DeadlineExceeded)
		assert.Equal(t, backend.NotSent, failed.Outcome)
	})
}

// net/http reports its limit for the handshake in an error of its own.
func TestTimeLimitOfTheHandshakeIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := nethttp.NewTransport()
		transport.Proxy = nil
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				(wire.New(theirs)).Gone()
			}()
			return ours, nil
		}
		failed := failure(t, setup(t, &http.Client{Transport: transport}), post("https://api.test", "/"))
		require.ErrorIs(t, failed, context.DeadlineExceeded)
		require.ErrorContains(t, failed, "TLS handshake timeout")
		assert.True(t, failed.Timeout())
		assert.Equal(t, backend.NotSent, failed.Outcome)
	})
}

// Some transports say in words of their own that the context ended.
func TestContextShowsAsTheCause(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, errors.New("stream aborted")
	})
	req := post("http://127.0.0.1:1", "/")
	res, err := setup(t, &http.Client{Transport: transport}).Send(ctx, req)
	require.ErrorIs(t, asFailure(t, req, res, err), context.Canceled)
}
