package fasthttp_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
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

// network is connections in memory, so that a bubble's clock governs them.
type network struct {
	handle func(n int, w *wire.Conn)

	mu     sync.Mutex
	opened int
	closed atomic.Int64
}

// watched counts what is closed.
type watched struct {
	net.Conn
	once   sync.Once
	closed *atomic.Int64
}

func (c *watched) Close() error {
	c.once.Do(func() { c.closed.Add(1) })
	return c.Conn.Close()
}

func (n *network) dial(string) (net.Conn, error) {
	n.mu.Lock()
	n.opened++
	number := n.opened
	n.mu.Unlock()
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		n.handle(number, wire.New(theirs))
	}()
	return &watched{Conn: ours, closed: &n.closed}, nil
}

// numbered answers with the number of the connection.
func numbered(n int, w *wire.Conn) {
	number := strconv.Itoa(n)
	answerAll(w, "HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(number))+"\r\n\r\n"+number)
}

const site = "http://api.test"

func TestIdleConnectionsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: numbered}
		b := setup(t, &fasthttp.Client{Dial: n.dial, MaxIdleConnDuration: 10 * time.Second})
		send := func(want string) {
			t.Helper()
			res, err := b.Send(t.Context(), post(site, "/"))
			require.NoError(t, err)
			assert.Equal(t, want, string(res.Body))
		}
		send("1")
		time.Sleep(9 * time.Second)
		send("1")
		time.Sleep(9 * time.Second)
		send("1")
		assert.Zero(t, n.closed.Load())
		time.Sleep(11 * time.Second)
		assert.EqualValues(t, 1, n.closed.Load(), "closed without anyone asking")
		send("2")
		require.NoError(t, b.Close())
		assert.EqualValues(t, 2, n.closed.Load())
		send("3")
		time.Sleep(11 * time.Second)
		assert.EqualValues(t, 3, n.closed.Load(), "looked after since Close, too")
	})
}

func TestMaxConnDuration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: numbered}
		b := setup(t, &fasthttp.Client{Dial: n.dial, MaxConnDuration: 10 * time.Second})
		for _, want := range []string{"1", "1", "2", "2", "3"} {
			res, err := b.Send(t.Context(), post(site, "/"))
			require.NoError(t, err)
			assert.Equal(t, want, string(res.Body))
			time.Sleep(6 * time.Second)
		}
	})
}

func TestConnPoolStrategy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		strategy fasthttp.ConnPoolStrategyType
		want     [4]string
	}{
		"FIFO": {fasthttp.FIFO, [4]string{"1", "2", "1", "2"}},
		"LIFO": {fasthttp.LIFO, [4]string{"2", "2", "2", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gates := []chan struct{}{nil, make(chan struct{}), make(chan struct{})}
				n := &network{handle: func(n int, w *wire.Conn) {
					w.Request()
					<-gates[n]
					w.Answer(wire.OK)
					numbered(n, w)
				}}
				b := setup(t, &fasthttp.Client{Dial: n.dial, ConnPoolStrategy: tt.strategy})
				for range 2 {
					go func() { _, _ = b.Send(t.Context(), post(site, "/")) }()
					synctest.Wait()
				}
				for _, gate := range gates[1:] {
					close(gate)
					synctest.Wait()
				}
				for _, want := range tt.want {
					res, err := b.Send(t.Context(), post(site, "/"))
					require.NoError(t, err)
					assert.Equal(t, want, string(res.Body))
				}
			})
		})
	}
	failed := failure(t, setup(t, &fasthttp.Client{ConnPoolStrategy: 7}), post(site, "/"))
	require.ErrorIs(t, failed, fasthttp.ErrConnPoolStrategyNotImpl)
	assert.Equal(t, backend.NotSent, failed.Outcome)
}

func TestNoFreeConnection(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wait, timeout time.Duration
		want          error
		after         time.Duration
	}{
		"no waiting":                     {0, 0, fasthttp.ErrNoFreeConns, 0},
		"waiting for so long":            {3 * time.Second, 0, fasthttp.ErrNoFreeConns, 3 * time.Second},
		"waiting as long as the request": {3 * time.Second, 2 * time.Second, context.DeadlineExceeded, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := &network{handle: func(_ int, w *wire.Conn) { w.Gone() }}
				b := setup(t, &fasthttp.Client{Dial: n.dial, MaxConnsPerHost: 1, MaxConnWaitTimeout: tt.wait})
				ctx, cancel := context.WithCancel(t.Context())
				go func() { _, _ = b.Send(ctx, post(site, "/")) }()
				synctest.Wait()
				start := time.Now()
				failed := failure(t, b, post(site, "/").WithTimeout(tt.timeout))
				require.ErrorIs(t, failed, tt.want)
				assert.Equal(t, backend.NotSent, failed.Outcome)
				assert.Equal(t, tt.after, time.Since(start), "by the bubble's clock")
				cancel()
				synctest.Wait()
			})
		})
	}
}

// Whoever waits is served in turn, by connections that become free, and by room
// that does.
func TestWaitersAreServedInTurn(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"connections are kept": wire.OK,
		"connections close":    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				n := &network{handle: func(_ int, w *wire.Conn) {
					for {
						if _, ok := w.Request(); !ok {
							return
						}
						<-gate
						w.Answer(answer)
					}
				}}
				b := setup(t, &fasthttp.Client{Dial: n.dial, MaxConnsPerHost: 1, MaxConnWaitTimeout: time.Hour})
				var served []int
				leaving, leave := context.WithCancel(t.Context())
				for i := range 6 {
					ctx := t.Context()
					if i == 2 {
						ctx = leaving
					}
					go func() {
						if _, err := b.Send(ctx, post(site, "/")); err == nil {
							served = append(served, i)
						}
					}()
					synctest.Wait()
				}
				leave()
				for range 5 {
					gate <- struct{}{}
					synctest.Wait()
				}
				assert.Equal(t, []int{0, 1, 3, 4, 5}, served)
			})
		})
	}
}

// What keeps one from getting a connection need not keep the next one.
func TestRoomOfAFailedConnectionIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: numbered}
		dialled := 0
		refused := errors.New("refused")
		b := setup(t, &fasthttp.Client{
			MaxConnsPerHost: 1, MaxConnWaitTimeout: time.Hour,
			Dial: func(address string) (net.Conn, error) {
				time.Sleep(time.Second)
				if dialled++; dialled <= 2 {
					return nil, refused
				}
				return n.dial(address)
			},
		})
		results := make(chan error, 4)
		for range 4 {
			go func() {
				_, err := b.Send(t.Context(), post(site, "/"))
				results <- err
			}()
			synctest.Wait()
		}
		for range 2 {
			require.ErrorIs(t, <-results, refused)
		}
		for range 2 {
			require.NoError(t, <-results)
		}
		assert.Equal(t, 3, dialled)
	})
}

func TestLimitHolds(t *testing.T) {
	t.Parallel()
	const limit = 3
	const last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
	address := wire.Serve(t, func(n int, w *wire.Conn) {
		for i := 0; ; i++ {
			if _, ok := w.Request(); !ok {
				return
			}
			if i == n%5 {
				w.Answer(last)
				return
			}
			w.Answer(wire.OK)
		}
	})
	var dialled, closed atomic.Int64
	var exceeded atomic.Bool
	client := pusherfasthttp.NewClient()
	client.MaxConnsPerHost = limit
	client.Dial = func(address string) (net.Conn, error) {
		if dialled.Add(1)-closed.Load() > limit {
			exceeded.Store(true)
		}
		conn, err := net.Dial("tcp", address)
		return &watched{Conn: conn, closed: &closed}, err
	}
	b := setup(t, client)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%7 == 0 {
					go cancel()
				}
				if _, err := b.Send(ctx, post(address, "/")); err != nil {
					assert.ErrorIs(t, err, context.Canceled)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	assert.False(t, exceeded.Load())
	for range limit {
		_, err := b.Send(t.Context(), post(address, "/"))
		require.NoError(t, err, "no room is lost")
	}
}

// ending has ended by the time anyone can wait for its end.
type ending struct {
	context.Context //nolint:containedctx // it is one
	asked           int
}

func (c *ending) Err() error {
	if c.asked++; c.asked == 1 {
		return nil
	}
	return context.Canceled
}

func (c *ending) Done() <-chan struct{} {
	time.Sleep(time.Second)
	done := make(chan struct{})
	close(done)
	return done
}

// The connection and the end come to a call at once. Whichever it sees, the only
// room there is must not be lost.
func TestConnectionThatComesAsTheCallEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &network{handle: numbered}
		b := setup(t, &fasthttp.Client{MaxConnsPerHost: 1, Dial: n.dial})
		for range 30 {
			_, err := b.Send(&ending{Context: t.Context()}, post(site, "/"))
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, b.Close())
		}
		_, err := b.Send(t.Context(), post(site, "/"))
		require.NoError(t, err)
	})
}
