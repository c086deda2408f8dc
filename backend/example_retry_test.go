package backend_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// One policy serves package retryable, the Publisher, and loops of your own.
func ExampleRetryPolicy() {
	policy := backend.RetryPolicy{
		Delivery:    backend.AtLeastOnce,
		MaxAttempts: 8,
		MaxBackoff:  2 * time.Second,
		OnRetry: func(r backend.Retry) {
			fmt.Printf("%s: attempt %d failed with %d, next in %s\n", r.Request.Op(), r.Attempt, r.StatusCode, r.Wait)
		},
	}

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events"}
	busy := backend.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1.5"}}}
	wait, retry := policy.Next(backend.NewRequest(call, fixedSigner{}), backend.Attempt{
		Number: 1, Now: time.Now(), Response: busy,
	})
	fmt.Println(wait, retry)
	// Output:
	// trigger: attempt 1 failed with 503, next in 1.5s
	// 1.5s true
}

// A gateway that says 504 does not know what became of the event behind it.
func ExampleAttempt_Outcome() {
	event := backend.NewRequest(backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events"}, fixedSigner{})
	for _, status := range []int{http.StatusTooManyRequests, http.StatusGatewayTimeout} {
		attempt := backend.Attempt{Number: 1, Now: time.Now(), Response: backend.Response{StatusCode: status}}
		fmt.Println(status, attempt.Outcome(event))
	}
	// Output:
	// 429 rejected
	// 504 unknown
}
