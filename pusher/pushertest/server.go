package pushertest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// TB is what [NewServer] needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Cleanup(cleanup func())
	Fatalf(format string, args ...any)
}

// Server is a Channels server in this process. It serves the HTTP API and the
// WebSocket protocol, version 7, on a loopback port unless told otherwise, and
// fails on demand: see [Fault]. All methods are safe for concurrent use.
//
// It has one app, or several: see [ServerConfig.Apps]. The methods of the first
// one, an [App], are the server's too: Config, WebSocketURL, Subscriber, Events,
// Deliveries, Webhooks, Snapshot, Channel, UserConnections, RefuseClients,
// Disconnect, SetDisabled, WaitForEvent, WaitForEvents.
type Server struct {
	*App

	cfg      ServerConfig
	apps     []*App
	byID     map[string]*App
	byKey    map[string]*App
	faults   faultList
	requests requestLog
	activity activityLog
	// tb is the test of NewServer. Start leaves it nil.
	tb TB

	// address is where clients reach the server and listenAt where it listens,
	// "host:port", during an outage too.
	address, listenAt string
	outage            sync.Mutex
	port              *listening // guarded by outage, nil during one
	// pipes is what InMemory has instead of a port, guarded by outage.
	pipes *pipeListener

	// lifetime ends when Close begins. All requests live in it.
	lifetime context.Context //nolint:containedctx // that of the server, not of a call
	end      context.CancelFunc

	mu     sync.Mutex
	closed bool
	// mounted counts calls of Handler's handler.
	mounted sync.WaitGroup
}

// NewServer starts a server that is closed when the test ends. At most one
// config is used; without one, the defaults are. It fails the test where [Start]
// fails.
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
	s.tb = tb
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server, for programs that are not tests. The caller must call
// [Server.Close]. It fails with a [*pusher.ValidationError] if the config is not
// valid, and if it cannot listen.
func Start(cfg ServerConfig) (*Server, error) {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:      cfg,
		requests: requestLog{recent: recent[*Request]{keep: cfg.KeepRequests}},
		activity: activityLog{now: cfg.Now, watchers: map[*watcher]struct{}{}},
		byID:     map[string]*App{}, byKey: map[string]*App{},
	}
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("pushertest: start server: %w", err)
	}
	if err := s.faults.add(cfg.Faults); err != nil {
		return nil, fmt.Errorf("pushertest: start server: %w", err)
	}
	s.lifetime, s.end = context.WithCancel(context.Background())
	listener, err := s.listener(cfg.Addr)
	if err != nil {
		s.end()
		return nil, fmt.Errorf("pushertest: start server: %w", err)
	}
	s.listenAt, s.address = listener.Addr().String(), reachable(listener.Addr())
	for _, app := range cfg.apps() {
		a := newApp(s, app)
		s.apps = append(s.apps, a)
		s.byID[app.ID], s.byKey[app.Key] = a, a
	}
	s.App = s.apps[0]
	s.port = listen(s, listener)
	return s, nil
}

// Apps returns all apps, the first one first.
func (s *Server) Apps() []*App { return slices.Clone(s.apps) }

// AppByID returns the app with an id, nil if there is none.
func (s *Server) AppByID(id string) *App { return s.byID[id] }

// URL returns the server's base URL, "http://127.0.0.1:port", with the path
// prefix if there is one.
func (s *Server) URL() string { return "http://" + s.address + s.cfg.PathPrefix }

// Addr returns where clients on this machine reach the server, "host:port".
func (s *Server) Addr() string { return s.address }

// Inject makes faults happen, after those that are there already. Each request
// meets the faults in that order, up to and including the first that hits it and
// decides how it ends: with Refuse, Reset, Status, Truncate or Malformed. Latency
// and ClockSkew of those that hit it add up. Requests that have arrived already
// are spared.
//
// If one of the faults is invalid, none is injected, and since nothing shown
// without it would hold, the test of [NewServer] fails; on a server of [Start]
// Inject panics.
func (s *Server) Inject(faults ...Fault) {
	err := s.faults.add(faults)
	if err == nil {
		return
	}
	err = fmt.Errorf("pushertest: inject: %w", err)
	if s.tb == nil {
		panic(err)
	}
	s.tb.Helper()
	s.tb.Fatalf("%v", err)
}

// ClearFaults makes all faults end, for requests that have not arrived yet.
func (s *Server) ClearFaults() { s.faults.clear() }

// Requests returns the requests to the HTTP API, in the order in which they
// arrived, with what became of each: the latest 1,000 unless
// [ServerConfig.KeepRequests] says otherwise. Requests under way are among them.
func (s *Server) Requests() []Request { return s.requests.all() }

// Forget forgets the requests, events, deliveries and webhooks so far, for the
// next part of a test, and so that a long one does not fill the memory. Channels
// stay as they are.
func (s *Server) Forget() {
	for _, a := range s.apps {
		a.hub.forget()
		if a.hub.hooks != nil {
			a.hub.hooks.forget()
		}
	}
	s.requests.forget()
}

// Handler returns what the server serves, to be mounted in another server, for
// example one with TLS. Once the server is closed it answers 503.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			http.Error(w, "the server is closed", http.StatusServiceUnavailable)
			return
		}
		defer s.mounted.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.lifetime, cancel)() //nolint:contextcheck // the request ends with the server too
		s.route(w, r.WithContext(ctx))
	})
}

// Close stops the server, breaks all connections, and returns when every
// goroutine of the server has ended. Calling it again is harmless.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.RefuseConnections()
	s.mounted.Wait()
	for _, a := range s.apps {
		if a.hub.hooks != nil {
			a.hub.hooks.wait()
		}
	}
}

func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.mounted.Add(1)
	return true
}
