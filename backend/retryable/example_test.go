package retryable_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// Nil is the tuned default, and without a policy events arrive at most once;
// pusher.Config takes the backend as Backend.
func ExampleNew() {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) < 3 {
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()

	b := retryable.New(nil)
	defer b.Close()

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events", Body: []byte("{}")}
	res, err := b.Send(context.Background(), backend.NewRequest(call, &signer{address: server.URL}))
	fmt.Println(res.StatusCode, res.Attempts, err)
	// Output: 200 3 <nil>
}

// A policy says what may be risked, how often, how long, and who is told.
func ExampleNew_policy() {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()

	b := retryable.New(nil, backend.RetryPolicy{
		Delivery:    backend.AtLeastOnce,
		MaxAttempts: 8,
		MaxElapsed:  time.Minute,
		MinBackoff:  time.Millisecond,
		OnRetry:     func(r backend.Retry) { fmt.Println("attempt", r.Attempt, "failed with", r.StatusCode) },
	})
	defer b.Close()

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events", Body: []byte("{}")}
	res, err := b.Send(context.Background(), backend.NewRequest(call, &signer{address: server.URL}))
	fmt.Println(res.StatusCode, err)
	// Output:
	// attempt 1 failed with 502
	// 200 <nil>
}

// The settings of the network are those of the HTTPClient, in net/http's words.
func ExampleNew_network() {
	proxy, err := url.Parse("http://proxy.internal:3128")
	if err != nil {
		fmt.Println(err)
		return
	}
	transport := nethttp.NewTransport()
	transport.Proxy = http.ProxyURL(proxy)
	transport.TLSClientConfig.ServerName = "channels.internal"
	transport.MaxIdleConnsPerHost = 64
	transport.MaxConnsPerHost = 64

	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: transport, Timeout: 3 * time.Second}
	b := retryable.New(client)
	defer b.Close()

	fmt.Println(client.HTTPClient.Timeout)
	// Output: 3s
}
