package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"time"
)

// server is the process that loopback rows send to: net/http, answering "{}". It
// runs apart, so that its CPU time is not counted.
type server struct {
	addresses
	process *exec.Cmd
	stdin   io.Closer
}

// addresses is what the server process prints when it listens.
type addresses struct {
	API     string // host:port that answers calls
	Control string // host:port that answers with the number of connections accepted at API
}

// startServer runs this program again as the server.
func startServer() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(self, "-serve")
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	s := &server{process: process, stdin: stdin}
	if err := json.NewDecoder(stdout).Decode(&s.addresses); err != nil {
		return nil, errors.Join(fmt.Errorf("server did not start: %w", err), s.close())
	}
	return s, nil
}

// close ends the server process, which ends when its standard input does.
func (s *server) close() error {
	return errors.Join(s.stdin.Close(), s.process.Wait())
}

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
