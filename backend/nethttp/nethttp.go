// Package nethttp sends requests with net/http. It is the SDK's default backend.
//
// New takes an *http.Client, so proxies, TLS, dialers and pools are set in the
// words of net/http:
//
//	transport := nethttp.NewTransport() // the tuned default, to change what differs
//	transport.Proxy = http.ProxyURL(proxy)
//	transport.TLSClientConfig.RootCAs = pool
//	b := nethttp.New(&http.Client{Transport: transport, Timeout: 3 * time.Second})
//
// Of the client it uses Transport, Jar and Timeout. A client without a Transport
// gets one from [NewTransport]. CheckRedirect is not asked: redirects are never
// followed, since they would carry a signed body elsewhere.
package nethttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Backend sends requests with net/http. It is safe for concurrent use.
type Backend struct {
	client *http.Client
	// traced is set for net/http's own transport, which always tells whether a
	// request got a connection. Other transports need not.
	traced bool
}

var (
	_ backend.Backend = (*Backend)(nil)
	_ io.Closer       = (*Backend)(nil)
)

// New returns a backend over a copy of client; nil means a client with
// [NewTransport] as its transport.
func New(client *http.Client) *Backend {
	var own http.Client
	if client != nil {
		own = *client
	}
	if own.Transport == nil {
		own.Transport = NewTransport()
	}
	_, traced := own.Transport.(*http.Transport)
	return &Backend{client: &own, traced: traced}
}

// Send sends req and reads the whole answer. net/http replays a GET by itself,
// with the same signature, if a kept-alive connection turns out to be dead; a
// POST is sent once.
func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	if err := ctx.Err(); err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	if limit := b.client.Timeout; limit > 0 && (req.Timeout() == 0 || limit < req.Timeout()) {
		req = req.WithTimeout(limit)
	}
	ctx, cancel := req.AttemptContext(ctx)
	defer cancel()
	var seen struct{ traced, connected atomic.Bool }
	seen.traced.Store(b.traced)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { seen.traced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { seen.connected.Store(true) },
	})
	r, err := http.NewRequestWithContext(ctx, req.Method(), req.URL(), nil)
	if err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	r.Header = b.header(req, r.URL)
	if body := req.Body(); len(body) > 0 {
		// NopCloser over a bytes.Reader lets net/http write head and body at once.
		// Without GetBody it cannot replay the request, whatever its headers say.
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
	}

	// The transport itself, since all that Client.Do adds is redirects, and errors
	// with the signed URL in them.
	res, err := b.client.Transport.RoundTrip(r)
	if err == nil && (res == nil || res.Body == nil) {
		err = errNoResponse
	}
	if err != nil {
		outcome := backend.Unknown
		if seen.traced.Load() && !seen.connected.Load() {
			outcome = backend.NotSent
		}
		return backend.Response{}, backend.NewError(req.Op(), outcome, contextCause(ctx, err))
	}
	defer res.Body.Close()
	if b.client.Jar != nil {
		b.client.Jar.SetCookies(r.URL, res.Cookies())
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		// What follows is no body but the connection itself, without end, and no
		// context ends reading it.
		return backend.Response{StatusCode: res.StatusCode, Header: res.Header}, nil
	}
	body, err := backend.ReadBody(res.Body, req.MaxResponseBytes())
	if err != nil {
		return backend.Response{}, backend.NewStatusError(req.Op(), res.StatusCode, contextCause(ctx, err))
	}
	return backend.Response{StatusCode: res.StatusCode, Header: res.Header, Body: body}, nil
}

var errNoResponse = errors.New("the transport returned neither a response nor an error")

// header returns req's header, which is shared and read-only, or a copy of it with
// the cookies for u.
func (b *Backend) header(req backend.Request, u *url.URL) http.Header {
	h := req.Header()
	if h != nil && b.client.Jar == nil {
		return h
	}
	if h = h.Clone(); h == nil {
		h = http.Header{}
	}
	if b.client.Jar != nil {
		carrier := http.Request{Header: h}
		for _, cookie := range b.client.Jar.Cookies(u) {
			carrier.AddCookie(cookie)
		}
	}
	return h
}

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

// Close closes idle connections. The backend stays usable.
func (b *Backend) Close() error {
	b.client.CloseIdleConnections()
	return nil
}
