package fasthttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

func TestContextEndsWhileTheServerIsSilent(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*fasthttp.Client{
		"tuned":             pusherfasthttp.NewClient(),
		"with limits":       {ReadTimeout: time.Hour, WriteTimeout: time.Hour},
		"through Transport": throughTransport(&fasthttp.Client{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			address := wire.Serve(t, func(_ int, w *wire.Conn) {
				w.Request()
				cancel()
				if name != "through Transport" { // which waits for the server
					w.Gone()
				}
			})
			req := post(address, "/")
			res, err := setup(t, client).Send(ctx, req)
			failed := asFailure(t, req, res, err)
			require.ErrorIs(t, failed, context.Canceled)
			assert.Equal(t, backend.Unknown, failed.Outcome)
			assert.False(t, failed.Timeout())
		})
	}
}

// lagging lets the context end between the answer's last byte and the moment at
// which its reader gets it.
type lagging struct {
	net.Conn
	cancel      context.CancelFunc
	interrupted chan struct{}
}

func (c *lagging) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.cancel()
	<-c.interrupted
	return n, err
}

func (c *lagging) SetDeadline(d time.Time) error {
	if d.Before(time.Now()) {
		close(c.interrupted)
	}
	return c.Conn.SetDeadline(d)
}

// A cancellation that comes with the last byte changes nothing any more, and must
// not meet the connection's next request.
func TestContextEndsWithTheAnswer(t *testing.T) {
	t.Parallel()
	n := &network{handle: numbered}
	ctx, cancel := context.WithCancel(t.Context())
	b := setup(t, &fasthttp.Client{Dial: func(address string) (net.Conn, error) {
		conn, err := n.dial(address)
		if n.opened > 1 {
			return conn, err
		}
		return &lagging{conn, cancel, make(chan struct{})}, err
	}})
	for i, want := range []string{"1", "2", "2"} {
		sending := t.Context()
		if i == 0 {
			sending = ctx
		}
		res, err := b.Send(sending, post(site, "/"))
		require.NoError(t, err)
		assert.Equal(t, want, string(res.Body))
	}
	assert.EqualValues(t, 1, n.closed.Load())
}

// Time limits run on the bubble's clock, over connections in memory: they pass
// at once, and always while the server is silent.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	silent := func(_ int, w *wire.Conn) { w.Request(); w.Gone() }
	halfway := func(_ int, w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
		w.Gone()
	}
	deaf := func(_ int, w *wire.Conn) {
		_, _ = w.Reader.ReadByte()
		time.Sleep(time.Hour)
	}
	tests := map[string]struct {
		ctx, request time.Duration
		client       *fasthttp.Client
		server       func(n int, w *wire.Conn)
		after        time.Duration
		want         backend.Outcome
	}{
		"none":                            {server: silent, after: 30 * time.Second},
		"of the request":                  {request: 5 * time.Second, server: silent, after: 5 * time.Second},
		"of the request, too long":        {request: time.Hour, server: silent, after: 30 * time.Second},
		"of the request, halfway":         {request: 5 * time.Second, server: halfway, after: 5 * time.Second, want: backend.Accepted},
		"of the request, nobody reading":  {request: 5 * time.Second, server: deaf, after: 5 * time.Second},
		"of the context":                  {ctx: time.Second, server: silent, after: time.Second},
		"of the context, halfway":         {ctx: time.Second, request: time.Minute, server: halfway, after: time.Second, want: backend.Accepted},
		"of the context, too long":        {ctx: time.Hour, server: silent, after: 30 * time.Second},
		"for reading":                     {client: &fasthttp.Client{ReadTimeout: time.Second}, request: time.Minute, server: silent, after: time.Second},
		"for reading, longer":             {client: &fasthttp.Client{ReadTimeout: time.Minute}, request: time.Second, server: silent, after: time.Second},
		"for writing":                     {client: &fasthttp.Client{WriteTimeout: time.Second}, request: time.Minute, server: deaf, after: time.Second},
		"for writing ends with the write": {client: &fasthttp.Client{WriteTimeout: time.Second}, request: 5 * time.Second, server: silent, after: 5 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := &network{handle: tt.server}
				client := tt.client
				if client == nil {
					client = &fasthttp.Client{}
				}
				client.Dial = n.dial
				client.WriteBufferSize = 16
				b := setup(t, client)
				ctx := t.Context()
				if tt.ctx > 0 {
					bounded, cancel := context.WithTimeout(ctx, tt.ctx)
					defer cancel()
					ctx = bounded
				}
				start := time.Now()
				req := post(site, "/").WithTimeout(tt.request)
				res, err := b.Send(ctx, req)
				failed := asFailure(t, req, res, err)
				require.ErrorIs(t, failed, context.DeadlineExceeded)
				assert.True(t, failed.Timeout())
				assert.Equal(t, tt.want, failed.Outcome)
				assert.Equal(t, tt.after, time.Since(start), "by the bubble's clock")
				assert.EqualValues(t, 1, n.closed.Load())
				time.Sleep(2 * time.Hour) // until the server is done
			})
		})
	}
}

func TestTimeLimitsWhileConnecting(t *testing.T) {
	t.Parallel()
	mute := &network{handle: func(_ int, w *wire.Conn) { w.Gone() }}
	for name, tt := range map[string]struct {
		site  string
		dial  fasthttp.DialFuncWithTimeout
		limit time.Duration
		after time.Duration
	}{
		"whatever the dialler does": {
			site: site, after: 2 * time.Second,
			dial: func(string, time.Duration) (net.Conn, error) {
				time.Sleep(time.Minute)
				return nil, errors.New("too late")
			},
		},
		"within the dialler": {
			site: site, after: time.Second,
			dial: func(string, time.Duration) (net.Conn, error) {
				time.Sleep(time.Second)
				return nil, fasthttp.ErrDialTimeout
			},
		},
		"within the handshake": {
			site: "https://api.test", after: 2 * time.Second,
			dial: func(address string, _ time.Duration) (net.Conn, error) { return mute.dial(address) },
		},
		"within a handshake with a WriteTimeout": {
			site: "https://api.test", limit: time.Second, after: time.Second,
			dial: func(address string, _ time.Duration) (net.Conn, error) { return mute.dial(address) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, &fasthttp.Client{DialTimeout: tt.dial, WriteTimeout: tt.limit})
				start := time.Now()
				failed := failure(t, b, post(tt.site, "/").WithTimeout(2*time.Second))
				require.ErrorIs(t, failed, context.DeadlineExceeded)
				assert.True(t, failed.Timeout())
				assert.Equal(t, backend.NotSent, failed.Outcome)
				assert.Equal(t, tt.after, time.Since(start), "by the bubble's clock")
				time.Sleep(time.Minute)
			})
		})
	}
}

// TLS says goodbye when it closes, and waits for room to say it: 5 s.
func TestCancelingDoesNotWaitForAStuckWrite(t *testing.T) {
	t.Parallel()
	certificates := serveTLS(t, nil).TLS.Certificates
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: func(_ int, w *wire.Conn) {
			conn := tls.Server(w.Conn, &tls.Config{Certificates: certificates})
			_ = conn.Handshake()
			time.Sleep(time.Hour)
		}}
		b := setup(t, &fasthttp.Client{Dial: n.dial, TLSConfig: &tls.Config{InsecureSkipVerify: true}})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			cancel()
		}()
		start := time.Now()
		req := post("https://api.test", "/")
		res, err := b.Send(ctx, req)
		require.ErrorIs(t, asFailure(t, req, res, err), context.Canceled)
		assert.Zero(t, time.Since(start), "by the bubble's clock")
		time.Sleep(2 * time.Hour) // until the server is done
	})
}
