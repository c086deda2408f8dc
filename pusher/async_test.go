package pusher_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// setupAsync returns a client's queue, which the test closes.
func setupAsync(t *testing.T, client *pusher.Client, cfg async.Config) *pusher.AsyncClient {
	t.Helper()
	queue := client.Async(cfg)
	t.Cleanup(func() {
		assert.NoError(t, queue.Close(context.Background()))
		s := queue.Stats()
		assert.Equal(t, s.Accepted, s.Delivered+s.Failed+s.Pending)
	})
	return queue
}

// Whatever the answer, the queue sends the same bytes and says the same as the
// client.
func TestAsyncDoesWhatTheClientDoes(t *testing.T) {
	t.Parallel()
	calls := everyCall("presence-a", "7", "/something/new")
	calls["Ping"] = ping()
	for answer, edit := range map[string]func(*wire){
		"yes": func(w *wire) {
			w.body = `{"channels":{"presence-a":{"subscription_count":3}},"batch":[{},{}],"users":[{"id":"1"}]}`
		},
		"no":          func(w *wire) { w.status, w.body = 400, "bad" },
		"later":       func(w *wire) { w.status, w.header = 503, map[string][]string{"Retry-After": {"7"}} },
		"garbage":     func(w *wire) { w.body = "<html>" },
		"no answer":   func(w *wire) { w.err = backend.NewError("x", backend.Unknown, errors.New("reset")) },
		"half answer": func(w *wire) { w.err = backend.NewStatusError("x", 200, errors.New("reset")) },
	} {
		for name, call := range calls {
			t.Run(name+", "+answer, func(t *testing.T) {
				t.Parallel()
				client, w := setup(t)
				edit(w)
				queue := setupAsync(t, client, async.Config{})
				want, wantErr := call.now(t.Context(), client)
				sentNow := w.sent
				w.sent = nil
				got, err := call.later(t.Context(), queue)
				assert.Equal(t, want, got)
				assert.Equal(t, sentNow, w.sent)
				s := queue.Stats()
				assert.EqualValues(t, 1, s.Accepted)
				if wantErr == nil {
					require.NoError(t, err)
					assert.EqualValues(t, 1, s.Delivered)
					return
				}
				require.EqualError(t, err, wantErr.Error())
				assert.Equal(t, reflect.TypeOf(wantErr), reflect.TypeOf(err))
				outcome := pusher.OutcomeOf(err)
				assert.Equal(t, pusher.OutcomeOf(wantErr), outcome)
				assert.EqualValues(t, 1, map[pusher.Outcome]int64{
					pusher.NotSent: s.FailedBy.NotSent, pusher.Rejected: s.FailedBy.Rejected,
					pusher.Accepted: s.FailedBy.Accepted, pusher.Unknown: s.FailedBy.Unknown,
				}[outcome])
			})
		}
	}
}

func TestAsyncRefusesWhatIsInvalid(t *testing.T) {
	t.Parallel()
	for name, call := range everyCall("no spaces", "", "") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, w := setup(t)
			var told []error
			queue := setupAsync(t, client, async.Config{OnError: func(err error) { told = append(told, err) }})
			_, wantErr := call.now(t.Context(), client)
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := call.later(ended, queue)
			var invalid *pusher.ValidationError
			require.ErrorAs(t, err, &invalid, "the future has failed already: its Wait does not mind the context")
			require.EqualError(t, err, wantErr.Error())
			assert.Equal(t, []error{err}, told)
			s := queue.Stats()
			assert.EqualValues(t, 1, s.Refused.Invalid)
			assert.Zero(t, s.Accepted)
			assert.Zero(t, w.count())
		})
	}
}

// gated lets nothing through before it is open, and keeps what it was sent.
func gated(t *testing.T) (*pusher.Client, *pushertest.Recorder, chan struct{}) {
	t.Helper()
	recorder, open := new(pushertest.Recorder), make(chan struct{})
	client, _ := setup(t, func(c *pusher.Config) {
		c.Backend = backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			<-open
			return recorder.Send(ctx, req)
		})
	})
	return client, recorder, open
}

func TestAsyncSendsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	client, recorder, open := gated(t)
	queue := setupAsync(t, client, async.Config{Workers: -1})
	ctx, cancel := context.WithCancel(t.Context())
	raw, object, channels := []byte("before"), map[string]any{"say": "before"}, []string{"a", "b"}
	params := map[string]string{"say": "before"}
	events := []pusher.Event{{Channel: "c", Name: "e", Data: raw}}
	queue.Trigger(ctx, "a", "e", raw)
	queue.Trigger(ctx, "a", "e", object)
	queue.TriggerMulti(ctx, channels, "e", "before")
	broadcast := queue.Broadcast(ctx, channels, "e", raw)
	queue.TriggerBatch(ctx, events)
	queue.Post(ctx, "/x", params, raw)
	cancel() // as a handler's context is when it returns
	copy(raw, "AFTER.")
	object["say"], channels[0], params["say"] = "AFTER.", "AFTER.", "AFTER."
	events[0] = pusher.Event{Channel: "AFTER.", Name: "AFTER."}
	close(open)
	require.NoError(t, queue.Flush(t.Context()))
	for _, call := range recorder.Calls() {
		assert.NotContains(t, string(call.Body), "AFTER.")
		assert.NotEqual(t, "AFTER.", call.Query["say"])
	}
	assert.Len(t, recorder.Calls(), 6)
	result, err, _ := broadcast.Result()
	require.NoError(t, err)
	assert.Equal(t, []pusher.ChannelResult{{Channel: "a"}, {Channel: "b"}}, result.Channels)
}

// A signature lives 600 seconds, so one made when the call was queued is stale.
func TestAsyncSignsWhenItSends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		urls := make(chan string, 2)
		client, err := pusher.New(pusher.Config{
			AppID: "4", Key: "key", Secret: "secret",
			Backend: backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
				<-open
				urls <- req.URL()
				return backend.Response{StatusCode: 200}, nil
			}),
		})
		require.NoError(t, err)
		queue := setupAsync(t, client, async.Config{Workers: 1})
		queue.Trigger(t.Context(), "a", "e", "x")
		queue.Trigger(t.Context(), "a", "e", "x")
		time.Sleep(time.Hour)
		close(open)
		now := "auth_timestamp=" + strconv.FormatInt(time.Now().Unix(), 10)
		assert.Contains(t, <-urls, now)
		assert.Contains(t, <-urls, now)
	})
}

func TestAsyncFullQueue(t *testing.T) {
	t.Parallel()
	client, _, open := gated(t)
	queue := setupAsync(t, client, async.Config{Workers: 1, QueueSize: 1, WhenFull: async.DropNewest})
	first, second := queue.Ping(t.Context()), queue.Ping(t.Context())
	_, err, done := queue.Trigger(t.Context(), "a", "e", "x").Result()
	require.True(t, done)
	require.ErrorIs(t, err, async.ErrQueueFull)
	require.EqualError(t, err, "trigger: not sent: the queue is full")
	assert.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
	close(open)
	for _, f := range []*async.Future[struct{}]{first, second} {
		_, err = f.Wait(t.Context())
		require.NoError(t, err)
	}
}

func TestAsyncBroadcastTakesOneWorker(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var now, most int
	client, _ := setup(t, func(c *pusher.Config) {
		c.Backend = backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Microsecond)
			mu.Lock()
			now--
			return backend.Response{StatusCode: 500}, nil
		})
	})
	queue := setupAsync(t, client, async.Config{Workers: 4})
	channels := make([]string, 350)
	for i := range channels {
		channels[i] = "channel-" + strconv.Itoa(i)
	}
	_, err := queue.Broadcast(t.Context(), channels, "e", "x").Wait(t.Context())
	var failed *pusher.BroadcastError
	require.ErrorAs(t, err, &failed)
	assert.Len(t, failed.Failed, 350)
	assert.Equal(t, 1, most)
	assert.Equal(t, async.Outcomes{Rejected: 1}, queue.Stats().FailedBy)
}

func TestAsyncLogsEachCall(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	client, _ := setup(t, func(c *pusher.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	queue := client.Async(async.Config{})
	queue.Ping(t.Context())
	require.NoError(t, queue.Close(t.Context()))
	assert.Contains(t, log.String(), `msg="pusher call" op=ping status=200`)
}

// closable is a backend that must not be closed by a queue before it.
type closable struct {
	wire

	closed int
}

func (c *closable) Close() error {
	c.closed++
	return nil
}

func TestAsyncCloseLeavesTheClientUsable(t *testing.T) {
	t.Parallel()
	b := new(closable)
	client, _ := setup(t, func(c *pusher.Config) { c.Backend = b })
	queue := client.Async(async.Config{})
	require.NoError(t, queue.Close(t.Context()))
	assert.Zero(t, b.closed, "it is the client's")
	_, err, _ := queue.Trigger(t.Context(), "a", "e", "x").Result()
	require.ErrorIs(t, err, async.ErrClosed)
	assert.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
	require.NoError(t, client.Ping(t.Context()))
}

// Over sockets: what the Stats call delivered is what the server accepted.
func TestAsyncCloseWhileProducersRace(t *testing.T) {
	t.Parallel()
	server := pushertest.NewServer(t)
	client, err := pusher.New(server.Config())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	queue := client.Async(async.Config{Workers: 8, QueueSize: 64})
	var begun, wg sync.WaitGroup
	begun.Add(8)
	for p := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				f := queue.Trigger(t.Context(), "channel-"+strconv.Itoa(p), "e", strconv.Itoa(i))
				s := queue.Stats()
				assert.Equal(t, s.Accepted, s.Delivered+s.Failed+s.Pending)
				if i == 30 {
					begun.Done()
				}
				if _, err, _ := f.Result(); errors.Is(err, async.ErrClosed) {
					return
				}
			}
		})
	}
	begun.Wait()
	require.NoError(t, queue.Close(t.Context()))
	wg.Wait()
	s := queue.Stats()
	assert.Equal(t, s.Accepted, s.Delivered)
	assert.Zero(t, s.Failed)
	assert.Len(t, server.Events(), int(s.Delivered))
}
