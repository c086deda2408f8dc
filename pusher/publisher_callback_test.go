package pusher_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestPublisher_panicInACallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := ledger{}
		l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
			if number == 1 {
				return statusOf(429)
			}
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{
			OnResult: func(pusher.PublishResult) { panic("result boom") },
			Retry:    backend.RetryPolicy{OnRetry: func(backend.Retry) { panic("retry boom") }},
		}, func(c *pusher.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		enqueue(t, p, text("a", "1"))
		require.NoError(t, p.Flush(t.Context()))
		enqueue(t, p, text("a", "2"))
		require.NoError(t, p.Flush(t.Context()))
		require.EqualValues(t, 3, p.Stats().Panics)
		require.Equal(t, "1 2", l.data(), "a panic in OnRetry does not keep the event from being sent again")
		require.NoError(t, p.Close(t.Context()))
		require.Contains(t, log.String(), "result boom")
		require.Contains(t, log.String(), "PublisherConfig.OnResult panicked")
		require.Contains(t, log.String(), "retry boom")
	})
}

// brokenHandler panics whenever it has something to log.
type brokenHandler struct{ slog.Handler }

func (brokenHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (brokenHandler) Handle(context.Context, slog.Record) error { panic("log boom") }

// A logger that panics takes nothing down, and changes no result.
func TestPublisher_panicInTheLogger(t *testing.T) {
	t.Parallel()
	var l ledger
	p := publisher(t, &l, pusher.PublisherConfig{
		OnResult: func(pusher.PublishResult) { panic("result boom") },
	}, func(c *pusher.Config) { c.Logger = slog.New(brokenHandler{slog.DiscardHandler}) })
	future, err := p.Publish(t.Context(), text("a", "1"))
	require.NoError(t, err)
	_, err = future.Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.Close(t.Context()))
	require.EqualValues(t, 3, p.Stats().Panics, "of the callback, and of each log line")
	require.Equal(t, "1", l.data())
}

// t.FailNow in a backend or a callback of a test ends its goroutine: the sender
// goes on in another.
func TestPublisher_survivesGoexit(t *testing.T) {
	t.Parallel()
	var requests, told atomic.Int64
	p := publisher(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		if requests.Add(1) == 1 {
			runtime.Goexit()
		}
		return success, nil
	}), pusher.PublisherConfig{MaxInFlight: 1, OnResult: func(pusher.PublishResult) {
		if told.Add(1) == 2 {
			runtime.Goexit()
		}
	}})
	future, err := p.Publish(t.Context(), text("a", "1"))
	require.NoError(t, err)
	_, err = future.Wait(t.Context())
	require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
	for range 3 {
		enqueue(t, p, text("a", "2"))
		require.NoError(t, p.Flush(t.Context()))
	}
	require.NoError(t, p.Close(t.Context()))
	require.EqualValues(t, 4, told.Load())
	require.EqualValues(t, 3, p.Stats().Delivered)
}

// So does whoever tells of what Close has given up.
func TestPublisher_closeSurvivesGoexit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int64
		p := publisher(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
			return backend.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"60"}}}, nil
		}), pusher.PublisherConfig{
			MaxBatch: 1, Linger: -1, Retry: backend.RetryPolicy{MaxBackoff: time.Hour, MaxElapsed: -1},
			OnResult: func(pusher.PublishResult) {
				told.Add(1)
				runtime.Goexit()
			},
		})
		for _, channel := range []string{"a", "b", "c"} {
			enqueue(t, p, text(channel, "1"))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, p.Close(ctx))
		synctest.Wait()
		require.NoError(t, p.Flush(t.Context()), "everything is settled")
		require.EqualValues(t, 3, told.Load())
	})
}

// Callbacks run without a lock: they may ask for the stats and enqueue.
func TestPublisher_callbackMayUseThePublisher(t *testing.T) {
	t.Parallel()
	var l ledger
	var p *pusher.Publisher
	ready := make(chan struct{})
	p = publisher(t, &l, pusher.PublisherConfig{MaxEvents: 1, OnResult: func(pusher.PublishResult) {
		<-ready
		if p.Stats().Delivered == 1 && p.TryEnqueue(text("b", "2")) != nil {
			t.Error("there is room")
		}
	}})
	close(ready)
	enqueue(t, p, text("a", "1"))
	require.NoError(t, p.Flush(t.Context()))
	require.NoError(t, p.Close(t.Context()))
	require.Equal(t, "1 2", l.data())
}

// A callback that does not return holds up Close no longer than its context.
func TestPublisher_hangingCallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		var l ledger
		p := publisher(t, &l, pusher.PublisherConfig{OnResult: func(pusher.PublishResult) { <-let }})
		future, err := p.Publish(t.Context(), text("a", "1"))
		require.NoError(t, err)
		_, err = future.Wait(t.Context())
		require.NoError(t, err)
		queued, err := p.Publish(t.Context(), text("a", "2"))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.Close(ctx), context.DeadlineExceeded)
		_, err, ok := queued.Result()
		require.True(t, ok)
		require.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
		close(let)
	})
}

// A codec that panics takes nothing down: the event was accepted, and is not sent again.
func TestPublisher_panicInTheCodec(t *testing.T) {
	t.Parallel()
	l := ledger{}
	l.answer = func(context.Context, int, []delivery) (backend.Response, error) {
		return backend.Response{StatusCode: 200, Body: []byte(`{"channels":{}}`)}, nil
	}
	p := publisher(t, &l, pusher.PublisherConfig{Retry: backend.RetryPolicy{Delivery: backend.AtLeastOnce}},
		func(c *pusher.Config) { c.JSONUnmarshal = func([]byte, any) error { panic("codec boom") } })
	future, err := p.Publish(t.Context(), text("a", "1"))
	require.NoError(t, err)
	_, err = future.Wait(t.Context())
	require.ErrorContains(t, err, "codec boom")
	require.Equal(t, pusher.Accepted, pusher.OutcomeOf(err))
	require.NoError(t, p.Close(t.Context()))
	require.Equal(t, "1", l.data())
}
