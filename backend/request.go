package backend

import (
	"context"
	"crypto/md5" //nolint:gosec // the Channels protocol prescribes MD5 for body_md5; the HMAC is what protects
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// DefaultMaxResponseBytes bounds a response body unless the request says
// otherwise: 8 MiB, room for some 100,000 channels in one answer.
const DefaultMaxResponseBytes = 8 << 20

// A Signer turns a call into the absolute URL that sends it, with a signature
// made at that moment. Signers are safe for concurrent use and keep the secret to
// themselves.
type Signer interface {
	SignedURL(call Call, sum BodyMD5) string
}

// BodyMD5 is the MD5 of a call's body in hex. It means nothing if the body is
// empty.
type BodyMD5 [2 * md5.Size]byte

// A Request is a [Call] with the means to sign it. It is a small value, safe to
// copy and to use from several goroutines; nothing in it changes after it was
// made. It never prints its query, its signature or its body.
type Request struct {
	call        Call
	signer      Signer
	bodyMD5     BodyMD5
	timeout     time.Duration
	maxResponse int64
	noRetry     bool
}

// NewRequest pairs a call with a signer. [pusher.Client.Request] does that for
// users; NewRequest is for tests of backends. The call's header and body must
// not be changed afterwards.
//
// [pusher.Client.Request]: https://pkg.go.dev/github.com/seed-588517f9/pusher-go/pusher#Client.Request
func NewRequest(call Call, signer Signer) Request {
	r := Request{call: call, signer: signer, maxResponse: DefaultMaxResponseBytes}
	if len(call.Body) > 0 {
		sum := md5.Sum(call.Body) //nolint:gosec // prescribed by the protocol
		hex.Encode(r.bodyMD5[:], sum[:])
	}
	return r
}

// Call returns the call without its signer, to be stored or inspected.
func (r Request) Call() Call { return r.call }

// Op returns the operation's name.
func (r Request) Op() string { return r.call.Op }

// Method returns the HTTP method.
func (r Request) Method() string { return r.call.Method }

// Path returns the signed path.
func (r Request) Path() string { return r.call.Path }

// Header returns the header to send. It is read-only: other requests share it.
func (r Request) Header() http.Header { return r.call.Header }

// Body returns the body to send, nil if there is none. It is read-only.
func (r Request) Body() []byte { return r.call.Body }

// Idempotent reports whether sending the request twice does no harm.
func (r Request) Idempotent() bool { return r.call.Idempotent }

// URL returns the absolute URL, signed at this moment. Ask again for every
// attempt: the server accepts a signature for 600 seconds only.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication)
func (r Request) URL() string { return r.signer.SignedURL(r.call, r.bodyMD5) }

// Timeout returns how long one attempt may take, zero for no limit.
func (r Request) Timeout() time.Duration { return r.timeout }

// MaxResponseBytes returns how many bytes of a response body to accept, after
// decompression. Zero means no limit.
func (r Request) MaxResponseBytes() int64 { return r.maxResponse }

// RetryDisabled reports whether someone above retries already, so that a
// backend must make one attempt only.
func (r Request) RetryDisabled() bool { return r.noRetry }

// WithHeader returns the request with the header field key set to value, and
// leaves r as it was.
func (r Request) WithHeader(key, value string) Request {
	h := r.call.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(key, value)
	r.call.Header = h
	return r
}

// WithTimeout returns the request with a limit for each attempt. Zero or less
// means none.
func (r Request) WithTimeout(d time.Duration) Request {
	r.timeout = max(d, 0)
	return r
}

// WithMaxResponseBytes returns the request with a bound for its response body.
// Zero or less means none.
func (r Request) WithMaxResponseBytes(n int64) Request {
	r.maxResponse = max(n, 0)
	return r
}

// WithoutRetry returns the request marked as retried by the caller, so that
// retry policies do not multiply.
func (r Request) WithoutRetry() Request {
	r.noRetry = true
	return r
}

// AttemptContext returns ctx bounded by [Request.Timeout] from now, for one
// attempt. Call the cancel function when the attempt is over.
func (r Request) AttemptContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, r.timeout)
}

// String returns what [Call.String] returns.
func (r Request) String() string { return r.call.String() }

// Format prints [Request.String] for every verb.
func (r Request) Format(f fmt.State, _ rune) { writeString(f, r.String()) }

// LogValue returns operation, method, path and body size.
func (r Request) LogValue() slog.Value { return r.call.LogValue() }

// MarshalJSON returns what LogValue returns, as an object. To store a request,
// marshal [Request.Call].
func (r Request) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Op     string `json:"op"`
		Method string `json:"method"`
		Path   string `json:"path"`
		Bytes  int    `json:"bytes"`
	}{r.call.Op, r.call.Method, r.call.Path, len(r.call.Body)})
}
