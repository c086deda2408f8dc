package fasthttp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
)

// exchange sends the request on c and reads the answer, in the caller's
// goroutine. It reports whether c can serve another request.
func (a *attempt) exchange(c *conn) (res backend.Response, keep bool, err error) {
	if a.ctx.Done() != nil {
		stop := context.AfterFunc(a.ctx, c.interrupt)
		// An interrupt that has begun may come at any time: it must not meet the next
		// request.
		defer func() { keep = stop() && keep }()
	}
	if err = a.write(c); err != nil {
		res, err = a.afterBrokenWrite(c, err)
		return res, false, err
	}
	if readTimeout := a.host.client.ReadTimeout; readTimeout > 0 || a.host.writeTimeout > 0 {
		if err = a.limit(c, readTimeout); err != nil {
			res, err = a.unknown(err)
			return res, false, err
		}
	}
	res, keep, err = a.read(c)
	return res, keep && !asksToClose(a.req), err
}

func (a *attempt) write(c *conn) error {
	hc := a.host.client
	if a.host.writeTimeout > 0 {
		if err := a.limit(c, a.host.writeTimeout); err != nil {
			return err
		}
	}
	if err := a.ctx.Err(); err != nil {
		return err
	}
	w := hc.AcquireWriter(c)
	defer hc.ReleaseWriter(w)
	return a.writeRequest(w)
}

// limit sets the deadline of what follows: the attempt's, or d from now.
func (a *attempt) limit(c *conn, d time.Duration) error {
	if err := c.SetDeadline(within(a.deadline, d)); err != nil {
		return err
	}
	return a.ctx.Err() // an interrupt may just have been overwritten
}

// afterBrokenWrite looks for an answer: a server that refuses a request by its
// head may have said so and closed the connection.
func (a *attempt) afterBrokenWrite(c *conn, cause error) (backend.Response, error) {
	if c.written == 0 {
		return a.notSent(cause)
	}
	if isTimeout(cause) || a.limit(c, a.host.client.ReadTimeout) != nil {
		return a.unknown(cause)
	}
	res, _, err := a.read(c)
	var failed *backend.Error
	if errors.As(err, &failed) && failed.StatusCode == 0 {
		return a.unknown(cause)
	}
	return res, err
}

// read reads the answer and reports whether c can serve another request.
func (a *attempt) read(c *conn) (res backend.Response, keep bool, err error) {
	hc := a.host.client
	r := hc.AcquireReader(c)
	defer hc.ReleaseReader(r)
	answer := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(answer)
	if err = readHead(r, answer); err != nil {
		res, err = a.unknown(headCause(c, r, err))
		return res, false, err
	}
	status := answer.StatusCode()
	res = backend.Response{StatusCode: status, Header: headerOf(&answer.Header), Body: []byte{}}
	if status == http.StatusSwitchingProtocols {
		// What follows is no body but the connection itself, without end.
		return res, false, nil
	}
	framed := true
	if a.req.Method() != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified {
		framed = answer.Header.ContentLength() >= -1
		res.Body, err = a.readBody(r, answer, res.Header)
		// A body that says where it ends is read without reaching the connection's
		// end. fasthttp takes that, between two chunks, for the body's.
		if c.readErr != nil && (framed || !errors.Is(c.readErr, io.EOF)) {
			err = truncated(c.readErr)
		}
		if err != nil {
			res, err = a.brokenOff(status, err)
			return res, false, err
		}
	}
	c.settled = true
	// Bytes that nobody asked for would be taken for the next answer.
	keep = framed && !answer.ConnectionClose() && r.Buffered() == 0 && c.pending == nil
	return res, keep, nil
}

// maxInterim bounds the 1xx answers before the one that counts.
const maxInterim = 100

var errTooManyInterim = errors.New("too many 1xx answers and no other")

func readHead(r *bufio.Reader, answer *fasthttp.Response) error {
	answer.Header.SetNoDefaultContentType(true)
	for range maxInterim {
		err := answer.Header.Read(r)
		for errors.Is(err, fasthttp.ErrDuplicateContentLength) && dropRepeatedLength(r) {
			err = answer.Header.Read(r)
		}
		if err != nil {
			return err
		}
		if s := answer.StatusCode(); s < 100 || s > 199 || s == http.StatusSwitchingProtocols {
			return nil
		}
	}
	return errTooManyInterim
}

// headCause returns why a head could not be read, which fasthttp's error does
// not always tell.
func headCause(c *conn, r *bufio.Reader, err error) error {
	switch {
	case c.readErr == nil:
		return err
	case errors.Is(c.readErr, io.EOF) && r.Buffered() == 0:
		return fasthttp.ErrConnectionClosed
	default:
		return truncated(c.readErr)
	}
}

// truncated returns err as the cause of an answer that ended too early.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
