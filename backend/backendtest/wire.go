package backendtest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// wire is a connection that a server has accepted.
type wire struct {
	net.Conn

	r      *bufio.Reader
	n      int // counts the server's connections from 1
	raw    net.Conn
	server *server
}

// message is a request as it arrived.
type message struct {
	method, target, proto string
	fields                [][2]string
	body                  []byte
	chunked               bool
}

// values returns the values of the fields with exactly that name.
func (m message) values(name string) []string {
	var values []string
	for _, field := range m.fields {
		if field[0] == name {
			values = append(values, field[1])
		}
	}
	return values
}

// get returns the value of the first field of that name, in any case.
func (m message) get(name string) string {
	for _, field := range m.fields {
		if strings.EqualFold(field[0], name) {
			return field[1]
		}
	}
	return ""
}

func (m message) path() string {
	path, _, _ := strings.Cut(m.target, "?")
	return path
}

// next reads a request. It returns false when the client has gone, or what came
// is no request.
func (w *wire) next() (message, bool) {
	m, ok := w.head()
	if !ok {
		return m, false
	}
	var body io.Reader = http.NoBody
	if m.chunked {
		body = httputil.NewChunkedReader(w.r)
	} else if length, err := strconv.ParseInt(m.get("Content-Length"), 10, 64); err == nil {
		body = &exactReader{io.LimitedReader{R: w.r, N: length}}
	}
	var err error
	if m.body, err = io.ReadAll(body); err != nil {
		return m, false
	}
	if m.chunked {
		if _, err = textproto.NewReader(w.r).ReadMIMEHeader(); err != nil {
			return m, false
		}
	}
	w.server.note(m)
	return m, true
}

// head reads a request up to its body.
func (w *wire) head() (message, bool) {
	var m message
	start, ok := w.line()
	if !ok {
		return m, false
	}
	var form bool
	m.method, start, form = strings.Cut(start, " ")
	if at := strings.LastIndexByte(start, ' '); form && at >= 0 {
		m.target, m.proto = start[:at], start[at+1:]
	}
	for {
		line, ok := w.line()
		if !ok {
			return m, false
		}
		if line == "" {
			return m, true
		}
		name, value, _ := strings.Cut(line, ":")
		m.fields = append(m.fields, [2]string{name, strings.Trim(value, " \t")})
		if strings.EqualFold(name, "Transfer-Encoding") {
			m.chunked = true
		}
	}
}

func (w *wire) line() (string, bool) {
	line, err := w.r.ReadString('\n')
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err == nil
}

// exactReader fails unless everything it was to read came.
type exactReader struct{ io.LimitedReader }

func (r *exactReader) Read(p []byte) (int, error) {
	n, err := r.LimitedReader.Read(p)
	if errors.Is(err, io.EOF) && r.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// answer writes raw and reports whether it could.
func (w *wire) answer(raw string) bool {
	_, err := io.WriteString(w.Conn, raw)
	return err == nil
}

// closeWrite tells the client that nothing more will come.
func (w *wire) closeWrite() {
	if secure, ok := w.Conn.(*tls.Conn); ok {
		_ = secure.CloseWrite()
	}
	if tcp, ok := w.raw.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

// shrinkWriteBuffer makes writing wait for a client that does not read.
func (w *wire) shrinkWriteBuffer() {
	if tcp, ok := w.raw.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(64 << 10)
	}
}

// shrinkReadBuffer makes a client wait for a server that does not read.
func (w *wire) shrinkReadBuffer() {
	if tcp, ok := w.raw.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(64 << 10)
	}
}

// reset closes the connection with a TCP reset.
func (w *wire) reset() {
	if tcp, ok := w.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = w.raw.Close()
}

// end closes the server's side and waits for the client to close its own, since
// only that shows that the client leaks no connection.
func (w *wire) end() {
	w.closeWrite()
	_, _ = io.Copy(io.Discard, w.raw)
}

// gone waits until the client has closed the connection.
func (w *wire) gone() { _, _ = io.Copy(io.Discard, w.r) }

// leaves reports whether the client closes the connection while the server still
// holds it, in time.
func (w *wire) leaves() bool {
	_ = w.SetReadDeadline(time.Now().Add(w.server.t.suite.patience))
	_, err := io.Copy(io.Discard, w.r)
	var late net.Error
	return !errors.As(err, &late) || !late.Timeout()
}
