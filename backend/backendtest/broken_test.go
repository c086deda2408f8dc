package backendtest_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// broken is a backend with one fault, and the cases that are to find it.
type broken struct {
	open  func(testing.TB) backend.Backend
	tls   func(testing.TB, *x509.CertPool) backend.Backend
	proxy func(testing.TB, *url.URL) backend.Backend
	// cases are the names of the cases that find it, with a part of what each says.
	cases map[string]string
	// hangs is set where a Send, or what it leaves behind, is waited for in vain.
	hangs bool
}

// A suite that cannot fail proves nothing: every case fails for some backend, and
// says what is wrong.
func TestBrokenBackends(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, table := range []map[string]broken{
		brokenRequests, brokenResponses, brokenOutcomes, brokenContexts, brokenConnections, brokenSharing, brokenTransports,
	} {
		for fault, b := range table {
			for name, want := range b.cases {
				found[name] = true
				t.Run(fault+"/"+name, func(t *testing.T) {
					t.Parallel()
					check(t, b, name, want)
				})
			}
		}
	}
	for _, name := range backendtest.CaseNames() {
		assert.True(t, found[name], "no broken backend fails %s", name)
	}
}

func check(t *testing.T, b broken, name, want string) {
	t.Helper()
	open := b.open
	if open == nil {
		open = sound
	}
	patience := 10 * time.Second
	if b.hangs {
		patience = 200 * time.Millisecond
	}
	options := []backendtest.Option{backendtest.WithTLS(soundTLS), backendtest.WithProxy(soundProxy)}
	if b.tls != nil {
		options[0] = backendtest.WithTLS(b.tls)
	}
	if b.proxy != nil {
		options[1] = backendtest.WithProxy(b.proxy)
	}
	r := run(t, name, patience, open, options...)
	assert.Contains(t, r.report(), want)
	assert.Empty(t, r.skipped)
}

// sender is one way to send.
type sender func(ctx context.Context, req backend.Request) (backend.Response, error)

// wrapped is a sound backend whose Send goes through another.
type wrapped struct {
	*nethttp.Backend
	send sender
}

func (w wrapped) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	return w.send(ctx, req)
}

// around returns how to open a sound backend that sends as wrap says.
func around(wrap func(next sender) sender) func(testing.TB) backend.Backend {
	return func(testing.TB) backend.Backend {
		b := nethttp.New(nil)
		return wrapped{b, wrap(b.Send)}
	}
}

// transport is a net/http transport with something done to each request and
// answer.
type transport struct {
	*http.Transport
	request  func(*http.Request) *http.Request
	response func(*http.Response)
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.request != nil {
		r = t.request(r.Clone(r.Context()))
	}
	res, err := t.Transport.RoundTrip(r)
	if err == nil && t.response != nil {
		t.response(res)
	}
	return res, err
}

// over returns how to open a backend over transports with that done to them.
func over(request func(*http.Request), response func(*http.Response), edits ...func(*http.Transport)) func(testing.TB) backend.Backend {
	return func(testing.TB) backend.Backend {
		own := nethttp.NewTransport()
		for _, edit := range edits {
			edit(own)
		}
		t := transport{Transport: own, response: response}
		if request != nil {
			t.request = func(r *http.Request) *http.Request { request(r); return r }
		}
		return nethttp.New(&http.Client{Transport: t})
	}
}
