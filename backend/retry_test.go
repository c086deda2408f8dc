package backend_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

var (
	event   = backend.NewRequest(backend.Call{Op: "trigger", Method: "POST", Path: "/apps/4/events"}, nil)
	queried = backend.NewRequest(backend.Call{Op: "channels", Method: "GET", Path: "/apps/4/channels", Idempotent: true}, nil)
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// answered is the first attempt, with an answer.
func answered(status int, retryAfter string) backend.Attempt {
	res := backend.Response{StatusCode: status, Header: http.Header{}}
	if retryAfter != "" {
		res.Header.Set("Retry-After", retryAfter)
	}
	return backend.Attempt{Number: 1, Now: now, Response: res}
}

// unanswered is the first attempt, without one.
func unanswered(err error) backend.Attempt { return backend.Attempt{Number: 1, Now: now, Err: err} }

func TestDeliveryString(t *testing.T) {
	t.Parallel()
	var zero backend.Delivery
	assert.Equal(t, backend.AtMostOnce, zero, "the cautious one")
	assert.Equal(t, "at most once", backend.AtMostOnce.String())
	assert.Equal(t, "at least once", backend.AtLeastOnce.String())
}

func TestWhatIsRetried(t *testing.T) {
	t.Parallel()
	soketi := answered(200, "")
	soketi.Response.Body = []byte(`{"error":"limit","code":429}`)
	broken := answered(200, "")
	broken.Response.Body = []byte(`{"error":"internal","code":500}`)
	tooBusy := answered(200, "2")
	tooBusy.Response.Body = []byte(`{"error":"busy","code":503}`)
	untrusted := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	type row struct {
		attempt backend.Attempt
		// An event under either policy, and a query under the default one.
		atMostOnce, atLeastOnce, query bool
	}
	tests := map[string]row{
		"a success":                       {answered(200, ""), false, false, false},
		"a success with Retry-After":      {answered(200, "1"), false, false, false},
		"202":                             {answered(202, ""), false, false, false},
		"101":                             {answered(101, ""), false, false, false},
		"a redirect":                      {answered(302, ""), false, false, false},
		"400":                             {answered(400, "1"), false, false, false},
		"401":                             {answered(401, ""), false, false, false},
		"408":                             {answered(408, ""), false, false, false},
		"413":                             {answered(413, ""), false, false, false},
		"429":                             {answered(429, ""), true, true, true},
		"429 with Retry-After":            {answered(429, "1"), true, true, true},
		"500":                             {answered(500, ""), false, true, true},
		"500 with Retry-After":            {answered(500, "1"), false, true, true},
		"502":                             {answered(502, ""), false, true, true},
		"503":                             {answered(503, ""), false, true, true},
		"503 with Retry-After":            {answered(503, "1"), true, true, true},
		"503 with a broken Retry-After":   {answered(503, "soon"), false, true, true},
		"503 with a negative Retry-After": {answered(503, "-1"), false, true, true},
		"599":                             {answered(599, ""), false, true, true},
		"429 within a 200":                {soketi, true, true, true},
		"500 within a 200":                {broken, false, true, true},
		"503 within a 200, Retry-After":   {tooBusy, true, true, true},

		"refused":              {unanswered(backend.NewError("x", backend.NotSent, syscall.ECONNREFUSED)), true, true, true},
		"untrusted":            {unanswered(backend.NewError("x", backend.NotSent, untrusted)), false, false, false},
		"reset":                {unanswered(backend.NewError("x", backend.Unknown, syscall.ECONNRESET)), false, true, true},
		"timed out":            {unanswered(backend.NewError("x", backend.Unknown, context.DeadlineExceeded)), false, true, true},
		"wrapped reset":        {unanswered(fmt.Errorf("outer: %w", backend.NewError("x", backend.Unknown, io.EOF))), false, true, true},
		"wrapped refused":      {unanswered(fmt.Errorf("outer: %w", backend.NewError("x", backend.NotSent, io.EOF))), true, true, true},
		"an error of another":  {unanswered(errors.New("strange")), false, true, true},
		"a 2xx that broke off": {unanswered(backend.NewStatusError("x", 200, io.ErrUnexpectedEOF)), false, false, true},
		"a 2xx too large":      {unanswered(backend.NewStatusError("x", 200, backend.ErrResponseTooLarge)), false, false, false},
		"a 400 that broke off": {unanswered(backend.NewStatusError("x", 400, io.ErrUnexpectedEOF)), false, false, false},
		"a 302 that broke off": {unanswered(backend.NewStatusError("x", 302, io.ErrUnexpectedEOF)), false, false, false},
		"a 500 that broke off": {unanswered(backend.NewStatusError("x", 500, io.ErrUnexpectedEOF)), false, true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			once := backend.RetryPolicy{}
			often := backend.RetryPolicy{Delivery: backend.AtLeastOnce}
			for _, decision := range []struct {
				policy backend.RetryPolicy
				req    backend.Request
				want   bool
			}{
				{once, event, tt.atMostOnce},
				{often, event, tt.atLeastOnce},
				{once, queried, tt.query},
				{often, queried, tt.query},
				{once, event.WithoutRetry(), false},
				{often, event.WithoutRetry(), false},
				{often, queried.WithoutRetry(), false},
			} {
				wait, retry := decision.policy.Next(decision.req, tt.attempt)
				assert.Equal(t, decision.want, retry, "%s, %s", decision.policy.Delivery, decision.req)
				assert.GreaterOrEqual(t, wait, time.Duration(0))
				if !retry {
					assert.Zero(t, wait)
				}
			}
		})
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		max  int
		last int // the last attempt that is followed by another
	}{
		"by default":       {0, 4},
		"to one":           {1, 0},
		"to two":           {2, 1},
		"to a hundred":     {100, 99},
		"not in any way":   {-1, 100_000},
		"not, said harder": {math.MinInt, 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := backend.RetryPolicy{MaxAttempts: tt.max}
			attempt := answered(429, "")
			attempt.Number = max(tt.last, 1)
			_, retry := policy.Next(event, attempt)
			assert.Equal(t, tt.last > 0, retry)
			attempt.Number = tt.last + 1
			_, retry = policy.Next(event, attempt)
			assert.Equal(t, tt.max < 0, retry)
		})
	}
}

func TestTimeIsLimited(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		max     time.Duration
		elapsed time.Duration
		asked   string
		want    bool
	}{
		"by default, just in time":           {0, 29 * time.Second, "1", true},
		"by default, too late":               {0, 29 * time.Second, "1.001", false},
		"the wait counts":                    {time.Second, 0, "2", false},
		"the wait fills it":                  {2 * time.Second, 0, "2", true},
		"the attempts themselves count":      {time.Second, time.Second + 1, "0", false},
		"nothing left, no wait":              {time.Second, time.Second, "0", true},
		"not in any way":                     {-1, 1000 * time.Hour, "5", true},
		"what is asked is capped beforehand": {6 * time.Second, time.Second, "3600", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attempt := answered(429, tt.asked)
			attempt.Elapsed = tt.elapsed
			_, retry := backend.RetryPolicy{MaxElapsed: tt.max, MinBackoff: -1}.Next(event, attempt)
			assert.Equal(t, tt.want, retry)
		})
	}
}

// Whoever made attempts below and does not know what came of them has risked enough.
func TestUncertainAnswersAreNotTriedAgainAtMostOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 503} {
		attempt := answered(status, "0")
		attempt.Response.Uncertain = true
		_, retry := backend.RetryPolicy{}.Next(event, attempt)
		assert.False(t, retry)
		_, retry = backend.RetryPolicy{Delivery: backend.AtLeastOnce}.Next(event, attempt)
		assert.True(t, retry)
	}
}

func TestNoWaitOutlastsTheDeadline(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]bool{
		2*time.Second + 1: true,
		2 * time.Second:   false,
		time.Second:       false,
		-time.Second:      false,
	} {
		attempt := answered(503, "2")
		attempt.Deadline = now.Add(left)
		told := 0
		policy := backend.RetryPolicy{OnRetry: func(backend.Retry) { told++ }}
		_, retry := policy.Next(event, attempt)
		assert.Equal(t, want, retry, left)
		assert.Equal(t, want, told == 1, "OnRetry is told of retries only")
	}
}

// The bounds are met closely, from both sides, by so many samples: the chance that
// none of 2,000 falls into a given tenth is below 1e-91.
func TestBackoff(t *testing.T) {
	t.Parallel()
	const samples = 2000
	for name, tt := range map[string]struct {
		policy  backend.RetryPolicy
		attempt int
		bound   time.Duration
	}{
		"first":                       {backend.RetryPolicy{}, 1, 100 * time.Millisecond},
		"second":                      {backend.RetryPolicy{}, 2, 200 * time.Millisecond},
		"fourth":                      {backend.RetryPolicy{}, 4, 800 * time.Millisecond},
		"capped":                      {backend.RetryPolicy{}, 7, 5 * time.Second},
		"capped long ago":             {backend.RetryPolicy{}, 1_000_000, 5 * time.Second},
		"of its own":                  {backend.RetryPolicy{MinBackoff: time.Second, MaxBackoff: time.Minute}, 3, 4 * time.Second},
		"of its own, capped":          {backend.RetryPolicy{MinBackoff: time.Second, MaxBackoff: 3 * time.Second}, 3, 3 * time.Second},
		"the cap below the bound":     {backend.RetryPolicy{MinBackoff: time.Minute, MaxBackoff: time.Second}, 1, time.Second},
		"no cap":                      {backend.RetryPolicy{MinBackoff: time.Second, MaxBackoff: -1}, 11, 1024 * time.Second},
		"no cap, and no overflow":     {backend.RetryPolicy{MinBackoff: time.Second, MaxBackoff: -1}, 1_000_000, time.Hour},
		"no cap, an overflow at once": {backend.RetryPolicy{MinBackoff: math.MaxInt64, MaxBackoff: -1}, 3, time.Hour},
		"a cap of a century":          {backend.RetryPolicy{MinBackoff: time.Second, MaxBackoff: math.MaxInt64}, 100, time.Hour},
		"off":                         {backend.RetryPolicy{MinBackoff: -1}, 4, 0},
		"off, without a cap":          {backend.RetryPolicy{MinBackoff: -1, MaxBackoff: -1}, 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := tt.policy
			policy.MaxAttempts, policy.MaxElapsed = -1, -1
			attempt := answered(429, "")
			attempt.Number = tt.attempt
			tenths := map[int64]int{}
			for range samples {
				wait, retry := policy.Next(event, attempt)
				require.True(t, retry)
				require.GreaterOrEqual(t, wait, time.Duration(0))
				require.LessOrEqual(t, wait, tt.bound)
				if tt.bound > 0 {
					tenths[int64(float64(wait)/float64(tt.bound)*9.9999)]++
				}
			}
			if tt.bound > 0 {
				assert.Len(t, tenths, 10, "all of it is used: %v", tenths)
			}
		})
	}
}

func TestTheServerAsksForAWait(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		asked string
		want  time.Duration
	}{
		"nothing":             {"0", 0},
		"seconds":             {"2", 2 * time.Second},
		"fractions":           {"0.25", 250 * time.Millisecond},
		"spaces around":       {" 1 ", time.Second},
		"a date":              {now.Add(3 * time.Second).Format(http.TimeFormat), 3 * time.Second},
		"a date in the past":  {now.Add(-time.Hour).Format(http.TimeFormat), 0},
		"just the cap":        {"5", 5 * time.Second},
		"over the cap":        {"5.1", 5 * time.Second},
		"days":                {"1e6", 5 * time.Second},
		"a date next year":    {now.AddDate(1, 0, 0).Format(http.TimeFormat), 5 * time.Second},
		"a very large number": {"1e300", 5 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{429, 503} {
				for _, policy := range []backend.RetryPolicy{{}, {MinBackoff: -1}, {Delivery: backend.AtLeastOnce}} {
					wait, retry := policy.Next(event, answered(status, tt.asked))
					require.True(t, retry)
					// What is asked replaces the backoff where it is longer.
					bound := tt.want
					if policy.MinBackoff == 0 {
						bound = max(bound, backend.DefaultMinBackoff)
					}
					assert.GreaterOrEqual(t, wait, tt.want)
					assert.LessOrEqual(t, wait, bound)
				}
			}
		})
	}
	t.Run("without a cap", func(t *testing.T) {
		t.Parallel()
		wait, retry := backend.RetryPolicy{MaxBackoff: -1, MaxElapsed: -1}.Next(event, answered(429, "7200"))
		assert.True(t, retry)
		assert.Equal(t, backend.MaxRetryAfter, wait)
	})
	t.Run("where it does not count", func(t *testing.T) {
		t.Parallel()
		policy := backend.RetryPolicy{MinBackoff: -1, Delivery: backend.AtLeastOnce}
		for name, attempt := range map[string]backend.Attempt{
			"a 500":      answered(500, "3"),
			"no number":  answered(429, "soon"),
			"not at all": answered(429, ""),
			"negative":   answered(429, "-3"),
			"left over of an attempt without an answer": {
				Number: 1, Now: now, Response: answered(429, "3").Response, Err: backend.NewError("x", backend.Unknown, io.EOF),
			},
		} {
			wait, retry := policy.Next(event, attempt)
			assert.True(t, retry, name)
			assert.Zero(t, wait, name)
		}
	})
}

func TestOnRetry(t *testing.T) {
	t.Parallel()
	var told []backend.Retry
	policy := backend.RetryPolicy{
		MaxAttempts: 3, MinBackoff: -1, Delivery: backend.AtLeastOnce,
		OnRetry: func(r backend.Retry) { told = append(told, r) },
	}
	attempt := answered(429, "2")
	attempt.Number = 2
	wait, retry := policy.Next(event, attempt)
	require.True(t, retry)
	require.Equal(t, []backend.Retry{{Request: event, Attempt: 2, Wait: 2 * time.Second, StatusCode: 429}}, told)
	assert.Equal(t, wait, told[0].Wait)

	soketi := answered(200, "")
	soketi.Response.Body = []byte(`{"error":"limit","code":429}`)
	_, retry = policy.Next(event, soketi)
	require.True(t, retry)
	assert.Equal(t, backend.Retry{Request: event, Attempt: 1, StatusCode: 429}, told[1], "the status that was meant")

	failure := backend.NewError("trigger", backend.Unknown, io.EOF)
	lost := unanswered(failure)
	lost.Response = answered(503, "").Response
	_, retry = policy.Next(event, lost)
	require.True(t, retry)
	assert.Equal(t, backend.Retry{Request: event, Attempt: 1, Err: failure}, told[2], "no status without an answer")

	last := answered(429, "")
	last.Number = 3
	late := answered(429, "")
	late.Elapsed = time.Hour
	for _, final := range []backend.Attempt{answered(200, ""), answered(400, ""), last, late} {
		_, retry = policy.Next(event, final)
		assert.False(t, retry)
	}
	_, retry = policy.Next(event.WithoutRetry(), answered(429, ""))
	assert.False(t, retry)
	assert.Len(t, told, 3, "told of what is retried and of nothing else")
}

func TestOutcomesOfSeveralAttempts(t *testing.T) {
	t.Parallel()
	const n, r, u, a = backend.NotSent, backend.Rejected, backend.Unknown, backend.Accepted
	for _, tt := range []struct{ first, second, want backend.Outcome }{
		{n, n, n}, {n, r, r}, {n, u, u}, {n, a, a},
		{r, r, r}, {r, u, u}, {r, a, a},
		{u, u, u}, {u, a, a},
		{a, a, a},
	} {
		assert.Equal(t, tt.want, tt.first.Then(tt.second), "%s, %s", tt.first, tt.second)
		assert.Equal(t, tt.want, tt.second.Then(tt.first), "%s, %s", tt.second, tt.first)
	}
}

func TestOutcomeOfAnAttemptThatIsFollowed(t *testing.T) {
	t.Parallel()
	failed := func(outcome backend.Outcome, status int) backend.Attempt {
		return unanswered(&backend.Error{Outcome: outcome, StatusCode: status})
	}
	soketi := backend.Attempt{Now: now, Response: backend.Response{StatusCode: 200, Body: []byte(`{"error":"no","code":500}`)}}
	for name, tt := range map[string]struct {
		attempt backend.Attempt
		req     backend.Request
		want    backend.Outcome
	}{
		"400":                   {answered(400, ""), event, backend.Rejected},
		"429":                   {answered(429, ""), event, backend.Rejected},
		"503 that says when":    {answered(503, "1"), event, backend.Rejected},
		"503":                   {answered(503, ""), event, backend.Unknown},
		"504 that says when":    {answered(504, "1"), event, backend.Unknown},
		"200 that means 500":    {soketi, event, backend.Unknown},
		"500 to a query":        {answered(500, ""), queried, backend.Rejected},
		"not sent":              {failed(backend.NotSent, 0), event, backend.NotSent},
		"no answer":             {failed(backend.Unknown, 0), event, backend.Unknown},
		"200 that broke":        {failed(backend.Accepted, 200), event, backend.Accepted},
		"400 that broke":        {failed(backend.Rejected, 400), event, backend.Rejected},
		"500 that broke":        {failed(backend.Rejected, 500), event, backend.Unknown},
		"an error of the users": {unanswered(io.EOF), event, backend.Unknown},
	} {
		assert.Equal(t, tt.want, tt.attempt.Outcome(tt.req), name)
	}
}

// A wait that chance makes too long does not end what another attempt may mend.
func TestBackoffFitsIntoTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	const left = 3 * time.Millisecond
	byDeadline, byElapsed := answered(429, ""), answered(429, "")
	byDeadline.Deadline = now.Add(left + 1)
	byElapsed.Elapsed = 10*time.Second - left
	policy := backend.RetryPolicy{MinBackoff: time.Hour, MaxBackoff: time.Hour, MaxElapsed: 10 * time.Second}
	for range 1_000 {
		for _, attempt := range []backend.Attempt{byDeadline, byElapsed} {
			wait, retry := policy.Next(event, attempt)
			require.True(t, retry)
			require.LessOrEqual(t, wait, left)
		}
	}
}
