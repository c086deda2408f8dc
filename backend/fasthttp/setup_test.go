package fasthttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
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
func setup(t *testing.T, client *fasthttp.Client) *pusherfasthttp.Backend {
	t.Helper()
	b := pusherfasthttp.New(client)
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

// answerAll answers every request alike.
func answerAll(w *wire.Conn, raw string) {
	for {
		if _, ok := w.Request(); !ok {
			return
		}
		w.Answer(raw)
	}
}

// refused returns an address at which nobody listens.
func refused(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return "http://" + listener.Addr().String()
}
