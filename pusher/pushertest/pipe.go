package pushertest

import (
	"context"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// inMemoryAddress reaches nothing but [Server.DialContext].
const inMemoryAddress = "in-memory.invalid:80"

// pipeListener is a port in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return inMemoryAddress }

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr{}, Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr{}, Err: context.Cause(ctx)}
	}
}

// listener opens the server's port, or what it has instead.
func (s *Server) listener(address string) (net.Listener, error) {
	if s.cfg.InMemory {
		s.pipes = newPipeListener()
		return s.pipes, nil
	}
	return new(net.ListenConfig).Listen(s.lifetime, "tcp", address)
}

// dial connects to the server, whatever the faults.
func (s *Server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !s.cfg.InMemory {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	s.outage.Lock()
	pipes := s.pipes
	s.outage.Unlock()
	return pipes.dial(ctx)
}

// reachable returns where clients on this machine find what listens at an address.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return address.String()
}
