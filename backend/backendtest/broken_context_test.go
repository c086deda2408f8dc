package backendtest_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

const promptly = "Send is to return promptly"

var brokenContexts = map[string]broken{
	"ignores the context": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				return next(context.WithoutCancel(ctx), req)
			}
		}),
		hangs: true,
		cases: map[string]string{
			"Context/EndedBefore": "the context had ended", "Context/CanceledWhileConnecting": promptly,
			"Context/CanceledBeforeTheAnswer": promptly, "Context/CanceledWithinTheBody": promptly,
			"Context/CanceledWithinTheRequest": promptly, "Timeout/BeforeTheAnswer": promptly,
			"Timeout/TheEarlierCounts": promptly,
		},
	},
	"ignores the time limit": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				return next(ctx, req.WithTimeout(0))
			}
		}),
		hangs: true,
		cases: map[string]string{
			"Timeout/WhileConnecting": promptly, "Timeout/BeforeTheAnswer": promptly, "Timeout/WithinTheBody": promptly,
			"Timeout/TheEarlierCounts": promptly,
		},
	},
	"keeps a deadline on the connection": {
		open: over(nil, nil, func(transport *http.Transport) {
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
				if err == nil {
					err = conn.SetDeadline(time.Now().Add(75 * time.Millisecond))
				}
				return conn, err
			}
		}),
		cases: map[string]string{"Timeout/ConnectionSurvives": "is a Response whatever its status"},
	},
	"reuses a buffer that is being sent": {
		open: func(testing.TB) backend.Backend {
			own := nethttp.NewTransport()
			b := nethttp.New(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if pooled, ok := r.Context().Value(bodyKey{}).(*pooledBody); ok {
					r = r.Clone(r.Context())
					r.Body = pooled
				}
				return own.RoundTrip(r)
			})})
			return closing{backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
				return sendPooled(ctx, b, req)
			}), own.CloseIdleConnections}
		},
		cases: map[string]string{"Context/CanceledWithinTheRequest": "is not written to"},
	},
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// closing is a backend with another Close.
type closing struct {
	backend.Backend
	close func()
}

func (c closing) Close() error {
	c.close()
	return nil
}

type bodyKey struct{}

// sendPooled returns when ctx ends, and leaves the sending to a goroutine.
func sendPooled(ctx context.Context, b backend.Backend, req backend.Request) (backend.Response, error) {
	if len(req.Body()) == 0 {
		return b.Send(ctx, req)
	}
	pooled := &pooledBody{buffer: slices.Clone(req.Body())}
	type result struct {
		res backend.Response
		err error
	}
	done := make(chan result, 1)
	go func() {
		res, err := b.Send(context.WithValue(context.WithoutCancel(ctx), bodyKey{}, pooled), req)
		done <- result{res, err}
	}()
	select {
	case r := <-done:
		return r.res, r.err
	case <-ctx.Done():
		pooled.reuse()
		return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, ctx.Err())
	}
}

// pooledBody writes into its buffer once it is to be reused, with a lock, so that
// it is not the race detector that finds out.
type pooledBody struct {
	mu     sync.Mutex
	buffer []byte
	read   int
}

func (p *pooledBody) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read == len(p.buffer) {
		return 0, io.EOF
	}
	n := copy(b, p.buffer[p.read:])
	p.read += n
	return n, nil
}

func (p *pooledBody) Close() error { return nil }

func (p *pooledBody) reuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.buffer)
}
