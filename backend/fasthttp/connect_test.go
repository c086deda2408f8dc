package fasthttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
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

// slowly is a network on which connecting takes a second, and one way to wait for
// it.
type slowly struct {
	*network
	client *fasthttp.Client
	site   string
}

// slow returns networks whose connections are made slowly, by dialling or by TLS.
func slow(t *testing.T) map[string]func() slowly {
	t.Helper()
	certificates := serveTLS(t, nil).TLS.Certificates
	plain := func() slowly {
		n := &network{handle: numbered}
		return slowly{n, &fasthttp.Client{Dial: func(address string) (net.Conn, error) {
			time.Sleep(time.Second)
			return n.dial(address)
		}}, site}
	}
	overTLS := func() slowly {
		n := &network{handle: func(n int, w *wire.Conn) {
			time.Sleep(time.Second)
			conn := tls.Server(w.Conn, &tls.Config{Certificates: certificates, SessionTicketsDisabled: true})
			if conn.Handshake() == nil {
				numbered(n, wire.New(conn))
			}
		}}
		return slowly{n, &fasthttp.Client{Dial: n.dial, TLSConfig: &tls.Config{InsecureSkipVerify: true}}, "https://api.test"}
	}
	return map[string]func() slowly{
		"dialling": plain,
		"TLS":      overTLS,
		"TLS with a WriteTimeout": func() slowly {
			s := overTLS()
			s.client.WriteTimeout = time.Minute
			return s
		},
		"TLS of the dialler": func() slowly {
			s := overTLS()
			s.client.Dial = func(address string) (net.Conn, error) {
				conn, err := s.dial(address)
				return tls.Client(conn, s.client.TLSConfig), err
			}
			return s
		},
	}
}

// abandon sends a request whose call ends before its connection is there.
func abandon(t *testing.T, b *pusherfasthttp.Backend, site string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		synctest.Wait()
		cancel()
	}()
	start := time.Now()
	req := post(site, "/")
	res, err := b.Send(ctx, req)
	failed := asFailure(t, req, res, err)
	require.ErrorIs(t, failed, context.Canceled)
	assert.Equal(t, backend.NotSent, failed.Outcome)
	assert.Zero(t, time.Since(start), "by the bubble's clock")
}

// A connection that is being made goes to whoever needs one first; a call that
// ends meanwhile leaves it to the next.
func TestAbandonedConnectionIsKept(t *testing.T) {
	t.Parallel()
	for name, open := range slow(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open()
				b := setup(t, s.client)
				abandon(t, b, s.site)
				time.Sleep(2 * time.Second)
				start := time.Now()
				res, err := b.Send(t.Context(), post(s.site, "/"))
				require.NoError(t, err)
				assert.Equal(t, "1", string(res.Body))
				assert.Zero(t, time.Since(start), "by the bubble's clock")

				require.NoError(t, b.Close())
				abandon(t, b, s.site)
				require.NoError(t, b.Close())
				time.Sleep(2 * time.Second)
				assert.EqualValues(t, 2, s.closed.Load(), "what comes after Close is closed")
			})
		})
	}
}

// Where connecting takes longer than any call may, the first call fails, and not
// all of them.
func TestCallsShorterThanConnecting(t *testing.T) {
	t.Parallel()
	for name, open := range slow(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open()
				b := setup(t, s.client)
				failed := failure(t, b, post(s.site, "/").WithTimeout(600*time.Millisecond))
				require.ErrorIs(t, failed, context.DeadlineExceeded)
				assert.Equal(t, backend.NotSent, failed.Outcome)
				for range 5 {
					res, err := b.Send(t.Context(), post(s.site, "/").WithTimeout(600*time.Millisecond))
					require.NoError(t, err)
					assert.Equal(t, "1", string(res.Body))
				}
				time.Sleep(2 * time.Second) // until what the second call began is there
			})
		})
	}
}

// Close ends the handshakes that nobody waits for, and no other.
func TestCloseWithinAHandshake(t *testing.T) {
	t.Parallel()
	open := slow(t)["TLS"]
	t.Run("for nobody", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open()
			b := setup(t, s.client)
			abandon(t, b, s.site)
			assert.Zero(t, s.closed.Load())
			require.NoError(t, b.Close())
			synctest.Wait()
			assert.EqualValues(t, 1, s.closed.Load())
			time.Sleep(2 * time.Second) // until the server has seen it
		})
	})
	t.Run("for a call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open()
			b := setup(t, s.client)
			go func() {
				synctest.Wait()
				assert.NoError(t, b.Close())
			}()
			_, err := b.Send(t.Context(), post(s.site, "/"))
			require.NoError(t, err)
			synctest.Wait()
			assert.EqualValues(t, 1, s.closed.Load(), "it became idle after Close")
		})
	})
	t.Run("for a call that ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open()
			b := setup(t, s.client)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				synctest.Wait()
				assert.NoError(t, b.Close())
				cancel()
			}()
			_, err := b.Send(ctx, post(s.site, "/"))
			require.ErrorIs(t, err, context.Canceled)
			synctest.Wait()
			assert.EqualValues(t, 1, s.closed.Load())
			time.Sleep(2 * time.Second)
		})
	})
}

// A call that gets another connection leaves the one that is being made to nobody.
func TestCloseBeforeACallGetsAnotherConnection(t *testing.T) {
	t.Parallel()
	certificates := serveTLS(t, nil).TLS.Certificates
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: func(n int, w *wire.Conn) {
			if n > 1 {
				w.Gone()
				return
			}
			conn := wire.New(tls.Server(w.Conn, &tls.Config{Certificates: certificates, SessionTicketsDisabled: true}))
			for {
				if _, ok := conn.Request(); !ok {
					return
				}
				time.Sleep(time.Second)
				conn.Answer(wire.OK)
			}
		}}
		b := setup(t, &fasthttp.Client{Dial: n.dial, TLSConfig: &tls.Config{InsecureSkipVerify: true}})
		results := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := b.Send(t.Context(), post("https://api.test", "/"))
				results <- err
			}()
			synctest.Wait()
		}
		require.NoError(t, b.Close())
		require.NoError(t, <-results)
		synctest.Wait()
		assert.EqualValues(t, 1, n.closed.Load(), "the one that nobody waits for")
		require.NoError(t, <-results)
	})
}

// A connection that no request was ever sent on can have been closed, too.
func TestAbandonedConnectionThatTheServerCloses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the system does not let one look")
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone, abandoned := make(chan struct{}), make(chan struct{})
	address := wire.Serve(t, func(n int, w *wire.Conn) {
		if n == 1 {
			_ = w.Close()
			close(gone)
			return
		}
		answerAll(w, wire.OK)
	})
	b := setup(t, &fasthttp.Client{
		MaxConnsPerHost: 1, MaxConnWaitTimeout: time.Hour, // so that the next call gets what was abandoned
		Dial: func(address string) (net.Conn, error) {
			conn, err := net.Dial("tcp", address)
			<-gone
			cancel()
			<-abandoned
			return conn, err
		},
	})
	_, err := b.Send(ctx, post(address, "/"))
	require.ErrorIs(t, err, context.Canceled)
	close(abandoned)
	res, err := b.Send(t.Context(), post(address, "/"))
	require.NoError(t, err)
	assert.Equal(t, "{}", string(res.Body))
}

// A dialler has the time that its call has, and 5 s at least, since the connection
// is for later calls, too.
func TestDialTimeoutIsTold(t *testing.T) {
	t.Parallel()
	for limit, want := range map[time.Duration]time.Duration{time.Second: 5 * time.Second, 20 * time.Second: 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			told := make(chan time.Duration, 1)
			b := setup(t, &fasthttp.Client{DialTimeout: func(_ string, limit time.Duration) (net.Conn, error) {
				told <- limit
				return nil, errors.New("refused")
			}})
			_ = failure(t, b, post(site, "/").WithTimeout(limit))
			assert.Equal(t, want, <-told)
		})
	}
}

// A server that never shakes hands holds nobody up for longer than 5 s.
func TestHandshakeThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: func(_ int, w *wire.Conn) { w.Gone() }}
		b := setup(t, &fasthttp.Client{Dial: n.dial, MaxConnsPerHost: 1})
		start := time.Now()
		failed := failure(t, b, post("https://api.test", "/"))
		require.ErrorIs(t, failed, context.DeadlineExceeded)
		assert.Equal(t, backend.NotSent, failed.Outcome)
		assert.Equal(t, 5*time.Second, time.Since(start), "by the bubble's clock")
		assert.EqualValues(t, 1, n.closed.Load())
		_ = failure(t, b, post("https://api.test", "/").WithTimeout(time.Second))
		time.Sleep(time.Minute)
		assert.EqualValues(t, 2, n.closed.Load(), "the room for one connection is free again")
	})
}
