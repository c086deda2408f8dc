package backendtest

import (
	"crypto/tls"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/seed-588517f9/pusher-go/backend"
)

func failureCases() []testCase {
	return []testCase{
		{"Failure/Refused", failureRefused},
		{"Failure/NoSuchHost", failureNoSuchHost},
		{"Failure/UntrustedCertificate", failureUntrustedCertificate},
		{"Failure/NoTLS", failureNoTLS},
		{"Failure/ClosedUnread", func(t *trial) { failureUnread(t, func(*wire) {}) }},
		{"Failure/ResetUnread", func(t *trial) { failureUnread(t, (*wire).reset) }},
		{"Failure/Closed", func(t *trial) { failureNoAnswer(t, func(*wire) {}) }},
		{"Failure/Reset", func(t *trial) { failureNoAnswer(t, (*wire).reset) }},
		{"Failure/HalfAHead", failureHalfAHead},
		{"Failure/NoHTTP", failureNoHTTP},
	}
}

func failureRefused(t *trial) {
	listener := t.listen()
	srv := &server{t: t, signer: &signer{base: "http://" + listener.Addr().String(), marker: t.suite.marker}}
	_ = listener.Close()
	b := t.open()
	for _, req := range srv.both("/") {
		failed := b.failure(t.Context(), req, "the connection was refused", backend.NotSent)
		if runtime.GOOS != "windows" { // which has an error of its own for that
			t.checkIs(failed, syscall.ECONNREFUSED)
		}
		if failed.Timeout() {
			t.Errorf("Error.Timeout is about time; it is true for: %s", clip(failed.Error()))
		}
	}
}

// A label of 64 letters is one too many for a name, so no resolver asks the
// network for it.
func failureNoSuchHost(t *trial) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		if os.Getenv(name) != "" {
			t.Skipf("skipped: %s is set, so a proxy may resolve names", name)
		}
	}
	srv := &server{t: t, signer: &signer{base: "http://" + strings.Repeat("a", 64), marker: t.suite.marker}}
	b := t.open()
	for _, req := range srv.both("/") {
		_ = b.failure(t.Context(), req, "the host does not exist", backend.NotSent)
	}
}

func failureUntrustedCertificate(t *trial) {
	certificate, _ := t.certificate("127.0.0.1")
	srv := t.serveTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, always(ok))
	b := t.open()
	for _, req := range srv.both("/") {
		_ = b.failure(t.Context(), req, "the certificate is of an unknown authority", backend.NotSent)
	}
	srv.checkArrivals(0, "nothing is sent to a server with an unknown certificate")
}

func failureNoTLS(t *trial) {
	srv := t.serveConns("https", func(w *wire) { w.answer(reply(http.StatusBadRequest, "no TLS")) }, nil)
	b := t.open()
	for _, req := range srv.both("/") {
		_ = b.failure(t.Context(), req, "the server speaks no TLS", t.notSent()...)
	}
}

// Nobody has read the request, and whether some of it was sent is chance.
func failureUnread(t *trial, end func(w *wire)) {
	srv := t.serve(end)
	b := t.open()
	for _, req := range srv.both("/") {
		t.checkStatus(b.failure(t.Context(), req, "the server hung up", backend.Unknown, backend.NotSent), 0)
	}
}

func failureNoAnswer(t *trial, end func(w *wire)) {
	srv := t.serve(func(w *wire) {
		if _, alive := w.next(); alive {
			end(w)
		}
	})
	b := t.open()
	for _, req := range srv.both("/") {
		t.checkNoAnswer(b, req, "the server hung up once it had read the request")
	}
	srv.checkArrivals(2, "a request without an answer is not sent again")
}

func (t *trial) checkNoAnswer(b *subject, req backend.Request, why string) {
	t.Helper()
	failed := b.failure(t.Context(), req, why, backend.Unknown)
	t.checkStatus(failed, 0)
	if failed.Timeout() {
		t.Errorf("Error.Timeout is about time; it is true for: %s", clip(failed.Error()))
	}
}

func failureHalfAHead(t *trial) {
	for _, part := range []string{"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "HTTP/1.1 20", "HTTP/1.1 100 Continue\r\n\r\n"} {
		for _, end := range []func(w *wire){func(*wire) {}, (*wire).reset} {
			srv := t.serve(func(w *wire) {
				if _, alive := w.next(); alive {
					w.answer(part)
					end(w)
				}
			})
			b := t.open()
			for _, req := range srv.both("/") {
				t.checkNoAnswer(b, req, "the answer broke off in its head")
			}
			srv.checkArrivals(2, "a request without an answer is not sent again")
		}
	}
}

func failureNoHTTP(t *trial) {
	for _, garbage := range []string{"SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "{\"error\":\"not HTTP\"}\n\n", "\x16\x03\x01\x00\x05hello\r\n\r\n"} {
		srv := t.serve(func(w *wire) {
			if _, alive := w.next(); alive {
				w.answer(garbage)
			}
		})
		b := t.open()
		for _, req := range srv.both("/") {
			t.checkNoAnswer(b, req, "what came was no HTTP")
		}
		srv.checkArrivals(2, "a request without an answer is not sent again")
	}
}
