package nethttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	b := setup(t, nil)
	for _, req := range []backend.Request{get(address, "/"), post(address, "/")} {
		failed := failure(t, b, req)
		assert.Equal(t, backend.NotSent, failed.Outcome)
		assert.Zero(t, failed.StatusCode)
		require.ErrorIs(t, failed, syscall.ECONNREFUSED)
	}
}

// The resolver has no server to ask, so that the test needs no network.
func TestUnknownHost(t *testing.T) {
	t.Parallel()
	transport := nethttp.NewTransport()
	dialer := &net.Dialer{Resolver: &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no name server")
		},
	}}
	transport.Proxy = nil
	transport.DialContext = dialer.DialContext
	failed := failure(t, setup(t, &http.Client{Transport: transport}), post("http://api.invalid", "/"))
	assert.Equal(t, backend.NotSent, failed.Outcome)
	var dnsError *net.DNSError
	require.ErrorAs(t, failed, &dnsError)
	assert.Equal(t, "api.invalid", dnsError.Name)
}

// serveTLS runs a server whose certificate nobody trusts, and which keeps what
// it thinks of that to itself.
func serveTLS(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func TestTLSFailure(t *testing.T) {
	t.Parallel()
	var received atomic.Int64
	count := func(http.ResponseWriter, *http.Request) { received.Add(1) }

	t.Run("certificate of an unknown authority", func(t *testing.T) {
		t.Parallel()
		failed := failure(t, setup(t, nil), post(serveTLS(t, count).URL, "/"))
		assert.Equal(t, backend.NotSent, failed.Outcome)
		var verification *tls.CertificateVerificationError
		require.ErrorAs(t, failed, &verification)
	})
	t.Run("certificate of another host", func(t *testing.T) {
		t.Parallel()
		srv := serveTLS(t, count)
		transport := trusting(srv)
		transport.TLSClientConfig.ServerName = "api-eu.pusher.com"
		failed := failure(t, setup(t, &http.Client{Transport: transport}), post(srv.URL, "/"))
		assert.Equal(t, backend.NotSent, failed.Outcome)
		var hostname x509.HostnameError
		require.ErrorAs(t, failed, &hostname)
	})
	t.Run("a server without TLS", func(t *testing.T) {
		t.Parallel()
		address := wire.Serve(t, func(_ int, w *wire.Conn) { w.Answer("HTTP/1.1 400 Bad Request\r\n\r\n") })
		failed := failure(t, setup(t, nil), post(strings.Replace(address, "http:", "https:", 1), "/"))
		assert.Equal(t, backend.NotSent, failed.Outcome)
	})
	t.Cleanup(func() { assert.Zero(t, received.Load()) })
}

// trusting returns the tuned transport with srv's certificate added to it.
func trusting(srv *httptest.Server) *http.Transport {
	transport := nethttp.NewTransport()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(srv.Certificate())
	return transport
}

func TestResetAfterTheRequestWasRead(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *wire.Conn){
		"reset":             (*wire.Conn).Reset,
		"closed":            func(w *wire.Conn) { _ = w.Close() },
		"part of a head":    func(w *wire.Conn) { w.Answer("HTTP/1.1 200 OK\r\nContent-Le") },
		"no HTTP":           func(w *wire.Conn) { w.Answer("SSH-2.0-OpenSSH_9.6\r\n\r\n") },
		"a head over 64 KB": func(w *wire.Conn) { w.Answer("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			address := wire.Serve(t, func(_ int, w *wire.Conn) {
				w.Request()
				requests.Add(1)
				end(w)
			})
			failed := failure(t, setup(t, nil), post(address, "/"))
			assert.Equal(t, backend.Unknown, failed.Outcome)
			assert.Zero(t, failed.StatusCode)
			assert.False(t, failed.Timeout())
			assert.EqualValues(t, 1, requests.Load(), "sent once")
		})
	}
}

func TestResetBeforeAnythingWasRead(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *wire.Conn){
		"reset":  (*wire.Conn).Reset,
		"closed": func(*wire.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := wire.Serve(t, func(_ int, w *wire.Conn) { end(w) })
			for _, req := range []backend.Request{get(address, "/"), post(address, "/")} {
				failed := failure(t, setup(t, nil), req)
				assert.Contains(t, []backend.Outcome{backend.Unknown, backend.NotSent}, failed.Outcome)
				assert.Zero(t, failed.StatusCode)
			}
		})
	}
}

// An idempotency key invites net/http to send a POST again by itself, with the
// old signature. That is for the caller to decide.
func TestPostIsNotReplayedOnADeadConnection(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"X-Idempotency-Key", "Idempotency-Key", "X-Other"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			var accepted atomic.Int64
			address := dyingAfterOneAnswer(t, &accepted)
			b := setup(t, nil)
			_, err := b.Send(t.Context(), post(address, "/first"))
			require.NoError(t, err)

			failed := failure(t, b, post(address, "/second").WithHeader(key, "1"))
			assert.Equal(t, backend.Unknown, failed.Outcome)
			assert.EqualValues(t, 1, accepted.Load())
		})
	}
}

// The documented exception: a GET is replayed, which does no harm.
func TestGetIsReplayedOnADeadConnection(t *testing.T) {
	t.Parallel()
	var accepted atomic.Int64
	address := dyingAfterOneAnswer(t, &accepted)
	b := setup(t, nil)
	_, err := b.Send(t.Context(), post(address, "/first"))
	require.NoError(t, err)
	res, err := b.Send(t.Context(), get(address, "/second"))
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.EqualValues(t, 2, accepted.Load())
}

// dyingAfterOneAnswer serves one request on its first connection and closes it
// on the second, after reading it. Other connections live on. It counts the
// requests for /second that arrived.
func dyingAfterOneAnswer(t *testing.T, second *atomic.Int64) string {
	t.Helper()
	return wire.Serve(t, func(n int, w *wire.Conn) {
		for answers := 0; ; answers++ {
			raw, ok := w.Request()
			if !ok {
				return
			}
			if strings.Contains(raw, " /second?") {
				second.Add(1)
			}
			if n == 1 && answers == 1 {
				return
			}
			w.Answer(wire.OK)
		}
	})
}

func TestWhatCannotBeARequestIsNotSent(t *testing.T) {
	t.Parallel()
	var received atomic.Int64
	srv := serve(t, func(http.ResponseWriter, *http.Request) { received.Add(1) })
	for name, req := range map[string]backend.Request{
		"method":                     backend.NewRequest(backend.Call{Op: "x", Method: "PO ST", Path: "/"}, base(srv.URL)),
		"control character in a URL": post(srv.URL, "/\x7f"),
		"no URL":                     post("://", "/"),
		"scheme":                     post("gopher://127.0.0.1", "/"),
		"no host":                    post("http://", "/"),
		"header value":               post(srv.URL, "/").WithHeader("X-Bad", "a\r\nb"),
		"header name":                post(srv.URL, "/").WithHeader("X Bad\n", "a"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := failure(t, setup(t, nil), req)
			assert.Equal(t, backend.NotSent, failed.Outcome)
			assert.Zero(t, received.Load())
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Another transport than net/http's own may send without telling. Only where it
// tells that it got no connection has nothing been sent.
func TestOutcomeWithAnotherTransport(t *testing.T) {
	t.Parallel()
	broken := errors.New("stream reset")
	silent := roundTripper(func(*http.Request) (*http.Response, error) { return nil, broken })
	failed := failure(t, setup(t, &http.Client{Transport: silent}), post("http://127.0.0.1:1", "/"))
	require.ErrorIs(t, failed, broken)
	assert.Equal(t, backend.Unknown, failed.Outcome)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	own := nethttp.NewTransport()
	wrapping := roundTripper(func(r *http.Request) (*http.Response, error) { return own.RoundTrip(r) })
	failed = failure(t, setup(t, &http.Client{Transport: wrapping}), post(address, "/"))
	assert.Equal(t, backend.NotSent, failed.Outcome)

	address = wire.Serve(t, func(_ int, w *wire.Conn) { w.Request() })
	failed = failure(t, setup(t, &http.Client{Transport: wrapping}), post(address, "/"))
	assert.Equal(t, backend.Unknown, failed.Outcome)
}

// net/http sends again by itself what has no body and an idempotency key.
func TestPostWithoutABodyIsNotReplayed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Idempotency-Key", "Idempotency-Key"} {
		var second atomic.Int64
		address := dyingAfterOneAnswer(t, &second)
		b := setup(t, nil)
		header := http.Header{name: {"key-1"}}
		_, err := b.Send(t.Context(), backend.NewRequest(backend.Call{Op: "x", Method: "POST", Path: "/first", Header: header}, base(address)))
		require.NoError(t, err)
		failed := failure(t, b, backend.NewRequest(backend.Call{Op: "x", Method: "POST", Path: "/second", Header: header}, base(address)))
		assert.Equal(t, backend.Unknown, failed.Outcome)
		assert.EqualValues(t, 1, second.Load())
		assert.Equal(t, http.Header{name: {"key-1"}}, header, "shared, so left alone")
	}
}
