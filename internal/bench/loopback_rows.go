package main

import (
	"context"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// loopbackRows send events to a server process.
func loopbackRows() []row {
	none, few := 0, 192
	return append(backendRows(),
		connections("nethttp connections, 64 callers, in all", &few, 64, openNetHTTP, false),
		connections("nethttp connections, 64 callers, once warm", &none, 64, openNetHTTP, true),
	)
}

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
