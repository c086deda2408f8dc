package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
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

func ExampleHeader() {
	network := backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		fmt.Println("sent with", req.Header().Get("Traceparent"))
		return backend.Response{StatusCode: http.StatusOK}, nil
	})
	type traceKey struct{}
	b := backend.Chain(network, backend.Header(func(ctx context.Context, h http.Header) {
		if trace, ok := ctx.Value(traceKey{}).(string); ok {
			h.Set("Traceparent", trace)
		}
	}))

	ctx := context.WithValue(context.Background(), traceKey{}, "00-4bf92f35-01")
	_, _ = b.Send(ctx, backend.NewRequest(backend.Call{Op: "trigger"}, fixedSigner{}))
	// Output: sent with 00-4bf92f35-01
}

func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "duration" {
				return slog.Attr{} // they differ each time
			}
			return a
		},
	}))
	network := backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		return backend.Response{StatusCode: http.StatusOK, Body: []byte("{}")}, nil
	})
	b := backend.Chain(network, backend.Log(logger))
	_, _ = b.Send(context.Background(), backend.NewRequest(backend.Call{
		Op: "channel", Method: http.MethodGet, Path: "/apps/4/channels/my-channel",
	}, fixedSigner{}))
	// Output:
	// level=INFO msg="pusher request" request.op=channel request.method=GET request.path=/apps/4/channels/my-channel request.bytes=0 status=200 received_bytes=2
}

func ExampleDialOutcome() {
	_, err := net.Dial("tcp", "127.0.0.1:0") // nobody can listen there
	fmt.Println(backend.DialOutcome(err))
	fmt.Println(backend.DialOutcome(io.ErrUnexpectedEOF))
	// Output:
	// not sent
	// unknown
}
