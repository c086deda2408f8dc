package pusher_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestPublisher_closeKeepsRetrying(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		retry  backend.RetryPolicy
		header []string
	}{
		"503 with Retry-After": {backend.RetryPolicy{}, []string{"Retry-After", "2"}},
		"bare 503":             {backend.RetryPolicy{Delivery: backend.AtLeastOnce}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := ledger{}
				l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
					if number == 1 {
						return statusOf(503, row.header...)
					}
					return success, nil
				}
				p := publisher(t, &l, pusher.PublisherConfig{Retry: row.retry})
				for i := range 10 {
					enqueue(t, p, text("a", strconv.Itoa(i)))
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				require.NoError(t, p.Close(ctx))
				require.Equal(t, "0 1 2 3 4 5 6 7 8 9", l.data())
			})
		})
	}
}

// Close ends with its context, whatever the server does, and says what is lost.
func TestPublisher_closeGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(ctx context.Context, _ int, events []delivery) (backend.Response, error) {
			if events[0].Channel == "busy" {
				return statusOf(429)
			}
			return hung(ctx, backend.Request{})
		}
		var told results
		p := publisher(t, &l, pusher.PublisherConfig{
			MaxBatch: 1, MaxInFlight: 2, OnResult: told.add,
			Retry: backend.RetryPolicy{MinBackoff: time.Hour, MaxBackoff: time.Hour, MaxElapsed: -1},
		})
		var futures []*async.Future[pusher.Receipt]
		for _, channel := range []string{"busy", "hung", "hung"} {
			future, err := p.Publish(t.Context(), text(channel, "x"))
			require.NoError(t, err)
			futures = append(futures, future)
			time.Sleep(time.Second)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		err := p.Close(ctx)
		require.Equal(t, time.Second, time.Since(begun))
		var drain *pusher.DrainError
		require.ErrorAs(t, err, &drain)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.GreaterOrEqual(t, drain.Failed.NotSent, int64(1))
		require.EqualValues(t, 3, drain.Failed.Total())
		require.Equal(t, err, p.Close(t.Context()), "closing again says the same")

		outcomes := map[pusher.Outcome]int{}
		for _, future := range futures {
			_, err, ok := future.Result()
			require.True(t, ok)
			var failure *pusher.PublishError
			require.ErrorAs(t, err, &failure)
			outcomes[pusher.OutcomeOf(err)]++
		}
		require.Equal(t, map[pusher.Outcome]int{pusher.NotSent: 1, pusher.Unknown: 1, pusher.Rejected: 1}, outcomes)
		require.Len(t, told.all(), 3)
		s := p.Stats()
		requireBalance(t, s)
		require.EqualValues(t, 0, s.Pending)
		_, err, _ = futures[2].Result()
		require.ErrorIs(t, err, async.ErrClosed)
		require.Equal(t, "close: 3 events failed (1 not sent, 1 rejected, 1 unknown): context deadline exceeded", drain.Error())
	})
}

// What fails while Close drains is not passed over.
func TestPublisher_closeTellsOfFailures(t *testing.T) {
	t.Parallel()
	l := ledger{answer: func(context.Context, int, []delivery) (backend.Response, error) { return statusOf(403) }}
	p := publisher(t, &l, pusher.PublisherConfig{Linger: time.Hour})
	enqueue(t, p, text("a", "1"))
	require.NoError(t, p.Flush(t.Context()))
	enqueue(t, p, text("a", "2"), text("a", "3"))
	err := p.Close(t.Context())
	var drain *pusher.DrainError
	require.ErrorAs(t, err, &drain)
	require.Equal(t, async.Outcomes{Rejected: 2}, drain.Failed)
	require.EqualError(t, err, "close: 2 events failed (2 rejected)")
	require.EqualValues(t, 3, p.Stats().FailedFor.Rejected)
}

// What a refused batch left to be sent singly has its result when Close returns,
// whether it is the backend or the callback that does not come back.
func TestPublisher_closeGivesUpOnASplitBatch(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		backendHangs bool
		first        pusher.Outcome
	}{
		"callback": {false, pusher.Accepted},
		"backend":  {true, pusher.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				let := make(chan struct{})
				l := ledger{answer: func(_ context.Context, _ int, events []delivery) (backend.Response, error) {
					if len(events) > 1 {
						return statusOf(400)
					}
					if row.backendHangs {
						<-let
					}
					return success, nil
				}}
				var told results
				p := publisher(t, &l, pusher.PublisherConfig{AtomicBatches: true, MaxBatch: 3, OnResult: func(r pusher.PublishResult) {
					<-let
					told.add(r)
				}})
				var futures []*async.Future[pusher.Receipt]
				for range 3 {
					future, err := p.Publish(t.Context(), text("a", "x"))
					require.NoError(t, err)
					futures = append(futures, future)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.ErrorIs(t, p.Close(ctx), context.DeadlineExceeded)
				for i, future := range futures {
					_, err, ok := future.Result()
					require.True(t, ok, i)
					if i == 0 {
						require.Equal(t, row.first, pusher.OutcomeOf(err))
						continue
					}
					require.Equal(t, pusher.Rejected, pusher.OutcomeOf(err), "the batch was refused, and it was in no other request")
					require.ErrorIs(t, err, async.ErrClosed)
					var failure *pusher.PublishError
					require.ErrorAs(t, err, &failure)
					require.Equal(t, 1, failure.Attempts)
				}
				s := p.Stats()
				requireBalance(t, s)
				require.EqualValues(t, 0, s.Pending)
				close(let)
				synctest.Wait()
				require.Len(t, told.all(), 3)
				requests, _ := l.all()
				require.Len(t, requests, 2, "nothing more is sent")
				require.NoError(t, p.Flush(t.Context()))
			})
		})
	}
}

// Once a Close has given up, the others return what it returned, also where
// something hangs for ever.
func TestPublisher_closeAgainAfterGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		var l ledger
		p := publisher(t, &l, pusher.PublisherConfig{OnResult: func(pusher.PublishResult) { <-let }})
		enqueue(t, p, text("a", "1"))
		other := make(chan error, 1)
		go func() { other <- p.Close(context.Background()) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, err, <-other)
		begun := time.Now()
		require.Equal(t, err, p.Close(context.Background()))
		require.Equal(t, err, p.Close(ctx))
		require.Equal(t, begun, time.Now())
		close(let)
	})
}

// A backend that does not return when its context ends does not hold up Close.
func TestPublisher_closeLeavesStuckBackendsBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		var told results
		p := publisher(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
			<-let
			return success, nil
		}), pusher.PublisherConfig{OnResult: told.add})
		future, err := p.Publish(t.Context(), text("a", "1"))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		require.ErrorIs(t, p.Close(ctx), context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(begun), 1250*time.Millisecond)
		_, err, ok := future.Result()
		require.True(t, ok)
		require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
		require.ErrorIs(t, err, async.ErrClosed)
		var failure *pusher.PublishError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, 1, failure.Attempts)
		close(let)
		synctest.Wait()
		require.Len(t, told.all(), 1, "its answer comes too late to be another result")
		s := p.Stats()
		requireBalance(t, s)
		require.EqualValues(t, 1, s.Failed.Unknown)
	})
}

func TestPublisher_flushIsNotStarved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(context.Context, int, []delivery) (backend.Response, error) {
			time.Sleep(10 * time.Millisecond)
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{MaxInFlight: 1, MaxEvents: 100, Linger: time.Hour})
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					_ = p.Enqueue(ctx, text("c"+strconv.Itoa(i), "x"))
				}
			})
		}
		for range 5 {
			time.Sleep(time.Second)
			accepted := p.Stats().Accepted
			require.NoError(t, p.Flush(t.Context()))
			s := p.Stats()
			require.GreaterOrEqual(t, s.Delivered, accepted)
			require.Positive(t, s.Pending)
		}
		stop()
		wg.Wait()
		require.NoError(t, p.Close(t.Context()))
		require.NoError(t, p.Flush(t.Context()), "nothing is left")
	})
}

func TestPublisher_flushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := publisher(t, backend.Func(hung), pusher.PublisherConfig{})
		enqueue(t, p, text("a", "1"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.Flush(ctx), context.DeadlineExceeded)
		require.EqualValues(t, 1, p.Stats().Pending)
		require.Error(t, p.Close(ctx))
	})
}

// Eight producers race Close: nothing goes missing from the books in any snapshot,
// and every future is resolved once.
func TestPublisher_producersRaceClose(t *testing.T) {
	t.Parallel()
	for name, timeout := range map[string]time.Duration{"drained": time.Minute, "cut off": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ledger{}
			l.answer = func(ctx context.Context, number int, _ []delivery) (backend.Response, error) {
				if number%7 == 0 {
					return backend.Response{}, backend.NewError("publish", backend.Unknown, errors.New("reset"))
				}
				return success, ctx.Err()
			}
			var told results
			p := publisher(t, &l, pusher.PublisherConfig{MaxEvents: 200, OnResult: told.add})
			var mu sync.Mutex
			var futures []*async.Future[pusher.Receipt]
			var wg sync.WaitGroup
			for producer := range 8 {
				wg.Go(func() {
					for i := 0; ; i++ {
						future, err := p.Publish(context.Background(), text("c"+strconv.Itoa(i%20), strconv.Itoa(producer)+" "+strconv.Itoa(i)))
						if err != nil {
							if !errors.Is(err, async.ErrClosed) {
								t.Error(err)
							}
							return
						}
						mu.Lock()
						futures = append(futures, future)
						mu.Unlock()
					}
				})
			}
			for p.Stats().Accepted < 3000 {
				requireBalance(t, p.Stats())
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			closing := make(chan struct{})
			go func() {
				defer close(closing)
				_ = p.Close(ctx)
			}()
			for open := true; open; {
				select {
				case <-closing:
					open = false
				default:
				}
				requireBalance(t, p.Stats())
			}
			wg.Wait()
			s := p.Stats()
			requireBalance(t, s)
			require.EqualValues(t, 0, s.Pending)
			require.EqualValues(t, len(futures), s.Accepted)
			require.Len(t, told.all(), len(futures))
			var delivered int64
			for _, future := range futures {
				_, err, ok := future.Result()
				require.True(t, ok)
				if err == nil {
					delivered++
				}
			}
			require.Equal(t, s.Delivered, delivered)
			_, accepted := l.all()
			require.Len(t, accepted, int(delivered))
			require.Zero(t, overtakes(accepted))
		})
	}
}
