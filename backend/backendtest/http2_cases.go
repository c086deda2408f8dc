package backendtest

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

func http2Cases() []testCase {
	return []testCase{
		{"TLS/HTTP2Offered", http2Offered},
	}
}

// http2Offered sends to a server that offers HTTP/2 and HTTP/1.1, as hosted
// Channels does. The backend may take either.
func http2Offered(t *trial) {
	config, b := t.trusted("127.0.0.1")
	srv := t.serveHTTP(config)
	for _, path := range paths {
		for _, req := range srv.both(path) {
			res := b.response(req, http.StatusAccepted)
			t.checkBody(res, "answer")
			t.checkHeader(res, "X-Several", "one", "two")
			messages := srv.arrived()
			m := messages[len(messages)-1]
			if m.method != req.Method() || !slices.Contains(srv.targets(), m.target) || !bytes.Equal(m.body, req.Body()) {
				t.Errorf("method, target and body are sent byte for byte, over HTTP/2 too; %s %q with %s arrived of %s",
					m.method, m.target, excerpt(m.body), req)
			}
			t.checkFields(m, req)
		}
	}
	for _, status := range []int{301, 400, 500} {
		t.checkBody(b.response(srv.post("/").WithHeader("X-Status", strconv.Itoa(status)), status), "answer")
	}
	failed := b.failure(t.Context(), srv.post("/").WithMaxResponseBytes(2), "the body exceeds MaxResponseBytes", backend.Accepted)
	t.checkTooLarge(failed, http.StatusAccepted)
	t.checkBody(b.response(srv.get("/"), http.StatusAccepted), "answer")
}

// serveHTTP starts a server of net/http's that speaks HTTP/2. It answers with the
// status that X-Status says, 202 by default.
func (t *trial) serveHTTP(config *tls.Config) *server {
	t.Helper()
	listener := t.listen()
	srv := &server{
		signer:   &signer{base: "https://" + listener.Addr().String(), marker: t.suite.marker},
		t:        t,
		listener: listener,
		open:     map[net.Conn]struct{}{},
	}
	t.servers = append(t.servers, srv)
	web := &http.Server{
		Handler:           http.HandlerFunc(srv.receive),
		TLSConfig:         config,
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: t.suite.leakPatience,
	}
	srv.handlers.Go(func() { _ = web.ServeTLS(trackingListener{listener, srv}, "", "") })
	return srv
}

// receive notes a request and answers it.
func (s *server) receive(w http.ResponseWriter, r *http.Request) {
	m := message{method: r.Method, target: r.RequestURI, proto: r.Proto}
	m.body, _ = io.ReadAll(r.Body)
	for name, values := range r.Header {
		for _, value := range values {
			m.fields = append(m.fields, [2]string{name, value})
		}
	}
	s.note(m)
	w.Header().Set("Location", "/target")
	w.Header().Add("X-Several", "one")
	w.Header().Add("X-Several", "two")
	status, err := strconv.Atoi(r.Header.Get("X-Status"))
	if err != nil {
		status = http.StatusAccepted
	}
	w.WriteHeader(status)
	_, _ = io.Copy(w, strings.NewReader("answer"))
}

// trackingListener tells a server of its connections.
type trackingListener struct {
	net.Listener
	server *server
}

func (l trackingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if _, alive := l.server.track(conn); !alive {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return trackedConn{conn, l.server}, nil
}

type trackedConn struct {
	net.Conn
	server *server
}

func (c trackedConn) Close() error {
	c.server.forget(c.Conn)
	return nil
}
