package pushertest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// endpoint is a handler of webhooks that answers from a script, then with 200.
type endpoint struct {
	mu     sync.Mutex
	script []int
	bodies []string
	times  []time.Time
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bodies = append(e.bodies, string(body))
	e.times = append(e.times, time.Now())
	if len(e.script) > 0 {
		w.WriteHeader(e.script[0])
		e.script = e.script[1:]
	}
}

// hooked returns the events that were delivered, in order.
func hooked(srv *pushertest.Server) []pushertest.WebhookEvent {
	var events []pushertest.WebhookEvent
	for _, hook := range srv.Webhooks() {
		if hook.Delivered() {
			events = append(events, hook.Events...)
		}
	}
	return events
}

func bubbleSubscriber(t *testing.T, srv *pushertest.Server, channel, channelData string) *pushertest.Subscriber {
	t.Helper()
	sub, err := srv.Subscriber(t.Context())
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	require.NoError(t, sub.Subscribe(t.Context(), channel, channelAuth(srv, sub.SocketID(), channel, channelData)))
	synctest.Wait()
	return sub
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, SubscriptionCounts: true,
			Webhooks: pushertest.WebhookConfig{Handler: &endpoint{}},
		})
		private := bubbleSubscriber(t, srv, "private-a", "")
		ann := bubbleSubscriber(t, srv, "presence-a", `{"user_id":"ann"}`)
		again := bubbleSubscriber(t, srv, "presence-a", `{"user_id":"ann"}`)
		bubbleSubscriber(t, srv, "cache-a", "")
		require.NoError(t, private.Send(t.Context(), "private-a", "client-x", "1"))
		require.NoError(t, ann.Send(t.Context(), "presence-a", "client-x", map[string]int{"n": 1}))
		synctest.Wait()
		for _, sub := range []*pushertest.Subscriber{ann, again, private} {
			sub.Close()
			synctest.Wait()
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		assert.Equal(t, []pushertest.WebhookEvent{
			{Name: "channel_occupied", Channel: "private-a"},
			{Name: "subscription_count", Channel: "private-a", SubscriptionCount: 1},
			{Name: "channel_occupied", Channel: "presence-a"},
			{Name: "member_added", Channel: "presence-a", UserID: "ann"},
			{Name: "channel_occupied", Channel: "cache-a"},
			{Name: "cache_miss", Channel: "cache-a"},
			{Name: "subscription_count", Channel: "cache-a", SubscriptionCount: 1},
			{Name: "client_event", Channel: "private-a", Event: "client-x", Data: "1", SocketID: private.SocketID()},
			{Name: "client_event", Channel: "presence-a", Event: "client-x", Data: `{"n":1}`, SocketID: ann.SocketID(), UserID: "ann"},
			{Name: "subscription_count", Channel: "private-a"},
			{Name: "member_removed", Channel: "presence-a", UserID: "ann"},
			{Name: "channel_vacated", Channel: "presence-a"},
			{Name: "channel_vacated", Channel: "private-a"},
		}, hooked(srv))
	})
}

// A client that comes back within three seconds was never away.
func TestWebhookDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, Webhooks: pushertest.WebhookConfig{Handler: &endpoint{}},
		})
		const ann = `{"user_id":"ann"}`
		come := []pushertest.WebhookEvent{
			{Name: "channel_occupied", Channel: "presence-a"}, {Name: "member_added", Channel: "presence-a", UserID: "ann"},
		}
		bubbleSubscriber(t, srv, "presence-a", ann).Close()
		synctest.Wait()
		time.Sleep(3*time.Second - 1)
		second := bubbleSubscriber(t, srv, "presence-a", ann)
		time.Sleep(time.Minute)
		assert.Equal(t, come, hooked(srv))

		second.Close()
		synctest.Wait()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		left := append(come, pushertest.WebhookEvent{Name: "member_removed", Channel: "presence-a", UserID: "ann"},
			pushertest.WebhookEvent{Name: "channel_vacated", Channel: "presence-a"})
		assert.Equal(t, left, hooked(srv))

		// Another user keeps the channel occupied, but is not the first.
		bubbleSubscriber(t, srv, "presence-a", ann).Close()
		synctest.Wait()
		bubbleSubscriber(t, srv, "presence-a", `{"user_id":"bob"}`)
		time.Sleep(time.Minute)
		assert.Equal(t, append(left, come[0], come[1],
			pushertest.WebhookEvent{Name: "member_added", Channel: "presence-a", UserID: "bob"},
			pushertest.WebhookEvent{Name: "member_removed", Channel: "presence-a", UserID: "ann"}), hooked(srv))
	})
}

func TestWebhookWithoutDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true,
			Webhooks: pushertest.WebhookConfig{Handler: &endpoint{}, Delay: -1, Events: []string{"channel_occupied", "channel_vacated"}},
		})
		sub := bubbleSubscriber(t, srv, "cache-a", "")
		for range 2 {
			require.NoError(t, sub.Unsubscribe(t.Context(), "cache-a"))
			require.NoError(t, sub.Subscribe(t.Context(), "cache-a"))
		}
		synctest.Wait()
		occupied, vacated := pushertest.WebhookEvent{Name: "channel_occupied", Channel: "cache-a"}, pushertest.WebhookEvent{Name: "channel_vacated", Channel: "cache-a"}
		assert.Equal(t, []pushertest.WebhookEvent{occupied, vacated, occupied, vacated, occupied}, hooked(srv))
	})
}

func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &endpoint{script: []int{500, 302, 404}}
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, Webhooks: pushertest.WebhookConfig{Handler: target, MaxBatch: 2},
		})
		began := time.Now()
		sub := bubbleSubscriber(t, srv, "a", "")
		for _, channel := range []string{"b", "c", "d"} {
			require.NoError(t, sub.Subscribe(t.Context(), channel))
		}
		time.Sleep(time.Minute)
		hooks := srv.Webhooks()
		require.Len(t, hooks, 6)
		for i, want := range []struct {
			number, attempt, status, events int
			after                           time.Duration
		}{
			{1, 1, 500, 1, 0},
			{1, 2, 302, 1, time.Second},
			{1, 3, 404, 1, 3 * time.Second},
			{1, 4, 200, 1, 7 * time.Second},
			{2, 1, 200, 2, 7 * time.Second}, // what came meanwhile, in order
			{3, 1, 200, 1, 7 * time.Second},
		} {
			hook := hooks[i]
			assert.Equal(t, want.number, hook.Number, i)
			assert.Equal(t, want.attempt, hook.Attempt, i)
			assert.Equal(t, want.status, hook.Status, i)
			assert.Len(t, hook.Events, want.events, i)
			assert.Equal(t, began.Add(want.after), hook.Time, i)
			assert.Equal(t, target.bodies[i], hook.Body, i)
		}
		assert.Equal(t, hooks[0].Body, hooks[3].Body, "a retry says the same")
		assert.Equal(t, `{"events":[{"channel":"b","name":"channel_occupied"},{"channel":"c","name":"channel_occupied"}],"time_ms":`+
			strconv.FormatInt(began.Add(7*time.Second).UnixMilli(), 10)+`}`, hooks[4].Body)
	})
}

func TestWebhookIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		retryFor time.Duration
		attempts int
	}{
		"five minutes": {0, 10}, // after 0, 1, 3, 7, 15, 31, 63, 123, 183 and 243 s
		"ten seconds":  {10 * time.Second, 4},
		"at once":      {-1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				broken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })
				srv := pushertest.NewServer(t, pushertest.ServerConfig{
					InMemory: true, Webhooks: pushertest.WebhookConfig{Handler: broken, RetryFor: test.retryFor},
				})
				bubbleSubscriber(t, srv, "a", "")
				time.Sleep(time.Hour)
				hooks := srv.Webhooks()
				require.Len(t, hooks, test.attempts)
				require.ErrorContains(t, hooks[0].Err, "broken")
				assert.False(t, hooks[0].Delivered())
				bubbleSubscriber(t, srv, "b", "")
				assert.Equal(t, 2, srv.Webhooks()[test.attempts].Number, "the next one is sent")
			})
		})
	}
}

func TestWebhookBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, Webhooks: pushertest.WebhookConfig{Handler: &endpoint{}, Linger: time.Second, MaxBatch: 3},
		})
		sub := bubbleSubscriber(t, srv, "a", "")
		time.Sleep(999 * time.Millisecond)
		require.NoError(t, sub.Subscribe(t.Context(), "b"))
		synctest.Wait()
		assert.Empty(t, srv.Webhooks())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Len(t, srv.Webhooks(), 1)
		assert.Len(t, srv.Webhooks()[0].Events, 2)
		for _, channel := range []string{"c", "d", "e"} {
			require.NoError(t, sub.Subscribe(t.Context(), channel))
		}
		synctest.Wait()
		require.Len(t, srv.Webhooks(), 2, "a full one waits no longer")
		srv.Forget()
		assert.Empty(t, srv.Webhooks())
	})
}

func TestWebhooksThatPileUpAreLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, Webhooks: pushertest.WebhookConfig{Handler: &endpoint{script: []int{500}}, MaxPending: 1},
		})
		sub := bubbleSubscriber(t, srv, "a", "")
		for _, channel := range []string{"b", "c"} {
			require.NoError(t, sub.Subscribe(t.Context(), channel))
		}
		time.Sleep(time.Minute)
		require.Len(t, srv.Webhooks(), 4)
		lost := srv.Webhooks()[1]
		assert.Equal(t, 0, lost.Attempt)
		require.ErrorContains(t, lost.Err, "too many")
		assert.Equal(t, []pushertest.WebhookEvent{{Name: "channel_occupied", Channel: "a"}, {Name: "channel_occupied", Channel: "b"}}, hooked(srv))
	})
}

// What was delayed is taken in already: it waits for room.
func TestDelayedWebhooksAreNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			InMemory: true, Webhooks: pushertest.WebhookConfig{Handler: &endpoint{script: []int{500, 500, 500}}, MaxPending: 1},
		})
		sub := bubbleSubscriber(t, srv, "a", "")
		synctest.Wait()
		require.NoError(t, sub.Subscribe(t.Context(), "b"))
		require.NoError(t, sub.Unsubscribe(t.Context(), "a"))
		time.Sleep(time.Minute)
		assert.Equal(t, []pushertest.WebhookEvent{
			{Name: "channel_occupied", Channel: "a"}, {Name: "channel_occupied", Channel: "b"}, {Name: "channel_vacated", Channel: "a"},
		}, hooked(srv))
	})
}

// The SDK verifies and decrypts what the server sends over HTTP.
func TestWebhooksOverHTTP(t *testing.T) {
	t.Parallel()
	for _, quirks := range []pushertest.Quirks{{}, pushertest.PusherFake.Quirks()} {
		received := make(chan pusher.Webhook, 100)
		var client *pusher.Client
		target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "/hooks", r.URL.Path)
			assert.Equal(t, "v", r.Header.Get("X-Extra"))
			client.WebhookHandler(func(_ context.Context, hook pusher.Webhook) error {
				received <- hook
				return nil
			}).ServeHTTP(w, r)
		}))
		defer target.Close()
		srv := pushertest.NewServer(t, pushertest.ServerConfig{
			Quirks:   quirks,
			Webhooks: pushertest.WebhookConfig{URL: target.URL + "/hooks", Header: http.Header{"X-Extra": {"v"}}},
		})
		client = newClient(t, srv)
		before := time.Now().Truncate(time.Second)
		subscribed(t, srv, "my-channel", "")
		var hook pusher.Webhook
		select {
		case hook = <-received:
		case <-deadline(t).Done():
			t.Fatal("no webhook came")
		}
		require.Len(t, hook.Events, 1)
		assert.Equal(t, "channel_occupied", hook.Events[0].Name)
		assert.Equal(t, "my-channel", hook.Events[0].Channel)
		assert.WithinRange(t, hook.Time, before, time.Now())
		require.NoError(t, srv.WaitUntil(deadline(t), func() bool { return len(hooked(srv)) == 1 }))
		sent := srv.Webhooks()[0]
		var body struct {
			Time int64 `json:"time_ms"`
		}
		require.NoError(t, json.Unmarshal([]byte(sent.Body), &body))
		assert.Equal(t, quirks.WebhookSeconds, body.Time < 100_000_000_000)
		_, err := client.Webhook(sent.Header, []byte(sent.Body))
		require.NoError(t, err)
		_, err = client.Webhook(sent.Header, []byte(sent.Body+" "))
		require.ErrorIs(t, err, pusher.ErrWebhookSignature)
	}
}

// A handler that does not return, or ends its goroutine, has failed; the next webhook
// is sent all the same, and Close waits for nobody.
func TestWebhookHandlerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var calls atomic.Int64
		srv := pushertest.NewServer(t, pushertest.ServerConfig{InMemory: true, Webhooks: pushertest.WebhookConfig{
			Timeout: time.Second, RetryFor: -1,
			Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				switch calls.Add(1) {
				case 1:
					<-release
				case 2:
					runtime.Goexit()
				}
			}),
		}})
		sub := bubbleSubscriber(t, srv, "a", "")
		for _, channel := range []string{"b", "c"} {
			time.Sleep(time.Minute)
			require.NoError(t, sub.Subscribe(t.Context(), channel))
		}
		time.Sleep(time.Minute)
		hooks := srv.Webhooks()
		require.Len(t, hooks, 3)
		require.ErrorIs(t, hooks[0].Err, context.DeadlineExceeded)
		require.ErrorContains(t, hooks[1].Err, "Goexit")
		assert.True(t, hooks[2].Delivered())
		srv.Close()
	})
}

// Closing the server ends a webhook under way, and leaks nothing.
func TestWebhookEndsWithTheServer(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	cause := make(chan error, 1)
	srv, err := pushertest.Start(pushertest.ServerConfig{
		Webhooks: pushertest.WebhookConfig{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
			cause <- r.Context().Err()
		})},
	})
	require.NoError(t, err)
	subscribed(t, srv, "a", "")
	<-arrived
	srv.Close()
	require.Error(t, <-cause)
	assert.Empty(t, srv.Webhooks())
}

func TestInvalidConfig(t *testing.T) {
	t.Parallel()
	hooks := func(c pushertest.WebhookConfig) pushertest.ServerConfig { return pushertest.ServerConfig{Webhooks: c} }
	for field, cfg := range map[string]pushertest.ServerConfig{
		"Webhooks.URL":         hooks(pushertest.WebhookConfig{URL: "/hooks"}),
		"Webhooks.Handler":     hooks(pushertest.WebhookConfig{URL: "http://localhost", Handler: http.NotFoundHandler()}),
		"Webhooks.Events":      hooks(pushertest.WebhookConfig{Events: []string{"occupied"}}),
		"Webhooks.MaxBatch":    hooks(pushertest.WebhookConfig{MaxBatch: -1}),
		"Webhooks.Linger":      hooks(pushertest.WebhookConfig{Linger: -1}),
		"Apps[0].ID":           {Apps: []pushertest.AppConfig{{ID: pushertest.DefaultAppID, Key: "k", Secret: "s"}}},
		"Apps[0].Key":          {Apps: []pushertest.AppConfig{{ID: "2", Key: pushertest.DefaultKey, Secret: "s"}}},
		"Apps[1].ID":           {Apps: []pushertest.AppConfig{{ID: "2", Key: "k", Secret: "s"}, {ID: "3", Key: "l"}}},
		"Apps[0].Webhooks.URL": {Apps: []pushertest.AppConfig{{ID: "2", Key: "k", Secret: "s", Webhooks: pushertest.WebhookConfig{URL: "x:"}}}},
		"Flavor":               {Flavor: "other"},
		"Quirks.FailuresAs200": {Quirks: pushertest.Quirks{FailuresAs200: true}},
		"PongTimeout":          {PongTimeout: -1},
	} {
		_, err := pushertest.Start(cfg)
		var invalid *pusher.ValidationError
		require.ErrorAs(t, err, &invalid, field)
		assert.Equal(t, "ServerConfig."+field, invalid.Field)
	}
	_, err := pushertest.Start(pushertest.ServerConfig{Addr: "127.0.0.1:-1"})
	require.Error(t, err)
}
