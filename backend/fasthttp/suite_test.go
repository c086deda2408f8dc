package fasthttp_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"testing"
	"time"

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
	runSuite(t, func() *fasthttp.Client { return nil }, backendtest.Strict())
}

// A client that has nothing of what NewClient sets.
func TestSuiteOfABareClient(t *testing.T) {
	t.Parallel()
	runSuite(t, func() *fasthttp.Client { return &fasthttp.Client{DialDualStack: true} }, backendtest.Strict())
}

func TestSuiteOfAClientWithLimits(t *testing.T) {
	t.Parallel()
	runSuite(t, func() *fasthttp.Client {
		client := pusherfasthttp.NewClient()
		client.ReadTimeout, client.WriteTimeout = time.Minute, time.Minute
		return client
	}, backendtest.Strict())
}

// runSuite runs the suite for such clients, of which nil means the default.
func runSuite(t *testing.T, client func() *fasthttp.Client, options ...backendtest.Option) {
	t.Helper()
	edited := func(edit func(*fasthttp.Client)) backend.Backend {
		c := client()
		if c == nil {
			c = pusherfasthttp.NewClient()
		}
		edit(c)
		return pusherfasthttp.New(c)
	}
	options = append(options,
		backendtest.WithTLS(func(_ testing.TB, roots *x509.CertPool) backend.Backend {
			return edited(func(c *fasthttp.Client) { c.TLSConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} })
		}),
		backendtest.WithProxy(func(tb testing.TB, proxy *url.URL) backend.Backend {
			tb.Helper()
			dialer := fasthttpproxy.Dialer{TCPDialer: fasthttp.TCPDialer{DisableDNSResolution: true}}
			dialer.HTTPProxy = proxy.String()
			dial, err := dialer.GetDialFuncForTLS(false, false)
			require.NoError(tb, err)
			return edited(func(c *fasthttp.Client) { c.Dial = dial })
		}))
	backendtest.Run(t, func(testing.TB) backend.Backend { return pusherfasthttp.New(client()) }, options...)
}
