package nethttp_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

func TestTheCallersClientStaysAsItIs(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, client := range []*http.Client{
		{},
		{Timeout: time.Hour, Transport: nethttp.NewTransport()},
	} {
		before := *client
		b := setup(t, client)
		_, err := b.Send(t.Context(), post(srv.URL, "/"))
		require.NoError(t, err)
		assert.True(t, reflect.DeepEqual(before, *client), "the struct is copied")

		client.Transport = roundTripper(func(*http.Request) (*http.Response, error) { panic("not mine") })
		_, err = b.Send(t.Context(), post(srv.URL, "/"))
		require.NoError(t, err, "later changes of the struct do not reach the backend")
	}
}

func TestNewTransport(t *testing.T) {
	t.Parallel()
	transport := nethttp.NewTransport()
	assert.EqualValues(t, tls.VersionTLS12, transport.TLSClientConfig.MinVersion)
	assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	assert.Equal(t, 256, transport.MaxIdleConnsPerHost)
	assert.Equal(t, 256, transport.MaxIdleConns)
	assert.Equal(t, time.Minute, transport.IdleConnTimeout)
	assert.Equal(t, 5*time.Second, transport.TLSHandshakeTimeout)
	assert.EqualValues(t, 64<<10, transport.MaxResponseHeaderBytes)
	assert.True(t, transport.ForceAttemptHTTP2)
	assert.Equal(t, reflect.ValueOf(http.ProxyFromEnvironment).Pointer(), reflect.ValueOf(transport.Proxy).Pointer())
	other := nethttp.NewTransport()
	assert.NotSame(t, transport, other)
	assert.NotSame(t, transport.TLSClientConfig, other.TLSClientConfig)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	srv := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+r.RequestURI+" "+string(body))
	})
	res, err := setup(t, &http.Client{Transport: trusting(srv)}).Send(t.Context(), post(srv.URL, "/a,b;c=d@e"))
	require.NoError(t, err)
	assert.Equal(t, `HTTP/2.0 /a,b;c=d@e`+query+` {"name":"my-event"}`, string(res.Body))
}

func through(t *testing.T, transport *http.Transport, proxy string) *http.Client {
	t.Helper()
	u, err := url.Parse(proxy)
	require.NoError(t, err)
	transport.Proxy = http.ProxyURL(u)
	return &http.Client{Transport: transport}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI)
	})
	b := setup(t, through(t, nethttp.NewTransport(), proxy.URL))
	res, err := b.Send(t.Context(), post("http://api.invalid", "/apps/4/events"))
	require.NoError(t, err)
	assert.Equal(t, "POST http://api.invalid/apps/4/events"+query, string(res.Body))
}

func TestProxyTunnel(t *testing.T) {
	t.Parallel()
	srv := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	var asked atomic.Value
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.RequestURI)
		upstream, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer upstream.Close()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(upstream, conn); _ = upstream.Close() })
		_, _ = io.Copy(conn, upstream)
		_ = conn.Close()
		wg.Wait()
	})
	transport := trusting(srv)
	transport.TLSClientConfig.ServerName = "example.com" // as the certificate of httptest has it
	b := setup(t, through(t, transport, proxy.URL))
	res, err := b.Send(t.Context(), get("https://api.invalid", "/apps/4/channels"))
	require.NoError(t, err)
	assert.Equal(t, "/apps/4/channels"+query, string(res.Body))
	assert.Equal(t, "CONNECT api.invalid:443", asked.Load(), "the proxy sees no signature")
}

func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	proxy := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	failed := failure(t, setup(t, through(t, nethttp.NewTransport(), proxy.URL)), post("https://api.invalid", "/"))
	assert.Equal(t, backend.NotSent, failed.Outcome)
	assert.ErrorContains(t, failed, "Forbidden")
}

// counted runs a server that counts its connections and tells of closed ones.
func counted(t *testing.T, handler http.HandlerFunc) (srv *httptest.Server, opened *atomic.Int64, closed chan struct{}) {
	t.Helper()
	opened, closed = new(atomic.Int64), make(chan struct{}, 1000)
	srv = httptest.NewUnstartedServer(handler)
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed <- struct{}{}
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv, opened, closed
}

func TestCloseClosesIdleConnections(t *testing.T) {
	t.Parallel()
	srv, opened, closed := counted(t, func(http.ResponseWriter, *http.Request) {})
	b := nethttp.New(nil)
	for want := range int64(3) {
		for range 5 {
			_, err := b.Send(t.Context(), post(srv.URL, "/"))
			require.NoError(t, err, "stays usable after Close")
		}
		assert.Equal(t, want+1, opened.Load(), "one connection serves one caller")
		require.NoError(t, b.Close())
		<-closed
	}
	require.NoError(t, b.Close(), "twice is fine")
}

func TestConnectionIsReusedAfterEveryKindOfAnswer(t *testing.T) {
	t.Parallel()
	srv, opened, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/error":
			http.Error(w, "no", http.StatusInternalServerError)
		case "/chunked":
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "b")
		}
	})
	b := setup(t, nil)
	for _, path := range []string{"/", "/empty", "/redirect", "/error", "/chunked", "/"} {
		for _, req := range []backend.Request{get(srv.URL, path), post(srv.URL, path)} {
			_, err := b.Send(t.Context(), req)
			require.NoError(t, err)
		}
	}
	assert.EqualValues(t, 1, opened.Load())
}

func TestConcurrentCallersReuseConnections(t *testing.T) {
	t.Parallel()
	srv, opened, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	})
	b := setup(t, nil)
	req := post(srv.URL, "/apps/4/events")
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 40 {
				res, err := b.Send(t.Context(), req)
				if assert.NoError(t, err) {
					assert.Equal(t, "{}", string(res.Body))
				}
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, opened.Load(), int64(192))
}

// A transport that breaks http.RoundTripper's rules must not bring the caller down.
func TestTransportThatReturnsNothing(t *testing.T) {
	t.Parallel()
	for _, response := range []*http.Response{nil, {StatusCode: http.StatusOK}} {
		b := nethttp.New(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return response, nil
		})})
		_, err := b.Send(t.Context(), post("http://127.0.0.1:1", "/"))
		var failed *backend.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, backend.Unknown, failed.Outcome)
	}
}
