// Package fasthttp sends requests with github.com/valyala/fasthttp. It takes
// about half the processor time of net/http, and speaks HTTP/1.1 only.
//
// Its name is the library's; import it under another:
//
//	import pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"
//
// New takes a *fasthttp.Client, so proxies, TLS, dialers and pools are set in the
// words of fasthttp. It takes the client over: give it one of its own, that nothing
// else sends with. [NewClient] returns the tuned one that New(nil) uses, to change
// what differs:
//
//	client := pusherfasthttp.NewClient()
//	client.TLSConfig.RootCAs = pool
//	client.MaxConnsPerHost = 64
//	b := pusherfasthttp.New(client)
//
// # What becomes of the client's settings
//
// The backend makes one fasthttp.HostClient per scheme and host, with the
// client's settings, and hands it to ConfigureClient, as the Client itself would.
// It dials, pools its buffers and parses answers with it, and runs each call in
// the caller's goroutine. These settings it changes:
//
//   - DisablePathNormalizing is true: fasthttp would rewrite the path that the
//     signature covers.
//   - MaxIdemponentCallAttempts is 1, so RetryIf, RetryIfErr and
//     RetryIfErrUpstream are never asked: fasthttp would repeat calls by itself
//     with the signature of the first attempt. That is for a
//     [backend.RetryPolicy].
//   - DisableHeaderNamesNormalizing is false: [net/http.Header] finds names only
//     in their usual form.
//   - StreamResponseBody is false: a Response has its whole body.
//   - Without Dial and DialTimeout, connections are made by fasthttp's dialer
//     without its cache of DNS names, which leaves a goroutine behind for two
//     minutes, and within 5 s.
//   - The TLS handshake is part of making a connection, within 5 s and a shorter
//     WriteTimeout, where fasthttp would leave it to the first request.
//
// ReadTimeout, WriteTimeout, the request's limit and the context all hold, and
// never more than 30 s: nothing else ends a call to a silent server. The smaller
// one of MaxResponseBodySize and the request's limit bounds a body, after
// decompression. ReadBufferSize bounds the head of an answer: a larger one is no
// answer, and what was sent has the outcome [backend.Unknown].
//
// MaxConnsPerHost, MaxConnWaitTimeout, MaxIdleConnDuration, MaxConnDuration and
// ConnPoolStrategy govern a pool of the backend's own, since that of fasthttp has
// a goroutine that sleeps on after Close. Where MaxConnWaitTimeout is zero a call
// that finds all connections in use fails with fasthttp.ErrNoFreeConns and was
// not sent; [NewClient] sets it so that only the call's own limit ends the wait.
//
// A call that ends while it waits for a connection returns at once. The connection
// is made all the same and kept for the next call, so calls that are shorter than
// connecting takes fail only until the first connection is there. A dialler's own
// limit bounds that; DialTimeout is told what was left for the call, and no less
// than 5 s. Close ends the handshakes that no call waits for. A connection that the
// server has closed meanwhile is not used, where one can see it: not on Windows,
// and not under TLS before the first answer.
//
// # Transport
//
// A client's own Transport is asked for every request, by HostClient.Do in a
// goroutine of its own, which ends at the request's time limit. The pool is then
// fasthttp's, with its goroutine, and answers are read by it: one that breaks off
// has the outcome [backend.Unknown], whatever its status, and one larger than
// MaxResponseBodySize (default: 8 MiB) fails, whatever the request allows. A
// Transport must not retry by itself.
//
// # Answers
//
// fasthttp adds "Connection: close" to the header of an answer that ends with its
// connection, whether or not the server said so. What it cannot parse it would
// quote in the error; this backend says what was wrong and no more.
//
// Answers may come compressed with gzip, and are decoded, unless the request has
// an Accept-Encoding of its own.
package fasthttp
