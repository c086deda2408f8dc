package async_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// deaf returns a backend that answers when open is closed, not when its context ends.
func deaf(open <-chan struct{}) backend.Backend {
	return backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		<-open
		return backend.Response{StatusCode: 200}, nil
	})
}

func submitMany(t *testing.T, q *async.Backend, n int) []*async.Future[backend.Response] {
	t.Helper()
	futures := make([]*async.Future[backend.Response], n)
	for i := range futures {
		futures[i] = q.Submit(t.Context(), numbered(i))
	}
	synctest.Wait()
	return futures
}

// What OnError does is not for Close or for the futures to wait for. The bubble
// makes sure that no goroutine is left.
func TestCloseIsNotHeldUpByOnError(t *testing.T) {
	t.Parallel()
	const calls = 30
	for name, onError := range map[string]func(hold <-chan struct{}){
		"slow":   func(<-chan struct{}) { time.Sleep(100 * time.Millisecond) },
		"no end": func(hold <-chan struct{}) { <-hold },
		"Goexit": func(hold <-chan struct{}) { <-hold; runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				told, hold := new(recorder), make(chan struct{})
				q := async.New(newGate(), async.Config{Workers: 1, OnError: func(err error) {
					told.add(err)
					onError(hold)
				}})
				futures := submitMany(t, q, calls)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				begun, closed := time.Now(), make(chan error, 1)
				go func() {
					closed <- q.Close(ctx)
					assert.LessOrEqual(t, time.Since(begun), 20*time.Millisecond+time.Second, "by the bubble's clock")
				}()
				<-ctx.Done()
				synctest.Wait()
				failed(t, refused(t, futures[0]), backend.Unknown, context.Canceled)
				for _, f := range futures[1:] {
					failed(t, refused(t, f), backend.NotSent, async.ErrClosed)
				}
				err := <-closed
				var drain *async.DrainError
				require.ErrorAs(t, err, &drain)
				assert.Equal(t, async.Outcomes{NotSent: calls - 1, Unknown: 1}, drain.CutOff)
				assert.Less(t, len(told.all()), calls)
				close(hold)
				require.NoError(t, q.Flush(t.Context()), "which waits for OnError")
				assert.Len(t, told.all(), calls)
				assert.EqualError(t, q.Close(t.Context()), err.Error())
			})
		})
	}
}

func TestCloseWaitsForOnErrorOfWhatItFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open, done := make(chan struct{}), new(recorder)
		q := async.New(deaf(open), async.Config{Workers: 1, OnError: func(err error) {
			time.Sleep(300 * time.Millisecond)
			done.add(err)
		}})
		submitMany(t, q, 3)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begun := time.Now()
		require.EqualError(t, q.Close(ctx), "close: 3 calls cut off (2 not sent, 1 unknown), 1 workers left behind: context canceled")
		assert.Len(t, done.all(), 3, "two while the call under way had its second, that call after it")
		assert.Equal(t, time.Second+300*time.Millisecond, time.Since(begun), "by the bubble's clock")
		close(open)
	})
}

// A call that was given up is done when OnError knows, not when its worker returns.
func TestFlushWaitsForOnErrorOfWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open, hold := make(chan struct{}), make(chan struct{})
		q := async.New(deaf(open), async.Config{Workers: 1, OnError: func(error) { <-hold }})
		given := submitMany(t, q, 1)[0]
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, q.Close(ctx))
		failed(t, refused(t, given), backend.Unknown, async.ErrClosed)
		flushed := make(chan error, 1)
		go func() { flushed <- q.Flush(t.Context()) }()
		close(open)
		synctest.Wait()
		assert.Empty(t, flushed)
		close(hold)
		require.NoError(t, <-flushed)
	})
}

// Whichever goroutine OnError ends, no future stays open and nobody waits for ever.
func TestGoexitInOnError(t *testing.T) {
	t.Parallel()
	setUp := func(inner backend.Backend) (*async.Backend, *recorder) {
		told := new(recorder)
		return async.New(inner, async.Config{Workers: 1, QueueSize: 3, WhenFull: async.DropOldest, OnError: func(err error) {
			told.add(err)
			runtime.Goexit()
		}}), told
	}
	t.Run("of what is given up", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			open := make(chan struct{})
			q, told := setUp(deaf(open))
			futures := submitMany(t, q, 4)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.Error(t, q.Close(ctx))
			assert.Len(t, told.all(), 4)
			for _, f := range futures {
				require.ErrorIs(t, refused(t, f), async.ErrClosed)
			}
			close(open)
		})
	})
	t.Run("of what is dropped", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			open := make(chan struct{})
			q, told := setUp(deaf(open))
			futures := submitMany(t, q, 1)
			futures = append(futures, submitMany(t, q, 3)...)
			var wg sync.WaitGroup
			wg.Go(func() { q.Submit(t.Context(), request("one too many")) })
			wg.Wait()
			failed(t, refused(t, futures[1]), backend.NotSent, async.ErrQueueFull)
			assert.Len(t, told.all(), 1)
			close(open)
			require.NoError(t, q.Flush(t.Context()))
			require.NoError(t, q.Close(t.Context()))
			assert.EqualValues(t, 4, q.Stats().Delivered)
		})
	})
}

// payload is large enough to be collected by itself.
type payload [1 << 10]byte

// Whoever keeps the future of a call that is done does not keep what it was to
// send, nor what its context holds.
func TestFuturesLetGoOfThePayload(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	q := async.New(deaf(open), async.Config{Workers: 1, QueueSize: 1, WhenFull: async.DropOldest})
	var futures []*async.Future[int]
	var payloads []weak.Pointer[payload]
	submit := func(begun chan<- struct{}) {
		body, value := new(payload), new(payload)
		payloads = append(payloads, weak.Make(body), weak.Make(value))
		ctx := context.WithValue(t.Context(), contextKey{}, value)
		futures = append(futures, async.Submit(ctx, q, "trigger",
			func(ctx context.Context, b backend.Backend) (int, backend.Outcome, error) {
				close(begun)
				_, err := b.Send(ctx, request("a"))
				return int(body[0]), backend.Accepted, err
			}))
	}
	underWay := make(chan struct{})
	submit(underWay)
	<-underWay
	submit(make(chan struct{})) // dropped
	submit(make(chan struct{})) // cut off
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, q.Close(ctx)) // gives up what is under way
	submit(make(chan struct{}))    // refused
	failed(t, refused(t, futures[0]), backend.Unknown, async.ErrClosed)
	failed(t, refused(t, futures[1]), backend.NotSent, async.ErrQueueFull)
	failed(t, refused(t, futures[2]), backend.NotSent, async.ErrClosed)
	failed(t, refused(t, futures[3]), backend.NotSent, async.ErrClosed)
	collected := func(payloads []weak.Pointer[payload]) func() bool {
		return func() bool {
			runtime.GC()
			for _, p := range payloads {
				if p.Value() != nil {
					return false
				}
			}
			return true
		}
	}
	require.Eventually(t, collected(payloads[2:]), 10*time.Second, time.Millisecond)
	close(open)
	require.Eventually(t, collected(payloads), 10*time.Second, time.Millisecond, "once its worker is back")
	runtime.KeepAlive(futures)
}
