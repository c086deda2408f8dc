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

type contextKey struct{}

func TestSendPassesEverythingOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "value"), time.Hour)
	defer cancel()
	req := request("a").WithHeader("X-Test", "1")
	answer := backend.Response{StatusCode: 503, Body: []byte("later"), Attempts: 3}
	inner := backend.Func(func(got context.Context, sent backend.Request) (backend.Response, error) {
		assert.Equal(t, "value", got.Value(contextKey{}))
		want, _ := ctx.Deadline()
		deadline, limited := got.Deadline()
		assert.True(t, limited)
		assert.Equal(t, want, deadline)
		assert.Equal(t, req, sent)
		return answer, nil
	})
	q := setup(t, inner, async.Config{})
	res, err := q.Send(ctx, req)
	require.NoError(t, err)
	assert.Equal(t, answer, res)

	s := q.Stats()
	balanced(t, s)
	assert.EqualValues(t, 1, s.FailedBy.Rejected, "the server said no, which is an answer all the same")
}

func TestSendReturnsTheBackendsError(t *testing.T) {
	t.Parallel()
	want := backend.NewError("trigger", backend.NotSent, errTest)
	told := new(recorder)
	q := setup(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		return backend.Response{}, want
	}), async.Config{OnError: told.add})
	_, err := q.Send(t.Context(), request("a"))
	require.Same(t, want, err)
	assert.Empty(t, told.all(), "the caller knows")
	assert.Equal(t, async.Outcomes{NotSent: 1}, q.Stats().FailedBy)
}

func TestSendWithoutBackend(t *testing.T) {
	t.Parallel()
	_, err := setup(t, nil, async.Config{}).Send(t.Context(), request("a"))
	require.EqualError(t, err, "trigger: not sent: the backend is nil")
}

func TestSendWhoseContextEndsInTheQueueIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		q := setup(t, inner, async.Config{Workers: 1})
		first := q.Submit(t.Context(), request("first"))
		<-inner.arrived

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := q.Send(ctx, request("second"))
		failed(t, err, backend.NotSent, context.DeadlineExceeded)
		_, err = q.Send(ctx, request("third"))
		failed(t, err, backend.NotSent, context.DeadlineExceeded)
		s := q.Stats()
		balanced(t, s)
		assert.EqualValues(t, 1, s.Withdrawn)
		assert.EqualValues(t, 1, s.Refused.Canceled, "it had ended before")
		assert.EqualValues(t, 1, s.Pending)

		close(inner.open)
		_, err = first.Wait(t.Context())
		require.NoError(t, err)
		require.NoError(t, q.Close(t.Context()))
		assert.Equal(t, []string{"/first"}, inner.paths())
	})
}

func TestSendWhoseContextEndsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := setup(t, newGate(), async.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := q.Send(ctx, request("a"))
		failed(t, err, backend.Unknown, context.DeadlineExceeded)
	})
}

// A canceled Send makes room for those who wait.
func TestWithdrawnSendLetsTheNextIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		q := setup(t, inner, async.Config{Workers: 1, QueueSize: 1})
		q.Submit(t.Context(), request("under way"))
		<-inner.arrived
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := q.Send(ctx, request("queued"))
			failed(t, err, backend.NotSent, context.Canceled)
		})
		synctest.Wait()
		wg.Go(func() { q.Submit(t.Context(), request("waiting")) })
		synctest.Wait()
		assert.EqualValues(t, 1, q.Stats().Waiting)
		cancel()
		wg.Wait()
		assert.EqualValues(t, 0, q.Stats().Waiting)
		close(inner.open)
		require.NoError(t, q.Flush(t.Context()))
		assert.Equal(t, []string{"/under way", "/waiting"}, inner.paths())
	})
}

func TestNeverMoreThanWorkersAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ configured, want int64 }{{0, async.DefaultWorkers}, {-1, 1}, {3, 3}} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var now, most int64
			q := setup(t, backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				now--
				mu.Unlock()
				return backend.Response{StatusCode: 200}, nil
			}), async.Config{Workers: int(tt.configured)})
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					_, err := q.Send(t.Context(), numbered(i))
					assert.NoError(t, err)
				})
				q.Submit(t.Context(), numbered(i))
				s := q.Stats()
				balanced(t, s)
				assert.LessOrEqual(t, s.InFlight, tt.want)
			}
			wg.Wait()
			require.NoError(t, q.Flush(t.Context()))
			assert.Equal(t, tt.want, most)
			assert.EqualValues(t, 200, q.Stats().Delivered)
		})
	}
}
