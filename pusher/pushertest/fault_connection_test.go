package pushertest_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// A client that gives up while it is held before is not served; what is held
// after has happened.
func TestLatencyAndImpatientClients(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t)
			client := newClient(t, srv)
			sub := subscribed(t, srv, "c", "")
			ctx, giveUp := context.WithCancel(deadline(t))
			srv.Inject(pushertest.Fault{Latency: time.Hour, AfterAccepting: after, When: func(pushertest.Request) bool {
				if !after {
					giveUp()
				}
				return true
			}})
			if after {
				go func() {
					_, _ = sub.Next(deadline(t))
					giveUp()
				}()
			}
			told := make(chan error, 1)
			go func() { told <- srv.WaitUntil(deadline(t), func() bool { return len(srv.Requests()) == 1 }) }()
			_, err := client.Trigger(ctx, "c", "e", "d")
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, <-told)
			srv.Close() // what was held has ended
			requests := srv.Requests()
			require.Len(t, requests, 1)
			assert.Equal(t, after, requests[0].Accepted)
			assert.Zero(t, requests[0].Status)
			assert.Equal(t, after, len(srv.Events()) == 1)
		})
	}
}

// Close waits for nobody who is held.
func TestCloseEndsLatency(t *testing.T) {
	t.Parallel()
	for name, open := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t)
			arrived := make(chan struct{})
			srv.Inject(pushertest.Fault{Latency: time.Hour, When: func(pushertest.Request) bool {
				close(arrived)
				return true
			}})
			send := open(t, srv)
			failed := make(chan error)
			go func() {
				_, err := send(post("/events", event))
				failed <- err
			}()
			<-arrived
			srv.Close()
			require.Error(t, <-failed)
			assert.Empty(t, srv.Events())
		})
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	transport := &http.Transport{DialContext: srv.DialContext}
	cfg := srv.Config()
	cfg.Backend = nethttp.New(&http.Client{Transport: transport})
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	defer client.Close()

	srv.Inject(pushertest.Fault{Refuse: true, Skip: 1, Times: 1})
	require.NoError(t, client.Ping(deadline(t)), "the first connection is skipped")
	require.NoError(t, client.Ping(deadline(t)), "a connection that is kept is not made anew")
	transport.CloseIdleConnections()
	err = client.Ping(deadline(t))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
	require.ErrorContains(t, err, strings.TrimPrefix(srv.URL(), "http://")+": connect: connection refused")
	require.NoError(t, client.Ping(deadline(t)))
	assert.Len(t, srv.Requests(), 3)

	fast := &fasthttp.Client{Dial: func(address string) (net.Conn, error) {
		return srv.DialContext(context.Background(), "tcp", address)
	}}
	defer fast.CloseIdleConnections()
	srv.Inject(pushertest.Fault{Refuse: true, Times: 1})
	r := post("/events", event)
	_, err = sendFast(fast, r, r.url(srv))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = sendFast(fast, r, r.url(srv))
	require.NoError(t, err)
}

func TestDialContextHasAContext(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	srv.Inject(pushertest.Fault{Refuse: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := srv.DialContext(ctx, "tcp", strings.TrimPrefix(srv.URL(), "http://"))
	require.ErrorIs(t, err, context.Canceled)
}

// Not parallel: nobody in this process is to take the port during the outage.
//
//nolint:paralleltest // see above
func TestOutage(t *testing.T) {
	srv := pushertest.NewServer(t)
	outer := httptest.NewServer(srv.Handler())
	defer outer.Close()
	client := newClient(t, srv)
	sub := subscribed(t, srv, "c", "")
	trigger(t, srv, "c", "before", "d")
	assert.Equal(t, "before", next(t, sub).Event)
	url := srv.URL()

	srv.RefuseConnections()
	srv.RefuseConnections()
	_, err := client.Trigger(deadline(t), "c", "during", "d")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
	_, err = sub.Next(deadline(t))
	var cut *pushertest.ConnectionError
	require.ErrorAs(t, err, &cut, "WebSocket clients are cut off")
	r := post("/events", event)
	got, err := sendHTTP(http.DefaultClient, r, strings.Replace(r.url(srv), srv.URL(), outer.URL, 1))
	require.NoError(t, err)
	assert.Equal(t, 200, got.status, "where else it is mounted, it still serves")

	require.NoError(t, srv.AcceptConnections())
	require.NoError(t, srv.AcceptConnections())
	assert.Equal(t, url, srv.URL())
	_, err = client.Trigger(deadline(t), "c", "after", "d")
	require.NoError(t, err)
	assert.Len(t, srv.Events(), 3)
	subscribed(t, srv, "c", "")

	srv.Close()
	require.ErrorContains(t, srv.AcceptConnections(), "closed")
}

// An outage ends what is held, and waits for it.
//
//nolint:paralleltest // as above
func TestOutageEndsLatency(t *testing.T) {
	srv := pushertest.NewServer(t)
	client := newClient(t, srv)
	arrived := make(chan struct{})
	srv.Inject(pushertest.Fault{Latency: time.Hour, Times: 1, When: func(pushertest.Request) bool {
		close(arrived)
		return true
	}})
	failed := make(chan error)
	go func() { failed <- client.Ping(context.Background()) }()
	<-arrived
	srv.ClearFaults()
	srv.RefuseConnections()
	assert.Equal(t, pusher.Unknown, pusher.OutcomeOf(<-failed))
	assert.False(t, srv.Requests()[0].Accepted)
	require.NoError(t, srv.AcceptConnections())
	require.NoError(t, client.Ping(deadline(t)))
}

//nolint:paralleltest // as above
func TestOutageWithoutReturn(t *testing.T) {
	srv := pushertest.NewServer(t)
	srv.RefuseConnections()
	squatter, err := net.Listen("tcp", strings.TrimPrefix(srv.URL(), "http://"))
	require.NoError(t, err)
	require.ErrorIs(t, srv.AcceptConnections(), syscall.EADDRINUSE)
	require.NoError(t, squatter.Close())
	require.NoError(t, srv.AcceptConnections())
	require.Equal(t, []int{200}, statuses(t, srv, 1))
}
