package backend_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// fixedSigner stands in for the client's signer.
type fixedSigner struct{}

func (fixedSigner) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return "https://api-eu.pusher.com" + call.Path + "?auth_signature=…"
}

// A test of a backend makes its own requests.
func ExampleNewRequest() {
	req := backend.NewRequest(backend.Call{
		Op:     "trigger",
		Method: http.MethodPost,
		Path:   "/apps/4/events",
		Body:   []byte(`{"name":"my-event","channel":"my-channel","data":"secret"}`),
	}, fixedSigner{})

	fmt.Println(req) // shows neither query nor body
	fmt.Println(req.URL())
	// Output:
	// trigger POST /apps/4/events (58 bytes)
	// https://api-eu.pusher.com/apps/4/events?auth_signature=…
}

// A function is enough for a test.
func ExampleFunc() {
	b := backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		fmt.Println("asked to", req.Op())
		return backend.Response{StatusCode: http.StatusOK, Body: []byte("{}")}, nil
	})
	res, err := b.Send(context.Background(), backend.NewRequest(backend.Call{Op: "ping"}, fixedSigner{}))
	fmt.Println(res.StatusCode, err)
	// Output:
	// asked to ping
	// 200 <nil>
}

// A middleware sees each request on its way out and each answer on its way back.
func ExampleChain() {
	logging := func(next backend.Backend) backend.Backend {
		return backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			res, err := next.Send(ctx, req)
			fmt.Println(req.Op(), res.StatusCode, err)
			return res, err
		})
	}
	tracing := func(next backend.Backend) backend.Backend {
		return backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			return next.Send(ctx, req.WithHeader("Traceparent", "00-4bf92f35-01"))
		})
	}
	network := backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		fmt.Println("sent with", req.Header().Get("Traceparent"))
		return backend.Response{StatusCode: http.StatusOK}, nil
	})

	b := backend.Chain(network, logging, tracing)
	_, _ = b.Send(context.Background(), backend.NewRequest(backend.Call{Op: "trigger"}, fixedSigner{}))
	// Output:
	// sent with 00-4bf92f35-01
	// trigger 200 <nil>
}

// soketi reports failures as successes.
func ExampleResponse_EffectiveStatus() {
	res := backend.Response{StatusCode: 200, Body: []byte(`{"error":"The secret authentication failed","code":401}`)}
	fmt.Println(res.EffectiveStatus())
	// Output: 401
}

func ExampleResponse_RetryAfter() {
	res := backend.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1.5"}}}
	fmt.Println(res.RetryAfter(time.Now()))

	res.StatusCode = http.StatusOK // means nothing on a success
	fmt.Println(res.RetryAfter(time.Now()))
	// Output:
	// 1.5s true
	// 0s false
}

// NewError takes a library's error and keeps its URL to itself.
func ExampleNewError() {
	err := backend.NewError("trigger", backend.Unknown, &url.Error{
		Op:  "Post",
		URL: "https://api-eu.pusher.com/apps/4/events?auth_key=key&auth_signature=…",
		Err: context.DeadlineExceeded,
	})
	fmt.Println(err)
	fmt.Println(err.Outcome, err.Timeout(), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// trigger: no answer: context deadline exceeded
	// unknown true true
}

func ExampleNewStatusError() {
	err := backend.NewStatusError("trigger", http.StatusOK, backend.ErrResponseTooLarge)
	fmt.Println(err)
	fmt.Println(err.Outcome) // so it must not be sent again
	// Output:
	// trigger: answer 200 could not be read: response body is larger than allowed
	// accepted
}

func ExampleRedact() {
	fmt.Println(backend.Redact(`Post "https://api-eu.pusher.com/apps/4/events?auth_key=key&auth_signature=5e1f": EOF`))
	// Output: Post "https://api-eu.pusher.com/apps/4/events[redacted]": EOF
}

func ExampleReadBody() {
	body, err := backend.ReadBody(strings.NewReader("{}"), 1000)
	fmt.Println(string(body), err)

	_, err = backend.ReadBody(strings.NewReader(strings.Repeat("x", 1001)), 1000)
	fmt.Println(err)
	// Output:
	// {} <nil>
	// response body is larger than allowed
}
