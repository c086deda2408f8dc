package nethttp_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Pusher-Library": {"pusher-go 0"}, "Content-Type": {"application/json"}}
	const common = "User-Agent: Go-http-client/1.1\r\n"
	tests := map[string]struct {
		call backend.Call
		want string // after the line of the host
	}{
		"trigger": {
			backend.Call{Method: "POST", Path: "/apps/4/events", Header: header, Body: []byte("{\"a\":\"\u00fc\"}\n")},
			common + "Content-Length: 11\r\nContent-Type: application/json\r\nX-Pusher-Library: pusher-go 0\r\n" +
				"Accept-Encoding: gzip\r\n\r\n{\"a\":\"ü\"}\n",
		},
		"legal characters of the path": {
			backend.Call{Method: "GET", Path: "/apps/4/channels/presence-a,b;c=d@e.f_g-h/users"},
			common + "Accept-Encoding: gzip\r\n\r\n",
		},
		"escapes in the path": {
			backend.Call{Method: "GET", Path: "/apps/4/channels/a%3Db%2C%2f"},
			common + "Accept-Encoding: gzip\r\n\r\n",
		},
		"dots and slashes in the path": {
			backend.Call{Method: "GET", Path: "/prefix//apps/4/../5/./channels/"},
			common + "Accept-Encoding: gzip\r\n\r\n",
		},
		"POST without a body": {
			backend.Call{Method: "POST", Path: "/apps/4/events"},
			common + "Content-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			received := make(chan string, 1)
			address := wire.Serve(t, func(_ int, w *wire.Conn) {
				raw, _ := w.Request()
				received <- raw
				w.Answer(wire.OK)
				w.Gone()
			})
			res, err := setup(t, nil).Send(t.Context(), backend.NewRequest(tt.call, base(address)))
			require.NoError(t, err)
			assert.Equal(t, "{}", string(res.Body))
			assert.Equal(t, tt.call.Method+" "+tt.call.Path+query+" HTTP/1.1\r\n"+
				"Host: "+strings.TrimPrefix(address, "http://")+"\r\n"+tt.want, <-received)
		})
	}
}

func TestEveryStatusIsAResponse(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		w.Header().Set("X-Status", strconv.Itoa(status))
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "body of %d", status)
	})
	b := setup(t, nil)
	for status := 200; status <= 599; status++ {
		for _, req := range []backend.Request{get(srv.URL, "/"+strconv.Itoa(status)), post(srv.URL, "/"+strconv.Itoa(status))} {
			res, err := b.Send(t.Context(), req)
			require.NoError(t, err)
			assert.Equal(t, status, res.StatusCode)
			assert.Equal(t, strconv.Itoa(status), res.Header.Get("X-Status"))
			want := fmt.Sprintf("body of %d", status)
			if status == http.StatusNoContent || status == http.StatusNotModified {
				want = ""
			}
			assert.Equal(t, want, string(res.Body))
		}
	}
}

// A server that switches protocols, which nobody asked for, leaves a connection
// behind that never ends.
func TestSwitchingProtocolsDoesNotHang(t *testing.T) {
	t.Parallel()
	address := wire.Serve(t, func(_ int, w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		w.Gone()
	})
	res, err := setup(t, nil).Send(t.Context(), post(address, "/"))
	require.NoError(t, err)
	assert.Equal(t, 101, res.StatusCode)
	assert.Empty(t, res.Body)
}

func TestInformationalAnswersAreSkipped(t *testing.T) {
	t.Parallel()
	address := wire.Serve(t, func(_ int, w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + wire.OK)
		w.Gone()
	})
	res, err := setup(t, nil).Send(t.Context(), post(address, "/"))
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			followed.Add(1)
			return
		}
		w.Header().Set("Location", "/target")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "moved")
	})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		followed.Add(1)
		return nil
	}}
	for _, b := range []backend.Backend{setup(t, nil), setup(t, client)} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, req := range []backend.Request{get(srv.URL, "/"+strconv.Itoa(status)), post(srv.URL, "/"+strconv.Itoa(status))} {
				res, err := b.Send(t.Context(), req)
				require.NoError(t, err)
				assert.Equal(t, status, res.StatusCode)
				assert.Equal(t, "/target", res.Header.Get("Location"))
				assert.Equal(t, "moved", string(res.Body))
			}
		}
	}
	assert.Zero(t, followed.Load())
}

// http.Client makes an error of an answer whose Location is no URL; to a backend it
// is an answer like any other.
func TestUnreadableLocation(t *testing.T) {
	t.Parallel()
	address := wire.Serve(t, func(_ int, w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 302 Found\r\nLocation: http://[::1/x\r\nContent-Length: 0\r\n\r\n")
		w.Gone()
	})
	res, err := setup(t, nil).Send(t.Context(), post(address, "/"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, res.StatusCode)
}

func TestResponseBodyLimit(t *testing.T) {
	t.Parallel()
	const size = 10_000
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[1:4])
		if strings.HasSuffix(r.URL.Path, "sized") {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		w.WriteHeader(status)
		for range 10 {
			_, _ = io.WriteString(w, strings.Repeat("x", size/10))
			_ = http.NewResponseController(w).Flush()
		}
	})
	b := setup(t, nil)
	for _, form := range []string{"sized", "chunked"} {
		for status, outcome := range map[int]backend.Outcome{
			200: backend.Accepted, 202: backend.Accepted, 302: backend.Rejected, 400: backend.Rejected, 500: backend.Rejected,
		} {
			req := post(srv.URL, fmt.Sprintf("/%d/%s", status, form))
			failed := failure(t, b, req.WithMaxResponseBytes(size-1))
			require.ErrorIs(t, failed, backend.ErrResponseTooLarge)
			assert.Equal(t, outcome, failed.Outcome)
			assert.Equal(t, status, failed.StatusCode)
			assert.False(t, failed.Timeout())

			for _, limit := range []int64{size, size + 1, 0} {
				res, err := b.Send(t.Context(), req.WithMaxResponseBytes(limit))
				require.NoError(t, err)
				assert.Len(t, res.Body, size)
			}
		}
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var compressed bytes.Buffer
		zip := gzip.NewWriter(&compressed)
		_, _ = zip.Write(make([]byte, size))
		_ = zip.Close()
		body := compressed.Bytes()
		if r.URL.Path == "/corrupt" {
			body = body[:len(body)/2]
		}
		w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
		_, _ = w.Write(body)
	})
	b := setup(t, nil)

	res, err := b.Send(t.Context(), get(srv.URL, "/"))
	require.NoError(t, err)
	assert.Equal(t, make([]byte, size), res.Body, "decoded")

	failed := failure(t, b, get(srv.URL, "/").WithMaxResponseBytes(size-1))
	require.ErrorIs(t, failed, backend.ErrResponseTooLarge, "the limit counts what comes out, not the 1 KB that came in")
	assert.Equal(t, backend.Accepted, failed.Outcome)

	failed = failure(t, b, post(srv.URL, "/corrupt"))
	require.ErrorIs(t, failed, io.ErrUnexpectedEOF)
	assert.Equal(t, backend.Accepted, failed.Outcome)
}

func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	for form, answer := range map[string]string{
		"sized":        "Content-Length: 100\r\n\r\n{",
		"empty":        "Content-Length: 100\r\n\r\n",
		"chunked":      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"within chunk": "Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
	} {
		for status, outcome := range map[int]backend.Outcome{200: backend.Accepted, 500: backend.Rejected} {
			t.Run(fmt.Sprint(form, " after ", status), func(t *testing.T) {
				t.Parallel()
				address := wire.Serve(t, func(_ int, w *wire.Conn) {
					w.Request()
					w.Answer("HTTP/1.1 " + strconv.Itoa(status) + " X\r\n" + answer)
				})
				failed := failure(t, setup(t, nil), post(address, "/"))
				require.ErrorIs(t, failed, io.ErrUnexpectedEOF)
				assert.Equal(t, outcome, failed.Outcome)
				assert.Equal(t, status, failed.StatusCode)
			})
		}
	}
}

// Requests share their header. net/http adds cookies to the one it is given.
func TestCookieJarDoesNotWriteIntoTheSharedHeader(t *testing.T) {
	t.Parallel()
	var withCookie atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err == nil {
			withCookie.Add(1)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: "0"}})

	b := setup(t, &http.Client{Jar: jar})
	req := post(srv.URL, "/")
	bare := get(srv.URL, "/")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, r := range []backend.Request{req, bare} {
				_, err := b.Send(t.Context(), r)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 16, withCookie.Load())
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header())
	assert.Nil(t, bare.Header())
}

func TestHeaderIsShared(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(http.ResponseWriter, *http.Request) {})
	b := setup(t, nil)
	req := post(srv.URL, "/")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := b.Send(t.Context(), req)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header())
}
