package async_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// closing counts how often it is closed.
type closing struct {
	backend.Backend
	times atomic.Int64
	err   error
}

func (c *closing) Close() error {
	c.times.Add(1)
	return c.err
}

func TestCloseDrainsAndClosesTheBackendOnce(t *testing.T) {
	t.Parallel()
	inner := &closing{Backend: ok, err: errTest}
	q := async.New(inner, async.Config{Workers: 2})
	var futures []*async.Future[backend.Response]
	for i := range 100 {
		futures = append(futures, q.Submit(t.Context(), numbered(i)))
	}
	require.Same(t, errTest, q.Close(t.Context()))
	require.Same(t, errTest, q.Close(t.Context()), "the same again")
	assert.EqualValues(t, 1, inner.times.Load())
	for _, f := range futures {
		_, err, done := f.Result()
		require.True(t, done)
		require.NoError(t, err)
	}

	failed(t, refused(t, q.Submit(t.Context(), request("late"))), backend.NotSent, async.ErrClosed)
	_, err := q.Send(t.Context(), request("late"))
	failed(t, err, backend.NotSent, async.ErrClosed)
	require.EqualError(t, err, "trigger: not sent: the queue is closed")
	s := q.Stats()
	balanced(t, s)
	assert.EqualValues(t, 100, s.Delivered)
	assert.EqualValues(t, 2, s.Refused.Closed)
}

func TestCloseWithAnEndedContextAndNothingToDo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, async.New(ok, async.Config{}).Close(ctx))
}

func TestCloseRefusesThoseWhoWaitForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		q, _ := full(t, inner, async.Config{Workers: 1, QueueSize: 1}, 1)
		errs := make(chan error, 2)
		go func() {
			_, err := q.Submit(t.Context(), request("waiting")).Wait(t.Context())
			errs <- err
		}()
		go func() {
			_, err := q.Send(t.Context(), request("waiting"))
			errs <- err
		}()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- q.Close(t.Context()) }()
		for range 2 {
			failed(t, <-errs, backend.NotSent, async.ErrClosed)
		}
		close(inner.open)
		require.NoError(t, <-closed)
		assert.Equal(t, []string{"/under way", "/0"}, inner.paths())
		assert.EqualValues(t, 2, q.Stats().Refused.Closed)
	})
}

func TestCloseCutsOffWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// As they come: answered at the last moment, canceled, refused by the server.
		inner := backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			<-ctx.Done()
			assert.Equal(t, async.ErrClosed, context.Cause(ctx))
			switch req.Path() {
			case "/answered":
				return backend.Response{StatusCode: 200}, nil
			case "/refused":
				return backend.Response{}, backend.NewStatusError("trigger", 500, ctx.Err())
			default:
				return backend.Response{}, backend.NewError("trigger", backend.Unknown, ctx.Err())
			}
		})
		told := new(recorder)
		q := async.New(inner, async.Config{Workers: 3, OnError: told.add})
		futures := map[string]*async.Future[backend.Response]{}
		for _, name := range []string{"answered", "refused", "canceled", "queued", "queued too"} {
			futures[name] = q.Submit(t.Context(), request(name))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := q.Close(ctx)
		var drain *async.DrainError
		require.ErrorAs(t, err, &drain)
		assert.Equal(t, async.Outcomes{NotSent: 2, Rejected: 1, Unknown: 1}, drain.CutOff)
		assert.Zero(t, drain.Busy)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "close: 4 calls cut off (2 not sent, 1 rejected, 1 unknown): context deadline exceeded")
		require.EqualError(t, q.Close(t.Context()), err.Error())

		_, err, _ = futures["answered"].Result()
		require.NoError(t, err)
		failed(t, refused(t, futures["refused"]), backend.Rejected, context.Canceled)
		failed(t, refused(t, futures["canceled"]), backend.Unknown, context.Canceled)
		failed(t, refused(t, futures["queued"]), backend.NotSent, async.ErrClosed)
		failed(t, refused(t, futures["queued too"]), backend.NotSent, async.ErrClosed)
		assert.Len(t, told.all(), 4)
		s := q.Stats()
		balanced(t, s)
		assert.Zero(t, s.Pending)
		assert.EqualValues(t, 1, s.Delivered)
	})
}

func TestCloseLeavesBehindWhatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		q := async.New(backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
			<-open
			return backend.Response{StatusCode: 200}, nil
		}), async.Config{Workers: 2})
		deaf := q.Submit(t.Context(), request("deaf"))
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		flushed := make(chan error, 1)
		go func() { flushed <- q.Flush(t.Context()) }()
		err := q.Close(ctx)
		require.EqualError(t, err, "close: 1 calls cut off (1 unknown), 1 workers left behind: context canceled")
		require.NoError(t, <-flushed)
		failed(t, refused(t, deaf), backend.Unknown, async.ErrClosed)
		balanced(t, q.Stats())

		close(open)
		synctest.Wait() // the worker ends
		failed(t, refused(t, deaf), backend.Unknown, async.ErrClosed)
		s := q.Stats()
		balanced(t, s)
		assert.Zero(t, s.Delivered, "it was counted already")
		require.EqualError(t, q.Close(t.Context()), err.Error())
	})
}

func TestDrainErrorInWords(t *testing.T) {
	t.Parallel()
	require.EqualError(t, &async.DrainError{}, "close: 0 calls cut off")
	err := &async.DrainError{CutOff: async.Outcomes{NotSent: 1, Rejected: 2, Accepted: 3, Unknown: 4}, Err: errTest}
	require.EqualError(t, err, "close: 10 calls cut off (1 not sent, 2 rejected, 3 accepted, 4 unknown): test")
	assert.Equal(t, "none", async.Outcomes{}.String())
}

// Whatever the moment at which Close comes, each call is refused or done, each
// future is resolved, and every snapshot adds up.
func TestCloseWhileProducersRace(t *testing.T) {
	t.Parallel()
	for _, overflow := range []async.Overflow{async.Block, async.DropNewest, async.DropOldest} {
		t.Run(overflow.String(), func(t *testing.T) {
			t.Parallel()
			for round := range 9 {
				closeWhileProducersRace(t, overflow, round%3 == 0)
			}
		})
	}
}

func closeWhileProducersRace(t *testing.T, overflow async.Overflow, cutOff bool) {
	t.Helper()
	var answered, reported atomic.Int64
	inner := backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
		runtime.Gosched()
		if n := answered.Add(1); n%7 == 0 {
			return backend.Response{}, errTest
		}
		if ctx.Err() != nil {
			return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, ctx.Err())
		}
		return backend.Response{StatusCode: 200}, nil
	})
	q := async.New(inner, async.Config{Workers: 4, QueueSize: 8, WhenFull: overflow, OnError: func(error) { reported.Add(1) }})
	const producers = 8
	var begun, wg sync.WaitGroup
	begun.Add(producers)
	results := make([][]*async.Future[backend.Response], producers)
	for p := range producers {
		wg.Go(func() {
			for i := 0; ; i++ {
				f := q.Submit(t.Context(), numbered(i))
				results[p] = append(results[p], f)
				if i%10 == p {
					balanced(t, q.Stats())
				}
				if i == 20 {
					begun.Done()
				}
				if _, err, done := f.Result(); done && errors.Is(err, async.ErrClosed) {
					return
				}
			}
		})
	}
	begun.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if cutOff {
		cancel()
	}
	err := q.Close(ctx)
	wg.Wait()

	s := q.Stats()
	balanced(t, s)
	assert.Zero(t, s.Pending)
	if drain, ok := errors.AsType[*async.DrainError](err); ok {
		assert.True(t, cutOff)
		assert.LessOrEqual(t, drain.CutOff.Total(), s.Failed)
	} else {
		require.NoError(t, err)
	}
	var all, succeeded, failures int64
	for _, futures := range results {
		for _, f := range futures {
			_, err, done := f.Result()
			require.True(t, done)
			all++
			if err == nil {
				succeeded++
			} else {
				failures++
			}
		}
	}
	assert.Equal(t, all, s.Accepted+s.Refused.Total())
	assert.Equal(t, succeeded, s.Delivered)
	assert.Equal(t, failures, s.Failed+s.Refused.Total())
	assert.Equal(t, failures, reported.Load(), "each failure once")
}

// retrying sends again as the policy says, as package retryable does.
func retrying(inner backend.Backend) backend.Backend {
	policy := backend.RetryPolicy{MaxAttempts: -1, MaxElapsed: -1, MaxBackoff: time.Minute}
	return backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
		begun := time.Now()
		for n := 1; ; n++ {
			res, err := inner.Send(ctx, req)
			wait, again := policy.Next(req, backend.Attempt{Number: n, Elapsed: time.Since(begun), Now: time.Now(), Response: res, Err: err})
			if !again {
				return res, err
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return backend.Response{}, backend.NewError(req.Op(), backend.Rejected, ctx.Err())
			}
		}
	})
}

func TestCloseKeepsRetrying(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit time.Duration
		want  error
	}{
		"and delivers everything": {limit: 10 * time.Second},
		"until its context ends":  {limit: time.Second, want: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				up := time.Now().Add(5 * time.Second)
				var mu sync.Mutex
				tried := map[string]bool{} // while the server is down
				q := async.New(retrying(backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					if time.Now().Before(up) {
						tried[req.Path()] = true
						return backend.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"3"}}}, nil
					}
					return backend.Response{StatusCode: 200}, nil
				})), async.Config{Workers: 2})
				for i := range 10 {
					q.Submit(t.Context(), numbered(i))
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				begun := time.Now()
				err := q.Close(ctx)
				assert.LessOrEqual(t, time.Since(begun), tt.limit, "by the bubble's clock")
				require.ErrorIs(t, err, tt.want)
				assert.Len(t, tried, 2, "a call that is being retried keeps its worker")
				s := q.Stats()
				balanced(t, s)
				if tt.want == nil {
					assert.EqualValues(t, 10, s.Delivered)
				} else {
					assert.Equal(t, async.Outcomes{NotSent: 8, Rejected: 2}, s.FailedBy)
				}
			})
		})
	}
}
