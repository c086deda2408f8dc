package pushertest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// dialRaw connects without a Subscriber, to see and send frames as they are.
func dialRaw(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	ws, _, err := websocket.Dial(deadline(t), url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

func readRaw(t *testing.T, ws *websocket.Conn) string {
	t.Helper()
	kind, text, err := ws.Read(deadline(t))
	require.NoError(t, err)
	require.Equal(t, websocket.MessageText, kind)
	return string(text)
}

func writeRaw(t *testing.T, ws *websocket.Conn, text string) {
	t.Helper()
	require.NoError(t, ws.Write(deadline(t), websocket.MessageText, []byte(text)))
}

func TestConnectionFrames(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ws := dialRaw(t, srv.WebSocketURL())
	assert.JSONEq(t, `{"event":"pusher:connection_established","data":"{\"activity_timeout\":120,\"socket_id\":\"1001.1\"}"}`, readRaw(t, ws))
	for _, exchange := range []struct{ send, receive string }{
		{`{"event":"pusher:ping","data":{}}`, `{"event":"pusher:pong","data":"{}"}`},
		{`{"event":"pusher:pong"}{`, `\"code\":null`},
		{`[]`, `pusher:error`},
		{`{"event":"other"}`, `client-`},
		{`{"event":"pusher:subscribe"}`, `malformed`},
		{`{"event":"pusher:subscribe","data":{"channel":1}}`, `malformed`},
		{`{"event":"pusher:unsubscribe","data":[]}`, `malformed`},
		{`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"x"}}`, `\"type\":\"AuthError\"`},
		{`{"event":"pusher:subscribe","data":{"channel":"my-channel"}}`, `{"event":"pusher_internal:subscription_succeeded","channel":"my-channel","data":"{}"}`},
		{`{"event":"pusher:subscribe","data":{"channel":"a b"}}`, `{"event":"pusher:subscription_error","channel":"a b","data":"{\"type\":\"InvalidChannel\",\"error\":\"the channel's name is not valid\",\"status\":400}"}`},
	} {
		writeRaw(t, ws, exchange.send)
		assert.Contains(t, readRaw(t, ws), exchange.receive, exchange.send)
	}
	writeRaw(t, ws, `{"event":"pusher:pong"}`)
	trigger(t, srv, "my-channel", "my-event", `{"a":"<é>"}`)
	assert.Equal(t, `{"event":"my-event","channel":"my-channel","data":"{\"a\":\"<é>\"}"}`, readRaw(t, ws))
	require.NoError(t, ws.Write(deadline(t), websocket.MessageBinary, []byte(`{"event":"pusher:ping"}`)))
	assert.Contains(t, readRaw(t, ws), "pusher:error")
}

func TestConnectionRefusals(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	base := strings.Replace(srv.URL(), "http", "ws", 1) + "/app/"
	for name, test := range map[string]struct {
		url  string
		code int
	}{
		"unknown key":     {base + "other?protocol=7", 4001},
		"key and more":    {base + "pushertest-key/x?protocol=7", 4005},
		"no key":          {base + "?protocol=7", 4005},
		"other path":      {strings.Replace(srv.URL(), "http", "ws", 1) + "/socket?protocol=7", 4005},
		"old protocol":    {base + "pushertest-key?protocol=5", 4007},
		"future protocol": {base + "pushertest-key?protocol=8", 4007},
		"no number":       {base + "pushertest-key?protocol=seven", 4006},
		"no protocol":     {base + "pushertest-key", 4008},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pushertest.Dial(deadline(t), test.url)
			var refused *pushertest.ConnectionError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.code, refused.Code)

			ws := dialRaw(t, test.url)
			assert.Contains(t, readRaw(t, ws), `\"code\":`+strconv.Itoa(test.code))
			_, _, err = ws.Read(deadline(t))
			assert.Equal(t, websocket.StatusCode(test.code), websocket.CloseStatus(err))
		})
	}
}

func TestDialFails(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	_, err := pushertest.Dial(deadline(t), srv.URL()+"/nowhere")
	require.Error(t, err)

	for name, greeting := range map[string]string{"no JSON": "hello", "no socket id": `{"event":"pusher:connection_established","data":"{}"}`, "silence": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ws, err := websocket.Accept(w, r, nil)
				if err == nil && greeting != "" {
					_ = ws.Write(r.Context(), websocket.MessageText, []byte(greeting))
				}
				if err == nil {
					_ = ws.Close(websocket.StatusGoingAway, "gone")
				}
			}))
			defer other.Close()
			_, err := pushertest.Dial(deadline(t), other.URL)
			require.Error(t, err)
			var closed *pushertest.ConnectionError
			if greeting == "" && assert.ErrorAs(t, err, &closed) {
				assert.Equal(t, pushertest.ConnectionError{Code: 1001, Reason: "gone"}, *closed)
				assert.EqualError(t, closed, "closed with code 1001: gone")
			}
		})
	}
}

// A subscriber that does not read is cut off, and the others get everything.
func TestConnectionThatDoesNotRead(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Limits: pushertest.ServerLimits{
		SendQueue: 20, DataBytes: -1, RequestBytes: -1,
	}})
	stuck := dialRaw(t, srv.WebSocketURL())
	readRaw(t, stuck)
	writeRaw(t, stuck, `{"event":"pusher:subscribe","data":{"channel":"my-channel"}}`)
	readRaw(t, stuck)
	good := subscribed(t, srv, "my-channel", "")

	body := object("batch", batchOf(map[string]any{"name": "e", "channel": "my-channel", "data": strings.Repeat("x", 100_000)}, 10))
	for range 1000 {
		require.Equal(t, 200, post("/batch_events", body).send(t, srv).status)
		for range 10 {
			assert.Len(t, next(t, good).Data, 100_000)
		}
		if get("/channels/my-channel", "info", "subscription_count").send(t, srv).body == `{"occupied":true,"subscription_count":1}` {
			nothingMore(t, good)
			return
		}
	}
	t.Fatal("the subscriber that does not read is still there")
}

func batchOf(event any, n int) []any {
	events := make([]any, n)
	for i := range events {
		events[i] = event
	}
	return events
}

// A server that greets and then says nothing, until told to hang up.
func newSilentServer(t *testing.T) (url string, heard <-chan string, hangUp func()) {
	t.Helper()
	received := make(chan string, 10)
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		_ = ws.Write(ctx, websocket.MessageText, []byte(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.1\"}"}`))
		for {
			_, text, err := ws.Read(ctx)
			if err != nil {
				return
			}
			received <- string(text)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(cancel)
	return server.URL, received, cancel
}

func TestSubscriberWithoutConfirmation(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(*pushertest.Subscriber, context.Context) error{
		"Subscribe": func(s *pushertest.Subscriber, ctx context.Context) error { return s.Subscribe(ctx, "my-channel") },
		"SignIn": func(s *pushertest.Subscriber, ctx context.Context) error {
			return s.SignIn(ctx, pusher.UserAuth{Auth: "x", UserData: `{"id":"7"}`})
		},
		"Ping": (*pushertest.Subscriber).Ping,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, heard, hangUp := newSilentServer(t)
			sub, err := pushertest.Dial(deadline(t), url)
			require.NoError(t, err)
			t.Cleanup(sub.Close)

			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- wait(sub, ctx) }()
			<-heard
			if name != "Ping" {
				require.ErrorContains(t, wait(sub, deadline(t)), "under way")
			}
			cancel()
			require.ErrorIs(t, <-result, context.Canceled)

			ctx = deadline(t)
			go func() { result <- wait(sub, ctx) }()
			<-heard
			hangUp()
			var closed *pushertest.ConnectionError
			require.ErrorAs(t, <-result, &closed)
			assert.Equal(t, 1006, closed.Code)
			require.ErrorAs(t, wait(sub, deadline(t)), &closed)
		})
	}
}

// Every subscriber sees the events of a channel in the order of acceptance.
func TestConnectionOrder(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	subscribers := []*pushertest.Subscriber{subscribed(t, srv, "my-channel", ""), subscribed(t, srv, "my-channel", "")}
	var senders sync.WaitGroup
	for sender := range 8 {
		senders.Go(func() {
			for i := range 25 {
				post("/events", object("name", "e", "channel", "my-channel", "data", strconv.Itoa(sender*1000+i))).send(t, srv)
			}
		})
	}
	senders.Wait()
	events := srv.Events()
	require.Len(t, events, 200)
	for _, sub := range subscribers {
		for _, event := range events {
			assert.Equal(t, event.Data, next(t, sub).Data)
		}
		nothingMore(t, sub)
	}
}

func TestExcludedSocketGetsNothing(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sender, other := subscribed(t, srv, "my-channel", ""), subscribed(t, srv, "my-channel", "")
	res := post("/events", object("name", "e", "channel", "my-channel", "data", "d", "socket_id", sender.SocketID())).send(t, srv)
	require.Equal(t, 200, res.status)
	assert.Equal(t, pushertest.Message{Event: "e", Channel: "my-channel", Data: "d"}, next(t, other))
	nothingMore(t, sender)
}

func TestServerCloses(t *testing.T) {
	t.Parallel()
	srv, err := pushertest.Start(pushertest.ServerConfig{})
	require.NoError(t, err)
	sub, err := srv.Subscriber(deadline(t))
	require.NoError(t, err)
	terminated := dialRaw(t, srv.WebSocketURL())
	readRaw(t, terminated)
	handler := srv.Handler()

	var closing sync.WaitGroup
	for range 2 {
		closing.Go(srv.Close)
	}
	closing.Wait()

	_, err = sub.Next(deadline(t))
	var closed *pushertest.ConnectionError
	require.ErrorAs(t, err, &closed)
	assert.Equal(t, 1006, closed.Code)
	require.EqualError(t, closed, "closed with code 1006")
	_, err = srv.Subscriber(deadline(t))
	require.Error(t, err)
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, 503, rec.Code)
}

func TestNextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sub := connect(t, srv)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := sub.Next(ctx)
	require.ErrorIs(t, err, cause)
	require.ErrorIs(t, sub.Ping(ctx), cause)
	require.ErrorIs(t, sub.Subscribe(ctx, "a"), cause)
	require.ErrorIs(t, sub.Unsubscribe(ctx, "a"), cause)
	require.ErrorIs(t, sub.Send(ctx, "private-a", "client-e", 1), cause)
	// The connection survived all that.
	require.NoError(t, sub.Ping(deadline(t)))
}
