package backend_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

// closing is a Backend that holds connections.
type closing struct {
	backend.Backend
	closed int
	err    error
}

func (c *closing) Close() error {
	c.closed++
	return c.err
}

func answer(status int) backend.Func {
	return func(context.Context, backend.Request) (backend.Response, error) {
		return backend.Response{StatusCode: status}, nil
	}
}

// recording returns a middleware that notes when a request and its answer pass.
func recording(log *[]string, name string) backend.Middleware {
	return func(next backend.Backend) backend.Backend {
		return backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			*log = append(*log, name+" in")
			res, err := next.Send(ctx, req)
			*log = append(*log, name+" out")
			return res, err
		})
	}
}

func TestFuncPassesEverythingOn(t *testing.T) {
	t.Parallel()
	type key struct{}
	want := errors.New("failure")
	f := backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
		assert.Equal(t, "value", ctx.Value(key{}))
		assert.Equal(t, "ping", req.Op())
		return backend.Response{StatusCode: 418}, want
	})
	res, err := f.Send(context.WithValue(t.Context(), key{}, "value"), backend.NewRequest(backend.Call{Op: "ping"}, nil))
	assert.Equal(t, 418, res.StatusCode)
	assert.Same(t, want, err)
}

func TestChainOrder(t *testing.T) {
	t.Parallel()
	var log []string
	base := backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		log = append(log, "base")
		return backend.Response{StatusCode: 200}, nil
	})
	chained := backend.Chain(base, recording(&log, "a"), nil, recording(&log, "b"), nil)
	res, err := chained.Send(t.Context(), backend.Request{})
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, []string{"a in", "b in", "base", "b out", "a out"}, log)
}

func TestChainBuildsOnce(t *testing.T) {
	t.Parallel()
	built := 0
	chained := backend.Chain(answer(200), func(next backend.Backend) backend.Backend {
		built++
		return next
	})
	for range 3 {
		_, err := chained.Send(t.Context(), backend.Request{})
		require.NoError(t, err)
	}
	assert.Equal(t, 1, built)
}

func TestChainChangesRequests(t *testing.T) {
	t.Parallel()
	header := func(name string) backend.Middleware {
		return func(next backend.Backend) backend.Backend {
			return backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
				return next.Send(ctx, req.WithHeader(name, req.Header().Get("X-First")+"."))
			})
		}
	}
	echo := backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		return backend.Response{StatusCode: 200, Header: req.Header()}, nil
	})
	res, err := backend.Chain(echo, header("X-First"), header("X-Second")).Send(t.Context(), backend.Request{})
	require.NoError(t, err)
	assert.Equal(t, ".", res.Header.Get("X-First"))
	assert.Equal(t, "..", res.Header.Get("X-Second"))
}

func TestChainWithoutMiddleware(t *testing.T) {
	t.Parallel()
	for _, middlewares := range [][]backend.Middleware{nil, {}, {nil}, {nil, nil}} {
		res, err := backend.Chain(answer(204), middlewares...).Send(t.Context(), backend.Request{})
		require.NoError(t, err)
		assert.Equal(t, 204, res.StatusCode)
	}
}

func TestChainCloseReachesTheBase(t *testing.T) {
	t.Parallel()
	var log []string
	failure := errors.New("close failed")
	base := &closing{Backend: answer(200), err: failure}
	inner := backend.Chain(base, recording(&log, "inner"))
	outer := backend.Chain(inner, recording(&log, "outer"), nil)

	closer, ok := outer.(io.Closer)
	require.True(t, ok)
	require.Same(t, failure, closer.Close(), "through two chains")
	assert.Equal(t, 1, base.closed)
	assert.Empty(t, log)
}

func TestChainCloseWithoutAnythingToClose(t *testing.T) {
	t.Parallel()
	closer, ok := backend.Chain(answer(200)).(io.Closer)
	require.True(t, ok)
	require.NoError(t, closer.Close())
}
