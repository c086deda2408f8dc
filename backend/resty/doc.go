// Package resty sends requests with go-resty/resty, version 2. It has the
// library's name, so import it under another:
//
//	import (
//		libresty "github.com/go-resty/resty/v2"
//
//		"github.com/seed-588517f9/pusher-go/backend/resty"
//	)
//
// [New] takes a *resty.Client, so proxies, TLS, time limits, headers and hooks are
// set in resty's words, before New:
//
//	client := libresty.NewWithClient(&http.Client{Transport: nethttp.NewTransport()}).
//		SetProxy("http://proxy.internal:3128").
//		SetTLSClientConfig(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}).
//		SetTimeout(3 * time.Second).
//		SetHeader("X-Region", "eu")
//	b := resty.New(client)
//
// A client from resty.New keeps few idle connections for each host, one more than
// there are processors; many concurrent callers want the tuned transport above, or
// their own MaxIdleConnsPerHost.
//
// # What New changes
//
// The backend is to be the only user of the client and of the *http.Client in it:
// give it one of its own, not the one that the rest of the app shares.
//   - The transport is wrapped. The wrapper puts in the signed URL and the body at
//     the very end, so that hooks, debug logs, warnings and errors of resty see no
//     query and no signature, and query parameters, path parameters and form data
//     of the client cannot break one. SetTransport, SetProxy and
//     SetTLSClientConfig come too late afterwards. SetDigestAuth, which replaces
//     the transport at each request, is not supported.
//   - Redirects are not followed, since they would carry a signed body elsewhere.
//   - RetryCount is 0: resty would retry where events may then arrive twice. To
//     retry, use package retryable, or a pusher.Publisher.
//   - SetDoNotParseResponse is undone, so that hooks see the body. It is read
//     beforehand, up to the request's limit; SetResponseBodyLimit counts too.
//   - The time limit moves into the wrapper, where it limits the attempt as before.
//
// Everything else stays the user's: headers, cookies, authentication and
// the rate limiter of the client are added to each request, OnBeforeRequest,
// OnAfterResponse and the other hooks run, and what an OnAfterResponse hook makes
// of the body is what [Backend.Send] returns, unless it is empty. Resty adds a User-Agent, and an
// Accept where there is a Content-Type. With SetDebug it logs answers as they are:
// a server's complaint about a signature may repeat it.
package resty
