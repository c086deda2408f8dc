package pusher_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestPublisher_batchesInOrder(t *testing.T) {
	t.Parallel()
	var l ledger
	var told results
	p := publisher(t, &l, pusher.PublisherConfig{MaxInFlight: 1, Linger: time.Hour, OnResult: told.add})
	for data := range strings.FieldsSeq("a b c d e f g h i j k l") {
		enqueue(t, p, text("one", data))
	}
	require.NoError(t, p.Flush(t.Context()))
	requests, accepted := l.all()
	require.Equal(t, "a b c d e f g h i j k l", joined(accepted))
	require.Len(t, requests, 2)
	require.Equal(t, "/apps/1001/batch_events", requests[0].path)
	require.Len(t, requests[0].events, 10)
	require.Len(t, requests[1].events, 2)

	require.Len(t, told.all(), 12)
	require.Equal(t, pusher.PublishResult{
		Channel: "one", Name: "e", Outcome: pusher.Accepted, Receipt: pusher.Receipt{Attempts: 1, BatchSize: 10},
	}, told.all()[0])
	s := p.Stats()
	requireBalance(t, s)
	require.EqualValues(t, 12, s.Delivered)
	require.EqualValues(t, 0, s.Pending)
	require.EqualValues(t, 1, s.BatchSizes[10])
	require.EqualValues(t, 1, s.BatchSizes[2])
	require.NoError(t, p.Close(t.Context()))
	require.NoError(t, p.Close(t.Context()), "closing again")
}

func TestPublisher_oneEventIsATrigger(t *testing.T) {
	t.Parallel()
	var l ledger
	p := publisher(t, &l, pusher.PublisherConfig{})
	enqueue(t, p, pusher.Event{
		Channel: "presence-a", Name: "e", Data: map[string]any{"<": 1}, SocketID: "1.2",
		Info: []pusher.Attribute{pusher.UserCount, pusher.SubscriptionCount}, IdempotencyKey: "k",
	})
	require.NoError(t, p.Flush(t.Context()))
	requests, _ := l.all()
	require.Equal(t, "/apps/1001/events", requests[0].path)
	require.Equal(t, `{"name":"e","channels":["presence-a"],"data":"{\"<\":1}","socket_id":"1.2","info":"user_count,subscription_count","idempotency_key":"k"}`, requests[0].body)
}

func TestPublisher_batchIsWhatTriggerBatchSends(t *testing.T) {
	t.Parallel()
	events := []pusher.Event{
		{Channel: "a", Name: "quote\"", Data: "line\nquote\" tab\t \x01 ünï"},
		{Channel: "b", Name: "e", Data: []byte(`{"k":"v"}`), SocketID: "12.34"},
		{Channel: pusher.UserChannel("7"), Name: "e", Data: json.RawMessage(`[1]`), Info: []pusher.Attribute{pusher.UserCount}},
		{Channel: "c", Name: "e", Data: struct{ A int }{1}, IdempotencyKey: "key\"1"},
	}
	client, w := setup(t)
	_, err := client.TriggerBatch(t.Context(), events)
	require.NoError(t, err)

	var l ledger
	p := publisher(t, &l, pusher.PublisherConfig{Linger: time.Hour})
	enqueue(t, p, events...)
	require.NoError(t, p.Flush(t.Context()))
	requests, _ := l.all()
	require.Equal(t, string(w.last(t).call.Body), requests[0].body)
}

func TestPublisher_keepsItsOwnCopyOfTheData(t *testing.T) {
	t.Parallel()
	var l ledger
	p := publisher(t, &l, pusher.PublisherConfig{Linger: time.Hour, MaxBatch: 10})
	for _, size := range []int{5, 600, 3000} {
		data := []byte(strings.Repeat("x", size))
		info := []pusher.Attribute{pusher.UserCount}
		enqueue(t, p,
			pusher.Event{Channel: "a", Name: "e", Data: data, Info: info},
			pusher.Event{Channel: "a", Name: "e", Data: json.RawMessage(data)})
		for i := range data {
			data[i] = '?'
		}
		info[0] = "cache"
	}
	require.NoError(t, p.Flush(t.Context()))
	require.Equal(t, strings.Join([]string{
		"xxxxx", "xxxxx", strings.Repeat("x", 600), strings.Repeat("x", 600), strings.Repeat("x", 3000), strings.Repeat("x", 3000),
	}, " "), l.data())
	requests, _ := l.all()
	require.NotContains(t, requests[0].body, "cache")
}

func TestPublisher_futures(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"channels":{"presence-a":{"user_count":3}}}`
	p, err := client.Publisher(pusher.PublisherConfig{})
	require.NoError(t, err)
	future, err := p.Publish(t.Context(), pusher.Event{Channel: "presence-a", Name: "e", Data: "x", Info: []pusher.Attribute{pusher.UserCount}})
	require.NoError(t, err)
	receipt, err := future.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, *receipt.Info.UserCount)
	require.Equal(t, 1, receipt.BatchSize)

	_, err = p.Publish(t.Context(), pusher.Event{Channel: "a b", Name: "e", Data: "x"})
	requireInvalid(t, err, "channel")
	require.NoError(t, p.Close(t.Context()))
	require.EqualValues(t, 1, p.Stats().Delivered, "a future that is resolved is in the stats")
}

func TestPublisher_infoOfABatch(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"batch":[{"user_count":1},{"user_count":2}]}`
	p, err := client.Publisher(pusher.PublisherConfig{Linger: time.Hour})
	require.NoError(t, err)
	var futures []*async.Future[pusher.Receipt]
	for range 2 {
		future, err := p.Publish(t.Context(), pusher.Event{Channel: "presence-a", Name: "e", Data: "x", Info: []pusher.Attribute{pusher.UserCount}})
		require.NoError(t, err)
		futures = append(futures, future)
	}
	require.NoError(t, p.Close(t.Context()))
	for i, future := range futures {
		receipt, err := future.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, i+1, *receipt.Info.UserCount)
	}
}

func TestPublisher_encrypts(t *testing.T) {
	t.Parallel()
	var l ledger
	p := publisher(t, &l, pusher.PublisherConfig{Linger: time.Hour})
	enqueue(t, p, text("private-encrypted-a", "secret"), text("private-encrypted-b", "secret"), text("c", "plain"))
	require.NoError(t, p.Flush(t.Context()))
	requests, _ := l.all()
	require.NotContains(t, requests[0].body, "secret")
	require.Contains(t, requests[0].body, "ciphertext")
	require.Contains(t, requests[0].body, "plain")
}

func TestPublisher_refusesAtTheDoor(t *testing.T) {
	t.Parallel()
	var l ledger
	p := publisher(t, &l, pusher.PublisherConfig{MaxBytes: 6000}, func(c *pusher.Config) { c.Limits.RequestBytes = 5000 })
	for field, event := range map[string]pusher.Event{
		"channel":         {Channel: "a b", Name: "e", Data: "x"},
		"name":            {Channel: "a", Name: "pusher:e", Data: "x"},
		"data":            {Channel: "a", Name: "e", Data: "\xff"},
		"socket_id":       {Channel: "a", Name: "e", Data: "x", SocketID: "1:2"},
		"idempotency_key": {Channel: "a", Name: "e", Data: "x", IdempotencyKey: "a b"},
		"info":            {Channel: "a", Name: "e", Data: "x", Info: []pusher.Attribute{"a,b"}},
		"request":         {Channel: "a", Name: "e", Data: strings.Repeat("x", 5000)},
		"event":           {Channel: "a", Name: "e", Data: strings.Repeat("x", 6001)},
	} {
		requireInvalid(t, p.Enqueue(t.Context(), event), field)
		requireInvalid(t, p.TryEnqueue(event), field)
	}
	requireInvalid(t, p.TryEnqueue(pusher.Event{Channel: "a", Name: "e", Data: []byte("\xff")}), "data")
	requireInvalid(t, p.TryEnqueue(pusher.Event{Channel: "a", Name: "e", Data: func() {}}), "data")
	requireInvalid(t, p.TryEnqueue(text("private-encrypted-a", strings.Repeat("x", 7620))), "data")
	require.EqualValues(t, 19, p.Stats().Refused.Invalid)
	require.EqualValues(t, 0, p.Stats().Accepted)
}

func TestPublisher_config(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for field, cfg := range map[string]pusher.PublisherConfig{
		"PublisherConfig.MaxBatch":    {MaxBatch: 11},
		"PublisherConfig.MaxInFlight": {MaxInFlight: -1},
		"PublisherConfig.MaxBytes":    {MaxBytes: -1, MaxEvents: -1},
		"PublisherConfig.Order":       {Order: 7},
	} {
		_, err := client.Publisher(cfg)
		requireInvalid(t, err, field)
	}
}

// The size of a batch's body is known before it is built: a batch is never over
// its limit, and never smaller than it could be.
func TestPublisher_maxBatchBytesIsExact(t *testing.T) {
	t.Parallel()
	events := []pusher.Event{
		{Channel: "a", Name: "quote\"", Data: "line\nquote\" tab\t \x01 ünï \\"},
		{Channel: "private-encrypted-b", Name: "e", Data: "0123456789", SocketID: "12.34"},
		{Channel: "c", Name: "e", Data: struct{ A string }{"x\"y"}, IdempotencyKey: "key\"1", Info: []pusher.Attribute{pusher.UserCount, "x"}},
		{Channel: "d", Name: "e", Data: ""},
	}
	bodies := func(most int) (sizes []int, counts []int) {
		var l ledger
		p := publisher(t, &l, pusher.PublisherConfig{MaxInFlight: 1, Linger: time.Hour, MaxBatchBytes: most})
		enqueue(t, p, events...)
		require.NoError(t, p.Flush(t.Context()))
		requests, _ := l.all()
		for _, r := range requests {
			sizes, counts = append(sizes, len(r.body)), append(counts, len(r.events))
		}
		return sizes, counts
	}
	sizes, counts := bodies(-1)
	require.Equal(t, []int{4}, counts)
	_, counts = bodies(sizes[0])
	require.Equal(t, []int{4}, counts, "the whole fits exactly")
	_, counts = bodies(sizes[0] - 1)
	require.Equal(t, []int{3, 1}, counts, "one byte less does not")
	_, counts = bodies(1)
	require.Equal(t, []int{1, 1, 1, 1}, counts, "what is larger goes alone")

	var alone ledger
	p := publisher(t, &alone, pusher.PublisherConfig{MaxBatch: 1})
	for _, e := range events {
		enqueue(t, p, e)
	}
	require.NoError(t, p.Flush(t.Context()))
	requests, _ := alone.all()
	for _, r := range requests {
		for most, fits := range map[int]bool{len(r.body): true, len(r.body) - 1: false} {
			var i int
			for i = range events {
				if events[i].Channel == r.events[0].Channel {
					break
				}
			}
			q := publisher(t, &ledger{}, pusher.PublisherConfig{}, func(c *pusher.Config) { c.Limits.RequestBytes = most })
			err := q.TryEnqueue(events[i])
			if fits {
				require.NoError(t, err)
			} else {
				requireInvalid(t, err, "request")
			}
		}
	}
}

func TestPublisher_lingers(t *testing.T) {
	t.Parallel()
	// An event each millisecond on a channel of its own, and answers in 30 ms.
	synctest.Test(t, func(t *testing.T) {
		var late time.Duration
		begun := make(map[string]time.Time)
		l := ledger{}
		l.answer = func(_ context.Context, _ int, events []delivery) (backend.Response, error) {
			l.mu.Lock()
			for _, e := range events {
				late = max(late, time.Since(begun[e.Channel]))
			}
			l.mu.Unlock()
			time.Sleep(30 * time.Millisecond)
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{})
		for i := range 1000 {
			channel := "c" + strings.Repeat("x", i%150) + string(rune('a'+i/150))
			l.mu.Lock()
			begun[channel] = time.Now()
			l.mu.Unlock()
			enqueue(t, p, text(channel, "x"))
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, p.Close(t.Context()))
		require.EqualValues(t, 1000, p.Stats().Delivered)
		requests, _ := l.all()
		require.GreaterOrEqual(t, 1000/float64(len(requests)), 5.0)
		require.LessOrEqual(t, late, 5*time.Millisecond)
	})
}

func TestPublisher_noLinger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		begun := time.Now()
		p := publisher(t, &l, pusher.PublisherConfig{Linger: -1})
		enqueue(t, p, text("a", "1"))
		synctest.Wait()
		require.Equal(t, "1", l.data())
		require.Zero(t, time.Since(begun))
		require.NoError(t, p.Close(t.Context()))
	})
}

// A channel that waited muted leaves when its oldest event has lingered, counted
// from when it came.
func TestPublisher_lingersFromTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var left []time.Duration
		begun := time.Now()
		l := ledger{}
		l.answer = func(context.Context, int, []delivery) (backend.Response, error) {
			l.mu.Lock()
			left = append(left, time.Since(begun))
			l.mu.Unlock()
			time.Sleep(12 * time.Millisecond)
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{Linger: 10 * time.Millisecond})
		enqueue(t, p, text("a", "1")) // leaves at 10, is answered at 22
		time.Sleep(15 * time.Millisecond)
		enqueue(t, p, text("a", "2")) // lingers until 25
		time.Sleep(time.Second)
		require.NoError(t, p.Close(t.Context()))
		require.Equal(t, []time.Duration{10 * time.Millisecond, 25 * time.Millisecond}, left)
	})
}

func TestPublisher_unlimited(t *testing.T) {
	t.Parallel()
	for _, cfg := range []pusher.PublisherConfig{
		{MaxEvents: -1, MaxBatch: -1, MaxBatchBytes: -1},
		{MaxBytes: -1, MaxEvents: math.MaxInt},
	} {
		var l ledger
		p := publisher(t, &l, cfg)
		enqueue(t, p, text("a", "1"), text("a", "2"))
		require.NoError(t, p.Close(t.Context()))
		require.Equal(t, "1 2", l.data())
	}
}

// A wait without end is an hour, also where others look at the clock meanwhile.
func TestPublisher_lingerHasABound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
			if number == 1 {
				return statusOf(429, "Retry-After", "1")
			}
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{Linger: math.MaxInt64, MaxBatch: 2})
		time.Sleep(time.Second)
		enqueue(t, p, text("a", "1"), text("a", "2"), text("b", "3"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, "1 2", l.data(), "a retry does not linger")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, "1 2 3", l.data())
		require.NoError(t, p.Close(t.Context()))
	})
}
