package fasthttp

import (
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// conn is a connection to a host. It has one owner at a time: the pool, or a
// call.
type conn struct {
	net.Conn
	discard   func()
	created   time.Time
	idleSince time.Time

	// interrupt makes what reads or writes return at once, for good: after it was
	// called the connection must be closed. It may still run then.
	interrupt func()
	// probe looks whether anything can be read, nil where that is not to be had.
	probe *probe
	// settled says that the server sends nothing unasked any more. TLS 1.3 has
	// tickets to send until the first answer.
	settled bool

	// written counts the bytes of the request that the system has taken.
	written int64
	// readErr is why reading ended. fasthttp makes io.EOF of every failure before
	// the first byte, and loses others behind texts.
	readErr error
	// pending came with bytes and is kept until those are used up: TLS tells of the
	// end together with the last of an answer.
	pending error
}

// dial makes a connection, which is yet to shake hands.
func dial(hc *fasthttp.HostClient, timeout time.Duration) (*conn, error) {
	// "Connection: close" keeps fasthttp from starting the goroutine that tends its
	// own pool, which would outlive Close.
	cc, err := hc.AcquireConn(timeout, true)
	if err != nil {
		return nil, err
	}
	c := &conn{
		Conn:    cc.Conn(),
		discard: func() { hc.CloseConn(cc) },
		created: cc.CreatedTime(),
	}
	c.interrupt = func() { _ = c.SetDeadline(time.Unix(1, 0)) }
	c.probe = newProbe(c.socket())
	_, secure := c.Conn.(handshaker)
	c.settled = !secure
	return c, nil
}

// handshaker is a TLS connection, the standard library's or another.
type handshaker interface{ Handshake() error }

// handshake does what fasthttp leaves to the first write: there a caller that
// gives up would end it, and a failure look like a request that may have been
// sent.
func (c *conn) handshake() error {
	if secure, ok := c.Conn.(handshaker); ok {
		return secure.Handshake()
	}
	return nil
}

// socket returns what a TLS connection runs on, or the connection itself.
func (c *conn) socket() net.Conn {
	if tls, ok := c.Conn.(interface{ NetConn() net.Conn }); ok {
		return tls.NetConn()
	}
	return c.Conn
}

// Write writes p and keeps count.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written += int64(n)
	return n, err
}

// Read reads into p and keeps what went wrong.
func (c *conn) Read(p []byte) (int, error) {
	if c.pending != nil {
		c.readErr = c.pending
		return 0, c.readErr
	}
	n, err := c.Conn.Read(p)
	switch {
	case err == nil:
	case n > 0:
		c.pending = err
		return n, nil
	default:
		c.readErr = err
	}
	return n, err
}

// prepare readies the connection for a request.
func (c *conn) prepare(end time.Time) error {
	c.written, c.readErr = 0, nil
	return c.SetDeadline(end)
}

// isOpen reports whether the server has left the connection as it was, as far as
// one can see. It looks within the deadline that prepare set.
func (c *conn) isOpen() bool { return !c.settled || c.probe.silent() }

// close ends an idle connection as its protocol has it.
func (c *conn) close() { c.discard() }

// abort ends a connection on which something may be stuck. TLS's goodbye would
// wait for that.
func (c *conn) abort() {
	if socket := c.socket(); socket != c.Conn {
		_ = socket.Close()
	}
	c.discard()
}
