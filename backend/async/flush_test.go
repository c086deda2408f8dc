package async_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

func TestFlushOfAnIdleQueue(t *testing.T) {
	t.Parallel()
	q := setup(t, ok, async.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, q.Flush(ctx))
	_, err := q.Send(t.Context(), request("a"))
	require.NoError(t, err)
	require.NoError(t, q.Close(t.Context()))
	require.NoError(t, q.Flush(t.Context()))
}

func TestFlushWaitsForWhatCameBeforeAndForNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		q := setup(t, inner, async.Config{Workers: 1})
		flushed := make(chan int, 3)
		flush := func(n int) {
			go func() {
				assert.NoError(t, q.Flush(t.Context()))
				flushed <- n
			}()
			synctest.Wait()
		}
		before := []*async.Future[backend.Response]{q.Submit(t.Context(), numbered(0)), q.Submit(t.Context(), numbered(1))}
		flush(1)
		flush(2) // nothing has come in between
		after := q.Submit(t.Context(), numbered(2))
		flush(3)

		inner.open <- struct{}{}
		synctest.Wait()
		assert.Empty(t, flushed)
		inner.open <- struct{}{}
		synctest.Wait()
		assert.ElementsMatch(t, []int{1, 2}, []int{<-flushed, <-flushed})
		for _, f := range before {
			_, err, done := f.Result()
			require.True(t, done)
			require.NoError(t, err)
		}
		pending(t, after)
		assert.Empty(t, flushed)
		inner.open <- struct{}{}
		assert.Equal(t, 3, <-flushed)
	})
}

// With several workers the later of two calls may be done first.
func TestFlushWaitsForTheSlowestCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		q := setup(t, backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
			if req.Path() == "/slow" {
				<-slow
			}
			return backend.Response{StatusCode: 200}, nil
		}), async.Config{Workers: 2})
		q.Submit(t.Context(), request("slow"))
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errTest)
		defer cancel()
		err := q.Flush(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "flush: context deadline exceeded: test")
		_, err = q.Submit(t.Context(), request("fast")).Wait(t.Context())
		require.NoError(t, err)
		second := make(chan error, 1)
		go func() { second <- q.Flush(t.Context()) }()
		synctest.Wait()
		assert.Empty(t, second)
		close(slow)
		require.NoError(t, <-second)
	})
}

func TestFlushIsNotStarvedByProducersThatNeverPause(t *testing.T) {
	t.Parallel()
	q := setup(t, ok, async.Config{Workers: 2, QueueSize: 8})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					q.Submit(t.Context(), numbered(i))
				}
			}
		})
	}
	for range 50 {
		before := q.Submit(t.Context(), request("before"))
		require.NoError(t, q.Flush(t.Context()))
		_, err, done := before.Result()
		require.True(t, done)
		require.NoError(t, err)
	}
	close(stop)
	wg.Wait()
}
