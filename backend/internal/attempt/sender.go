// Package attempt sends one request once with net/http. The backends that stand
// on net/http share it, so that limits, outcomes and errors are the same whichever
// library drives the attempts.
package attempt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// A Sender makes attempts through one transport. It is safe for concurrent use.
type Sender struct {
	transport http.RoundTripper
	timeout   time.Duration
	// own is set for net/http's own transport: it always tells whether a request got
	// a connection, and only reads the request's header. Others need not.
	own bool
}

// NewSender returns a sender through transport. timeout limits each attempt beside
// the request's own; zero or less means no limit.
func NewSender(transport http.RoundTripper, timeout time.Duration) Sender {
	_, own := transport.(*http.Transport)
	return Sender{transport: transport, timeout: timeout, own: own}
}

// Send makes one attempt at req and reads the whole answer. build makes the HTTP
// request but for its body, with a header that others may be reading.
func (s Sender) Send(ctx context.Context, req backend.Request, build func(context.Context) (*http.Request, error)) (backend.Response, error) {
	_, response, failure := s.send(ctx, req, build) //nolint:bodyclose // send has closed it
	if failure != nil {
		return backend.Response{}, failure
	}
	return response, nil
}

// send also returns net/http's form of the answer, its body read and closed.
func (s Sender) send(ctx context.Context, req backend.Request, build func(context.Context) (*http.Request, error)) (*http.Response, backend.Response, *backend.Error) {
	if err := ctx.Err(); err != nil {
		return nil, backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	if s.timeout > 0 && (req.Timeout() == 0 || s.timeout < req.Timeout()) {
		req = req.WithTimeout(s.timeout)
	}
	ctx, cancel := req.AttemptContext(ctx)
	defer cancel()
	var seen struct{ traced, connected atomic.Bool }
	seen.traced.Store(s.own)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { seen.traced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { seen.connected.Store(true) },
	})
	r, err := build(ctx)
	if err != nil {
		return nil, backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	if body := req.Body(); len(body) > 0 {
		// NopCloser over a bytes.Reader lets net/http write head and body at once.
		// Without GetBody it cannot replay the request, whatever its headers say.
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
	} else if r.Method == http.MethodPost {
		r.Header = notReplayable(r.Header)
	}
	if !s.own {
		r.Header = r.Header.Clone()
	}

	// The transport itself, since all that Client.Do adds is redirects, and errors
	// with the signed URL in them.
	res, err := s.transport.RoundTrip(r)
	if err == nil && (res == nil || res.Body == nil) {
		err = errNoResponse
	}
	if err != nil {
		outcome := backend.Unknown
		switch {
		case seen.connected.Load():
		case seen.traced.Load():
			outcome = backend.NotSent
		default:
			// It had one reader for the body: it cannot have sent it before it dialled.
			outcome = backend.DialOutcome(err)
		}
		return nil, backend.Response{}, backend.NewError(req.Op(), outcome, contextCause(ctx, err))
	}
	defer res.Body.Close()
	response := backend.Response{StatusCode: res.StatusCode, Header: res.Header}
	if res.StatusCode == http.StatusSwitchingProtocols {
		// What follows is no body but the connection itself, without end, and no
		// context ends reading it.
		return res, response, nil
	}
	if response.Body, err = backend.ReadBody(res.Body, req.MaxResponseBytes()); err != nil {
		return nil, backend.Response{}, backend.NewStatusError(req.Op(), res.StatusCode, contextCause(ctx, err))
	}
	return res, response, nil
}

// notReplayable returns h in a form from which net/http does not conclude that it
// may send a request without a body again by itself: it looks for these fields
// under their canonical names only, which mean the same in lower case.
func notReplayable(h http.Header) http.Header {
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := h[name]; ok {
			h = h.Clone()
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
	return h
}

var errNoResponse = errors.New("the transport returned neither a response nor an error")

// contextCause prefers the context's error to the form in which net/http or the
// network reports the same.
func contextCause(ctx context.Context, err error) error {
	var timeout net.Error
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
		return ctxErr
	}
	if errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

// CloseIdleConnections closes the transport's idle connections.
func (s Sender) CloseIdleConnections() {
	if idler, ok := s.transport.(interface{ CloseIdleConnections() }); ok {
		idler.CloseIdleConnections()
	}
}
