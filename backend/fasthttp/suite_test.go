package fasthttp_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpproxy"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"
)

// TestSuite runs alone: the suite then sees what is written to os.Stderr.
//
//nolint:paralleltest // see above
func TestSuite(t *testing.T) {
	backendtest.Run(t,
		func(testing.TB) backend.Backend { return pusherfasthttp.New(nil) },
		backendtest.Strict(),
		backendtest.WithTLS(func(_ testing.TB, roots *x509.CertPool) backend.Backend {
			client := pusherfasthttp.NewClient()
			client.TLSConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			return pusherfasthttp.New(client)
		}),
		backendtest.WithProxy(func(tb testing.TB, proxy *url.URL) backend.Backend {
			tb.Helper()
			dialer := fasthttpproxy.Dialer{TCPDialer: fasthttp.TCPDialer{DisableDNSResolution: true}}
			dialer.HTTPProxy = proxy.String()
			dial, err := dialer.GetDialFuncForTLS(false, false)
			require.NoError(tb, err)
			client := pusherfasthttp.NewClient()
			client.Dial = dial
			return pusherfasthttp.New(client)
		}),
	)
}
