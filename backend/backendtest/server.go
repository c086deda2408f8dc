package backendtest

import (
	"bufio"
	"crypto/tls"
	"net"
	"slices"
	"sync"
)

// server is a scripted server on a loopback port. It notes what arrives.
type server struct {
	*signer

	t        *trial
	listener net.Listener
	handlers sync.WaitGroup

	mu       sync.Mutex
	stopping bool
	open     map[net.Conn]struct{}
	accepted int
	messages []message
}

// serve starts a server that handles each connection with handle.
func (t *trial) serve(handle func(w *wire)) *server {
	t.Helper()
	return t.serveConns("http", handle, nil)
}

// serveTLS starts a server that speaks TLS.
func (t *trial) serveTLS(config *tls.Config, handle func(w *wire)) *server {
	t.Helper()
	return t.serveConns("https", handle, func(conn net.Conn) net.Conn { return tls.Server(conn, config) })
}

func (t *trial) serveConns(scheme string, handle func(w *wire), wrap func(net.Conn) net.Conn) *server {
	t.Helper()
	listener := t.listen()
	s := &server{
		signer:   &signer{base: scheme + "://" + listener.Addr().String(), marker: t.suite.marker},
		t:        t,
		listener: listener,
		open:     map[net.Conn]struct{}{},
	}
	t.servers = append(t.servers, s)
	s.handlers.Go(func() { s.accept(handle, wrap) })
	return s
}

func (t *trial) listen() net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("backendtest: cannot listen on 127.0.0.1: %v", err)
	}
	return listener
}

func (s *server) accept(handle func(w *wire), wrap func(net.Conn) net.Conn) {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		n, ok := s.track(raw)
		if !ok {
			_ = raw.Close()
			return
		}
		s.handlers.Go(func() {
			defer s.forget(raw)
			conn := raw
			if wrap != nil {
				conn = wrap(raw)
			}
			w := &wire{Conn: conn, r: bufio.NewReader(conn), n: n, raw: raw, server: s}
			handle(w)
			w.end()
		})
	}
}

func (s *server) track(conn net.Conn) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return 0, false
	}
	s.accepted++
	s.open[conn] = struct{}{}
	return s.accepted, true
}

func (s *server) forget(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
}

// stop closes every connection and waits for the handlers.
func (s *server) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.stopping = true
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.handlers.Wait()
}

// awaitNone waits until the client has closed every connection.
func (s *server) awaitNone() (open int, none bool) {
	none = poll(s.t.suite.patience, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		open = len(s.open)
		return open == 0
	})
	return open, none
}

// note adds m to what has arrived.
func (s *server) note(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
}

// connections returns how many connections were accepted so far.
func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// arrived returns the requests that arrived whole so far.
func (s *server) arrived() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clip(s.messages)
}

// checkArrivals reports if not exactly n requests arrived.
func (s *server) checkArrivals(n int, why string) {
	s.t.Helper()
	if got := s.arrived(); len(got) != n {
		s.t.Errorf("%s: the server is to receive %d request(s); it received %d", why, n, len(got))
	}
}
