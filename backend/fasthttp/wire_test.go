package fasthttp_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

// exchanged sends req to a server that answers so, and returns what arrived
// there.
func exchanged(t *testing.T, client *fasthttp.Client, call backend.Call, answer string) (string, backend.Response) {
	t.Helper()
	received := make(chan string, 1)
	address := wire.Serve(t, func(_ int, w *wire.Conn) {
		raw, _ := w.Request()
		received <- strings.ReplaceAll(raw, w.LocalAddr().String(), "HOST")
		w.Answer(answer)
		w.Gone()
	})
	b := pusherfasthttp.New(client)
	res, err := b.Send(t.Context(), backend.NewRequest(call, base(address)))
	require.NoError(t, b.Close())
	require.NoError(t, err)
	return <-received, res
}

// passing stands for a Transport of the user's, which takes another way through
// the backend.
type passing struct{ fasthttp.RoundTripper }

func throughTransport(client *fasthttp.Client) *fasthttp.Client {
	client.Transport = passing{fasthttp.DefaultTransport}
	// Its connections are fasthttp's, which looks after them until they are gone.
	client.MaxIdleConnDuration = 1
	return client
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Pusher-Library": {"pusher-go 0"}, "Content-Type": {"application/json"}}
	const end = "Accept-Encoding: gzip\r\n\r\n"
	tests := map[string]struct {
		call   backend.Call
		client *fasthttp.Client
		want   string // after the line of the host
	}{
		"trigger": {
			call: backend.Call{Method: "POST", Path: "/apps/4/events", Header: header, Body: []byte("{\"a\":\"\u00fc\"}\n")},
			want: "User-Agent: fasthttp\r\nContent-Length: 11\r\nContent-Type: application/json\r\n" +
				"X-Pusher-Library: pusher-go 0\r\n" + end + "{\"a\":\"ü\"}\n",
		},
		"legal characters of the path": {
			call: backend.Call{Method: "GET", Path: "/apps/4/channels/presence-a,b;c=d@e.f_g-h%3D%2C%2f/users"},
			want: "User-Agent: fasthttp\r\n" + end,
		},
		"dots and slashes in the path": {
			call: backend.Call{Method: "GET", Path: "//prefix//apps/4/../5/./channels/"},
			want: "User-Agent: fasthttp\r\n" + end,
		},
		"dots and slashes, the client asking for normal forms": {
			call:   backend.Call{Method: "GET", Path: "/prefix//apps/4/../5/%2E/channels/"},
			client: &fasthttp.Client{DisablePathNormalizing: false},
			want:   "User-Agent: fasthttp\r\n" + end,
		},
		"POST without a body": {
			call: backend.Call{Method: "POST", Path: "/apps/4/events"},
			want: "User-Agent: fasthttp\r\nContent-Length: 0\r\n" + end,
		},
		"GET with a body": {
			call: backend.Call{Method: "GET", Path: "/", Body: []byte("{}")},
			want: "User-Agent: fasthttp\r\nContent-Length: 2\r\n" + end + "{}",
		},
		"no method": {call: backend.Call{Path: "/"}, want: "User-Agent: fasthttp\r\n" + end},
		"several values": {
			call: backend.Call{Method: "GET", Path: "/", Header: http.Header{"X-B": {"1", " 2\t"}, "X-A": {""}}},
			want: "User-Agent: fasthttp\r\nX-A: \r\nX-B: 1\r\nX-B: 2\r\n" + end,
		},
		"what frames the request is not the caller's": {
			call: backend.Call{Method: "POST", Path: "/", Body: []byte("{}"), Header: http.Header{
				"Host": {"other"}, "Content-Length": {"1"}, "transfer-encoding": {"chunked"}, "Trailer": {"X"},
			}},
			want: "User-Agent: fasthttp\r\nContent-Length: 2\r\n" + end + "{}",
		},
		"own compression": {
			call: backend.Call{Method: "GET", Path: "/", Header: http.Header{"Accept-Encoding": {"br"}}},
			want: "User-Agent: fasthttp\r\nAccept-Encoding: br\r\n\r\n",
		},
		"name of the client": {
			call: backend.Call{Method: "GET", Path: "/"}, client: &fasthttp.Client{Name: "mine"},
			want: "User-Agent: mine\r\n" + end,
		},
		"name in the request": {
			call:   backend.Call{Method: "GET", Path: "/", Header: http.Header{"User-Agent": {"other"}}},
			client: &fasthttp.Client{Name: "mine"},
			want:   "User-Agent: other\r\n" + end,
		},
		"no name": {
			call: backend.Call{Method: "GET", Path: "/"}, client: &fasthttp.Client{NoDefaultUserAgentHeader: true},
			want: end,
		},
		"larger than the buffer": {
			call: backend.Call{
				Method: "POST", Path: "/" + strings.Repeat("p", 5000), Body: bytes.Repeat([]byte("b"), 9000),
				Header: http.Header{"X": {strings.Repeat("v", 5000)}},
			},
			client: &fasthttp.Client{WriteBufferSize: 1},
			want: "User-Agent: fasthttp\r\nContent-Length: 9000\r\nX: " + strings.Repeat("v", 5000) + "\r\n" + end +
				strings.Repeat("b", 9000),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, res := exchanged(t, tt.client, tt.call, wire.OK)
			assert.Equal(t, "{}", string(res.Body))
			method := tt.call.Method
			if method == "" {
				method = "GET"
			}
			assert.Equal(t, method+" "+tt.call.Path+query+" HTTP/1.1\r\nHost: HOST\r\n"+tt.want, raw)
		})
	}
}

// A foreign Transport gets a request in fasthttp's form, which rewrites much by
// itself.
func TestRequestThroughATransport(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]backend.Call{
		"trigger": {
			Method: "POST", Path: "/apps/4/events", Body: []byte("{}"),
			Header: http.Header{"Content-Type": {"application/json"}, "X-Pusher-Library": {"pusher-go 0"}},
		},
		"path":                {Method: "GET", Path: "/apps//4/../a,b;c=d@e%3D%2f/./users"},
		"two slashes":         {Method: "GET", Path: "//apps"},
		"POST without a body": {Method: "POST", Path: "/", Header: http.Header{"X-B": {"1", "2"}}},
		"body without a type": {Method: "POST", Path: "/", Body: []byte("{}")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct, _ := exchanged(t, nil, call, wire.OK)
			foreign, res := exchanged(t, throughTransport(&fasthttp.Client{}), call, wire.OK)
			assert.ElementsMatch(t, strings.Split(direct, "\r\n"), strings.Split(foreign, "\r\n"))
			assert.Equal(t, strings.SplitN(direct, "\r\n", 2)[0], strings.SplitN(foreign, "\r\n", 2)[0])
			assert.Equal(t, "{}", string(res.Body))
		})
	}
}

// counting counts calls of Write.
type counting struct {
	net.Conn
	mu     sync.Mutex
	writes int
}

func (c *counting) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.writes++
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func TestHeadAndBodyLeaveInOneWrite(t *testing.T) {
	t.Parallel()
	address := wire.Serve(t, func(_ int, w *wire.Conn) { answerAll(w, wire.OK) })
	var conn *counting
	client := &fasthttp.Client{Dial: func(address string) (net.Conn, error) {
		c, err := net.Dial("tcp", address)
		conn = &counting{Conn: c}
		return conn, err
	}}
	b := setup(t, client)
	for range 3 {
		_, err := b.Send(t.Context(), post(address, "/"))
		require.NoError(t, err)
	}
	assert.Equal(t, 3, conn.writes)
}

func TestHost(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]struct{ dialled, sent string }{
		"http://api.test":          {"api.test:80", "api.test"},
		"HTTP://API.test:80":       {"API.test:80", "API.test:80"},
		"http://api.test:8080":     {"api.test:8080", "api.test:8080"},
		"http://api.test:":         {"api.test:80", "api.test"},
		"http://[::1]":             {"[::1]:80", "[::1]"},
		"http://[::1]:8080":        {"[::1]:8080", "[::1]:8080"},
		"http://api_1.test-2:8080": {"api_1.test-2:8080", "api_1.test-2:8080"},
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			received := make(chan string, 2)
			b := setup(t, &fasthttp.Client{Dial: func(address string) (net.Conn, error) {
				received <- address
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					w := wire.New(theirs)
					raw, _ := w.Request()
					received <- raw
					w.Answer(wire.OK)
					w.Gone()
				}()
				return ours, nil
			}})
			_, err := b.Send(t.Context(), backend.NewRequest(backend.Call{Method: "GET"}, base(url)))
			require.NoError(t, err)
			assert.Equal(t, want.dialled, <-received)
			raw := <-received
			assert.True(t, strings.HasPrefix(raw, "GET /"+query+" HTTP/1.1\r\nHost: "+want.sent+"\r\n"), raw)
		})
	}
}

func TestResponseHeader(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*fasthttp.Client{
		"direct":            {},
		"no normal names":   {DisableHeaderNamesNormalizing: true},
		"through Transport": throughTransport(&fasthttp.Client{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, res := exchanged(t, client, backend.Call{Method: "GET", Path: "/"},
				"HTTP/1.1 200 OK\r\nserver: s\r\nx-lower: 1\r\nX-Many: 1\r\nX-Other: o\r\nX-Many: 2\r\nX-MANY: 3\r\n"+
					"Set-Cookie: a=1; Path=/\r\nSet-Cookie: a=2\r\nX-Empty:\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}")
			assert.Equal(t, http.Header{
				"Server": {"s"}, "X-Lower": {"1"}, "X-Many": {"1", "2", "3"}, "X-Other": {"o"},
				"Set-Cookie": {"a=1; Path=/", "a=2"}, "X-Empty": {""}, "Retry-After": {"1"}, "Content-Length": {"2"},
			}, res.Header)
			res.Header.Add("X-Other", "p")
			assert.Equal(t, []string{"1"}, res.Header["Retry-After"], "values do not share room")
		})
	}
}

func TestNoTypeIsInvented(t *testing.T) {
	t.Parallel()
	_, res := exchanged(t, nil, backend.Call{Method: "GET", Path: "/"},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n")
	assert.Equal(t, http.Header{}, res.Header, "nor what framed the body kept")
	assert.Equal(t, "{}", string(res.Body))
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func TestGzip(t *testing.T) {
	t.Parallel()
	body := zipped(t, strings.Repeat("{}", 5000))
	const head = "HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\n"
	sized := head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
	chunked := head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	for name, client := range map[string]func() *fasthttp.Client{
		"direct":            func() *fasthttp.Client { return nil },
		"through Transport": func() *fasthttp.Client { return throughTransport(&fasthttp.Client{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, answer := range []string{sized, chunked} {
				_, res := exchanged(t, client(), backend.Call{Method: "GET", Path: "/"}, answer)
				assert.Equal(t, strings.Repeat("{}", 5000), string(res.Body))
				assert.Equal(t, http.Header{}, res.Header)
			}
			call := backend.Call{Method: "GET", Path: "/", Header: http.Header{"Accept-Encoding": {"gzip"}}}
			_, res := exchanged(t, client(), call, sized)
			assert.Equal(t, body, string(res.Body), "decoding it is the caller's wish")
			assert.Equal(t, "GZIP", res.Header.Get("Content-Encoding"))

			for _, empty := range []string{"Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"} {
				_, res := exchanged(t, client(), backend.Call{Method: "GET", Path: "/"}, head+empty)
				assert.Empty(t, res.Body)
			}
		})
	}
}

// HEAD is not what the SDK sends; whoever does gets no body to wait for.
func TestHead(t *testing.T) {
	t.Parallel()
	raw, res := exchanged(t, nil, backend.Call{Method: "HEAD", Path: "/"}, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
	assert.NotContains(t, raw, "Accept-Encoding")
	assert.Empty(t, res.Body)
	assert.Equal(t, "100", res.Header.Get("Content-Length"))
}
