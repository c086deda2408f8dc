package pushertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// DialContext dials as a [net.Dialer] does; to a server that is
// [ServerConfig.InMemory] it connects, whatever the address. When a fault with
// Refuse strikes, it fails with what a port gives at which nobody listens, a
// [*net.OpError] around [syscall.ECONNREFUSED]. It fits
// http.Transport.DialContext, and into fasthttp.Client.Dial with a line around it.
// A client that keeps connections alive dials seldom: a refusal takes a new
// connection.
func (s *Server) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := ctx.Err(); err == nil && s.faults.refuse() {
		refused := &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		if to, err := netip.ParseAddrPort(address); err == nil {
			refused.Addr = net.TCPAddrFromAddrPort(to)
		}
		return nil, refused
	}
	return s.dial(ctx, network, address)
}

// RefuseConnections begins an outage: it closes the server's port and breaks all
// connections to it, those of WebSocket clients too, and returns when all that
// they asked for has ended. Until [Server.AcceptConnections] is called, whoever
// connects is refused by the operating system. Do not call it in a [Fault.When].
//
// Meanwhile the port is free for others on this machine: keep the outage short.
func (s *Server) RefuseConnections() {
	s.outage.Lock()
	defer s.outage.Unlock()
	if s.port != nil {
		s.port.stop()
		s.port = nil
	}
}

// AcceptConnections ends the outage that [Server.RefuseConnections] began, at the
// same port; without an outage it does nothing. It fails if the server is closed
// or somebody else has got the port.
func (s *Server) AcceptConnections() error {
	s.outage.Lock()
	defer s.outage.Unlock()
	switch {
	case s.lifetime.Err() != nil:
		return errors.New("pushertest: accept connections: the server is closed")
	case s.port != nil:
		return nil
	}
	listener, err := s.listener(s.listenAt)
	if err != nil {
		return fmt.Errorf("pushertest: accept connections: %w", err)
	}
	s.port = listen(s, listener)
	return nil
}
