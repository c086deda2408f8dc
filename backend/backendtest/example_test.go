package backendtest_test

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	mybackend "github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// In the package of your backend this is a test like any other:
//
//	func TestMyBackend(t *testing.T) {
func ExampleRun() {
	TestMyBackend := func(t *testing.T) {
		backendtest.Run(t, func(testing.TB) backend.Backend { return mybackend.New(nil) })
	}
	_ = TestMyBackend
	// Output:
}

// HTTPS and proxies are tested if the suite can open a backend that is set up for
// them, in the words of its library.
func ExampleRun_options() {
	TestMyBackend := func(t *testing.T) {
		backendtest.Run(t,
			func(testing.TB) backend.Backend { return mybackend.New(nil) },
			backendtest.WithTLS(func(_ testing.TB, roots *x509.CertPool) backend.Backend {
				transport := mybackend.NewTransport()
				transport.TLSClientConfig.RootCAs = roots
				return mybackend.New(&http.Client{Transport: transport})
			}),
			backendtest.WithProxy(func(_ testing.TB, proxy *url.URL) backend.Backend {
				transport := mybackend.NewTransport()
				transport.Proxy = http.ProxyURL(proxy)
				return mybackend.New(&http.Client{Transport: transport})
			}))
	}
	_ = TestMyBackend
	// Output:
}
