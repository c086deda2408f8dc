package nethttp_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// query is what the signer adds; no error may show any of it.
const query = "?filter_by_prefix=query-secret&auth_key=278d425bdf160c739803&auth_timestamp=1353088179" +
	"&auth_version=1.0&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"

// base is a Signer for the server at that address.
type base string

func (b base) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return string(b) + call.Path + query
}

func get(address, path string) backend.Request {
	return backend.NewRequest(backend.Call{Op: "channels", Method: "GET", Path: path, Idempotent: true}, base(address))
}

func post(address, path string) backend.Request {
	return backend.NewRequest(backend.Call{
		Op: "trigger", Method: "POST", Path: path,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"name":"my-event"}`),
	}, base(address))
}

// setup returns a backend that the test closes.
func setup(t *testing.T, client *http.Client) *nethttp.Backend {
	t.Helper()
	b := nethttp.New(client)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	return b
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv
}

// failure sends req, which must fail, and returns the error after looking for
// what it may not contain.
func failure(t *testing.T, b backend.Backend, req backend.Request) *backend.Error {
	t.Helper()
	res, err := b.Send(t.Context(), req)
	return asFailure(t, req, res, err)
}

func asFailure(t *testing.T, req backend.Request, res backend.Response, err error) *backend.Error {
	t.Helper()
	require.Error(t, err)
	assert.Zero(t, res)
	var failed *backend.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, req.Op(), failed.Op)
	var urlError *url.Error
	assert.NotErrorAs(t, err, &urlError)
	for _, value := range []any{err, errors.Unwrap(err), fmt.Errorf("outer: %w", err)} {
		encoded, jsonErr := json.Marshal(value)
		require.NoError(t, jsonErr)
		for _, text := range []string{
			fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value), string(encoded),
		} {
			for _, part := range []string{"query-secret", "278d425b", "1353088179", "da454824", "auth_"} {
				assert.NotContains(t, text, part)
			}
		}
	}
	return failed
}

// wire is one connection to a scripted server.
type wire struct {
	net.Conn
	r *bufio.Reader
}

// request reads one request and returns every byte of it. ok is false when the
// client has gone.
func (w *wire) request() (raw string, ok bool) {
	var b strings.Builder
	length := 0
	for {
		line, err := w.r.ReadString('\n')
		if err != nil {
			return b.String(), false
		}
		b.WriteString(line)
		if value, found := strings.CutPrefix(line, "Content-Length: "); found {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(w.r, body)
	b.Write(body)
	return b.String(), err == nil
}

func (w *wire) answer(raw string) { _, _ = io.WriteString(w.Conn, raw) }

// reset closes the connection with a TCP reset.
func (w *wire) reset() {
	if tcp, ok := w.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = w.Close()
}

// gone waits until the client has closed the connection.
func (w *wire) gone() { _, _ = io.Copy(io.Discard, w.r) }

// script runs a server on a loopback port that handles each connection with f,
// numbered from 1, and returns its address.
func script(t *testing.T, f func(n int, w *wire)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				f(n, &wire{conn, bufio.NewReader(conn)})
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
