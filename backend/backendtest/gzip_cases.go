package backendtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

func gzipCases() []testCase {
	return []testCase{
		{"Gzip/Decoded", gzipDecoded},
		{"Gzip/DecodedOnce", gzipDecodedOnce},
		{"Gzip/UndeclaredStays", gzipUndeclaredStays},
		{"Gzip/Limit", gzipLimit},
		{"Gzip/Corrupt", gzipCorrupt},
	}
}

func gzipDecoded(t *trial) {
	want := strings.Repeat(`{"channels":{"presence-a":{"user_count":1}}}`, 100)
	b, srv := t.openGzip(200, compress([]byte(want)))
	for _, req := range srv.both("/") {
		t.checkDecoded(b.response(req, 200), want)
	}
	if srv.connections() != 1 {
		t.Errorf("a connection is used again after a compressed answer; %d were made for 3 requests", srv.connections())
	}
	b, srv = t.openGzip(404, compress([]byte(want)))
	t.checkDecoded(b.response(srv.get("/"), 404), want)
}

func gzipDecodedOnce(t *trial) {
	inner := compress([]byte("{}"))
	b, srv := t.openGzip(200, compress(inner))
	t.checkDecoded(b.response(srv.get("/"), 200), string(inner))
}

func gzipUndeclaredStays(t *trial) {
	body := string(compress([]byte("{}")))
	srv := t.serve(always(reply(200, body)))
	t.checkBody(t.open().response(srv.get("/"), 200), body)
}

// The limit is for what comes out: the 2 KB that go in are a thousandth of
// that.
func gzipLimit(t *trial) {
	const size = 2 << 20
	compressed := compress(make([]byte, size))
	for status, outcome := range outcomes {
		b, srv := t.openGzip(status, compressed)
		req := srv.get("/").WithMaxResponseBytes(size - 1)
		why := fmt.Sprintf("%d bytes in a %d decode to %d, one more than MaxResponseBytes", len(compressed), status, size)
		t.checkTooLarge(b.failure(t.Context(), req, why, outcome), status)
		if status == 200 {
			if res := b.response(req.WithMaxResponseBytes(size), status); len(res.Body) != size {
				t.Errorf("a body that decodes to exactly MaxResponseBytes, %d, is complete; %d bytes were returned", size, len(res.Body))
			}
		}
	}
}

func gzipCorrupt(t *trial) {
	whole := compress([]byte(strings.Repeat("0123456789abcdef", 1000)))
	wrongSum := bytes.Clone(whole)
	wrongSum[len(wrongSum)-5] ^= 1
	for name, body := range map[string][]byte{
		"is cut short":          whole[:len(whole)/2],
		"has the wrong sum":     wrongSum,
		"is no gzip":            []byte(`{"channels":{}}, which is longer than a header`),
		"ends within its start": whole[:5],
	} {
		for status, outcome := range outcomes {
			b, srv := t.openGzip(status, body)
			why := fmt.Sprintf("what a %d declares as gzip %s", status, name)
			t.checkStatus(b.failure(t.Context(), srv.get("/"), why, outcome), status)
		}
	}
}

// openGzip returns a backend and a server that answers with that compressed body,
// or skips the case if the backend does not say that it accepts gzip.
func (t *trial) openGzip(status int, body []byte) (*subject, *server) {
	t.Helper()
	srv := t.serve(each(func(m message) string {
		if m.path() == "/probe" {
			return reply(200, strconv.FormatBool(acceptsGzip(m)))
		}
		if !acceptsGzip(m) {
			return reply(status, "not asked for")
		}
		return reply(status, string(body), "Content-Type: application/json", "Content-Encoding: gzip")
	}))
	b := t.open()
	if res := b.response(srv.get("/probe"), 200); string(res.Body) != "true" {
		t.Skip("skipped: the backend sends no Accept-Encoding that allows gzip")
	}
	return b, srv
}

func acceptsGzip(m message) bool {
	for coding := range strings.SplitSeq(m.get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.TrimSpace(weight) != "q=0"
		}
	}
	return false
}

func (t *trial) checkDecoded(res backend.Response, want string) {
	t.Helper()
	if string(res.Body) != want {
		t.Errorf("a body is decoded once if the backend asked for gzip: %s; it is %s", excerpt([]byte(want)), excerpt(res.Body))
	}
	if coding := res.Header.Get("Content-Encoding"); coding != "" {
		t.Errorf("a body that was decoded has no Content-Encoding any more; it is %q", coding)
	}
	if length := res.Header.Get("Content-Length"); length != "" && length != strconv.Itoa(len(res.Body)) {
		t.Errorf("the Content-Length of a body that was decoded is gone, or the decoded one, %d; it is %s", len(res.Body), length)
	}
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body)
	_ = w.Close()
	return b.Bytes()
}
