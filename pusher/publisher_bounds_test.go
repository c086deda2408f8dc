package pusher_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// hung is a backend that answers when its context ends.
func hung(ctx context.Context, req backend.Request) (backend.Response, error) {
	<-ctx.Done()
	return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, ctx.Err())
}

func TestPublisher_hungServerStopsIntake(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]pusher.PublisherConfig{
		"events": {MaxEvents: 100},
		"bytes":  {MaxBytes: 100 * len("channel-00"+"e"+"0123456789")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := publisher(t, backend.Func(hung), cfg)
				event := func(i int) pusher.Event {
					return text("channel-"+strconv.Itoa(10+i%50), "0123456789")
				}
				for i := range 100 {
					require.NoError(t, p.Enqueue(t.Context(), event(i)))
					synctest.Wait()
				}
				time.Sleep(time.Second)
				require.ErrorIs(t, p.TryEnqueue(event(0)), async.ErrQueueFull)
				require.Equal(t, pusher.NotSent, pusher.OutcomeOf(p.TryEnqueue(event(0))))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begun := time.Now()
				err := p.Enqueue(ctx, event(0))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
				require.Equal(t, time.Minute, time.Since(begun))
				s := p.Stats()
				requireBalance(t, s)
				require.EqualValues(t, 100, s.Pending)
				require.EqualValues(t, 50, s.Queued, "one event a channel is in flight")
				require.EqualValues(t, 50, s.InFlight)
				require.EqualValues(t, 100*21, s.QueuedBytes+s.InFlightBytes)
				require.EqualValues(t, 5, s.Requests)
				require.Equal(t, time.Minute+time.Second, s.OldestQueued)
				require.Equal(t, pusher.RefusalReasons{Full: 2, Canceled: 1}, s.Refused)
				closed, end := context.WithTimeout(t.Context(), time.Second)
				defer end()
				require.Error(t, p.Close(closed))
			})
		})
	}
}

// Blocked callers come in first come, first served, also where a later one would
// fit, and what is full does not linger.
func TestPublisher_firstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(context.Context, int, []delivery) (backend.Response, error) {
			time.Sleep(time.Second)
			return success, nil
		}
		begun := time.Now()
		p := publisher(t, &l, pusher.PublisherConfig{MaxBytes: 100, MaxEvents: 3, Linger: time.Hour, MaxInFlight: 1, MaxBatch: 1})
		enqueue(t, p, text("a", strings.Repeat("0", 60)), text("a", "1"))
		for i, data := range []string{strings.Repeat("2", 90), "3", "4", "5"} {
			go func() {
				if p.Enqueue(context.Background(), text("a", data)) != nil {
					t.Error("not accepted", i)
				}
			}()
			synctest.Wait()
		}
		require.EqualValues(t, 4, p.Stats().Blocked)
		require.ErrorIs(t, p.TryEnqueue(text("a", "x")), async.ErrQueueFull, "others came first")
		time.Sleep(time.Minute)
		require.Less(t, time.Since(begun), time.Hour)
		require.Equal(t, strings.Repeat("0", 60)+" 1 "+strings.Repeat("2", 90)+" 3 4 5", l.data())
		require.NoError(t, p.Close(t.Context()))
	})
}

// A caller who gives up lets those behind it in, if they fit.
func TestPublisher_givingUpLetsOthersIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := publisher(t, backend.Func(hung), pusher.PublisherConfig{MaxBytes: 100})
		enqueue(t, p, text("a", strings.Repeat("0", 60)))
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		go func() { errs <- p.Enqueue(ctx, text("a", strings.Repeat("1", 90))) }()
		synctest.Wait()
		go func() { errs <- p.Enqueue(context.Background(), text("a", "2")) }()
		synctest.Wait()
		require.Empty(t, errs)
		cancel()
		require.ErrorIs(t, <-errs, context.Canceled)
		require.NoError(t, <-errs)
		closed, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		require.Error(t, p.Close(closed))
		require.ErrorIs(t, p.Enqueue(t.Context(), text("a", "3")), async.ErrClosed)
		require.ErrorIs(t, p.TryEnqueue(text("a", "3")), async.ErrClosed)
		require.EqualValues(t, 2, p.Stats().Refused.Closed)
	})
}

func TestPublisher_closeTurnsAwayWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := publisher(t, backend.Func(hung), pusher.PublisherConfig{MaxEvents: 1})
		enqueue(t, p, text("a", "1"))
		err := make(chan error)
		go func() { err <- p.Enqueue(context.Background(), text("a", "2")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() { _ = p.Close(ctx) }()
		require.ErrorIs(t, <-err, async.ErrClosed)
	})
}

// At most MaxInFlight requests at once, retries included.
func TestPublisher_maxInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
			time.Sleep(10 * time.Millisecond)
			if number%3 == 0 {
				return statusOf(503, "Retry-After", "0.01")
			}
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{MaxInFlight: 3, Retry: backend.RetryPolicy{MaxAttempts: -1, MaxElapsed: -1}})
		for i := range 2000 {
			enqueue(t, p, text("c"+strconv.Itoa(i%300), "x"))
			require.LessOrEqual(t, p.Stats().Requests, int64(3))
		}
		require.NoError(t, p.Close(t.Context()))
		require.Equal(t, 3, l.most)
		require.EqualValues(t, 2000, p.Stats().Delivered)
	})
}

// A buffer that fills just as the last sender looks for more work wakes somebody.
func TestPublisher_fullBufferIsNoticed(t *testing.T) {
	t.Parallel()
	const producers, total = 2, 5_000
	synctest.Test(t, func(t *testing.T) {
		p := publisher(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
			return success, nil
		}), pusher.PublisherConfig{MaxEvents: 1, MaxInFlight: 1, Linger: -1})
		// The time stands still unless everybody waits.
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var wg sync.WaitGroup
		for range producers {
			wg.Go(func() {
				for range total / producers {
					if err := p.Enqueue(ctx, text("a", "x")); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		require.NoError(t, p.Close(t.Context()))
		require.EqualValues(t, total, p.Stats().Delivered)
	})
}
