package pushertest_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func requireRefused(t *testing.T, app *pushertest.App, code int) {
	t.Helper()
	_, err := app.Subscriber(deadline(t))
	var refused *pushertest.ConnectionError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Code)
}

func TestClientsAreRefused(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{
		Limits: pushertest.ServerLimits{Connections: 1},
		Apps:   []pushertest.AppConfig{{ID: "2", Key: "off", Secret: "s", Disabled: true}},
	})
	sub := connect(t, srv)
	requireRefused(t, srv.App, 4004)
	sub.Close()
	require.NoError(t, srv.WaitUntil(deadline(t), func() bool { return len(srv.Snapshot().Connections) == 0 }))
	sub = connect(t, srv)

	off := srv.AppByID("2")
	requireRefused(t, off, 4003)
	client, err := pusher.New(off.Config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.Trigger(deadline(t), "a", "e", "d")
	require.ErrorIs(t, err, pusher.ErrForbidden)
	off.SetDisabled(false)
	_, err = client.Trigger(deadline(t), "a", "e", "d")
	require.NoError(t, err)
	_, err = off.Subscriber(deadline(t))
	require.NoError(t, err)

	require.Equal(t, 1, srv.Disconnect(4200, "try again"))
	_, err = sub.Next(deadline(t))
	var closed *pushertest.ConnectionError
	require.ErrorAs(t, err, &closed)
	require.Equal(t, pushertest.ConnectionError{Code: 4200, Reason: "try again"}, *closed)
	require.Zero(t, srv.Disconnect(4200, "try again"))

	srv.RefuseClients(4100, "over capacity")
	requireRefused(t, srv.App, 4100)
	srv.RefuseClients(0, "")
	connect(t, srv)
}

func TestServerThatRequiresTLS(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{RequireTLS: true})
	requireRefused(t, srv.App, 4000)
	secured := httptest.NewTLSServer(srv.Handler())
	defer secured.Close()
	url := strings.Replace(srv.WebSocketURL(), srv.URL()[len("http"):], secured.URL[len("https"):], 1)
	url = strings.Replace(url, "ws://", "wss://", 1)
	ws, _, err := websocket.Dial(deadline(t), url, &websocket.DialOptions{HTTPClient: secured.Client()})
	require.NoError(t, err)
	assert.Contains(t, readRaw(t, ws), "connection_established")
	_ = ws.CloseNow()
}

func TestMessagesThatAreTooLong(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Limits: pushertest.ServerLimits{FrameBytes: 300, Subscriptions: 1}})
	ws := dialRaw(t, srv.WebSocketURL())
	readRaw(t, ws)
	writeRaw(t, ws, `{"event":"pusher:ping","data":"`+strings.Repeat("x", 250)+`"}`)
	readRaw(t, ws)
	writeRaw(t, ws, `{"event":"pusher:ping","data":"`+strings.Repeat("x", 300)+`"}`)
	_, _, err := ws.Read(deadline(t))
	assert.Equal(t, websocket.StatusMessageTooBig, websocket.CloseStatus(err))

	sub := subscribed(t, srv, "a", "")
	require.ErrorContains(t, sub.Subscribe(deadline(t), "b"), "too many")
	require.NoError(t, sub.Unsubscribe(deadline(t), "a"))
	require.NoError(t, sub.Subscribe(deadline(t), "b"))
}

// What is no UTF-8 would end the connections of all to whom it is passed on.
func TestMessagesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	victim := subscribed(t, srv, "private-a", "")
	ws := dialRaw(t, srv.WebSocketURL())
	id := regexp.MustCompile(`\d+\.\d+`).FindString(readRaw(t, ws))
	auth := channelAuth(srv, id, "private-a", "").Auth
	writeRaw(t, ws, `{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"`+auth+`"}}`)
	require.Contains(t, readRaw(t, ws), "subscription_succeeded")
	writeRaw(t, ws, "{\"event\":\"client-x\",\"channel\":\"private-a\",\"data\":\"\xff\"}")
	_, _, err := ws.Read(deadline(t))
	assert.Equal(t, websocket.StatusInvalidFramePayloadData, websocket.CloseStatus(err))
	_, err = newClient(t, srv).Trigger(deadline(t), "private-a", "e", "still here")
	require.NoError(t, err)
	assert.Contains(t, next(t, victim).Data, "still here")
}

// The bytes of a queue are limited too.
func TestQueueBytes(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Limits: pushertest.ServerLimits{
		SendQueueBytes: 1 << 20, DataBytes: -1, RequestBytes: -1,
	}})
	stuck := dialRaw(t, srv.WebSocketURL())
	readRaw(t, stuck)
	writeRaw(t, stuck, `{"event":"pusher:subscribe","data":{"channel":"a"}}`)
	readRaw(t, stuck)
	body := object("batch", batchOf(map[string]any{"name": "e", "channel": "a", "data": strings.Repeat("x", 100_000)}, 10))
	for range 100 {
		require.Equal(t, 200, post("/batch_events", body).send(t, srv).status)
		if !srv.Channel("a").Occupied() {
			return
		}
	}
	t.Fatal("the subscriber that does not read is still there")
}
