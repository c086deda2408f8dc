package resty

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/go-resty/resty/v2"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/attempt"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// Backend sends requests with resty. It is safe for concurrent use.
type Backend struct {
	client *resty.Client
	sender attempt.Sender
}

var (
	_ backend.Backend = (*Backend)(nil)
	_ io.Closer       = (*Backend)(nil)
)

// New returns a backend that takes client over, with the *http.Client in it:
// configure both before, hand each backend its own, and use neither elsewhere.
// Nil means a client with [nethttp.NewTransport] as its transport. The package's
// documentation lists what New changes.
func New(client *resty.Client) *Backend {
	if client == nil {
		client = resty.NewWithClient(&http.Client{Transport: nethttp.NewTransport()})
	}
	return &Backend{client: client, sender: takeOver(client)}
}

// Send sends req and reads the whole answer. What the client's own hooks return
// as errors, it returns: as [backend.NotSent] where nothing was sent, else with
// the status of the answer.
func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	relay, err := b.sender.Relay(ctx, req)
	if err != nil {
		return backend.Response{}, err
	}
	r := b.client.R().SetContext(context.WithValue(ctx, relayKey{}, relay))
	limit := int64(b.client.ResponseBodyLimit)
	if own := req.MaxResponseBytes(); own > 0 && (limit <= 0 || own < limit) {
		limit = own
	}
	r.SetResponseBodyLimit(int(min(limit, math.MaxInt)))
	if header := req.Header().Clone(); header != nil {
		r.Header = header // resty adds to it
	}
	if body := req.Body(); len(body) > 0 && r.Header.Get("Content-Type") != "" {
		// Without a Content-Type resty would guess one. A []byte it would copy.
		r.SetBody(bytes.NewReader(body))
	}
	res, err := r.Execute(req.Method(), relay.Request.URL.String())
	switch {
	case relay.Made == 0 && !b.isOurs():
		return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, errReplaced)
	case relay.Made == 0:
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	case relay.Err != nil:
		return backend.Response{}, relay.Err
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return backend.Response{}, backend.NewStatusError(req.Op(), relay.Response.StatusCode, backend.ErrResponseTooLarge)
	case err != nil:
		return backend.Response{}, backend.NewStatusError(req.Op(), relay.Response.StatusCode, err)
	}
	answer, body := relay.Response, res.Body()
	// net/http leaves this to resty if the user's settings ask for gzip.
	zipped := strings.EqualFold(answer.Header.Get("Content-Encoding"), "gzip")
	if len(body) == 0 && (!zipped || !isNothing(answer.Body)) {
		return answer, nil // a hook has had resty write it elsewhere, if there was any
	}
	answer.Body = body
	if zipped {
		answer.Header.Del("Content-Encoding")
		answer.Header.Del("Content-Length")
	}
	return answer, nil
}

// isNothing reports whether zipped is what gzip makes of nothing.
func isNothing(zipped []byte) bool {
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return errors.Is(err, io.EOF)
	}
	n, err := io.CopyN(io.Discard, z, 1)
	return n == 0 && errors.Is(err, io.EOF)
}

// isOurs reports whether the client still sends through relays.
func (b *Backend) isOurs() bool {
	_, ours := b.client.GetClient().Transport.(transport)
	return ours
}

var errReplaced = errors.New("the client's transport was replaced after New, as SetTransport and SetDigestAuth do: give New a client that is ready, without digest authentication")

// Close closes idle connections. The backend stays usable.
func (b *Backend) Close() error {
	b.sender.CloseIdleConnections()
	return nil
}
