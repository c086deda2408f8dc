package backendtest

import (
	"crypto/x509"
	"net/url"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
)

// An Option gives [Run] what only some subtests need.
type Option func(*settings)

type settings struct {
	openTLS   func(tb testing.TB, roots *x509.CertPool) backend.Backend
	openProxy func(tb testing.TB, proxy *url.URL) backend.Backend
	strict    bool
}

// WithTLS makes Run test HTTPS, too. open returns a backend that trusts roots and
// nothing else, and expects certificates for the host of the URL, here 127.0.0.1.
// Default: only that a server with an unknown certificate is not trusted.
func WithTLS(open func(tb testing.TB, roots *x509.CertPool) backend.Backend) Option {
	return func(s *settings) { s.openTLS = open }
}

// WithProxy makes Run test sending through an HTTP proxy, too. open returns a
// backend that sends requests for http URLs through proxy, with CONNECT or
// without. Default: no such test.
func WithProxy(open func(tb testing.TB, proxy *url.URL) backend.Backend) Option {
	return func(s *settings) { s.openProxy = open }
}

// Strict makes Run demand what a backend can do only if its library tells enough,
// and which the SDK's own do: that a call which ends while its connection is being
// made, or that finds a server without TLS or a proxy which makes no tunnel, has
// the outcome [backend.NotSent], where [backend.Unknown] is cautious and allowed;
// that a 101, whose connection never ends, does not hold Send up; and that a
// connection goes on being made, for the next call, when its own has ended; and that
// an idempotency key does not get a POST without a body repeated.
// Default: not demanded.
func Strict() Option {
	return func(s *settings) { s.strict = true }
}
