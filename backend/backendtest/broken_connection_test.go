package backendtest_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

var brokenConnections = map[string]broken{
	"leaves a goroutine": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				go func() { <-ctx.Done() }()
				return next(context.WithoutCancel(ctx), req)
			}
		}),
		hangs: true,
		cases: map[string]string{"Request/Header": "no goroutine is left"},
	},
	"leaves a connection": {
		open: func(tb testing.TB) backend.Backend {
			tb.Helper()
			own := nethttp.NewTransport()
			dial := own.DialContext
			own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if forgotten, err := dial(ctx, network, address); err == nil {
					tb.Cleanup(func() { forgotten.Close() })
				}
				return dial(ctx, network, address)
			}
			return nethttp.New(&http.Client{Transport: own})
		},
		hangs: true,
		cases: map[string]string{"Response/Header": "no connection is left after Close"},
	},
	"uses a connection once": {
		open: over(nil, nil, func(transport *http.Transport) { transport.DisableKeepAlives = true }),
		cases: map[string]string{
			"Connection/Reused": "use one connection", "Gzip/Decoded": "a connection is used again",
		},
	},
	"does not see Connection: close": {
		open: over(nil, nil, func(transport *http.Transport) {
			dial := transport.DialContext
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return keepingConn{conn}, err
			}
		}),
		hangs: true,
		cases: map[string]string{"Connection/CloseObeyed": "the client closes it; it did not"},
	},
	"sends everything twice": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				_, _ = next(ctx, req)
				return next(ctx, req)
			}
		}),
		cases: map[string]string{
			"Sharing/RequestConcurrently": "every request is sent once", "Request/Body": "2 arrived",
			"Response/EveryStatus": "send again by itself", "Failure/NoHTTP": "not sent again",
		},
	},
	"sends what follows twice": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				if req.Path() == "/second" {
					_, _ = next(ctx, req)
					_, _ = next(ctx, req)
				}
				return next(ctx, req)
			}
		}),
		cases: map[string]string{
			"Connection/StaleAfterClose": "since it may have been carried out", "Connection/StaleAfterReset": "since it may have been carried out",
		},
	},
	"sends again what had no answer": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				var failed *backend.Error
				if errors.As(err, &failed) && failed.Outcome == backend.Unknown {
					return next(ctx, req)
				}
				return res, err
			}
		}),
		cases: map[string]string{
			"Connection/ClosedOnRequest": "it arrived 2 times", "Connection/ResetOnRequest": "it arrived 2 times",
			"Failure/Closed": "not sent again", "Failure/HalfAHead": "not sent again",
		},
	},
	"leaves it to net/http what is sent again": {
		open: over(func(r *http.Request) {
			for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
				if values := r.Header[strings.ToLower(name)]; values != nil {
					r.Header[name] = values
				}
			}
		}, nil),
		cases: map[string]string{"Connection/IdempotencyKey": "it arrived 2 times"},
	},
	"closes nothing": {
		open: func(tb testing.TB) backend.Backend {
			tb.Helper()
			b := nethttp.New(nil)
			tb.Cleanup(func() { b.Close() })
			return closing{b, func() {}}
		},
		hangs: true,
		cases: map[string]string{"Close/IdleConnections": "Close closes idle connections"},
	},
	"fails to close again": {
		open: func(testing.TB) backend.Backend {
			return &closingOnce{Backend: nethttp.New(nil)}
		},
		cases: map[string]string{"Close/IdleConnections": "call 2 returned", "Close/UsableAfterwards": "Close returns nil"},
	},
	"ends with Close what is under way": {
		open: func(testing.TB) backend.Backend {
			b := nethttp.New(nil)
			var underWay sync.Map // of the functions that cancel them
			return closing{backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				key := new(byte)
				underWay.Store(key, cancel)
				defer underWay.Delete(key)
				return b.Send(ctx, req)
			}), func() {
				for _, cancel := range underWay.Range {
					cancel.(context.CancelFunc)()
				}
				b.Close()
			}}
		},
		cases: map[string]string{"Close/WhileSending": "Close ends no Send"},
	},
	"closes for good": {
		open: func(testing.TB) backend.Backend {
			b := nethttp.New(nil)
			var closed atomic.Bool
			return closing{backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
				if closed.Load() {
					return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, net.ErrClosed)
				}
				return b.Send(ctx, req)
			}), func() { closed.Store(true); b.Close() }}
		},
		cases: map[string]string{
			"Close/UsableAfterwards": "use of closed network connection", "Close/WhileSending": "use of closed network connection",
		},
	},
}

// keepingConn hides from a client that the connection is to be closed.
type keepingConn struct{ net.Conn }

func (c keepingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	copy(b, bytes.Replace(b[:n], []byte("Connection: close"), []byte("Connection: hello"), 1))
	return n, err
}

type closingOnce struct {
	*nethttp.Backend
	closed atomic.Bool
}

func (c *closingOnce) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	return c.Backend.Close()
}
