package resty_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	libresty "github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/resty"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signer signs for the server at that address, each time in another way.
type signer struct {
	address string
	made    atomic.Int64
}

func (s *signer) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return s.address + call.Path + "?filter_by_prefix=query-secret&auth_key=278d425bdf160c739803&auth_timestamp=1353088179" +
		"&auth_version=1.0&auth_signature=" + fmt.Sprintf("%064x", s.made.Add(1))
}

func get(address, path string) backend.Request {
	return backend.NewRequest(backend.Call{Op: "channels", Method: "GET", Path: path, Idempotent: true}, &signer{address: address})
}

func post(address, path string) backend.Request {
	return backend.NewRequest(backend.Call{
		Op: "trigger", Method: "POST", Path: path,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"name":"my-event"}`),
	}, &signer{address: address})
}

// setup returns a backend that the test closes.
func setup(t *testing.T, client *libresty.Client) *resty.Backend {
	t.Helper()
	b := resty.New(client)
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
	require.Error(t, err)
	assert.Zero(t, res)
	var failed *backend.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, req.Op(), failed.Op)
	var urlError *url.Error
	require.NotErrorAs(t, err, &urlError)
	for _, value := range []any{err, errors.Unwrap(err), fmt.Errorf("outer: %w", err)} {
		encoded, jsonErr := json.Marshal(value)
		require.NoError(t, jsonErr)
		assertNoQuery(t, fmt.Sprintf("%v %+v %#v %s", value, value, value, encoded))
	}
	return failed
}

func assertNoQuery(t *testing.T, text string) {
	t.Helper()
	for _, part := range []string{"query-secret", "278d425b", "1353088179", "00000000", "auth_"} {
		assert.NotContains(t, text, part)
	}
}
