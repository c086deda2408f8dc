package async_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

func TestOnErrorIsToldOfWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wait func(t *testing.T, f *async.Future[backend.Response], wg *sync.WaitGroup)
		want int
	}{
		"nobody": {func(*testing.T, *async.Future[backend.Response], *sync.WaitGroup) {}, 1},
		"looked, did not wait": {func(_ *testing.T, f *async.Future[backend.Response], _ *sync.WaitGroup) {
			_, _, _ = f.Result()
		}, 1},
		"gave up": {func(t *testing.T, f *async.Future[backend.Response], _ *sync.WaitGroup) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := f.Wait(ctx)
			require.ErrorIs(t, err, context.Canceled)
		}, 1},
		"asked for the channel": {func(_ *testing.T, f *async.Future[backend.Response], _ *sync.WaitGroup) { f.Done() }, 0},
		"waits": {func(t *testing.T, f *async.Future[backend.Response], wg *sync.WaitGroup) {
			t.Helper()
			wg.Go(func() {
				_, err := f.Wait(t.Context())
				assert.ErrorIs(t, err, errTest)
			})
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				open := make(chan struct{})
				told := new(recorder)
				q := setup(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
					<-open
					return backend.Response{}, errTest
				}), async.Config{OnError: told.add})
				var wg sync.WaitGroup
				f := q.Submit(t.Context(), request("a"))
				tt.wait(t, f, &wg)
				synctest.Wait()
				close(open)
				wg.Wait()
				require.NoError(t, q.Flush(t.Context()), "which waits for OnError too")
				assert.Len(t, told.all(), tt.want)
				_, err := f.Wait(t.Context())
				require.ErrorIs(t, err, errTest)
			})
		})
	}
}

func TestFlushAndCloseWaitForOnError(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(q *async.Backend, ctx context.Context) error{
		"flush": (*async.Backend).Flush, "close": (*async.Backend).Close,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hold, told := make(chan struct{}), make(chan struct{})
				q := setup(t, backend.Func(nil), async.Config{OnError: func(error) {
					<-hold
					close(told)
				}})
				q.Submit(t.Context(), request("a"))
				done := make(chan struct{})
				go func() {
					defer close(done)
					assert.NoError(t, wait(q, t.Context()))
					select {
					case <-told:
					default:
						assert.Fail(t, "OnError has not returned")
					}
				}()
				synctest.Wait()
				s := q.Stats()
				balanced(t, s)
				assert.EqualValues(t, 1, s.Failed, "it is counted by then")
				close(hold)
				<-done
			})
		})
	}
}

// The callback runs without a lock: it may ask the queue, and submit more.
func TestOnErrorMayUseTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		var q *async.Backend
		var first atomic.Bool
		again := make(chan *async.Future[backend.Response], 1)
		q = setup(t, inner, async.Config{Workers: 1, QueueSize: 1, WhenFull: async.DropOldest, OnError: func(error) {
			balanced(t, q.Stats())
			if first.CompareAndSwap(false, true) {
				again <- q.Submit(t.Context(), request("again")) // drops one more
			}
		}})
		for i := range 3 {
			q.Submit(t.Context(), numbered(i))
			synctest.Wait()
		}
		close(inner.open)
		_, err := (<-again).Wait(t.Context())
		require.NoError(t, err)
	})
}

//nolint:paralleltest // replaces the default logger
func TestPanicInOnError(t *testing.T) {
	var log bytes.Buffer
	logger := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(logger) })

	q := setup(t, backend.Func(nil), async.Config{Workers: 1, OnError: func(err error) {
		panic("cannot bear " + err.Error() + " http://api.test/a?auth_signature=secret")
	}})
	worker := q.Submit(t.Context(), request("a"))
	require.NoError(t, q.Flush(t.Context()))
	require.ErrorContains(t, refused(t, worker), "backend is nil")
	caller := async.Refuse[int](q, errTest)
	require.ErrorIs(t, refused(t, caller), errTest)
	_, err := q.Send(t.Context(), request("a"))
	require.Error(t, err)
	assert.EqualValues(t, 2, q.Stats().OnErrorPanics)
	assert.Contains(t, log.String(), "OnError panicked")
	assert.Contains(t, log.String(), "cannot bear test")
	assert.Contains(t, log.String(), "on_error_test.go")
	assert.NotContains(t, log.String(), "=secret")
}
