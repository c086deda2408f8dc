package fasthttp_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	address := refused(t)
	for name, client := range map[string]*fasthttp.Client{
		"tuned": nil, "plain": {}, "through Transport": throughTransport(&fasthttp.Client{}),
	} {
		b := setup(t, client)
		for _, req := range []backend.Request{get(address, "/"), post(address, "/")} {
			failed := failure(t, b, req)
			assert.Equal(t, backend.NotSent, failed.Outcome, name)
			require.ErrorIs(t, failed, syscall.ECONNREFUSED)
		}
	}
}

func TestWhatCannotBeARequestIsNotSent(t *testing.T) {
	t.Parallel()
	var received atomic.Int64
	srv := serve(t, func(http.ResponseWriter, *http.Request) { received.Add(1) })
	b := setup(t, nil)
	for name, req := range map[string]backend.Request{
		"method":                     backend.NewRequest(backend.Call{Op: "x", Method: "PO ST", Path: "/"}, base(srv.URL)),
		"method with a header":       backend.NewRequest(backend.Call{Op: "x", Method: "GET / HTTP/1.1\r\nX: ", Path: "/"}, base(srv.URL)),
		"control character in a URL": post(srv.URL, "/\x7f"),
		"line break in a URL":        post(srv.URL, "/ HTTP/1.1\r\nX: "),
		"space in a URL":             post(srv.URL, "/ "),
		"no URL":                     post("://", "/"),
		"nothing":                    post("", ""),
		"scheme":                     post("gopher://127.0.0.1", "/"),
		"no host":                    post("http://", "/"),
		"no name":                    post("http://:80", "/"),
		"several hosts":              post(srv.URL+","+strings.TrimPrefix(srv.URL, "http://"), "/"),
		"password":                   post("http://user:secret@"+strings.TrimPrefix(srv.URL, "http://"), "/"),
		"host with a line break":     post(srv.URL+"\r\nX: ", "/"),
		"header value":               post(srv.URL, "/").WithHeader("X-Bad", "a\r\nb"),
		"header value with NUL":      post(srv.URL, "/").WithHeader("X-Bad", "a\x00b"),
		"header name":                post(srv.URL, "/").WithHeader("X Bad\n", "a"),
		"empty header name":          post(srv.URL, "/").WithHeader("", "a"),
	} {
		failed := failure(t, b, req)
		assert.Equal(t, backend.NotSent, failed.Outcome, name)
		assert.Zero(t, received.Load(), name)
	}
}

func TestHeaderValueStaysOutOfTheError(t *testing.T) {
	t.Parallel()
	failed := failure(t, setup(t, nil), post("http://127.0.0.1:1", "/").WithHeader("Authorization", "token\n"))
	assert.Contains(t, failed.Error(), "Authorization")
	assert.NotContains(t, failed.Error(), "token")
}

func TestAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	const sized, chunked = "Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"
	for name, body := range map[string]string{
		"sized":                   sized + "{",
		"sized, nothing there":    sized,
		"more than can be sized":  "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 900_000),
		"between chunks":          chunked + "5\r\nhello\r\n",
		"before the first chunk":  chunked,
		"within the size":         chunked + "5\r\nhello\r\n1",
		"within a chunk":          chunked + "5\r\nhe",
		"before the last newline": chunked + "5\r\nhello\r\n0\r\n",
		"within a trailer":        chunked + "5\r\nhello\r\n0\r\nX-Trai",
		"compressed":              "Content-Encoding: gzip\r\n" + sized + zipped(t, "{}")[:20],
		"compressed, chunked":     "Content-Encoding: gzip\r\n" + chunked,
	} {
		for status, outcome := range map[int]backend.Outcome{200: backend.Accepted, 500: backend.Rejected} {
			t.Run(fmt.Sprint(name, " after ", status), func(t *testing.T) {
				t.Parallel()
				address := wire.Serve(t, func(_ int, w *wire.Conn) {
					w.Request()
					w.Answer(fmt.Sprintf("HTTP/1.1 %d X\r\n%s", status, body))
				})
				failed := failure(t, setup(t, nil), post(address, "/"))
				require.ErrorIs(t, failed, io.ErrUnexpectedEOF)
				assert.Equal(t, outcome, failed.Outcome)
				assert.Equal(t, status, failed.StatusCode)
			})
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(w *wire.Conn)
		want error
	}{
		"reset":           {(*wire.Conn).Reset, syscall.ECONNRESET},
		"closed":          {func(w *wire.Conn) { _ = w.Close() }, fasthttp.ErrConnectionClosed},
		"part of a head":  {func(w *wire.Conn) { w.Answer("HTTP/1.1 200 OK\r\nContent-Le") }, io.ErrUnexpectedEOF},
		"no HTTP":         {func(w *wire.Conn) { w.Answer("SSH-2.0-OpenSSH_9.6\r\n\r\n") }, nil},
		"a large head":    {func(w *wire.Conn) { w.Answer("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10)) }, fasthttp.ErrSmallReadBuffer},
		"nothing but 1xx": {func(w *wire.Conn) { w.Answer(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 200)) }, nil},
		"two lengths":     {func(w *wire.Conn) { w.Answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}") }, fasthttp.ErrDuplicateContentLength},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			address := wire.Serve(t, func(_ int, w *wire.Conn) {
				w.Request()
				requests.Add(1)
				tt.end(w)
			})
			for n, req := range []backend.Request{post(address, "/"), get(address, "/")} {
				failed := failure(t, setup(t, nil), req)
				assert.Equal(t, backend.Unknown, failed.Outcome)
				assert.Zero(t, failed.StatusCode)
				assert.EqualValues(t, n+1, requests.Load(), "fasthttp itself would try a GET five times")
				if tt.want != nil {
					require.ErrorIs(t, failed, tt.want)
				}
			}
		})
	}
}

// The size of the buffer is the user's to set.
func TestLargeHead(t *testing.T) {
	t.Parallel()
	for size, fits := range map[int]bool{0: false, 4000: false, 8000: true} {
		address := wire.Serve(t, func(_ int, w *wire.Conn) {
			answerAll(w, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 5000)+"\r\nContent-Length: 2\r\n\r\n{}")
		})
		b := setup(t, &fasthttp.Client{ReadBufferSize: size})
		if fits {
			res, err := b.Send(t.Context(), post(address, "/"))
			require.NoError(t, err)
			assert.Len(t, res.Header.Get("X"), 5000)
			continue
		}
		require.ErrorIs(t, failure(t, b, post(address, "/")), fasthttp.ErrSmallReadBuffer)
	}
}

// The server says no to a request that it does not read, and closes.
func TestAnswerToARequestThatWasNotRead(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
	ours, theirs := net.Pipe()
	defer theirs.Close()
	broken := errors.New("broken pipe")
	b := setup(t, &fasthttp.Client{
		WriteBufferSize: 64,
		Dial:            func(string) (net.Conn, error) { return &halfBroken{Conn: ours, err: broken}, nil },
	})
	go func() {
		_, _ = io.ReadFull(theirs, make([]byte, 64))
		_, _ = io.WriteString(theirs, refusal)
	}()
	res, err := b.Send(t.Context(), post("http://api.test", "/"))
	require.NoError(t, err)
	assert.Equal(t, 413, res.StatusCode)

	ours, theirs = net.Pipe()
	go func() {
		_, _ = io.ReadFull(theirs, make([]byte, 64))
		_ = theirs.Close()
	}()
	failed := failure(t, b, post("http://api.test", "/"))
	require.ErrorIs(t, failed, broken)
	assert.Equal(t, backend.Unknown, failed.Outcome)
}

// halfBroken takes one Write only.
type halfBroken struct {
	net.Conn
	writes int
	err    error
}

func (c *halfBroken) Write(p []byte) (int, error) {
	if c.writes++; c.writes > 1 {
		return 0, c.err
	}
	return c.Conn.Write(p)
}

func TestWriteOfNothingIsNotSent(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	b := setup(t, &fasthttp.Client{Dial: func(string) (net.Conn, error) {
		ours, _ := net.Pipe()
		return &halfBroken{Conn: ours, writes: 1, err: broken}, nil
	}})
	failed := failure(t, b, post("http://api.test", "/"))
	require.ErrorIs(t, failed, broken)
	assert.Equal(t, backend.NotSent, failed.Outcome)
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1000)
	const head = "HTTP/1.1 200 OK\r\n"
	forms := map[string]string{
		"sized":           head + "Content-Length: 1000\r\n\r\n" + body,
		"chunked":         head + "Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + body[:500] + "\r\n1f4\r\n" + body[500:] + "\r\n0\r\n\r\n",
		"until it closes": head + "\r\n" + body,
	}
	limits := map[string]struct {
		client  int
		request int64
		fits    bool
	}{
		"none":           {0, 0, true},
		"both at size":   {1000, 1000, true},
		"request's":      {0, 999, false},
		"client's":       {999, 0, false},
		"client smaller": {999, 2000, false},
		"request first":  {2000, 999, false},
	}
	for form, answer := range forms {
		for name, limit := range limits {
			for _, foreign := range []bool{false, true} {
				t.Run(fmt.Sprint(form, ", ", name, ", ", foreign), func(t *testing.T) {
					t.Parallel()
					address := wire.Serve(t, func(_ int, w *wire.Conn) {
						w.Request()
						w.Answer(answer)
						if form != "until it closes" {
							w.Gone()
						}
					})
					client := &fasthttp.Client{MaxResponseBodySize: limit.client}
					if foreign {
						throughTransport(client)
					}
					b := setup(t, client)
					req := post(address, "/").WithMaxResponseBytes(limit.request)
					if limit.fits {
						res, err := b.Send(t.Context(), req)
						require.NoError(t, err)
						assert.Equal(t, body, string(res.Body))
						return
					}
					failed := failure(t, b, req)
					require.ErrorIs(t, failed, backend.ErrResponseTooLarge)
					assert.Equal(t, backend.Accepted, failed.Outcome)
					assert.Equal(t, 200, failed.StatusCode)
				})
			}
		}
	}
}

// serveTLS runs a server whose certificate nobody trusts, and which keeps what
// it thinks of that to itself.
func serveTLS(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// trusting returns the tuned client with srv's certificate added to it.
func trusting(srv *httptest.Server) *fasthttp.Client {
	client := pusherfasthttp.NewClient()
	client.TLSConfig.RootCAs = x509.NewCertPool()
	client.TLSConfig.RootCAs.AddCert(srv.Certificate())
	return client
}

// With a WriteTimeout fasthttp would make the handshake while dialling, without one
// leave it to the first write, where a failure would look like a request that may
// have been sent.
func TestTLS(t *testing.T) {
	t.Parallel()
	var received atomic.Int64
	srv := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		received.Add(1)
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, r.RequestURI)
	})
	for _, limit := range []time.Duration{0, time.Minute} {
		client := trusting(srv)
		client.WriteTimeout = limit
		res, err := setup(t, client).Send(t.Context(), post(srv.URL, "/a,b;c=d@e"))
		require.NoError(t, err)
		assert.Equal(t, "/a,b;c=d@e"+query, string(res.Body))
		received.Store(0)

		client = pusherfasthttp.NewClient()
		client.WriteTimeout = limit
		failed := failure(t, setup(t, client), post(srv.URL, "/"))
		assert.Equal(t, backend.NotSent, failed.Outcome)
		var verification *tls.CertificateVerificationError
		require.ErrorAs(t, failed, &verification)

		client = trusting(srv)
		client.WriteTimeout = limit
		client.TLSConfig.ServerName = "api-eu.pusher.com"
		failed = failure(t, setup(t, client), post(srv.URL, "/"))
		assert.Equal(t, backend.NotSent, failed.Outcome)
		var hostname x509.HostnameError
		require.ErrorAs(t, failed, &hostname)
		assert.Zero(t, received.Load())
	}
	address := wire.Serve(t, func(_ int, w *wire.Conn) { w.Answer("HTTP/1.1 400 Bad Request\r\n\r\n") })
	failed := failure(t, setup(t, nil), post(strings.Replace(address, "http:", "https:", 1), "/"))
	assert.Equal(t, backend.NotSent, failed.Outcome)
}
