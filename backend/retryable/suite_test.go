package retryable_test

import (
	"crypto/x509"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// over returns a client of the library over transport.
func over(transport http.RoundTripper) *retryablehttp.Client {
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: transport}
	return client
}

//nolint:paralleltest // the suite watches stderr only where nothing runs beside it
func TestConformance(t *testing.T) {
	t.Run("default client", func(t *testing.T) {
		backendtest.Run(t,
			func(testing.TB) backend.Backend { return retryable.New(nil) },
			backendtest.Strict(),
			backendtest.WithTLS(func(_ testing.TB, roots *x509.CertPool) backend.Backend {
				transport := nethttp.NewTransport()
				transport.TLSClientConfig.RootCAs = roots
				return retryable.New(over(transport))
			}),
			backendtest.WithProxy(func(_ testing.TB, proxy *url.URL) backend.Backend {
				transport := nethttp.NewTransport()
				transport.Proxy = http.ProxyURL(proxy)
				return retryable.New(over(transport))
			}),
		)
	})
	t.Run("the library's own client, with a cookie jar, at least once", func(t *testing.T) {
		backendtest.Run(t, func(tb testing.TB) backend.Backend {
			tb.Helper()
			client := retryablehttp.NewClient()
			jar, err := cookiejar.New(nil)
			if err != nil {
				tb.Fatal(err)
			}
			client.HTTPClient.Jar = jar
			return retryable.New(client, backend.RetryPolicy{Delivery: backend.AtLeastOnce, MinBackoff: -1})
		}, backendtest.Strict())
	})
}
