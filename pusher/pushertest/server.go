package pushertest

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// TB is what [NewServer] needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Cleanup(cleanup func())
	Fatalf(format string, args ...any)
}

// Server is a Channels server in this process, with one app. It serves the HTTP
// API and the WebSocket protocol, version 7, on a loopback port. All methods are
// safe for concurrent use.
type Server struct {
	cfg  ServerConfig
	hub  *hub
	sign signature

	listener net.Listener
	http     *http.Server

	// lifetime ends when Close begins. Every WebSocket connection lives in it.
	lifetime context.Context //nolint:containedctx // that of the server, not of a call
	end      context.CancelFunc

	mu     sync.Mutex
	closed bool
	// handlers counts calls of the handler, conns the TCP connections that
	// net/http holds, serving the accept loop.
	handlers, conns, serving sync.WaitGroup
}

// NewServer starts a server that is closed when the test ends. At most one
// config is used; without one, the defaults are. It fails the test if no
// loopback port can be had.
func NewServer(tb TB, config ...ServerConfig) *Server {
	tb.Helper()
	var cfg ServerConfig
	if len(config) > 0 {
		cfg = config[0]
	}
	s, err := Start(cfg)
	if err != nil {
		tb.Fatalf("%v", err)
		return nil
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server, for programs that are not tests. The caller must call
// [Server.Close]. It fails if no loopback port can be had.
func Start(cfg ServerConfig) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("pushertest: start server: %w", err)
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:      cfg,
		hub:      newHub(cfg.Now, cfg.Limits),
		sign:     signature{key: cfg.Key, secret: []byte(cfg.Secret)},
		listener: listener,
	}
	s.lifetime, s.end = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ConnState:         s.countConn,
		// What net/http logs is about clients that went away, which tests do.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s.serving.Go(func() { _ = s.http.Serve(listener) })
	return s, nil
}

// URL returns the server's base URL, "http://127.0.0.1:port", with the path
// prefix if there is one.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + s.cfg.PathPrefix }

// WebSocketURL returns the URL to which clients of the WebSocket protocol
// connect, for [Dial] and for other libraries' clients.
func (s *Server) WebSocketURL() string {
	return "ws://" + s.listener.Addr().String() + s.cfg.PathPrefix + "/app/" + url.PathEscape(s.cfg.Key) +
		"?protocol=" + protocolVersion + "&client=pushertest&version=1.0"
}

// Config returns a configuration for [pusher.New] that reaches this server, with
// a master key for encrypted channels. Change or add to it as you like.
func (s *Server) Config() pusher.Config {
	host, port, _ := net.SplitHostPort(s.listener.Addr().String())
	number, _ := strconv.Atoi(port)
	return pusher.Config{
		AppID:                     s.cfg.AppID,
		Key:                       s.cfg.Key,
		Secret:                    s.cfg.Secret,
		Host:                      host,
		Port:                      number,
		DisableTLS:                true,
		PathPrefix:                s.cfg.PathPrefix,
		UnsignedPathPrefix:        s.cfg.UnsignedPathPrefix,
		EncryptionMasterKeyBase64: EncryptionMasterKeyBase64,
		Now:                       s.cfg.Now,
	}
}

// Events returns the events that the HTTP API accepted, in the order in which it
// did: one for each channel of a trigger, one for each event of a batch. Client
// events are not among them.
func (s *Server) Events() []Event { return s.hub.accepted() }

// Handler returns what the server serves, to be mounted in another server, for
// example one with TLS. Once the server is closed it answers 503.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			http.Error(w, "the server is closed", http.StatusServiceUnavailable)
			return
		}
		defer s.handlers.Done()
		s.route(w, r)
	})
}

// Close stops the server, breaks all connections, and returns when every
// goroutine of the server has ended. Calling it again is harmless.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	_ = s.http.Close()
	s.serving.Wait()
	s.conns.Wait()
	s.handlers.Wait()
}

func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.handlers.Add(1)
	return true
}

func (s *Server) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Done()
	case http.StateActive, http.StateIdle:
	}
}
