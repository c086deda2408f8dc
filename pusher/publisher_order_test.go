package pusher_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// overtakes counts the events that a channel got after a later one of the same
// producer. Data is "producer number".
func overtakes(accepted []delivery) int {
	last := make(map[string]int)
	n := 0
	for _, e := range accepted {
		producer, number, _ := strings.Cut(e.Data, " ")
		at, err := strconv.Atoi(number)
		if err != nil {
			panic(err)
		}
		key := e.Channel + " " + producer
		if at < last[key] {
			n++
		}
		last[key] = max(last[key], at)
	}
	return n
}

// Four producers and fifty channels through random latency, 5xx, 429 and resets:
// nothing overtakes, and no channel is ever in two requests.
func TestPublisher_orderSurvivesRetries(t *testing.T) {
	t.Parallel()
	const producers, channels, total = 4, 50, 100_000
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(context.Context, int, []delivery) (backend.Response, error) {
			time.Sleep(rand.N(3 * time.Millisecond))
			switch rand.IntN(12) {
			case 0:
				return statusOf(500)
			case 1:
				return statusOf(429)
			case 2:
				return statusOf(503, "Retry-After", "0.001")
			case 3:
				return backend.Response{}, backend.NewError("publish", backend.Unknown, errors.New("connection reset"))
			default:
				return success, nil
			}
		}
		p := publisher(t, &l, pusher.PublisherConfig{
			MaxInFlight: 8, MaxEvents: 5000,
			Retry: backend.RetryPolicy{Delivery: backend.AtLeastOnce, MaxAttempts: -1, MaxElapsed: -1, MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond},
		})
		var wg sync.WaitGroup
		for producer := range producers {
			wg.Go(func() {
				for i := range total / producers {
					channel := "channel-" + strconv.Itoa(rand.IntN(channels))
					if p.Enqueue(context.Background(), text(channel, strconv.Itoa(producer)+" "+strconv.Itoa(i))) != nil {
						t.Error("not accepted")
					}
				}
			})
		}
		wg.Wait()
		require.NoError(t, p.Close(t.Context()))
		_, accepted := l.all()
		require.Len(t, accepted, total)
		require.Zero(t, overtakes(accepted))
		require.Zero(t, l.doubled)
		require.LessOrEqual(t, l.most, 8)
		s := p.Stats()
		requireBalance(t, s)
		require.EqualValues(t, total, s.Delivered)
		require.Positive(t, s.Retries)
	})
}

// The first batch is answered after the second: with muting that cannot be, since
// the second does not begin before. Without, the check sees it.
func TestPublisher_orderCheckChecksItself(t *testing.T) {
	t.Parallel()
	for order, want := range map[pusher.Order]int{pusher.PerChannel: 0, pusher.Unordered: 1} {
		synctest.Test(t, func(t *testing.T) {
			l := ledger{}
			l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
				if number == 1 {
					time.Sleep(time.Second)
				}
				return success, nil
			}
			p := publisher(t, &l, pusher.PublisherConfig{MaxBatch: 1, Order: order})
			enqueue(t, p, text("a", "0 1"))
			synctest.Wait()
			enqueue(t, p, text("a", "0 2"))
			require.NoError(t, p.Close(t.Context()))
			_, accepted := l.all()
			require.Len(t, accepted, 2)
			require.Equal(t, want, overtakes(accepted))
			require.Equal(t, want, l.doubled)
		})
	}
}

// A channel that waits for its retry holds up nobody else, nor a sender.
func TestPublisher_retryHoldsUpItsChannelsOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
			if number == 1 {
				return statusOf(503, "Retry-After", "2")
			}
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{MaxInFlight: 1, Linger: -1})
		enqueue(t, p, text("a", "a1"))
		synctest.Wait()
		enqueue(t, p, text("a", "a2"), text("b", "b1"))
		synctest.Wait()
		require.Equal(t, "b1", l.data())
		s := p.Stats()
		requireBalance(t, s)
		require.EqualValues(t, 1, s.Waiting)
		require.EqualValues(t, 1, s.Queued)
		require.EqualValues(t, 1, s.InFlight)
		require.EqualValues(t, 2+1+2, s.InFlightBytes+s.QueuedBytes-3)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, "b1 a1 a2", l.data())
		require.EqualValues(t, 3, p.Stats().Delivered)
		require.NoError(t, p.Close(t.Context()))
	})
}

func TestPublisher_unordered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(context.Context, int, []delivery) (backend.Response, error) {
			time.Sleep(time.Second)
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{Order: pusher.Unordered, MaxInFlight: 4, Linger: time.Hour})
		begun := time.Now()
		for range 45 {
			enqueue(t, p, text("a", "x"))
		}
		require.NoError(t, p.Close(t.Context()))
		require.Equal(t, 2*time.Second, time.Since(begun), "four at once, then the fifth")
		require.Equal(t, 4, l.most)
		_, accepted := l.all()
		require.Len(t, accepted, 45)
	})
}

// OnResult hears of a channel's events in order also when Close gives up on some
// that wait for a retry or are under way, and on those behind them.
func TestPublisher_resultsInOrderWhenCloseGivesUp(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(context.Context) (backend.Response, error){
		"waits for a retry": func(context.Context) (backend.Response, error) {
			return statusOf(503, "Retry-After", "60")
		},
		"under way": func(ctx context.Context) (backend.Response, error) {
			<-ctx.Done()
			time.Sleep(100 * time.Millisecond)
			return backend.Response{}, backend.NewError("publish", backend.Unknown, ctx.Err())
		},
		"does not come back": func(ctx context.Context) (backend.Response, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return success, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := ledger{answer: func(ctx context.Context, _ int, _ []delivery) (backend.Response, error) { return answer(ctx) }}
				var told results
				p := publisher(t, &l, pusher.PublisherConfig{
					MaxBatch: 1, MaxInFlight: 1, OnResult: told.add,
					Retry: backend.RetryPolicy{MaxElapsed: -1, MaxBackoff: -1},
				})
				for _, id := range []string{"1", "2", "3"} {
					enqueue(t, p, pusher.Event{Channel: "a", Name: "e", Data: "x", IdempotencyKey: id})
				}
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute/2)
				defer cancel()
				require.ErrorIs(t, p.Close(ctx), context.DeadlineExceeded)
				synctest.Wait()
				var ids []string
				for _, r := range told.all() {
					ids = append(ids, r.IdempotencyKey)
				}
				require.Equal(t, []string{"1", "2", "3"}, ids)
				requireBalance(t, p.Stats())
				require.NoError(t, p.Flush(t.Context()))
				time.Sleep(time.Second) // until the last of them is back
			})
		})
	}
}
