package backendtest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"path"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// overTLS returns how to open a backend that trusts roots, over a transport with
// that done to it.
func overTLS(edit func(*http.Transport), request func(*http.Request)) func(testing.TB, *x509.CertPool) backend.Backend {
	return func(tb testing.TB, roots *x509.CertPool) backend.Backend {
		tb.Helper()
		return over(request, nil, func(transport *http.Transport) {
			transport.TLSClientConfig.RootCAs = roots
			if edit != nil {
				edit(transport)
			}
		})(tb)
	}
}

// aroundTLS is around for HTTPS.
func aroundTLS(wrap func(b *nethttp.Backend) sender) func(testing.TB, *x509.CertPool) backend.Backend {
	return func(_ testing.TB, roots *x509.CertPool) backend.Backend {
		transport := nethttp.NewTransport()
		transport.TLSClientConfig.RootCAs = roots
		b := nethttp.New(&http.Client{Transport: transport})
		return wrapped{b, wrap(b)}
	}
}

func tidy(r *http.Request) { r.URL.Path, r.URL.RawPath = path.Clean(r.URL.Path), "" }

func trustAll(transport *http.Transport) { transport.TLSClientConfig.InsecureSkipVerify = true }

var brokenTransports = map[string]broken{
	"trusts everyone": {
		open: over(nil, nil, trustAll),
		tls:  overTLS(trustAll, nil),
		cases: map[string]string{
			"Failure/UntrustedCertificate": "the certificate is of an unknown authority",
			"TLS/WrongHost":                "the certificate is of another host",
		},
	},
	"tidies the path under TLS": {
		tls:   overTLS(nil, tidy),
		cases: map[string]string{"TLS/Request": "byte for byte", "TLS/HTTP2Offered": "over HTTP/2 too"},
	},
	"uses a TLS connection once": {
		tls:   overTLS(func(transport *http.Transport) { transport.DisableKeepAlives = true }, nil),
		cases: map[string]string{"TLS/Reused": "use one connection"},
	},
	"connects anew for every call": {
		tls: aroundTLS(func(b *nethttp.Backend) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				defer b.Close()
				return b.Send(ctx, req)
			}
		}),
		hangs: true,
		cases: map[string]string{"TLS/SlowHandshake": "is made all the same, for the next call"},
	},
	"takes the end of TLS for a server without": {
		tls: aroundTLS(func(b *nethttp.Backend) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := b.Send(ctx, req)
				var plain tls.RecordHeaderError
				if failed, ok := errors.AsType[*backend.Error](err); ok && errors.As(err, &plain) {
					failed.Outcome = backend.NotSent
				}
				return res, err
			}
		}),
		cases: map[string]string{"TLS/EndsInPlainText": outcomeIs},
	},
	"goes around the proxy": {
		proxy: func(testing.TB, *url.URL) backend.Backend { return nethttp.New(nil) },
		cases: map[string]string{
			"Proxy/Used": "go through the proxy", "Proxy/Refused": "nothing goes around the proxy", "Proxy/Gone": "it returned a Response",
		},
	},
}
