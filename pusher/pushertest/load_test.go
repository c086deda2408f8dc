package pushertest_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// 500 clients, 20,000 events: every subscriber gets all events of its channels, in
// the order in which the server took them. Some clients stop reading, and slow no
// one.
func TestLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	const (
		clients, stuck = 500, 20
		channels       = 200
		batches, batch = 2_000, 10
		senders        = 8
	)
	srv := pushertest.NewServer(t, pushertest.ServerConfig{KeepEvents: 10, Limits: pushertest.ServerLimits{SendQueue: 1_000}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	channel := func(i int) string { return "c" + strconv.Itoa(i%channels) }
	subscribers := make([]*pushertest.Subscriber, clients-stuck)
	var connecting sync.WaitGroup
	for lane := range 16 {
		connecting.Go(func() {
			for i := lane; i < len(subscribers); i += 16 {
				sub, err := srv.Subscriber(ctx)
				if assert.NoError(t, err) && assert.NoError(t, sub.Subscribe(ctx, channel(i))) {
					subscribers[i] = sub
				}
			}
		})
	}
	connecting.Wait()
	require.False(t, t.Failed())
	for range stuck {
		ws := dialRaw(t, srv.WebSocketURL())
		writeRaw(t, ws, `{"event":"pusher:subscribe","data":{"channel":"c0"}}`)
	}
	require.NoError(t, srv.WaitUntil(ctx, func() bool { return len(srv.Channel("c0").SocketIDs) == 3+stuck }))

	cfg := srv.Config()
	cfg.Backend = nethttp.New(&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}})
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	defer client.Close()
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			// Each sender has channels of its own, so that their order is known.
			for n := range batches / senders {
				events := make([]pusher.Event, batch)
				for i := range events {
					c := (n*batch + i) * senders % channels
					events[i] = pusher.Event{Channel: channel(c + sender), Name: "e", Data: fmt.Sprintf("%d-%06d", sender, n*batch+i)}
				}
				if _, err := client.TriggerBatch(ctx, events); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sending.Wait()
	received := make([]map[string]string, clients-stuck) // the last event of each sender
	counts := make([]int, clients-stuck)
	var reading sync.WaitGroup
	for lane := range 16 {
		reading.Go(func() {
			for i := lane; i < len(subscribers); i += 16 {
				if err := subscribers[i].Ping(ctx); err != nil {
					t.Error(err)
				}
				received[i] = map[string]string{}
				ended, stop := context.WithCancel(ctx)
				stop()
				for {
					message, err := subscribers[i].Next(ended)
					if err != nil {
						break
					}
					sender := message.Data[:1]
					if message.Data <= received[i][sender] {
						t.Errorf("%s after %s", message.Data, received[i][sender])
					}
					received[i][sender] = message.Data
					counts[i]++
				}
			}
		})
	}
	reading.Wait()
	total := 0
	for i := range channels {
		total += counts[i]
		for j := i; j < len(counts); j += channels {
			require.Equal(t, counts[i], counts[j], "all on %s get the same number", channel(i))
		}
	}
	assert.Equal(t, batches*batch, total)
	assert.Len(t, srv.Events(), 10)
}

// 200 connections that begin a request and never finish it stop nobody.
func TestSlowLoris(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	for i := range 200 {
		conn, err := new(net.Dialer).DialContext(deadline(t), "tcp", srv.Addr())
		require.NoError(t, err)
		defer conn.Close()
		begun := "POST /apps/1001/events HTTP/1.1\r\nHost: x\r\n"
		if i%2 == 0 {
			begun += "Content-Length: 100\r\n\r\n{"
		}
		_, err = conn.Write([]byte(begun))
		require.NoError(t, err)
	}
	sub := subscribed(t, srv, "a", "")
	client := newClient(t, srv)
	for range 100 {
		_, err := client.Trigger(deadline(t), "a", "e", "d")
		require.NoError(t, err)
		assert.Equal(t, "d", next(t, sub).Data)
	}
}
