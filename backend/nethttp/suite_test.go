package nethttp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

//nolint:paralleltest // the suite watches os.Stderr too if nothing is parallel to it
func TestConformance(t *testing.T) {
	runSuite(t, nil, backendtest.Strict())
}

// What instrumentation does: it counts, and it adds a header to a copy of the
// request.
func TestConformanceOfAWrappedTransport(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	runSuite(t, func(_ testing.TB, transport *http.Transport) *http.Client {
		return &http.Client{Transport: instrumented{transport, &requests}}
	}, backendtest.Strict())
	assert.Positive(t, requests.Load())
}

type instrumented struct {
	*http.Transport
	requests *atomic.Int64
}

func (i instrumented) RoundTrip(r *http.Request) (*http.Response, error) {
	i.requests.Add(1)
	r = r.Clone(r.Context())
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	return i.Transport.RoundTrip(r)
}

// A transport that knows nothing of net/http/httptrace, and changes the request that
// it is given. Nobody tells whether a connection was still being made when the
// context ended, so it cannot be strict.
func TestConformanceOfAForeignTransport(t *testing.T) {
	t.Parallel()
	runSuite(t, func(_ testing.TB, transport *http.Transport) *http.Client {
		return &http.Client{Transport: foreign{transport}}
	})
}

type foreign struct{ own *http.Transport }

func (f foreign) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	return f.own.RoundTrip(r.WithContext(untraced{r.Context()})) //nolint:contextcheck // it is the request's
}

func (f foreign) CloseIdleConnections() { f.own.CloseIdleConnections() }

// untraced is a context without values.
type untraced struct{ context.Context } //nolint:containedctx // a context itself

func (untraced) Value(any) any { return nil }

func TestConformanceOverAUnixSocket(t *testing.T) {
	t.Parallel()
	runSuite(t, func(tb testing.TB, transport *http.Transport) *http.Client {
		tb.Helper()
		transport.DialContext = relayed(tb)
		return &http.Client{Transport: transport}
	}, backendtest.Strict())
}

func TestConformanceOfAClientWithACookieJar(t *testing.T) {
	t.Parallel()
	runSuite(t, func(tb testing.TB, transport *http.Transport) *http.Client {
		tb.Helper()
		jar, err := cookiejar.New(nil)
		require.NoError(tb, err)
		return &http.Client{Transport: transport, Jar: jar, Timeout: time.Hour}
	}, backendtest.Strict())
}

// runSuite runs the suite for clients made of tuned transports, or the default one.
func runSuite(t *testing.T, client func(testing.TB, *http.Transport) *http.Client, options ...backendtest.Option) {
	t.Helper()
	open := func(tb testing.TB, edit func(*http.Transport)) backend.Backend {
		tb.Helper()
		transport := nethttp.NewTransport()
		edit(transport)
		if client == nil {
			return nethttp.New(&http.Client{Transport: transport})
		}
		return nethttp.New(client(tb, transport))
	}
	options = append(options,
		backendtest.WithTLS(func(tb testing.TB, roots *x509.CertPool) backend.Backend {
			tb.Helper()
			return open(tb, func(transport *http.Transport) { transport.TLSClientConfig.RootCAs = roots })
		}),
		backendtest.WithProxy(func(tb testing.TB, proxy *url.URL) backend.Backend {
			tb.Helper()
			return open(tb, func(transport *http.Transport) { transport.Proxy = http.ProxyURL(proxy) })
		}))
	backendtest.Run(t, func(tb testing.TB) backend.Backend {
		tb.Helper()
		if client == nil {
			return nethttp.New(nil)
		}
		return open(tb, func(*http.Transport) {})
	}, options...)
}

// relayed starts a relay on a Unix socket and returns a dialer that goes through
// it: it says where to, hears whether that could be reached, and has a connection.
func relayed(tb testing.TB) func(ctx context.Context, network, address string) (net.Conn, error) {
	tb.Helper()
	directory, err := os.MkdirTemp("", "relay") //nolint:usetesting // TempDir has the test's name in it, too long for a socket
	require.NoError(tb, err)
	socket := filepath.Join(directory, "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(tb, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { relay(conn) })
		}
	})
	tb.Cleanup(func() {
		assert.NoError(tb, listener.Close())
		wg.Wait()
		assert.NoError(tb, os.RemoveAll(directory))
	})
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, err
		}
		if _, err = io.WriteString(conn, address+"\n"); err == nil {
			err = verdict(conn)
		}
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

// verdict reads what the relay says of the address: nothing, or an error number.
func verdict(conn net.Conn) error {
	line, err := readLine(conn)
	if err != nil || line == "" {
		return err
	}
	if number, err := strconv.Atoi(line); err == nil {
		return os.NewSyscallError("connect", syscall.Errno(number))
	}
	return errors.New(line)
}

func relay(conn net.Conn) {
	defer conn.Close()
	address, err := readLine(conn)
	if err != nil {
		return
	}
	upstream, err := net.Dial("tcp", address)
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		_, _ = io.WriteString(conn, strconv.Itoa(int(number))+"\n")
		return
	case err != nil:
		_, _ = io.WriteString(conn, err.Error()+"\n")
		return
	}
	defer upstream.Close()
	if tcp, ok := upstream.(*net.TCPConn); ok {
		// Or the kernel takes megabytes that the client has not asked for: some cases
		// are about what it has read.
		_ = tcp.SetReadBuffer(64 << 10)
	}
	_, _ = io.WriteString(conn, "\n")
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(upstream, conn)
		_ = upstream.(*net.TCPConn).CloseWrite()
	})
	_, err = io.Copy(conn, upstream)
	if unix, ok := conn.(*net.UnixConn); ok && err == nil {
		_ = unix.CloseWrite()
	}
	if err != nil { // a reset, which a Unix socket does not know
		_ = conn.Close()
	}
	up.Wait()
}

// readLine reads byte by byte, so that nothing of what follows is lost.
func readLine(conn net.Conn) (string, error) {
	var line strings.Builder
	for b := make([]byte, 1); ; {
		if _, err := io.ReadFull(conn, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return line.String(), nil
		}
		line.WriteByte(b[0])
	}
}
