//go:build unix

package fasthttp

import (
	"net"
	"syscall"
)

// probe looks at a socket without waiting. On an idle connection nothing can be
// read unless the server has closed it: a request sent on it would be lost, and
// nobody could say whether the server had carried it out.
type probe struct {
	raw  syscall.RawConn
	read func(fd uintptr) bool
	buf  [1]byte
	open bool
}

func newProbe(socket net.Conn) *probe {
	s, ok := socket.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	p := &probe{raw: raw}
	p.read = func(fd uintptr) bool {
		_, err := syscall.Read(int(fd), p.buf[:])
		p.open = err == syscall.EAGAIN || err == syscall.EINTR
		return true
	}
	return p
}

// silent reports whether the connection is open, and nothing unasked has come.
func (p *probe) silent() bool {
	if p == nil {
		return true
	}
	p.open = false
	return p.raw.Read(p.read) == nil && p.open
}
