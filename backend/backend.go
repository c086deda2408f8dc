package backend

import (
	"context"
	"errors"
	"io"
	"slices"
)

// A Backend sends signed requests to a Channels server.
//
// Send returns a [Response] for every complete HTTP answer, whatever its status,
// and follows no redirect. It returns an error, a [*Error], only when no complete
// answer came. It sends the URL, the header and the body byte for byte, and asks
// [Request.URL] anew for every attempt it makes. It changes neither header nor body,
// and nobody else may: where Send returns early, with an answer to part of the
// request or because ctx has ended, a transport may still be reading them. When
// ctx ends, or [Request.Timeout] has passed since an attempt began, Send returns
// promptly with an error that unwraps to [context.Canceled] or
// [context.DeadlineExceeded].
//
// Implementations are safe for concurrent use. One that holds connections
// implements [io.Closer] too, to close those that are idle.
type Backend interface {
	Send(ctx context.Context, req Request) (Response, error)
}

// Func adapts a function to a [Backend].
type Func func(ctx context.Context, req Request) (Response, error)

// Send calls f. A nil f fails with a [*Error] and sends nothing.
func (f Func) Send(ctx context.Context, req Request) (Response, error) {
	if f == nil {
		return Response{}, NewError(req.Op(), NotSent, errNilFunc)
	}
	return f(ctx, req)
}

var errNilFunc = errors.New("the backend is nil")

// Middleware wraps a [Backend] in another that adds something to it: logging, a
// header, a limit. Apply it with [Chain]: what a middleware returns need not pass
// Close on.
type Middleware func(Backend) Backend

// Chain wraps b in the middlewares, the first one outermost: a request passes
// through them in the order in which they are written. Closing the result closes
// b, if b is an [io.Closer], and nothing else. Nil middlewares are skipped, and a nil
// b fails each request without sending it.
func Chain(b Backend, middlewares ...Middleware) Backend {
	if b == nil {
		b = Func(nil)
	}
	c := chain{Backend: b, base: b}
	for _, middleware := range slices.Backward(middlewares) {
		if middleware != nil {
			c.Backend = middleware(c.Backend)
		}
	}
	return c
}

// chain keeps the wrapped backend's Close reachable through middlewares that
// know nothing of it.
type chain struct {
	Backend
	base Backend
}

func (c chain) Close() error {
	if closer, ok := c.base.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

var (
	_ Backend   = Func(nil)
	_ Backend   = chain{}
	_ io.Closer = chain{}
)
