package resty_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"testing"

	libresty "github.com/go-resty/resty/v2"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
)

//nolint:paralleltest // the suite watches stderr only where nothing runs beside it
func TestConformance(t *testing.T) {
	t.Run("default client", func(t *testing.T) {
		tuned := func() *libresty.Client {
			return libresty.NewWithClient(&http.Client{Transport: nethttp.NewTransport()})
		}
		backendtest.Run(t,
			func(testing.TB) backend.Backend { return resty.New(nil) },
			backendtest.Strict(),
			backendtest.WithTLS(func(_ testing.TB, roots *x509.CertPool) backend.Backend {
				return resty.New(tuned().SetTLSClientConfig(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}))
			}),
			backendtest.WithProxy(func(_ testing.TB, proxy *url.URL) backend.Backend {
				return resty.New(tuned().SetProxy(proxy.String()))
			}),
		)
	})
	t.Run("resty's own client, with a cookie jar, retrying, debugging and tracing", func(t *testing.T) {
		backendtest.Run(t, func(testing.TB) backend.Backend {
			client := libresty.New().SetRetryCount(3).SetDebug(true).EnableTrace()
			return resty.New(client.SetLogger(discard{}))
		}, backendtest.Strict())
	})
}

// discard is a resty.Logger.
type discard struct{}

func (discard) Errorf(string, ...any) {}
func (discard) Warnf(string, ...any)  {}
func (discard) Debugf(string, ...any) {}
