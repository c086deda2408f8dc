package retryable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const query = "?filter_by_prefix=query-secret&auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&auth_signature="

// signer signs for the server at that address, each time in another way.
type signer struct {
	address string
	made    atomic.Int64
}

func (s *signer) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return fmt.Sprintf("%s%s%s%064x", s.address, call.Path, query, s.made.Add(1))
}

func get(address string) backend.Request {
	call := backend.Call{Op: "channels", Method: http.MethodGet, Path: "/apps/4/channels", Idempotent: true}
	return backend.NewRequest(call, &signer{address: address})
}

func post(address string) backend.Request {
	return backend.NewRequest(backend.Call{
		Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events",
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"name":"my-event"}`),
	}, &signer{address: address})
}

// nowhere is the address of requests that a script answers.
const nowhere = "http://api.test"

// script is a transport: it reads each request and does what the next step says,
// the last one again and again.
type script struct {
	steps []step
	sent  []sent
	idled int
}

type step func(r *http.Request) (*http.Response, error)

// sent is a request as it arrived.
type sent struct {
	url, body string
	header    http.Header
	replays   bool
}

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	arrived := sent{url: r.URL.String(), header: r.Header.Clone(), replays: r.GetBody != nil}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		arrived.body = string(body)
		_ = r.Body.Close()
	}
	s.sent = append(s.sent, arrived)
	next := s.steps[0]
	if len(s.steps) > 1 {
		s.steps = s.steps[1:]
	}
	return next(r)
}

func (s *script) CloseIdleConnections() { s.idled++ }

// connected tells the backend's trace what net/http's transport tells: that the
// request got a connection.
func connected(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GetConn("")
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

// answer is a step that answers with that status, body and header fields.
func answer(status int, body string, fields ...string) step {
	return func(*http.Request) (*http.Response, error) {
		header := http.Header{}
		for i := 0; i < len(fields); i += 2 {
			header.Add(fields[i], fields[i+1])
		}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// lose is a step that sends the request and gets no answer.
func lose(err error) step {
	return func(r *http.Request) (*http.Response, error) {
		connected(r)
		return nil, err
	}
}

// refuse is a step that finds nobody to send the request to.
func refuse(err error) step {
	return func(r *http.Request) (*http.Response, error) {
		httptrace.ContextClientTrace(r.Context()).GetConn("")
		return nil, err
	}
}

// hang is a step that never ends by itself.
func hang(r *http.Request) (*http.Response, error) {
	connected(r)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// breakOff is a step whose answer is cut.
func breakOff(status int) step {
	return func(*http.Request) (*http.Response, error) {
		cut := io.MultiReader(bytes.NewReader([]byte("{")), failing{io.ErrUnexpectedEOF})
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(cut)}, nil
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// failure returns err as what it has to be, after looking for what it may not
// contain.
func failure(t *testing.T, res backend.Response, err error) *backend.Error {
	t.Helper()
	require.Error(t, err)
	assert.Zero(t, res)
	var failed *backend.Error
	require.ErrorAs(t, err, &failed)
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
