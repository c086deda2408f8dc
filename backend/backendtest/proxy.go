package backendtest

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
)

// openProxy returns a backend that sends through a proxy, and the proxy.
func (t *trial) openProxy(handle func(w *wire)) (*subject, *server) {
	t.Helper()
	if t.suite.openProxy == nil {
		t.Skip("skipped: backendtest.WithProxy is not given")
	}
	proxy := t.serve(handle)
	address, err := url.Parse(proxy.base)
	if err != nil {
		t.Fatalf("backendtest: %v", err)
	}
	return t.openWith(func(tb testing.TB) backend.Backend {
		tb.Helper()
		return t.suite.openProxy(tb, address)
	}), proxy
}

// forward serves a connection of a client of a proxy, which forwards requests for
// absolute URLs and makes tunnels.
func forward(w *wire) {
	for {
		m, alive := w.next()
		if !alive {
			return
		}
		if m.method == http.MethodConnect {
			w.tunnel(m.target)
			return
		}
		if !w.pass(m) {
			return
		}
	}
}

// tunnel connects the client with a server.
func (w *wire) tunnel(address string) {
	upstream, err := w.dial(address)
	if err != nil {
		w.answer(reply(http.StatusBadGateway, ""))
		return
	}
	defer func() { _ = upstream.Close() }()
	w.answer("HTTP/1.1 200 Connection Established\r\n\r\n")
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(upstream, w.r)
		_ = upstream.Close()
	})
	_, _ = io.Copy(w.Conn, upstream)
	w.closeWrite()
	up.Wait()
}

// pass forwards one request on a connection of its own and passes on the answer.
func (w *wire) pass(m message) bool {
	rest, absolute := strings.CutPrefix(m.target, "http://")
	slash := strings.IndexByte(rest, '/')
	if !absolute || slash < 0 {
		w.answer(reply(http.StatusBadRequest, "a proxy is asked for absolute URLs"))
		return false
	}
	upstream, err := w.dial(rest[:slash])
	if err != nil {
		w.answer(reply(http.StatusBadGateway, ""))
		return false
	}
	defer func() { _ = upstream.Close() }()
	var b strings.Builder
	b.WriteString(m.method + " " + rest[slash:] + " " + m.proto + "\r\n")
	for _, field := range m.fields {
		if !strings.HasPrefix(field[0], "Proxy-") {
			b.WriteString(field[0] + ": " + field[1] + "\r\n")
		}
	}
	b.WriteString("\r\n")
	b.Write(m.body)
	_, _ = io.WriteString(upstream, b.String())
	if tcp, ok := upstream.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // so that the server closes once it has answered
	}
	_, err = io.Copy(w.Conn, upstream)
	return err == nil
}

func (w *wire) dial(address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(w.server.t.Context(), "tcp", address)
}
