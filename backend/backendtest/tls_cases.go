package backendtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
)

func tlsCases() []testCase {
	return []testCase{
		{"TLS/Request", tlsRequest},
		{"TLS/Reused", tlsReused},
		{"TLS/WrongHost", tlsWrongHost},
		{"TLS/SlowHandshake", tlsSlowHandshake},
		{"TLS/EndsInPlainText", tlsEndsInPlainText},
	}
}

// openTLS returns a backend and a server that it trusts, with HTTP/1.1 only.
func (t *trial) openTLS(host string, handle func(w *wire)) (*subject, *server) {
	t.Helper()
	config, b := t.trusted(host)
	config.NextProtos = []string{"http/1.1"}
	return b, t.serveTLS(config, handle)
}

func (t *trial) trusted(host string) (*tls.Config, *subject) {
	t.Helper()
	if t.suite.openTLS == nil {
		t.Skip("skipped: backendtest.WithTLS is not given")
	}
	certificate, roots := t.certificate(host)
	b := t.openWith(func(tb testing.TB) backend.Backend {
		tb.Helper()
		return t.suite.openTLS(tb, roots)
	})
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, b
}

func tlsRequest(t *trial) {
	b, srv := t.openTLS("127.0.0.1", always(ok))
	for _, path := range paths {
		for _, req := range srv.both(path) {
			t.sendAndCheck(b, srv, req)
		}
	}
	t.sendAndCheck(b, srv, srv.postBody("/", bytes.Repeat([]byte("0123456789abcdef"), 1<<14)))
}

func tlsReused(t *trial) {
	b, srv := t.openTLS("127.0.0.1", always(ok))
	for range 5 {
		for _, req := range srv.both("/") {
			b.response(req, 200)
		}
	}
	if n := srv.connections(); n != 1 {
		t.Errorf("calls one after the other use one connection; 10 used %d", n)
	}
}

func tlsWrongHost(t *trial) {
	b, srv := t.openTLS("example.invalid", always(ok))
	for _, req := range srv.both("/") {
		_ = b.failure(t.Context(), req, "the certificate is of another host", backend.NotSent)
	}
	srv.checkArrivals(0, "nothing is sent to a server whose certificate is of another host")
}

// A call gives up while the server is slow to shake hands. If that ended the
// handshake too, no call with that limit would ever succeed.
func tlsSlowHandshake(t *trial) {
	if !t.suite.strict {
		t.Skip("skipped: backendtest.Strict is not given")
	}
	failed := make(chan struct{})
	b, srv := t.openTLS("127.0.0.1", func(w *wire) {
		if w.n > 1 {
			_, _ = io.Copy(io.Discard, w.raw)
			return
		}
		<-failed
		always(ok)(w)
	})
	func() {
		defer close(failed)
		t.checkEnded(b.failure(t.Context(), srv.post("/").WithTimeout(soon), "the handshake took too long", t.notSent()...), context.DeadlineExceeded)
	}()
	if _, err := b.send(t.Context(), srv.post("/").WithTimeout(t.suite.patience/2)); err != nil {
		t.Fatalf("a connection that is being made when its call ends is made all the same, for the next call;"+
			" that waited for another one and got: %s", clip(err.Error()))
	}
	srv.checkArrivals(1, "a request that found no connection in time is not sent")
}

// Something between client and server answers in the server's place. What the
// request has done by then nobody knows.
func tlsEndsInPlainText(t *trial) {
	b, srv := t.openTLS("127.0.0.1", func(w *wire) {
		if _, alive := w.next(); alive {
			_, _ = io.WriteString(w.raw, reply(502, "<html>"))
			w.gone()
		}
	})
	for _, req := range srv.both("/") {
		t.checkNoAnswer(b, req, "the server had read the request when plain text came instead of TLS")
	}
	srv.checkArrivals(2, "a request without an answer is not sent again")
}
