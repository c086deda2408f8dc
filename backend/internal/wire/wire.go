// Package wire is the other end of the connections of the backends' own tests: a
// server that does to each of them what a test says, byte for byte. Package
// backendtest has one of its own, which brings more along.
package wire

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// OK is the smallest successful answer with a body.
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

// Conn is one connection to a scripted server.
type Conn struct {
	net.Conn

	// Reader reads from the connection, as Request does.
	Reader *bufio.Reader
}

// New returns a connection that reads through a buffer.
func New(conn net.Conn) *Conn { return &Conn{conn, bufio.NewReader(conn)} }

// Serve runs a server on a loopback port that handles each connection with f,
// numbered from 1, until the test ends, and returns its address.
func Serve(tb testing.TB, f func(n int, c *Conn)) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // lives as long as the test
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				f(n, New(conn))
			})
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

// Request reads one request and returns every byte of it. ok is false when the
// client has gone.
func (c *Conn) Request() (raw string, ok bool) {
	var b strings.Builder
	length := 0
	for {
		line, err := c.Reader.ReadString('\n')
		if err != nil {
			return b.String(), false
		}
		b.WriteString(line)
		if value, found := strings.CutPrefix(line, "Content-Length: "); found {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(c.Reader, body)
	b.Write(body)
	return b.String(), err == nil
}

// Answer writes raw.
func (c *Conn) Answer(raw string) { _, _ = io.WriteString(c.Conn, raw) }

// Reset closes the connection with a TCP reset.
func (c *Conn) Reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// Gone waits until the client has closed the connection.
func (c *Conn) Gone() { _, _ = io.Copy(io.Discard, c.Reader) }
