package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/internal/child"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// faultPercent of requests fail, each in one of five ways.
const faultPercent = 5

func faults() []pushertest.Fault {
	kinds := []pushertest.Fault{
		{Reset: true},
		{Reset: true, AfterAccepting: true},
		{Status: http.StatusInternalServerError},
		{Status: http.StatusServiceUnavailable, RetryAfter: time.Millisecond},
		{Truncate: true},
	}
	for i := range kinds {
		kinds[i].Probability = faultPercent / 100.0 / float64(len(kinds))
		kinds[i].Seed = uint64(i)
	}
	return kinds
}

// server is the process that events are sent to, so that its memory is not
// counted.
type server struct {
	where
	process *child.Process
}

// where is what the server process prints when it listens.
type where struct {
	Host    string
	Port    int
	Control string // host:port that answers with a report
}

// report is what has arrived since the last one.
type report struct {
	Accepted int // events
	Twice    int // of them, those that had arrived before
}

// startServer runs this program again as the server.
func startServer() (*server, error) {
	var s server
	var err error
	s.process, err = child.Start(&s.where, "-serve")
	return &s, err
}

func (s *server) close() error { return s.process.Close() }

func (s *server) client(b backend.Backend) (*pusher.Client, error) {
	return pusher.New(pusher.Config{
		AppID: pushertest.DefaultAppID, Key: pushertest.DefaultKey, Secret: pushertest.DefaultSecret,
		Host: s.Host, Port: s.Port, DisableTLS: true,
		Backend: b,
	})
}

// report asks what has arrived since the last one.
func (s *server) report() (r report, err error) {
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport}).Get("http://" + s.Control)
	if err != nil {
		return r, err
	}
	defer res.Body.Close()
	return r, json.NewDecoder(res.Body).Decode(&r)
}

// serve is the server process: it writes where it is to out and serves until in
// ends, at the latest when the process that started it does.
func serve(in io.Reader, out io.Writer) error {
	srv, err := pushertest.Start(pushertest.ServerConfig{Faults: faults(), KeepRequests: -1})
	if err != nil {
		return err
	}
	defer srv.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			events := srv.Events()
			srv.Forget()
			seen := make(map[string]bool, len(events))
			r := report{Accepted: len(events)}
			for _, event := range events {
				if seen[event.Data] {
					r.Twice++
				}
				seen[event.Data] = true
			}
			_ = json.NewEncoder(w).Encode(r)
		}),
	}
	go func() { _ = control.Serve(listener) }()
	defer control.Close()
	cfg := srv.Config()
	if err := json.NewEncoder(out).Encode(where{Host: cfg.Host, Port: cfg.Port, Control: listener.Addr().String()}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}
