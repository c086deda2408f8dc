package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// loopbackRows send events to a server process. A backend's row compares it with
// its bare library: same transport, timeout and headers, sending prebuilt bytes.
func loopbackRows() []row {
	defaults := func() backend.Backend { return nethttp.New(nil) }
	none, few := 0, 192
	return []row{
		looped("nethttp loopback, 1 caller", goal{ratio: 1.1}, 1, versus(defaults, bareNetHTTP)),
		looped("nethttp loopback, 8 callers", goal{ratio: 1.1}, 8, versus(defaults, bareNetHTTP)),
		connections("nethttp connections, 64 callers, in all", &few, 64, defaults, false),
		connections("nethttp connections, 64 callers, once warm", &none, 64, defaults, true),
	}
}

// sample is a request as the SDK sends it, for a bare client to send.
type sample struct {
	url    string
	header http.Header
	body   []byte
}

// versus compares a backend with a bare client, which posts what the backend does.
func versus(open func() backend.Backend, bare func(sample) (func() error, io.Closer)) func(string) (exchange, error) {
	return func(address string) (exchange, error) {
		var s sample
		recording, err := clientAt(address, backend.Func(func(_ context.Context, r backend.Request) (backend.Response, error) {
			s = sample{url: r.URL(), header: r.Header(), body: r.Body()}
			return backend.Response{StatusCode: http.StatusOK, Body: success}, nil
		}))
		if err != nil {
			return exchange{}, err
		}
		if err := trigger(recording)(); err != nil {
			return exchange{}, err
		}
		client, err := clientAt(address, open())
		if err != nil {
			return exchange{}, err
		}
		floor, closer := bare(s)
		return exchange{subject: trigger(client), floor: floor, closers: []io.Closer{client, closer}}, nil
	}
}

// bareNetHTTP posts a sample with net/http as tuned for the SDK's default backend.
func bareNetHTTP(s sample) (func() error, io.Closer) {
	client := &http.Client{Transport: nethttp.NewTransport(), Timeout: pusher.DefaultTimeout}
	send := func() error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url, bytes.NewReader(s.body))
		if err != nil {
			return err
		}
		req.Header = s.header
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
		return err
	}
	return send, closeFunc(func() error { client.CloseIdleConnections(); return nil })
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

// clientAt returns a client for a server at host:port.
func clientAt(address string, b backend.Backend) (*pusher.Client, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	return pusher.New(pusher.Config{
		AppID: appID, Key: key, Secret: secret,
		Host: host, Port: number, DisableTLS: true,
		Backend: b,
	})
}

func trigger(c *pusher.Client) func() error {
	return func() error {
		_, err := c.Trigger(context.Background(), channel, event, shortText)
		return err
	}
}

// connections returns a row that counts the connections which so many concurrent
// callers open: all of them, or only those after the warm-up.
func connections(name string, limit *int, callers int, open func() backend.Backend, warm bool) row {
	return row{name: name, goal: goal{count: limit}, measure: func(l *lab) (m measurement, err error) {
		s, err := l.server()
		if err != nil {
			return m, err
		}
		client, err := clientAt(s.API, open())
		if err != nil {
			return m, err
		}
		defer client.Close()
		before, err := s.connections()
		if err != nil {
			return m, err
		}
		// The one whose event completes the warm-up notes the count, while the
		// others send on: a pause would hide connections that come and go.
		var sent atomic.Int64
		send := trigger(client)
		_, err = sendAll(callers, func() error {
			if err := send(); err != nil || sent.Add(1) != int64(l.warmUp) || !warm {
				return err
			}
			var err error
			before, err = s.connections()
			return err
		}, func(begun int) bool { return begun <= l.events })
		if err != nil {
			return m, err
		}
		after, err := s.connections()
		m.count = after - before
		return m, err
	}}
}
