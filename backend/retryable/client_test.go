package retryable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// The client's own retrying would send POSTs twice, wait for hours, hide answers
// and log. None of it is used, and none of it is changed.
func TestWhatIsReplaced(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	never := func(what string) { t.Error("the client's own " + what + " is not used") }
	client := over(play(answer(429, "last")))
	client.Logger = log.New(&logged, "", 0)
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = 100, time.Hour, time.Hour
	client.CheckRetry = func(_ context.Context, _ *http.Response, _ error) (bool, error) {
		never("CheckRetry")
		return true, nil
	}
	client.Backoff = func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { never("Backoff"); return time.Hour }
	client.PrepareRetry = func(*http.Request) error { never("PrepareRetry"); return nil }
	client.ErrorHandler = func(res *http.Response, err error, _ int) (*http.Response, error) {
		never("ErrorHandler")
		return res, err
	}
	client.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { never("CheckRedirect"); return nil }
	inner := *client.HTTPClient

	policy := mostOnce
	policy.MaxAttempts = 3
	res, err := retryable.New(client, policy).Send(t.Context(), post(nowhere))
	require.NoError(t, err)
	assert.Equal(t, "last", string(res.Body))
	assert.Equal(t, 3, res.Attempts)
	assert.Empty(t, logged.String())
	assert.NotNil(t, client.Logger)
	assert.Equal(t, 100, client.RetryMax)
	assert.Same(t, inner.Transport, client.HTTPClient.Transport)

	_, err = retryable.New(&retryablehttp.Client{}, policy).Send(t.Context(), post("gopher://127.0.0.1:0"))
	assert.Error(t, err, "an empty client is as good as nil")
}

// Hooks see every attempt, and no signature.
func TestHooksOfTheClient(t *testing.T) {
	t.Parallel()
	var seen strings.Builder
	transport := play(answer(429, "no", "Retry-After", "0"), refuse(syscall.ECONNREFUSED), answer(200, "yes"))
	client := over(transport)
	client.RequestLogHook = func(logger retryablehttp.Logger, r *http.Request, n int) {
		assert.Nil(t, logger)
		r.Header.Add("X-Attempt", strconv.Itoa(n))
		_, _ = fmt.Fprintf(&seen, "%d %s %s\n", n, r.Method, r.URL)
	}
	client.ResponseLogHook = func(_ retryablehttp.Logger, r *http.Response) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(&seen, "%d %s %s\n", r.StatusCode, body, r.Request.URL)
	}
	req := post(nowhere)
	res, err := retryable.New(client, mostOnce).Send(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, "yes", string(res.Body), "although a hook has read it")
	const address = nowhere + "/apps/4/events"
	assert.Equal(t, "0 POST "+address+"\n429 no "+address+"\n1 POST "+address+"\n2 POST "+address+"\n200 yes "+address+"\n", seen.String())
	for i, arrived := range transport.sent {
		assert.Equal(t, []string{strconv.Itoa(i)}, arrived.header["X-Attempt"])
		assert.Contains(t, arrived.url, "auth_signature=0000")
	}
	assert.NotContains(t, req.Header(), "X-Attempt")
}

// A request that net/http refuses to send is no attempt, and is not tried for ever.
func TestHookThatSpoilsTheRequest(t *testing.T) {
	t.Parallel()
	for from, want := range map[int]struct {
		outcome  backend.Outcome
		attempts int
	}{0: {backend.NotSent, 0}, 1: {backend.Rejected, 0}, 2: {backend.Rejected, 2}} {
		transport := play(answer(429, "", "Retry-After", "0"))
		client := over(transport)
		client.RequestLogHook = func(_ retryablehttp.Logger, r *http.Request, n int) {
			if n >= from {
				r.RequestURI = "/spoilt"
			}
		}
		policy := mostOnce
		policy.MaxAttempts, policy.MaxElapsed = -1, -1
		res, err := retryable.New(client, policy).Send(t.Context(), post(nowhere))
		failed := failure(t, res, err)
		require.ErrorContains(t, failed, "RequestURI")
		assert.Equal(t, want.outcome, failed.Outcome)
		assert.Equal(t, want.attempts, failed.Attempts)
		assert.Len(t, transport.sent, from)
	}
}

func TestWhatCannotBeARequestIsNotSent(t *testing.T) {
	t.Parallel()
	call := backend.Call{Op: "x", Method: "PO ST", Path: "/"}
	for name, req := range map[string]backend.Request{
		"method": backend.NewRequest(call, &signer{address: nowhere}),
		"no URL": post("://"),
		"space":  post("http://a b"),
	} {
		transport := play(answer(200, ""))
		res, err := retryable.New(over(transport), leastOnce).Send(t.Context(), req)
		assert.Equal(t, backend.NotSent, failure(t, res, err).Outcome, name)
		assert.Empty(t, transport.sent)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"/target", "http://[::1/x", ""} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			transport := play(answer(status, "moved", "Location", location))
			res, err := retryable.New(over(transport), leastOnce).Send(t.Context(), post(nowhere))
			require.NoError(t, err)
			assert.Equal(t, backend.Response{StatusCode: status, Header: http.Header{"Location": {location}}, Body: []byte("moved")}, res)
			assert.Len(t, transport.sent, 1)
		}
	}
}

// http.Client adds the jar's cookies to the header that it is given, attempt by
// attempt.
func TestCookieJar(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	u, err := url.Parse(nowhere)
	require.NoError(t, err)
	jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: "0", Path: "/"}})
	transport := play(answer(429, "", "Retry-After", "0", "Set-Cookie", "session=1; Path=/"), answer(429, ""), answer(200, ""))
	client := over(transport)
	client.HTTPClient.Jar = jar
	req := post(nowhere)
	_, err = retryable.New(client, mostOnce).Send(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, transport.sent, 3)
	for i, want := range []string{"session=0", "session=1", "session=1"} {
		assert.Equal(t, []string{want}, transport.sent[i].header["Cookie"])
	}
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header())
}

// The library closes all idle connections whenever a call has failed, so that one
// caller's bad luck would cost the others theirs.
func TestFailuresLeaveIdleConnectionsAlone(t *testing.T) {
	t.Parallel()
	transport := play(lose(errors.New("reset")), lose(errors.New("reset")), answer(503, ""))
	b := retryable.New(over(transport), mostOnce)
	for range 3 {
		_, _ = b.Send(t.Context(), post(nowhere))
	}
	assert.Zero(t, transport.idled)
	require.NoError(t, b.Close())
	assert.Equal(t, 1, transport.idled)
}

func TestConcurrentCallersShareARequest(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		if n.Add(1)%3 == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(srv.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := retryablehttp.NewClient()
	client.HTTPClient.Jar = jar
	client.RequestLogHook = func(_ retryablehttp.Logger, r *http.Request, _ int) { r.Header.Add("Content-Type", "x") }
	policy := mostOnce
	policy.MaxAttempts = -1
	b := retryable.New(client, policy)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	req := post(srv.URL)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				res, err := b.Send(t.Context(), req)
				if assert.NoError(t, err) {
					assert.Equal(t, req.Body(), res.Body)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header())
}
