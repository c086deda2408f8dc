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
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/attempt"
)

// Backend sends requests with net/http. It is safe for concurrent use.
type Backend struct {
	sender attempt.Sender
	jar    http.CookieJar
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
	return &Backend{sender: attempt.NewSender(own.Transport, own.Timeout), jar: own.Jar}
}

// Send sends req and reads the whole answer. net/http replays a GET by itself,
// with the same signature, if a kept-alive connection turns out to be dead; a
// POST is sent once.
func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	var target *url.URL
	res, err := b.sender.Send(ctx, req, func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, req.Method(), req.URL(), nil)
		if err != nil {
			return nil, err
		}
		target = r.URL
		r.Header = b.header(req, target)
		return r, nil
	})
	if err == nil && b.jar != nil {
		answer := http.Response{Header: res.Header}
		b.jar.SetCookies(target, answer.Cookies())
	}
	return res, err
}

// header returns req's header, which is shared and read-only, or a copy of it with
// the cookies for u.
func (b *Backend) header(req backend.Request, u *url.URL) http.Header {
	h := req.Header()
	if h != nil && b.jar == nil {
		return h
	}
	if h = h.Clone(); h == nil {
		h = http.Header{}
	}
	if b.jar != nil {
		carrier := http.Request{Header: h}
		for _, cookie := range b.jar.Cookies(u) {
			carrier.AddCookie(cookie)
		}
	}
	return h
}

// Close closes idle connections. The backend stays usable.
func (b *Backend) Close() error {
	b.sender.CloseIdleConnections()
	return nil
}
