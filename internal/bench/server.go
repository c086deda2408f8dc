package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/internal/child"
)

// server is the process that loopback rows send to: net/http, answering "{}". It
// runs apart, so that its CPU time is not counted.
type server struct {
	addresses
	process *child.Process
}

// addresses is what the server process prints when it listens.
type addresses struct {
	API     string // host:port that answers calls
	Control string // host:port that answers with the number of connections accepted at API
}

// startServer runs this program again as the server.
func startServer() (*server, error) {
	var s server
	var err error
	s.process, err = child.Start(&s.addresses, "-serve")
	return &s, err
}

func (s *server) close() error { return s.process.Close() }

// connections returns how many connections the server has accepted for calls.
func (s *server) connections() (int, error) {
	res, err := http.Get("http://" + s.Control)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var n int
	_, err = fmt.Fscan(res.Body, &n)
	return n, err
}

// serve is the server process: it writes its addresses to out and serves until in
// ends, at the latest when the process that started it does.
func serve(in io.Reader, out io.Writer) error {
	var accepted atomic.Int64
	api := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(success)
		}),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				accepted.Add(1)
			}
		},
	}
	control := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, accepted.Load())
		}),
	}
	var a addresses
	for server, address := range map[*http.Server]*string{api: &a.API, control: &a.Control} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*address = listener.Addr().String()
		go func() { _ = server.Serve(listener) }()
		defer server.Close()
	}
	if err := json.NewEncoder(out).Encode(a); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}
