package e2e_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// line passes TCP connections on to a server, until it is cut.
type line struct {
	server   string
	listener net.Listener
	working  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{server: server, listener: listener}
	l.working.Go(l.serve)
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
		l.working.Wait()
	})
	return l
}

func (l *line) url() string { return "http://" + l.listener.Addr().String() }

// cut breaks the connections there are. New ones are passed on again.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close()
	}
	l.conns = nil
}

func (l *line) serve() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		l.mu.Lock()
		l.conns = append(l.conns, client, server)
		l.mu.Unlock()
		for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
			l.working.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
				_ = pair[1].Close()
			})
		}
	}
}
