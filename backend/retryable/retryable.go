package retryable

import (
	"context"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/attempt"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// Backend sends requests with retryablehttp. It is safe for concurrent use.
type Backend struct {
	sender       attempt.Sender
	jar          http.CookieJar
	requestHook  retryablehttp.RequestLogHook
	responseHook retryablehttp.ResponseLogHook
	policy       backend.RetryPolicy
}

var (
	_ backend.Backend = (*Backend)(nil)
	_ io.Closer       = (*Backend)(nil)
)

// New returns a backend with the settings of client, which it leaves as it is; nil
// means a client with [nethttp.NewTransport] as its transport. The package's
// documentation lists which settings count. Requests are retried as the first
// policy says; without one, as the zero [backend.RetryPolicy] does: at most once.
func New(client *retryablehttp.Client, policy ...backend.RetryPolicy) *Backend {
	var (
		b  Backend
		hc http.Client
	)
	if client != nil {
		b.requestHook, b.responseHook = client.RequestLogHook, client.ResponseLogHook
		if client.HTTPClient != nil {
			hc = *client.HTTPClient
		}
	}
	if hc.Transport == nil {
		hc.Transport = nethttp.NewTransport()
	}
	if len(policy) > 0 {
		b.policy = policy[0]
	}
	b.jar = hc.Jar
	b.sender = attempt.NewSender(hc.Transport, hc.Timeout)
	return &b
}

// Send sends req and reads the whole answer, as often as the policy says or, of a
// request marked [backend.Request.WithoutRetry], once. Each attempt is signed
// anew and limited by [backend.Request.Timeout]; ctx limits them all, with the
// waits between them. The answer is the last attempt's, and so are status and
// cause of a failure, whose outcome covers all attempts.
func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	relay, err := b.sender.Relay(ctx, req)
	if err != nil {
		return backend.Response{}, err
	}
	c := &call{
		req: req, policy: b.policy, relay: relay, start: time.Now(), earlier: backend.NotSent,
		shared: b.jar == nil && b.requestHook == nil,
	}
	relay.Request.Header = c.header()
	r, err := retryablehttp.FromRequest(relay.Request)
	if err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	client := retryablehttp.Client{
		HTTPClient:      &http.Client{Transport: c.relay, Jar: b.jar, CheckRedirect: attempt.NoRedirect},
		RetryMax:        math.MaxInt, // the policy counts
		RequestLogHook:  b.requestHook,
		ResponseLogHook: b.responseHook,
		CheckRetry:      c.check,
		Backoff:         c.backoff,
		PrepareRetry:    c.prepare,
		ErrorHandler:    retryablehttp.PassthroughErrorHandler,
	}
	_, err = client.Do(r) //nolint:bodyclose // the relay has read and closed it, and hands out memory
	return c.result(err)
}

// Close closes idle connections. The backend stays usable.
func (b *Backend) Close() error {
	b.sender.CloseIdleConnections()
	return nil
}
