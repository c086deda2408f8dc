// Package retryable sends requests with hashicorp/go-retryablehttp and retries
// them as a [backend.RetryPolicy] says. Import both like this:
//
//	import (
//		"github.com/hashicorp/go-retryablehttp"
//
//		"github.com/seed-588517f9/pusher-go/backend/retryable"
//	)
//
// [New] takes a *retryablehttp.Client, whose HTTPClient has the settings of the
// network in net/http's words:
//
//	transport := nethttp.NewTransport() // the tuned default, to change what differs
//	transport.Proxy = http.ProxyURL(proxy)
//	transport.TLSClientConfig.RootCAs = pool
//	client := retryablehttp.NewClient()
//	client.HTTPClient = &http.Client{Transport: transport, Timeout: 3 * time.Second}
//	b := retryable.New(client, backend.RetryPolicy{Delivery: backend.AtLeastOnce, MaxAttempts: 8})
//
// # Which settings count
//
// Of the client, which stays as it is:
//   - HTTPClient: Transport, Jar and Timeout, which limits each attempt. No
//     redirect is followed, whatever CheckRedirect says.
//   - RequestLogHook and ResponseLogHook are called for each attempt, without a
//     logger. What a RequestLogHook does to the header is sent.
//
// The rest is replaced:
//   - CheckRetry, Backoff, RetryMax, RetryWaitMin and RetryWaitMax by the policy.
//     The library's own retries a POST after any failure, which duplicates events,
//     and obeys a Retry-After of any length.
//   - PrepareRetry, ErrorHandler: each attempt is signed anew, and the last
//     attempt's answer is returned whole.
//   - Logger by none. The library logs every request; [backend.RetryPolicy] has
//     OnRetry, and [backend.Log] logs calls.
//
// The library, with its hooks, is shown requests without body and query, hence
// without a signature: they are put in below it, attempt by attempt.
//
// # Failures
//
// A [backend.Error] from this package says how many attempts were made and covers
// all of them with its outcome: it is [backend.NotSent] only if nothing was sent by
// any. An answer, also one that says no, is a [backend.Response] with the number of
// attempts.
package retryable
