package async_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signer stands in for the client's.
type signer struct{}

func (signer) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return "http://api.test" + call.Path + "?auth_signature=secret"
}

// request returns one that is told from others by its path.
func request(name string) backend.Request {
	return backend.NewRequest(backend.Call{Op: "trigger", Method: "POST", Path: "/" + name, Body: []byte("{}")}, signer{})
}

func numbered(i int) backend.Request { return request(strconv.Itoa(i)) }

// ok answers everything.
var ok = backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
	return backend.Response{StatusCode: 200, Body: []byte("{}")}, nil
})

// setup returns a queue that the test closes.
func setup(t *testing.T, b backend.Backend, cfg async.Config) *async.Backend {
	t.Helper()
	q := async.New(b, cfg)
	t.Cleanup(func() {
		assert.NoError(t, q.Close(context.Background()))
		balanced(t, q.Stats())
	})
	return q
}

// balanced checks what is true of every snapshot.
func balanced(t *testing.T, s async.Stats) {
	t.Helper()
	assert.Equal(t, s.Accepted, s.Delivered+s.Failed+s.Pending, "%+v", s)
	assert.Equal(t, s.Pending, s.Queued+s.InFlight, "%+v", s)
	assert.Equal(t, s.Failed, s.FailedBy.Total(), "%+v", s)
	assert.GreaterOrEqual(t, s.Failed, s.Dropped+s.Withdrawn, "%+v", s)
}

// gate is a backend that answers a request when the test lets it through.
type gate struct {
	arrived chan string   // path of each request that has come
	open    chan struct{} // one request goes on for each value, all when closed
	reached []string
	mu      sync.Mutex
}

func newGate() *gate {
	return &gate{arrived: make(chan string, 10_000), open: make(chan struct{})}
}

func (g *gate) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	g.mu.Lock()
	g.reached = append(g.reached, req.Path())
	g.mu.Unlock()
	g.arrived <- req.Path()
	select {
	case <-g.open:
		return backend.Response{StatusCode: 200, Body: []byte("{}")}, nil
	case <-ctx.Done():
		return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, ctx.Err())
	}
}

// paths returns what has come so far, in order.
func (g *gate) paths() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.reached...)
}

// recorder keeps what OnError is told.
type recorder struct {
	mu   sync.Mutex
	errs []error
}

func (r *recorder) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

func (r *recorder) all() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.errs...)
}

// failed checks that a call failed with that outcome and cause.
func failed(t *testing.T, err error, outcome backend.Outcome, cause error) {
	t.Helper()
	var failure *backend.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, outcome, failure.Outcome, "%v", err)
	assert.Equal(t, "trigger", failure.Op)
	require.ErrorIs(t, err, cause)
}

// refused returns the error of a future that has failed already.
func refused[T any](t *testing.T, f *async.Future[T]) error {
	t.Helper()
	_, err, done := f.Result()
	require.True(t, done)
	require.Error(t, err)
	return err
}

// pending checks that a future is not resolved.
func pending[T any](t *testing.T, f *async.Future[T]) {
	t.Helper()
	_, _, done := f.Result()
	require.False(t, done)
}

var errTest = errors.New("test")
