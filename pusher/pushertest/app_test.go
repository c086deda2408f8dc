package pushertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestApps(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Apps: []pushertest.AppConfig{
		{ID: "2", Key: "key-2", Secret: "s2"}, {ID: "app-3", Key: "k3", Secret: "s3"},
	}})
	require.Len(t, srv.Apps(), 3)
	assert.Same(t, srv.App, srv.Apps()[0])
	assert.Nil(t, srv.AppByID("4"))
	second := srv.AppByID("2")
	assert.Equal(t, "key-2", second.Key())
	ctx := deadline(t)
	for _, app := range srv.Apps() {
		client, err := pusher.New(app.Config())
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
		sub, err := app.Subscriber(ctx)
		require.NoError(t, err)
		auth, err := client.AuthorizeChannel(sub.SocketID(), "private-a", nil)
		require.NoError(t, err)
		require.NoError(t, sub.Subscribe(ctx, "private-a", auth))
		_, err = client.Trigger(ctx, "private-a", "e", app.ID())
		require.NoError(t, err)
		assert.Equal(t, app.ID(), next(t, sub).Data)
		nothingMore(t, sub)
		assert.Len(t, app.Events(), 1)
		assert.Equal(t, app.ID(), app.Snapshot().AppID)
		assert.Len(t, app.Snapshot().Connections, 1)
		requests := srv.Requests()
		assert.Equal(t, app.ID(), requests[len(requests)-1].AppID)
	}
	// A token of one app is none of another.
	mixed := second.Config()
	mixed.AppID = "app-3"
	client, err := pusher.New(mixed)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.Trigger(ctx, "a", "e", "d")
	require.ErrorIs(t, err, pusher.ErrUnauthorized)
	srv.Forget()
	assert.Empty(t, second.Events())
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ann := subscribed(t, srv, "presence-a", `{"user_id":"ann"}`)
	bob := signedIn(t, srv, "bob")
	require.NoError(t, bob.Subscribe(deadline(t), "presence-a", channelAuth(srv, bob.SocketID(), "presence-a", "")))
	quiet := subscribed(t, srv, "private-a", "")
	client := newClient(t, srv)
	ctx := deadline(t)
	_, err := client.Trigger(ctx, "presence-a", "e", "1", pusher.ExcludeSocket(ann.SocketID()))
	require.NoError(t, err)
	_, err = client.SendToUser(ctx, "bob", "e", "2")
	require.NoError(t, err)
	_, err = client.Trigger(ctx, "nowhere", "e", "3")
	require.NoError(t, err)
	require.NoError(t, bob.Send(ctx, "presence-a", "client-e", "4"))
	require.NoError(t, bob.Ping(ctx))

	toBob := []pushertest.Recipient{{SocketID: bob.SocketID(), UserID: "bob"}}
	deliveries := srv.Deliveries()
	assert.Equal(t, []pushertest.Delivery{
		{Event: pushertest.Event{Channel: "presence-a", Name: "e", Data: "1", SocketID: ann.SocketID()}, To: toBob},
		{Event: pushertest.Event{Channel: "#server-to-user-bob", Name: "e", Data: "2"}, To: toBob},
		{Event: pushertest.Event{Channel: "nowhere", Name: "e", Data: "3"}},
		{
			Event: pushertest.Event{Channel: "presence-a", Name: "client-e", Data: "4", SocketID: bob.SocketID()}, From: bob.SocketID(),
			To: []pushertest.Recipient{{SocketID: ann.SocketID(), UserID: "ann"}},
		},
	}, deliveries)
	assert.True(t, deliveries[0].SentTo(bob.SocketID()))
	assert.False(t, deliveries[0].SentTo(quiet.SocketID()))
	assert.True(t, deliveries[3].SentToUser("ann"))
	assert.False(t, deliveries[3].SentToUser("bob"))
	srv.Forget()
	assert.Empty(t, srv.Deliveries())
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: clock.Now})
	assert.Equal(t, pushertest.Snapshot{AppID: pushertest.DefaultAppID, Key: pushertest.DefaultKey}, srv.Snapshot())
	ann := subscribed(t, srv, "presence-cache-a", `{"user_id":"ann","user_info":{"n":1}}`)
	bob := signedIn(t, srv, "bob")
	require.NoError(t, bob.Subscribe(deadline(t), "public"))
	require.NoError(t, ann.Subscribe(deadline(t), "public"))
	trigger(t, srv, "presence-cache-a", "e", "d")

	snapshot := srv.Snapshot()
	require.Len(t, snapshot.Connections, 2)
	assert.Equal(t, pushertest.Connection{
		SocketID: ann.SocketID(), Channels: []string{"presence-cache-a", "public"}, Client: "pushertest 1.0",
		RemoteAddr: snapshot.Connections[0].RemoteAddr, Opened: clock.Now(),
	}, snapshot.Connections[0])
	assert.Contains(t, snapshot.Connections[0].RemoteAddr, "127.0.0.1:")
	assert.Equal(t, []string{"#server-to-user-bob", "public"}, snapshot.Connections[1].Channels)
	assert.Equal(t, []pushertest.Channel{
		{
			Name: "presence-cache-a", SocketIDs: []string{ann.SocketID()},
			Members: []pushertest.Member{{UserID: "ann", UserInfo: json.RawMessage(`{"n":1}`)}},
			Cached:  &pushertest.Event{Channel: "presence-cache-a", Name: "e", Data: "d"},
		},
		{Name: "public", SocketIDs: []string{bob.SocketID(), ann.SocketID()}},
	}, snapshot.Channels)
	assert.True(t, srv.Channel("presence-cache-a").HasMember("ann"))
	assert.False(t, srv.Channel("presence-cache-a").HasMember("bob"))
	assert.Equal(t, snapshot.Connections[1:], srv.UserConnections("bob"))
	assert.Empty(t, srv.UserConnections("ann"))
	assert.Equal(t, pushertest.Channel{Name: "nowhere"}, srv.Channel("nowhere"))
	assert.False(t, srv.Channel("nowhere").Occupied())
}

// No test that waits with these has to sleep: they return as soon as it happens.
func TestWaiting(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{0, 2} {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{KeepEvents: keep})
		client := newClient(t, srv)
		ctx := deadline(t)
		found := make(chan pushertest.Event, 1)
		counted := make(chan int, 1)
		go func() {
			event, err := srv.WaitForEvent(ctx, func(e pushertest.Event) bool { return e.Data == "3" })
			assert.NoError(t, err)
			found <- event
		}()
		go func() {
			events, err := srv.WaitForEvents(ctx, 5)
			assert.NoError(t, err)
			counted <- len(events)
		}()
		for _, data := range []string{"1", "2", "3"} {
			_, err := client.Trigger(ctx, "a", "e", data)
			require.NoError(t, err)
		}
		assert.Equal(t, pushertest.Event{Channel: "a", Name: "e", Data: "3"}, <-found)
		for range 2 {
			_, err := client.Trigger(ctx, "a", "e", "more")
			require.NoError(t, err)
		}
		if keep == 0 {
			keep = 5
		}
		assert.Equal(t, keep, <-counted)
		_, err := srv.WaitForEvent(ctx, func(e pushertest.Event) bool { return e.Data == "more" })
		require.NoError(t, err, "those before count too")
		if keep == 5 {
			seen := 0
			_, err := srv.WaitForEvent(ctx, func(e pushertest.Event) bool {
				if seen++; e.Data == "2" {
					trigger(t, srv, "a", "e", "last")
				}
				return e.Data == "last"
			})
			require.NoError(t, err)
			assert.Equal(t, 6, seen, "each event is looked at once")
		}

		srv.Forget()
		cause := errors.New("enough")
		ended, cancel := context.WithCancelCause(ctx)
		cancel(cause)
		_, err = srv.WaitForEvent(ended, func(pushertest.Event) bool { return true })
		require.ErrorIs(t, err, cause)
		_, err = srv.WaitForEvents(ended, 1)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "there are 0")
		require.ErrorIs(t, srv.WaitUntil(ended, func() bool { return false }), cause)

		occupied := make(chan error, 2)
		go func() { occupied <- srv.WaitUntil(ctx, func() bool { return srv.Channel("room").Occupied() }) }()
		subscribed(t, srv, "room", "")
		require.NoError(t, <-occupied)
		go func() { occupied <- srv.WaitUntil(ctx, func() bool { return false }) }()
		srv.Close()
		require.ErrorContains(t, <-occupied, "closed")
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{
		Now:      clock.Now,
		Webhooks: pushertest.WebhookConfig{Handler: &endpoint{}, Delay: -1, Events: []string{"client_event"}},
	})
	ctx, stop := context.WithCancel(deadline(t))
	activities := srv.Watch(ctx, 0)
	number := uint64(0)
	next := func(kind pushertest.ActivityKind) pushertest.Activity {
		t.Helper()
		a := <-activities
		number++
		require.Equal(t, kind, a.Kind)
		require.Equal(t, number, a.Number)
		require.Zero(t, a.Missed)
		require.Equal(t, clock.Now(), a.Time)
		return a
	}
	requireRefused(t, srv.App, refuseOnce(srv, 4100))
	assert.Equal(t, 4100, next(pushertest.ActivityRefused).Code)
	srv.RefuseClients(0, "")

	ann := connect(t, srv)
	assert.Equal(t, ann.SocketID(), next(pushertest.ActivityConnected).SocketID)
	require.NoError(t, ann.SignIn(deadline(t), userAuth(srv, ann.SocketID(), `{"id":"ann"}`)))
	assert.Equal(t, "ann", next(pushertest.ActivitySignedIn).UserID)
	assert.Equal(t, "#server-to-user-ann", next(pushertest.ActivitySubscribed).Channel)
	require.NoError(t, ann.Subscribe(deadline(t), "presence-a", channelAuth(srv, ann.SocketID(), "presence-a", `{"user_id":"x"}`)))
	in := next(pushertest.ActivitySubscribed)
	assert.Equal(t, []string{"presence-a", "x", ann.SocketID()}, []string{in.Channel, in.UserID, in.SocketID})

	trigger(t, srv, "presence-a", "e", "d")
	event := next(pushertest.ActivityEvent)
	assert.Equal(t, pushertest.Event{Channel: "presence-a", Name: "e", Data: "d"}, event.Event)
	assert.Equal(t, 1, event.Recipients)
	call := next(pushertest.ActivityRequest)
	assert.Equal(t, pushertest.DefaultAppID, call.AppID)
	assert.Equal(t, "1: POST /apps/1001/events: accepted, answered 200", call.Request.String())
	request{method: "GET", path: "/apps/none/channels"}.send(t, srv)
	call = next(pushertest.ActivityRequest)
	assert.Empty(t, call.AppID)
	assert.Equal(t, 404, call.Request.Status)

	require.NoError(t, ann.Send(deadline(t), "presence-a", "client-e", "hi"))
	sent := next(pushertest.ActivityClientEvent)
	assert.Equal(t, []string{"hi", "x", ann.SocketID()}, []string{sent.Event.Data, sent.UserID, sent.SocketID})
	hook := next(pushertest.ActivityWebhook)
	assert.True(t, hook.Webhook.Delivered())
	assert.Equal(t, "client_event", hook.Webhook.Events[0].Name)

	require.NoError(t, ann.Unsubscribe(deadline(t), "presence-a"))
	assert.Equal(t, "x", next(pushertest.ActivityUnsubscribed).UserID)
	ann.Close()
	assert.Equal(t, "#server-to-user-ann", next(pushertest.ActivityUnsubscribed).Channel)
	end := next(pushertest.ActivityDisconnected)
	assert.Equal(t, []any{"ann", 1000}, []any{end.UserID, end.Code})

	// A watcher that does not keep up slows no one, and learns what it has missed.
	slow := srv.Watch(deadline(t), 1)
	for range 5 {
		trigger(t, srv, "a", "e", "d") // two activities each
	}
	first := <-slow
	trigger(t, srv, "a", "e", "d")
	second := <-slow
	assert.Equal(t, number+1, first.Number)
	assert.Equal(t, 9, second.Missed)
	assert.Equal(t, first.Number+10, second.Number)

	stop()
	for range activities {
		continue // what is left, until the channel closes
	}
	srv.Close()
	for range slow {
		continue
	}
	_, open := <-srv.Watch(t.Context(), 0)
	assert.False(t, open, "a closed server has nothing to tell")
}

func refuseOnce(srv *pushertest.Server, code int) int {
	srv.RefuseClients(code, "full")
	return code
}

func TestServerAddr(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Addr: "localhost:0"})
	assert.Equal(t, "http://"+srv.Addr(), srv.URL())
	require.NoError(t, newClient(t, srv).Ping(deadline(t)))
	_, err := pushertest.Start(pushertest.ServerConfig{Addr: srv.Addr()})
	require.Error(t, err, "the port is taken")

	everywhere := pushertest.NewServer(t, pushertest.ServerConfig{Addr: "0.0.0.0:0"})
	assert.Contains(t, everywhere.Addr(), "127.0.0.1:")
	require.NoError(t, newClient(t, everywhere).Ping(deadline(t)))
	everywhere.RefuseConnections()
	require.NoError(t, everywhere.AcceptConnections())
	require.NoError(t, newClient(t, everywhere).Ping(deadline(t)))
}

// Expired events of cache channels do not fill the memory.
func TestCacheIsSwept(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: clock.Now})
	trigger(t, srv, "cache-a", "e", "d")
	require.NotNil(t, srv.Channel("cache-a").Cached)
	clock.Advance(time.Hour)
	require.Nil(t, srv.Channel("cache-a").Cached)
	trigger(t, srv, "b", "e", "d")
	clock.Advance(-time.Hour)
	assert.Nil(t, srv.Channel("cache-a").Cached, "it is gone for good")
}

// A watcher whose context has ended is let go, although the server lives on.
func TestEndedWatchersAreLetGo(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	const watchers, buffer = 64, 20_000 // some 6 MB each
	for range watchers {
		ctx, stop := context.WithCancel(t.Context())
		activities := srv.Watch(ctx, buffer)
		stop()
		for range activities {
		}
	}
	require.Eventually(t, func() bool {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc < watchers*buffer*100
	}, 20*time.Second, 100*time.Millisecond)
}
