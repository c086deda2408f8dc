package backendtest_test

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sound(testing.TB) backend.Backend { return nethttp.New(nil) }

func soundTLS(_ testing.TB, roots *x509.CertPool) backend.Backend {
	transport := nethttp.NewTransport()
	transport.TLSClientConfig.RootCAs = roots
	return nethttp.New(&http.Client{Transport: transport})
}

func soundProxy(_ testing.TB, proxy *url.URL) backend.Backend {
	transport := nethttp.NewTransport()
	transport.Proxy = http.ProxyURL(proxy)
	return nethttp.New(&http.Client{Transport: transport})
}

// Run as users run it, with a test that is parallel.
func TestRun(t *testing.T) {
	t.Parallel()
	backendtest.Run(t, sound, backendtest.WithTLS(soundTLS), backendtest.WithProxy(soundProxy), backendtest.Strict(), nil)
}

// The smallest backend there is: no Close, no gzip, no connection kept.
func TestRunWithoutExtras(t *testing.T) {
	t.Parallel()
	for _, name := range backendtest.CaseNames() {
		if name == "Connection/Reused" {
			continue
		}
		r := run(t, name, 10*time.Second, func(testing.TB) backend.Backend {
			transport := nethttp.NewTransport()
			transport.DisableKeepAlives = true
			transport.DisableCompression = true
			b := nethttp.New(&http.Client{Transport: transport})
			return backend.Func(b.Send)
		})
		assert.Empty(t, r.report(), name)
	}
}

func TestCasesAreSkippedByName(t *testing.T) {
	t.Parallel()
	noGzip := func(testing.TB) backend.Backend {
		transport := nethttp.NewTransport()
		transport.DisableCompression = true
		return backend.Func(nethttp.New(&http.Client{Transport: transport}).Send)
	}
	for name, want := range map[string]string{
		"TLS/Request": "backendtest.WithTLS", "Proxy/Used": "backendtest.WithProxy",
		"Gzip/Decoded": "Accept-Encoding", "Close/IdleConnections": "io.Closer",
	} {
		r := run(t, name, time.Second, noGzip)
		assert.Contains(t, r.skipped, want)
		assert.Empty(t, r.report())
	}
}
