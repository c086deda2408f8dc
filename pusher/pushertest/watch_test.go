package pushertest_test

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestServerPings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, ActivityTimeout: 10 * time.Second, PongTimeout: 5 * time.Second,
		})
		ws := dialInMemory(t, srv)
		assert.Contains(t, readRaw(t, ws), `\"activity_timeout\":10`)
		writeRaw(t, ws, `{"event":"pusher:subscribe","data":{"channel":"a"}}`)
		readRaw(t, ws)
		began := time.Now()

		assert.Equal(t, `{"event":"pusher:ping","data":"{}"}`, readRaw(t, ws))
		assert.Equal(t, 10*time.Second, time.Since(began))
		time.Sleep(5*time.Second - 1)
		writeRaw(t, ws, `{"event":"pusher:pong"}`)
		synctest.Wait()
		began = time.Now()

		// Anything that the client sends shows that it is alive.
		time.Sleep(9 * time.Second)
		writeRaw(t, ws, `{"event":"pusher:ping"}`)
		assert.Equal(t, `{"event":"pusher:pong","data":"{}"}`, readRaw(t, ws))

		assert.Equal(t, `{"event":"pusher:ping","data":"{}"}`, readRaw(t, ws))
		assert.Equal(t, 19*time.Second, time.Since(began))
		assert.True(t, srv.Channel("a").Occupied())
		_, _, err := ws.Read(t.Context())
		assert.Equal(t, websocket.StatusCode(4201), websocket.CloseStatus(err))
		assert.Equal(t, 24*time.Second, time.Since(began))
		assert.False(t, srv.Channel("a").Occupied())
	})
}

func TestServerDoesNotPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{InMemory: true, ActivityTimeout: -1})
		ws := dialInMemory(t, srv)
		assert.Contains(t, readRaw(t, ws), `\"activity_timeout\":120`)
		time.Sleep(24 * time.Hour)
		writeRaw(t, ws, `{"event":"pusher:ping"}`)
		assert.Equal(t, `{"event":"pusher:pong","data":"{}"}`, readRaw(t, ws))
	})
}

func TestSubscriberAnswersPings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{InMemory: true})
		sub, err := srv.Subscriber(t.Context())
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		require.NoError(t, sub.Ping(t.Context()))
		assert.Len(t, srv.Snapshot().Connections, 1)
		sub.Close()
	})
}

// A client that takes nothing any more is closed even if it is sent too little to
// fill its queue.
func TestServerGivesUpAStuckClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{InMemory: true})
		ws := dialInMemory(t, srv)
		readRaw(t, ws)
		writeRaw(t, ws, `{"event":"pusher:subscribe","data":{"channel":"a"}}`)
		require.NoError(t, srv.WaitUntil(t.Context(), func() bool { return srv.Channel("a").Occupied() }))
		// It does not even read the answer, and a pipe holds nothing.
		time.Sleep(30 * time.Second)
		synctest.Wait()
		assert.Empty(t, srv.Snapshot().Connections)
	})
}

// Who begins a request and does not go on is cut off.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{
		"nothing":     "",
		"half a line": "POST /apps/1001/events HTTP/1.1\r\nHost",
		"no body":     "POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"half a body": "POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pushertest.NewServer(t, pushertest.ServerConfig{InMemory: true, ReadTimeout: time.Minute})
				conn, err := srv.DialContext(t.Context(), "tcp", "x")
				require.NoError(t, err)
				defer conn.Close()
				_, err = conn.Write([]byte(sent))
				require.NoError(t, err)
				began := time.Now()
				answer := make([]byte, 1<<10)
				n, err := conn.Read(answer)
				assert.Equal(t, time.Minute, time.Since(began), "%s %v", answer[:n], err)
			})
		})
	}
}

// All of it works without a port, at a bubble's pace.
func TestInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{InMemory: true})
		cfg := srv.Config()
		cfg.Backend = nethttp.New(clientOf(srv))
		client, err := pusher.New(cfg)
		require.NoError(t, err)
		sub := bubbleSubscriber(t, srv, "a", "")
		_, err = client.Trigger(t.Context(), "a", "e", "d")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		message, err := sub.Next(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "d", message.Data)

		srv.RefuseConnections()
		_, err = client.Trigger(t.Context(), "a", "e", "d")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
		require.NoError(t, srv.AcceptConnections())
		_, err = client.Trigger(t.Context(), "a", "e", "d")
		require.NoError(t, err)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = srv.Subscriber(ended)
		require.ErrorIs(t, err, context.Canceled)
	})
}
