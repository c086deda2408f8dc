package retryable_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// atOnce are policies without waits.
var (
	mostOnce  = backend.RetryPolicy{MinBackoff: -1}
	leastOnce = backend.RetryPolicy{MinBackoff: -1, Delivery: backend.AtLeastOnce}
)

func TestEachAttemptIsSignedAnewAndComplete(t *testing.T) {
	t.Parallel()
	transport := play(answer(429, ""), answer(429, ""), refuse(syscall.ECONNREFUSED), answer(200, "{}"))
	req := post(nowhere)
	res, err := retryable.New(over(transport), mostOnce).Send(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, backend.Response{StatusCode: 200, Header: http.Header{}, Body: []byte("{}"), Attempts: 4}, res)
	require.Len(t, transport.sent, 4)
	for i, arrived := range transport.sent {
		assert.Equal(t, fmt.Sprintf("%s/apps/4/events%s%064x", nowhere, query, i+1), arrived.url)
		assert.Equal(t, `{"name":"my-event"}`, arrived.body)
		assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, arrived.header)
		assert.False(t, arrived.replays, "net/http cannot send it again by itself")
	}
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header())
}

func TestWhatIsRetried(t *testing.T) {
	t.Parallel()
	const soketi = `{"error":"overloaded","code":503}`
	for name, tt := range map[string]struct {
		step step
		// Attempts at an event under either policy, and at a query.
		most, least, query int
	}{
		"200":                            {answer(200, "{}"), 1, 1, 1},
		"302":                            {answer(302, "", "Location", "/"), 1, 1, 1},
		"400":                            {answer(400, ""), 1, 1, 1},
		"413":                            {answer(413, ""), 1, 1, 1},
		"429":                            {answer(429, ""), 3, 3, 3},
		"500":                            {answer(500, ""), 1, 3, 3},
		"501":                            {answer(501, ""), 1, 3, 3},
		"503":                            {answer(503, ""), 1, 3, 3},
		"503 with Retry-After":           {answer(503, "", "Retry-After", "0"), 3, 3, 3},
		"503 within a 200":               {answer(200, soketi), 1, 3, 3},
		"503 within a 200, Retry-After":  {answer(200, soketi, "Retry-After", "0"), 3, 3, 3},
		"refused":                        {refuse(syscall.ECONNREFUSED), 3, 3, 3},
		"reset":                          {lose(syscall.ECONNRESET), 1, 3, 3},
		"the answer to a success is cut": {breakOff(200), 1, 1, 3},
		"the answer to a 500 is cut":     {breakOff(500), 1, 3, 3},
		"the answer to a 400 is cut":     {breakOff(400), 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, run := range []struct {
				policy backend.RetryPolicy
				req    backend.Request
				want   int
			}{
				{mostOnce, post(nowhere), tt.most},
				{leastOnce, post(nowhere), tt.least},
				{mostOnce, get(nowhere), tt.query},
				{mostOnce, post(nowhere).WithoutRetry(), 1},
				{leastOnce, post(nowhere).WithoutRetry(), 1},
				{leastOnce, get(nowhere).WithoutRetry(), 1},
			} {
				transport := play(tt.step)
				run.policy.MaxAttempts = 3
				res, err := retryable.New(over(transport), run.policy).Send(t.Context(), run.req)
				assert.Len(t, transport.sent, run.want, "%s %s", run.policy.Delivery, run.req)
				attempts := res.Attempts
				if err != nil {
					attempts = failure(t, res, err).Attempts
				}
				if run.want == 1 {
					assert.Zero(t, attempts)
				} else {
					assert.Equal(t, run.want, attempts)
				}
			}
		})
	}
}

// Without a policy it is the zero one; the library's own, which repeats POSTs, never.
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	transport := play(lose(syscall.ECONNRESET))
	res, err := retryable.New(over(transport)).Send(t.Context(), post(nowhere))
	assert.Equal(t, backend.Unknown, failure(t, res, err).Outcome)
	assert.Len(t, transport.sent, 1)

	synctest.Test(t, func(t *testing.T) {
		transport := play(answer(429, "slow down"))
		res, err := retryable.New(over(transport)).Send(t.Context(), post(nowhere))
		require.NoError(t, err)
		assert.Equal(t, 429, res.StatusCode)
		assert.Len(t, transport.sent, backend.DefaultMaxAttempts)
	})
	transport = play(answer(429, ""))
	_, err = retryable.New(over(transport), mostOnce, backend.RetryPolicy{MaxAttempts: 1}).Send(t.Context(), post(nowhere))
	require.NoError(t, err)
	assert.Len(t, transport.sent, backend.DefaultMaxAttempts, "the first one counts")
}

func TestTheLastAnswerIsReturnedWhole(t *testing.T) {
	t.Parallel()
	transport := play(answer(503, "first", "Retry-After", "0"), answer(503, "second", "X-Which", "second"))
	res, err := retryable.New(over(transport), mostOnce).Send(t.Context(), post(nowhere))
	require.NoError(t, err)
	assert.Equal(t, backend.Response{
		StatusCode: 503, Header: http.Header{"X-Which": {"second"}}, Body: []byte("second"), Attempts: 2,
	}, res)
}

func TestOutcomeCoversAllAttempts(t *testing.T) {
	t.Parallel()
	refused, reset, limited := refuse(syscall.ECONNREFUSED), lose(syscall.ECONNRESET), answer(429, "")
	for name, tt := range map[string]struct {
		steps    []step
		req      backend.Request
		want     backend.Outcome
		attempts int
		status   int
		cause    error
	}{
		"refused":                        {[]step{refused}, post(nowhere), backend.NotSent, 5, 0, syscall.ECONNREFUSED},
		"refused, reset":                 {[]step{refused, reset}, post(nowhere), backend.Unknown, 5, 0, syscall.ECONNRESET},
		"reset, refused":                 {[]step{reset, refused}, post(nowhere), backend.Unknown, 5, 0, syscall.ECONNREFUSED},
		"429, refused":                   {[]step{limited, refused}, post(nowhere), backend.Rejected, 5, 0, syscall.ECONNREFUSED},
		"refused, 429, reset":            {[]step{refused, limited, reset}, post(nowhere), backend.Unknown, 5, 0, syscall.ECONNRESET},
		"reset, 429, refused":            {[]step{reset, limited, refused}, post(nowhere), backend.Unknown, 5, 0, syscall.ECONNREFUSED},
		"refused, then a 200 that broke": {[]step{refused, breakOff(200)}, post(nowhere), backend.Accepted, 2, 200, io.ErrUnexpectedEOF},
		"refused, then a 400 that broke": {[]step{refused, breakOff(400)}, post(nowhere), backend.Rejected, 2, 400, io.ErrUnexpectedEOF},
		"a query: 200 that broke, reset": {[]step{breakOff(200), reset}, get(nowhere), backend.Accepted, 5, 0, syscall.ECONNRESET},
		"a 500 that broke, refused":      {[]step{breakOff(500), refused}, post(nowhere), backend.Unknown, 5, 0, syscall.ECONNREFUSED},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := play(tt.steps...)
			res, err := retryable.New(over(transport), leastOnce).Send(t.Context(), tt.req)
			failed := failure(t, res, err)
			assert.Equal(t, tt.want, failed.Outcome)
			assert.Equal(t, tt.attempts, failed.Attempts)
			assert.Len(t, transport.sent, tt.attempts)
			assert.Equal(t, tt.status, failed.StatusCode)
			assert.Equal(t, tt.req.Op(), failed.Op)
			require.ErrorIs(t, failed, tt.cause)
			assert.ErrorContains(t, failed, fmt.Sprintf("after %d attempts", tt.attempts))
		})
	}
}

// An answer is the last attempt's, and says nothing of those before it.
func TestAnswersSayIfAnEarlierAttemptMayHaveSucceeded(t *testing.T) {
	t.Parallel()
	refused, reset := refuse(syscall.ECONNREFUSED), lose(syscall.ECONNRESET)
	for name, tt := range map[string]struct {
		steps []step
		want  bool
	}{
		"refused, 400":               {[]step{refused, answer(400, "")}, false},
		"429, 400":                   {[]step{answer(429, ""), answer(400, "")}, false},
		"503 that says when, 400":    {[]step{answer(503, "", "Retry-After", "0"), answer(400, "")}, false},
		"504, 400":                   {[]step{answer(504, ""), answer(400, "")}, true},
		"200 that means 500, 400":    {[]step{answer(200, `{"error":"no","code":500}`), answer(400, "")}, true},
		"reset, 400":                 {[]step{reset, answer(400, "")}, true},
		"reset, refused, 429 and on": {[]step{reset, refused, answer(429, "")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := retryable.New(over(play(tt.steps...)), leastOnce).Send(t.Context(), post(nowhere))
			require.NoError(t, err)
			assert.Equal(t, tt.want, res.Uncertain)
		})
	}
}

func TestOnRetry(t *testing.T) {
	t.Parallel()
	var told []backend.Retry
	policy := leastOnce
	policy.OnRetry = func(r backend.Retry) { told = append(told, r) }
	req := post(nowhere)
	transport := play(answer(500, ""), lose(syscall.ECONNRESET), answer(429, "", "Retry-After", "0.001"), answer(200, ""))
	_, err := retryable.New(over(transport), policy).Send(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, told, 3)
	assert.Equal(t, backend.Retry{Request: req, Attempt: 1, StatusCode: 500}, told[0])
	require.ErrorIs(t, told[1].Err, syscall.ECONNRESET)
	assert.Equal(t, 2, told[1].Attempt)
	assert.Equal(t, backend.Retry{Request: req, Attempt: 3, StatusCode: 429, Wait: time.Millisecond}, told[2])
}

// The clock of these tests is the bubble's.
func TestWaits(t *testing.T) {
	t.Parallel()
	date := func(r *http.Request) (*http.Response, error) {
		return answer(429, "", "Retry-After", time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat))(r)
	}
	for name, tt := range map[string]struct {
		step   step
		policy backend.RetryPolicy
		want   time.Duration
	}{
		"seconds":   {answer(429, "", "Retry-After", "2"), backend.RetryPolicy{}, 2 * time.Second},
		"fractions": {answer(503, "", "Retry-After", "0.25"), backend.RetryPolicy{}, 250 * time.Millisecond},
		"a date":    {date, backend.RetryPolicy{}, 3 * time.Second},
		"capped":    {answer(429, "", "Retry-After", "86400"), backend.RetryPolicy{}, backend.DefaultMaxBackoff},
		"capped at a bound of its own": {
			answer(503, "", "Retry-After", "86400"), backend.RetryPolicy{MaxBackoff: time.Minute, MaxElapsed: time.Hour}, time.Minute,
		},
		"none": {refuse(syscall.ECONNREFUSED), mostOnce, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				res, err := retryable.New(over(play(tt.step, answer(200, ""))), tt.policy).Send(t.Context(), post(nowhere))
				require.NoError(t, err)
				assert.Equal(t, 2, res.Attempts)
				assert.Equal(t, tt.want, time.Since(began))
			})
		})
	}
}

func TestTimeIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		transport := play(answer(429, "no", "Retry-After", "4"))
		policy := backend.RetryPolicy{MaxElapsed: 10 * time.Second, MaxAttempts: -1}
		res, err := retryable.New(over(transport), policy).Send(t.Context(), post(nowhere))
		require.NoError(t, err)
		assert.Equal(t, 3, res.Attempts)
		assert.Equal(t, "no", string(res.Body))
		assert.Equal(t, 8*time.Second, time.Since(began), "a third wait would end too late")
	})
}

// One attempt's time limit is not the next one's.
func TestEachAttemptHasItsOwnTimeLimit(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]struct{ request, client time.Duration }{
		"of the request":                {time.Second, 0},
		"of the client":                 {0, time.Second},
		"of the client, being shorter":  {time.Hour, time.Second},
		"of the request, being shorter": {time.Second, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				client := over(play(hang, hang, answer(200, "{}")))
				client.HTTPClient.Timeout = limits.client
				res, err := retryable.New(client, leastOnce).Send(t.Context(), post(nowhere).WithTimeout(limits.request))
				require.NoError(t, err)
				assert.Equal(t, 3, res.Attempts)
				assert.Equal(t, 2*time.Second, time.Since(began))

				client = over(play(hang))
				client.HTTPClient.Timeout = limits.client
				res, err = retryable.New(client, leastOnce).Send(t.Context(), post(nowhere).WithTimeout(limits.request))
				failed := failure(t, res, err)
				require.ErrorIs(t, failed, context.DeadlineExceeded)
				assert.True(t, failed.Timeout())
				assert.Equal(t, backend.Unknown, failed.Outcome)
				assert.Equal(t, 5, failed.Attempts)
			})
		})
	}
}

// What cannot be waited for is not waited for: the caller learns at once why.
func TestNoWaitOutlastsTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		policy := mostOnce
		policy.OnRetry = func(backend.Retry) { t.Error("there is no retry") }
		res, err := retryable.New(over(play(answer(503, "busy", "Retry-After", "4"))), policy).Send(ctx, post(nowhere))
		require.NoError(t, err)
		assert.Equal(t, 503, res.StatusCode)
		assert.Equal(t, "busy", string(res.Body))
		assert.Zero(t, time.Since(start), "on the bubble's clock")
	})
}

func TestContextEndsDuringAWait(t *testing.T) {
	t.Parallel()
	limited, refused := answer(429, "", "Retry-After", "4"), refuse(syscall.ECONNREFUSED)
	slow := backend.RetryPolicy{MinBackoff: time.Hour, MaxBackoff: -1, MaxElapsed: -1, Delivery: backend.AtLeastOnce}
	for name, tt := range map[string]struct {
		steps    []step
		policy   backend.RetryPolicy
		outcome  backend.Outcome
		attempts int
		cause    error
		text     string
	}{
		"after a 429":            {[]step{limited}, mostOnce, backend.Rejected, 0, nil, "trigger: rejected: context canceled before a retry after status 429"},
		"after a refusal":        {[]step{refused}, slow, backend.NotSent, 0, syscall.ECONNREFUSED, "before a retry after: connection refused"},
		"after a reset":          {[]step{lose(syscall.ECONNRESET)}, slow, backend.Unknown, 0, syscall.ECONNRESET, "before a retry after: connection reset"},
		"after a reset, a 429":   {[]step{lose(syscall.ECONNRESET), limited}, leastOnce, backend.Unknown, 2, nil, "after 2 attempts"},
		"after a refusal, a 429": {[]step{refused, limited}, mostOnce, backend.Rejected, 2, nil, "after status 429"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Nanosecond, cancel)
				res, err := retryable.New(over(play(tt.steps...)), tt.policy).Send(ctx, post(nowhere))
				failed := failure(t, res, err)
				require.ErrorIs(t, failed, context.Canceled)
				assert.False(t, failed.Timeout())
				assert.Equal(t, tt.outcome, failed.Outcome)
				assert.Equal(t, tt.attempts, failed.Attempts)
				assert.Zero(t, failed.StatusCode)
				require.ErrorContains(t, failed, tt.text)
				if tt.cause != nil {
					require.ErrorIs(t, failed, tt.cause)
				}
			})
		})
	}
}

func TestContextEndsDuringAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		policy := leastOnce
		policy.OnRetry = func(backend.Retry) { t.Error("there is nothing left to retry for") }
		transport := play(hang)
		res, err := retryable.New(over(transport), policy).Send(ctx, post(nowhere).WithTimeout(time.Hour))
		failed := failure(t, res, err)
		require.ErrorIs(t, failed, context.DeadlineExceeded)
		assert.Equal(t, backend.Unknown, failed.Outcome)
		assert.Len(t, transport.sent, 1)

		res, err = retryable.New(over(transport), policy).Send(ctx, post(nowhere))
		failed = failure(t, res, err)
		require.ErrorIs(t, failed, context.DeadlineExceeded)
		assert.Equal(t, backend.NotSent, failed.Outcome, "had ended before")
		assert.Len(t, transport.sent, 1)
	})
}
