package pusher_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// strict refuses requests with the event "bad". If it is atomic it checks all
// before it accepts any, else it publishes those before it.
func strict(l *ledger, atomic bool) func(context.Context, int, []delivery) (backend.Response, error) {
	return func(_ context.Context, _ int, events []delivery) (backend.Response, error) {
		bad := slices.IndexFunc(events, func(e delivery) bool { return e.Data == "bad" })
		if bad < 0 {
			return success, nil
		}
		if !atomic {
			l.accept(events[:bad]...)
		}
		return statusOf(422)
	}
}

// publishTen publishes ten events, the fourth of them bad, and returns what became
// of each.
func publishTen(t *testing.T, p *pusher.Publisher, edits ...func(i int, e *pusher.Event)) []error {
	t.Helper()
	var futures []*async.Future[pusher.Receipt]
	for i := range 10 {
		e := text("c"+strconv.Itoa(i%3), strconv.Itoa(i))
		if i == 3 {
			e.Data = "bad"
		}
		for _, edit := range edits {
			edit(i, &e)
		}
		future, err := p.Publish(t.Context(), e)
		require.NoError(t, err)
		futures = append(futures, future)
	}
	require.NoError(t, p.Flush(t.Context()))
	errs := make([]error, 10)
	for i, future := range futures {
		_, errs[i] = future.Wait(t.Context())
	}
	requireBalance(t, p.Stats())
	return errs
}

func sorted(l *ledger) string {
	data := strings.Fields(l.data())
	slices.Sort(data)
	return strings.Join(data, " ")
}

func TestPublisher_oneBadEventAtAnAtomicServer(t *testing.T) {
	t.Parallel()
	var l ledger
	l.answer = strict(&l, true)
	p := publisher(t, &l, pusher.PublisherConfig{AtomicBatches: true, MaxInFlight: 1, Linger: time.Hour})
	errs := publishTen(t, p)
	for i, err := range errs {
		if i != 3 {
			require.NoError(t, err)
		}
	}
	require.ErrorIs(t, errs[3], pusher.ErrBadRequest)
	require.Equal(t, pusher.Rejected, pusher.OutcomeOf(errs[3]))
	var failure *pusher.PublishError
	require.ErrorAs(t, errs[3], &failure)
	require.Equal(t, 2, failure.Attempts)
	require.Equal(t, "0 1 2 4 5 6 7 8 9", sorted(&l))
	require.Zero(t, l.doubled)
	s := p.Stats()
	require.EqualValues(t, 1, s.Splits)
	require.EqualValues(t, 10, s.BatchSizes[1])
	require.Equal(t, async.Outcomes{Rejected: 1}, s.Failed)
}

// By default nothing is ever accepted twice, so the nine fail too: nobody knows
// which of them the server has taken.
func TestPublisher_oneBadEventAtMostOnce(t *testing.T) {
	t.Parallel()
	for _, atomic := range []bool{true, false} {
		var l ledger
		l.answer = strict(&l, atomic)
		p := publisher(t, &l, pusher.PublisherConfig{MaxInFlight: 1, Linger: time.Hour})
		for _, err := range publishTen(t, p) {
			require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
			require.ErrorIs(t, err, pusher.ErrBadRequest)
			require.Contains(t, err.Error(), "422")
			require.Contains(t, err.Error(), "unknown")
		}
		_, accepted := l.all()
		require.Len(t, accepted, map[bool]int{true: 0, false: 1}[atomic], "a batch goes by channel: 0 stands before the bad one")
	}
}

func TestPublisher_oneBadEventWhereResendingIsAcceptable(t *testing.T) {
	t.Parallel()
	keyed := func(i int, e *pusher.Event) { e.IdempotencyKey = "key-" + strconv.Itoa(i) }
	keyedButOne := func(i int, e *pusher.Event) {
		if i != 5 {
			keyed(i, e)
		}
	}
	none := func(int, *pusher.Event) {}
	for name, row := range map[string]struct {
		retry  backend.RetryPolicy
		edit   func(int, *pusher.Event)
		failed int
	}{
		"at least once":      {backend.RetryPolicy{Delivery: backend.AtLeastOnce}, none, 1},
		"all have keys":      {backend.RetryPolicy{}, keyed, 1},
		"all but one have":   {backend.RetryPolicy{}, keyedButOne, 10},
		"at most once, none": {backend.RetryPolicy{}, none, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l ledger
			l.answer = strict(&l, false)
			p := publisher(t, &l, pusher.PublisherConfig{Retry: row.retry, MaxInFlight: 1, Linger: time.Hour})
			failed := 0
			for i, err := range publishTen(t, p, row.edit) {
				if err != nil {
					failed++
					require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err), i)
				}
			}
			require.Equal(t, row.failed, failed)
		})
	}
}

// An atomic server's no is no proof where the backend has retried below, and an
// earlier attempt may have succeeded.
func TestPublisher_uncertainRefusal(t *testing.T) {
	t.Parallel()
	for policy, sent := range map[backend.Delivery]int{backend.AtMostOnce: 1, backend.AtLeastOnce: 3} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			var l ledger
			l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
				res, err := statusOf(400)
				res.Uncertain = number == 1
				return res, err
			}
			var told results
			p := publisher(t, &l, pusher.PublisherConfig{
				AtomicBatches: true, MaxBatch: 2, OnResult: told.add,
				Retry: backend.RetryPolicy{Delivery: policy},
			})
			enqueue(t, p, text("a", "1"), text("a", "2"))
			require.NoError(t, p.Flush(t.Context()))
			requests, _ := l.all()
			require.Len(t, requests, sent)
			require.Len(t, told.all(), 2)
			for _, r := range told.all() {
				require.Equal(t, pusher.Unknown, r.Outcome)
			}
		})
	}
}

// Each event that is sent singly makes room for one that waits.
func TestPublisher_singlySentEventsMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(_ context.Context, _ int, events []delivery) (backend.Response, error) {
			time.Sleep(time.Second)
			if len(events) > 1 {
				return statusOf(400)
			}
			return success, nil
		}
		p := publisher(t, &l, pusher.PublisherConfig{AtomicBatches: true, MaxBatch: 4, MaxEvents: 4})
		begun := time.Now()
		enqueue(t, p, text("a", "1"), text("a", "2"), text("a", "3"), text("a", "4"), text("b", "5"))
		require.Equal(t, 2*time.Second, time.Since(begun), "the batch, and its first event")
		require.NoError(t, p.Close(t.Context()))
		require.Equal(t, 5*time.Second, time.Since(begun), "the others do not wait for the new one, nor it for them")
		require.EqualValues(t, 5, p.Stats().Delivered)
	})
}

func TestPublisher_aloneRefusedIsRejected(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 413, 422, 401, 403, 404} {
		l := ledger{answer: func(context.Context, int, []delivery) (backend.Response, error) { return statusOf(status) }}
		p := publisher(t, &l, pusher.PublisherConfig{})
		future, err := p.Publish(t.Context(), text("a", "x"))
		require.NoError(t, err)
		_, err = future.Wait(t.Context())
		require.Equal(t, pusher.Rejected, pusher.OutcomeOf(err))
		requests, _ := l.all()
		require.Len(t, requests, 1)
	}
}

// What each failure of a batch means for its events, and by which reason it counts.
func TestPublisher_outcomesOfABatch(t *testing.T) {
	t.Parallel()
	broken := func(outcome pusher.Outcome, cause error) func() (backend.Response, error) {
		return func() (backend.Response, error) {
			return backend.Response{}, backend.NewError("publish", outcome, cause)
		}
	}
	status := func(status int, header ...string) func() (backend.Response, error) {
		return func() (backend.Response, error) { return statusOf(status, header...) }
	}
	uncertain := func(status int, header ...string) func() (backend.Response, error) {
		return func() (backend.Response, error) {
			res, err := statusOf(status, header...)
			res.Uncertain = true
			return res, err
		}
	}
	for name, row := range map[string]struct {
		answer  func() (backend.Response, error)
		outcome pusher.Outcome
		reason  pusher.FailureReasons
		tries   int
	}{
		"401":                  {status(401), pusher.Rejected, pusher.FailureReasons{Rejected: 2}, 1},
		"413":                  {status(413), pusher.Unknown, pusher.FailureReasons{Rejected: 2}, 1},
		"429":                  {status(429), pusher.Rejected, pusher.FailureReasons{RateLimited: 2}, 5},
		"500":                  {status(500), pusher.Unknown, pusher.FailureReasons{ServerError: 2}, 1},
		"503 with Retry-After": {status(503, "Retry-After", "1"), pusher.Rejected, pusher.FailureReasons{ServerError: 2}, 5},
		"503, Retry-After: 0":  {status(503, "Retry-After", "0"), pusher.Rejected, pusher.FailureReasons{ServerError: 2}, 5},
		"503, a past date":     {status(503, "Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"), pusher.Rejected, pusher.FailureReasons{ServerError: 2}, 5},
		"503, uncertain":       {uncertain(503, "Retry-After", "1"), pusher.Unknown, pusher.FailureReasons{ServerError: 2}, 1},
		"429, uncertain":       {uncertain(429), pusher.Unknown, pusher.FailureReasons{RateLimited: 2}, 1},
		"not sent":             {broken(pusher.NotSent, errors.New("refused")), pusher.NotSent, pusher.FailureReasons{Transport: 2}, 5},
		"no answer":            {broken(pusher.Unknown, errors.New("reset")), pusher.Unknown, pusher.FailureReasons{Transport: 2}, 1},
		"too late":             {broken(pusher.Unknown, context.DeadlineExceeded), pusher.Unknown, pusher.FailureReasons{Timeout: 2}, 1},
		"unreadable": {
			func() (backend.Response, error) {
				return backend.Response{StatusCode: 200, Body: []byte("<html>")}, nil
			},
			pusher.Accepted,
			pusher.FailureReasons{Unreadable: 2}, 1,
		},
		"a panic": {func() (backend.Response, error) { panic("boom") }, pusher.Unknown, pusher.FailureReasons{Transport: 2}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := ledger{}
				l.answer = func(context.Context, int, []delivery) (backend.Response, error) { return row.answer() }
				var told results
				p := publisher(t, &l, pusher.PublisherConfig{Linger: time.Hour, OnResult: told.add})
				enqueue(t, p, text("a", "1"), text("b", "2"))
				require.Error(t, p.Close(t.Context()))
				require.Len(t, told.all(), 2)
				for _, r := range told.all() {
					require.Equal(t, row.outcome, r.Outcome)
					require.Equal(t, row.outcome, pusher.OutcomeOf(r.Err))
				}
				require.Equal(t, row.reason, p.Stats().FailedFor)
				requests, _ := l.all()
				require.Len(t, requests, row.tries)
			})
		})
	}
}

// An answer that did not come, or proves nothing, makes all of it unknown, whatever is
// said later.
func TestPublisher_outcomeCoversAllAttempts(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func() (backend.Response, error){
		"reset": func() (backend.Response, error) {
			return backend.Response{}, backend.NewError("publish", backend.Unknown, errors.New("reset"))
		},
		"504": func() (backend.Response, error) { return statusOf(504) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcomeCoversAllAttempts(t, first)
		})
	}
}

func outcomeCoversAllAttempts(t *testing.T, first func() (backend.Response, error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := ledger{}
		l.answer = func(_ context.Context, number int, _ []delivery) (backend.Response, error) {
			if number == 1 {
				return first()
			}
			return statusOf(403)
		}
		p := publisher(t, &l, pusher.PublisherConfig{Retry: backend.RetryPolicy{Delivery: backend.AtLeastOnce}})
		future, err := p.Publish(t.Context(), text("a", "1"))
		require.NoError(t, err)
		_, err = future.Wait(t.Context())
		require.ErrorIs(t, err, pusher.ErrForbidden)
		require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
		require.Error(t, err)
		require.Contains(t, err.Error(), "after 2 attempts")
		require.NoError(t, p.Close(t.Context()))
	})
}

// Policies do not multiply: the backends below make one attempt.
func TestPublisher_asksBackendsNotToRetry(t *testing.T) {
	t.Parallel()
	var disabled bool
	p := publisher(t, backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		disabled = req.RetryDisabled()
		return success, nil
	}), pusher.PublisherConfig{})
	enqueue(t, p, text("a", "1"))
	require.NoError(t, p.Close(t.Context()))
	require.True(t, disabled)
}
