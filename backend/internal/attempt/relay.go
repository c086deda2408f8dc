package attempt

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// A Relay stands where an HTTP library expects its transport, for one request,
// and makes an attempt whenever the library asks for one. What is signed, URL and
// body, it takes from the request, the header from the library: so each attempt
// carries a signature of its own, made when it is sent, and the library, its
// hooks, logs and errors see none.
//
// One goroutine uses a Relay at a time.
type Relay struct {
	// Request is what the library is to be told: the request without its query and
	// its body, and without a header.
	Request *http.Request
	// Made counts the attempts.
	Made int
	// Response is the last attempt's answer, if Err is nil.
	Response backend.Response
	// Err is the last attempt's failure.
	Err *backend.Error

	sender  Sender
	req     backend.Request
	address url.URL // Request's, which is the library's to change
	// query is that of the first attempt, unless it is late: hooks and rate limits of
	// the library may come between. "" if the next attempt is to be signed.
	query  string
	signed time.Time
}

// late is how old the signature of the first attempt may be when it is sent.
const late = time.Second

var _ http.RoundTripper = (*Relay)(nil)

// Relay returns a relay for req. It fails if that has no valid URL or method.
func (s Sender) Relay(ctx context.Context, req backend.Request) (*Relay, error) {
	address, query, _ := strings.Cut(req.URL(), "?")
	r, err := http.NewRequestWithContext(ctx, req.Method(), address, nil)
	if err != nil {
		return nil, backend.NewError(req.Op(), backend.NotSent, err)
	}
	return &Relay{Request: r, sender: s, req: req, address: *r.URL, query: query, signed: time.Now()}, nil
}

// RoundTrip makes an attempt with the header of r.
func (l *Relay) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	l.Made++
	var res *http.Response
	res, l.Response, l.Err = l.sender.send(r.Context(), l.req, func(ctx context.Context) (*http.Request, error) {
		return l.sign(r.WithContext(ctx)), nil
	})
	if l.Err != nil {
		return nil, l.Err
	}
	res.Request = r
	res.Body = io.NopCloser(bytes.NewReader(l.Response.Body))
	if to := res.Header.Get("Location"); to != "" {
		if _, err := r.URL.Parse(to); err != nil {
			// http.Client would make an error of it.
			res.Header = res.Header.Clone()
			res.Header.Del("Location")
		}
	}
	return res, nil
}

// sign makes of r, a copy of what the library sends, what is to be sent.
func (l *Relay) sign(r *http.Request) *http.Request {
	if l.query == "" || time.Since(l.signed) > late {
		_, l.query, _ = strings.Cut(l.req.URL(), "?")
	}
	address := l.address
	address.RawQuery, l.query = l.query, ""
	r.Method, r.URL = l.req.Method(), &address
	if own, has := l.req.Header()["Content-Type"], r.Header["Content-Type"]; own != nil && !slices.Equal(own, has) {
		r.Header = r.Header.Clone()
		r.Header["Content-Type"] = own // that of the body which is sent
	}
	r.Body, r.GetBody, r.ContentLength, r.TransferEncoding, r.Trailer = nil, nil, 0, nil, nil
	return r
}

// NoRedirect is the CheckRedirect of a client that sends through a relay: whatever
// it followed would carry a signed body elsewhere.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
