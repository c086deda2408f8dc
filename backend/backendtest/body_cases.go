package backendtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

func bodyCases() []testCase {
	return []testCase{
		{"Body/Empty", bodyEmpty},
		{"Body/Chunked", bodyChunked},
		{"Body/UntilClose", bodyUntilClose},
		{"Body/Truncated", bodyTruncated},
		{"Body/Limit", bodyLimit},
		{"Body/NoLimit", bodyNoLimit},
		{"Body/LimitStopsReading", bodyLimitStopsReading},
	}
}

func bodyEmpty(t *trial) {
	for _, answer := range []string{reply(200, ""), chunked(200, nil), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"} {
		srv := t.serve(func(w *wire) {
			for {
				if _, alive := w.next(); !alive || !w.answer(answer) || strings.Contains(answer, "close") {
					return
				}
			}
		})
		b := t.open()
		for _, req := range srv.both("/") {
			t.checkBody(b.response(req, 200), "")
		}
	}
}

func bodyChunked(t *trial) {
	long := strings.Repeat("0123456789abcdef", 1<<14)
	for _, tt := range []struct{ answer, want string }{
		{chunked(200, []string{"{}"}), "{}"},
		{chunked(200, []string{"{", `"a"`, ":1", "}"}), `{"a":1}`},
		{chunked(200, []string{long, long}), long + long},
		{chunked(200, []string{"{}"}, "X-Trailer: 1", "X-Other: 2"), "{}"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
			"2;name=value\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n", "{}"},
	} {
		srv := t.serve(always(tt.answer))
		b := t.open()
		for range 2 {
			for _, req := range srv.both("/") {
				t.checkBody(b.response(req, 200), tt.want)
			}
		}
	}
}

func bodyUntilClose(t *trial) {
	const want = `{"a":1}`
	for _, head := range []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"} {
		srv := t.serve(func(w *wire) {
			if _, alive := w.next(); alive {
				w.answer(head + want)
			}
		})
		b := t.open()
		for _, req := range srv.both("/") {
			t.checkBody(b.response(req, 200), want)
		}
	}
}

func bodyTruncated(t *trial) {
	for name, rest := range map[string]string{
		"with a Content-Length":             "Content-Length: 100\r\n\r\n{",
		"with a Content-Length, at once":    "Content-Length: 100\r\n\r\n",
		"in chunks, between two":            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"in chunks, within one":             "Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
		"in chunks, at once":                "Transfer-Encoding: chunked\r\n\r\n",
		"in chunks, by a malformed length":  "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n",
		"in chunks, before the last is all": "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0",
	} {
		for status, outcome := range outcomes {
			srv := t.serve(func(w *wire) {
				if _, alive := w.next(); alive {
					w.answer(fmt.Sprintf("HTTP/1.1 %d %s\r\n%s", status, reason(status), rest))
				}
			})
			b := t.open()
			for _, req := range srv.both("/") {
				why := fmt.Sprintf("a %d broke off, %s", status, name)
				t.checkStatus(b.failure(t.Context(), req, why, outcome), status)
			}
			srv.checkArrivals(2, "a backend does not send again by itself")
		}
	}
}

// outcomes says what an answer that could not be read means, by its status.
var outcomes = map[int]backend.Outcome{
	200: backend.Accepted, 202: backend.Accepted,
	302: backend.Rejected, 400: backend.Rejected, 500: backend.Rejected,
}

func (t *trial) checkStatus(err *backend.Error, status int) {
	t.Helper()
	if err.StatusCode != status {
		t.Errorf("Error.StatusCode is the status that came, %d; it is %d in: %s", status, err.StatusCode, clip(err.Error()))
	}
}

func (t *trial) checkTooLarge(err *backend.Error, status int) {
	t.Helper()
	t.checkIs(err, backend.ErrResponseTooLarge)
	t.checkStatus(err, status)
	if err.Timeout() {
		t.Errorf("Error.Timeout is about time; it is true for: %s", clip(err.Error()))
	}
}

func bodyLimit(t *trial) {
	const size = 10_000
	body := strings.Repeat("x", size)
	for status, outcome := range outcomes {
		for _, answer := range []string{
			reply(status, body),
			chunked(status, []string{body[:1], body[1:5000], body[5000:]}),
		} {
			srv := t.serve(always(answer))
			b := t.open()
			for _, limit := range []int64{size, size + 1, 0} {
				t.checkBody(b.response(srv.post("/").WithMaxResponseBytes(limit), status), body)
			}
			for _, limit := range []int64{size - 1, 1} {
				why := fmt.Sprintf("a body of %d bytes in a %d exceeds MaxResponseBytes, %d", size, status, limit)
				t.checkTooLarge(b.failure(t.Context(), srv.post("/").WithMaxResponseBytes(limit), why, outcome), status)
			}
			// A connection with the rest of an answer in it is of no more use.
			t.checkBody(b.response(srv.get("/"), status), body)
		}
	}
}

// The SDK's default limit, 8 MiB, is set on the request; a backend has none of
// its own.
func bodyNoLimit(t *trial) {
	body := strings.Repeat("0123456789abcdef", 9<<16)
	srv := t.serve(always(reply(200, body)))
	t.checkBody(t.open().response(srv.get("/").WithMaxResponseBytes(0), 200), body)
}

func bodyLimitStopsReading(t *trial) {
	const most = 8 << 20 // more than the socket buffers on the way, the server's being small
	chunk := strings.Repeat("x", 64<<10)
	for _, status := range []int{200, 500} {
		for _, head := range []string{"Content-Length: 1099511627776\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n", "Connection: close\r\n\r\n"} {
			part := chunk
			if strings.Contains(head, "chunked") {
				part = fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)
			}
			stopped := make(chan error, 1)
			srv := t.serve(func(w *wire) {
				w.shrinkWriteBuffer()
				if _, alive := w.next(); !alive {
					return
				}
				w.answer(fmt.Sprintf("HTTP/1.1 %d %s\r\n%s", status, reason(status), head))
				for sent := 0; sent < most; sent += len(part) {
					if !w.answer(part) {
						stopped <- nil
						return
					}
				}
				stopped <- errReadOn
			})
			why := fmt.Sprintf("the body of a %d goes on beyond MaxResponseBytes", status)
			failed := t.open().failure(t.Context(), srv.post("/").WithMaxResponseBytes(1000), why, outcomes[status])
			t.checkTooLarge(failed, status)
			if err := <-stopped; err != nil {
				t.Errorf("a body over the limit is not read on and its connection is closed; %v", err)
			}
		}
	}
}

var errReadOn = errors.New("8 MiB of it went through")
