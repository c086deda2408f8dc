package async_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

func TestSubmittedWorkOutlivesItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		seen := make(chan context.Context, 2)
		q := setup(t, backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			seen <- ctx
			return inner.Send(ctx, req)
		}), async.Config{Workers: 1})
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "value"), time.Second)
		underWay, queued := q.Submit(ctx, request("under way")), q.Submit(ctx, request("queued"))
		<-inner.arrived
		cancel()
		synctest.Wait()
		pending(t, underWay)
		close(inner.open)
		for _, f := range []*async.Future[backend.Response]{underWay, queued} {
			res, err := f.Wait(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 200, res.StatusCode)
			got := <-seen
			assert.Equal(t, "value", got.Value(contextKey{}))
			_, limited := got.Deadline()
			assert.False(t, limited)
		}
	})
}

func TestOneWorkerKeepsTheOrder(t *testing.T) {
	t.Parallel()
	inner := newGate()
	close(inner.open)
	q := setup(t, inner, async.Config{Workers: -1, QueueSize: 7})
	var want []string
	for i := range 500 {
		want = append(want, numbered(i).Path())
		q.Submit(t.Context(), numbered(i))
	}
	require.NoError(t, q.Flush(t.Context()))
	assert.Equal(t, want, inner.paths())
}

// full returns a queue with one call under way and n more queued.
func full(t *testing.T, inner *gate, cfg async.Config, n int) (*async.Backend, []*async.Future[backend.Response]) {
	t.Helper()
	q := setup(t, inner, cfg)
	futures := []*async.Future[backend.Response]{q.Submit(t.Context(), request("under way"))}
	<-inner.arrived
	for i := range n {
		futures = append(futures, q.Submit(t.Context(), numbered(i)))
	}
	return q, futures
}

func TestBlockWaitsForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		q, _ := full(t, inner, async.Config{Workers: 1, QueueSize: 2}, 2)
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				_, err := q.Submit(t.Context(), numbered(2+i)).Wait(t.Context())
				assert.NoError(t, err)
			})
			synctest.Wait() // they come one after the other
		}
		s := q.Stats()
		balanced(t, s)
		assert.EqualValues(t, 3, s.Waiting)
		assert.EqualValues(t, 2, s.Queued)
		assert.EqualValues(t, 3, s.Accepted)

		inner.open <- struct{}{}
		synctest.Wait()
		s = q.Stats()
		assert.EqualValues(t, 2, s.Waiting, "one left, one was let in")
		assert.EqualValues(t, 2, s.Queued)
		close(inner.open)
		wg.Wait()
		assert.Equal(t, []string{"/under way", "/0", "/1", "/2", "/3", "/4"}, inner.paths(), "first come, first served")
	})
}

func TestBlockEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		told := new(recorder)
		q, _ := full(t, inner, async.Config{Workers: 1, QueueSize: 1, OnError: told.add}, 1)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errTest)
		defer cancel()
		err := refused(t, q.Submit(ctx, request("waiting")))
		failed(t, err, backend.NotSent, context.DeadlineExceeded)
		require.ErrorIs(t, err, errTest, "the cause")
		assert.Equal(t, []error{err}, told.all())
		err = refused(t, q.Submit(ctx, request("ended before")))
		failed(t, err, backend.NotSent, context.DeadlineExceeded)
		s := q.Stats()
		balanced(t, s)
		assert.EqualValues(t, 2, s.Refused.Canceled)
		assert.EqualValues(t, 0, s.Waiting)
		assert.EqualValues(t, 2, s.Accepted)
		assert.EqualValues(t, 2, s.Refused.Total())
		close(inner.open)
	})
}

func TestDropNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		told := new(recorder)
		q, futures := full(t, inner, async.Config{Workers: 1, QueueSize: 2, WhenFull: async.DropNewest, OnError: told.add}, 2)
		err := refused(t, q.Submit(t.Context(), request("one too many")))
		failed(t, err, backend.NotSent, async.ErrQueueFull)
		require.EqualError(t, err, "trigger: not sent: the queue is full")
		assert.Equal(t, []error{err}, told.all())
		_, err = q.Send(t.Context(), request("another"))
		failed(t, err, backend.NotSent, async.ErrQueueFull)
		assert.Len(t, told.all(), 1, "who sends knows")
		assert.EqualValues(t, 2, q.Stats().Refused.Full)
		close(inner.open)
		for _, f := range futures {
			_, err := f.Wait(t.Context())
			require.NoError(t, err)
		}
	})
}

func TestDropOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		told := new(recorder)
		q, futures := full(t, inner, async.Config{Workers: 1, QueueSize: 2, WhenFull: async.DropOldest, OnError: told.add}, 2)
		newest := q.Submit(t.Context(), request("newest"))
		pending(t, newest)
		err := refused(t, futures[1])
		failed(t, err, backend.NotSent, async.ErrQueueFull)
		assert.Equal(t, []error{err}, told.all())
		s := q.Stats()
		balanced(t, s)
		assert.EqualValues(t, 1, s.Dropped)
		assert.Equal(t, async.Outcomes{NotSent: 1}, s.FailedBy)
		assert.EqualValues(t, 4, s.Accepted)
		assert.Zero(t, s.Refused.Total())
		close(inner.open)
		require.NoError(t, q.Flush(t.Context()))
		assert.Equal(t, []string{"/under way", "/1", "/newest"}, inner.paths())
	})
}

func TestWithoutAQueueOnlyFreeWorkersTakeCalls(t *testing.T) {
	t.Parallel()
	for _, overflow := range []async.Overflow{async.DropNewest, async.DropOldest} {
		synctest.Test(t, func(t *testing.T) {
			inner := newGate()
			q := setup(t, inner, async.Config{Workers: 2, QueueSize: -1, WhenFull: overflow})
			// At once, before the workers have so much as started.
			first, second := q.Submit(t.Context(), numbered(1)), q.Submit(t.Context(), numbered(2))
			synctest.Wait()
			failed(t, refused(t, q.Submit(t.Context(), numbered(3))), backend.NotSent, async.ErrQueueFull)
			inner.open <- struct{}{}
			synctest.Wait()
			third := q.Submit(t.Context(), numbered(4))
			close(inner.open)
			for _, f := range []*async.Future[backend.Response]{first, second, third} {
				_, err := f.Wait(t.Context())
				require.NoError(t, err)
			}
		})
	}
}

func TestSubmitWork(t *testing.T) {
	t.Parallel()
	q := setup(t, ok, async.Config{})
	f := async.Submit(t.Context(), q, "trigger", func(ctx context.Context, b backend.Backend) (int, backend.Outcome, error) {
		sum := 0
		for i := range 3 {
			res, err := b.Send(ctx, numbered(i))
			assert.NoError(t, err)
			sum += res.StatusCode
		}
		return sum, backend.Rejected, errTest
	})
	sum, err := f.Wait(t.Context())
	assert.Equal(t, 600, sum)
	require.Same(t, errTest, err, "as it is")
	assert.Equal(t, async.Outcomes{Rejected: 1}, q.Stats().FailedBy)
	assert.EqualValues(t, 1, q.Stats().Accepted)
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	told := new(recorder)
	q := setup(t, ok, async.Config{OnError: told.add})
	require.Same(t, errTest, refused(t, async.Refuse[int](q, errTest)))
	assert.Equal(t, []error{errTest}, told.all())
	assert.Equal(t, async.Refused{Invalid: 1}, q.Stats().Refused)
	assert.Zero(t, q.Stats().Accepted)
}

func TestOutcomesOfAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		res  backend.Response
		err  error
		want async.Outcomes
	}{
		"no":                    {backend.Response{StatusCode: 400}, nil, async.Outcomes{Rejected: 1}},
		"no, as soketi says it": {backend.Response{StatusCode: 200, Body: []byte(`{"error":"x","code":401}`)}, nil, async.Outcomes{Rejected: 1}},
		"no answer at all":      {backend.Response{}, nil, async.Outcomes{Unknown: 1}},
		"cut off":               {backend.Response{}, backend.NewStatusError("trigger", 200, errTest), async.Outcomes{Accepted: 1}},
		"a strange error":       {backend.Response{}, errTest, async.Outcomes{Unknown: 1}},
		"yes":                   {backend.Response{StatusCode: 202}, nil, async.Outcomes{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := setup(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
				return tt.res, tt.err
			}), async.Config{})
			res, err := q.Submit(t.Context(), request("a")).Wait(t.Context())
			assert.Equal(t, tt.res, res)
			require.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.want, q.Stats().FailedBy)
			assert.Equal(t, 1-tt.want.Total(), q.Stats().Delivered)
		})
	}
}

func TestPanicInTheBackend(t *testing.T) {
	t.Parallel()
	told := new(recorder)
	q := setup(t, backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		panic(errors.New("dial " + req.URL()))
	}), async.Config{Workers: 1, OnError: told.add})
	for range 3 {
		q.Submit(t.Context(), request("a"))
	}
	_, err := q.Send(t.Context(), request("a"))
	var panicked *async.PanicError
	require.ErrorAs(t, err, &panicked)
	assert.Contains(t, string(panicked.Stack), "TestPanicInTheBackend")
	require.EqualError(t, err, "trigger: no answer: panic: dial http://api.test/a[redacted]")
	for _, shown := range []error{err, panicked} {
		assert.NotContains(t, shown.Error(), "secret")
	}
	require.NoError(t, errors.Unwrap(panicked), "it would print the signature")
	_, err = async.Submit(t.Context(), q, "trigger", func(context.Context, backend.Backend) (int, backend.Outcome, error) {
		panic(errTest)
	}).Wait(t.Context())
	require.ErrorIs(t, err, errTest)
	require.EqualError(t, err, "trigger: no answer: panic: test")
	require.NoError(t, q.Flush(t.Context()))
	assert.GreaterOrEqual(t, len(told.all()), 3)
	assert.Equal(t, async.Outcomes{Unknown: 5}, q.Stats().FailedBy)
}

func TestGoexitInTheBackend(t *testing.T) {
	t.Parallel()
	told := new(recorder)
	q := setup(t, backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		if strings.HasPrefix(req.Path(), "/exit") {
			runtime.Goexit()
		}
		return backend.Response{StatusCode: 200}, nil
	}), async.Config{Workers: 1, OnError: func(err error) {
		told.add(err)
		runtime.Goexit()
	}})
	_, err := q.Send(t.Context(), request("exit"))
	require.EqualError(t, err, "trigger: no answer: the goroutine was ended by runtime.Goexit")
	q.Submit(t.Context(), request("exit"))
	_, err = q.Submit(t.Context(), request("after it")).Wait(t.Context())
	require.NoError(t, err, "another worker has taken over")
	assert.Len(t, told.all(), 1)
}
