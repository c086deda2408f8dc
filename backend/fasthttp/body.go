package fasthttp

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
)

// maxSized bounds what is allocated on the word of a Content-Length.
const maxSized = 64 << 10

// readBody reads the body of an answer whose head has been read. What it decodes
// it takes out of header too.
func (a *attempt) readBody(r *bufio.Reader, answer *fasthttp.Response, header http.Header) ([]byte, error) {
	length := answer.Header.ContentLength()
	limit := a.bodyLimit()
	zipped := length != 0 && a.isZipped(header)
	switch {
	case !zipped && limit > 0 && int64(length) > limit:
		return nil, backend.ErrResponseTooLarge
	case !zipped && length >= 0 && length <= maxSized:
		body := make([]byte, length)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	answer.StreamBody = true
	if err := answer.ReadBody(r, 0); err != nil {
		return nil, err
	}
	defer func() { _ = answer.CloseBodyStream() }()
	if zipped {
		return unzip(answer.BodyStream(), header, limit)
	}
	return backend.ReadBody(answer.BodyStream(), limit)
}

// bodyLimit returns the smaller one of the request's limit and the client's, of
// which zero or less means none.
func (a *attempt) bodyLimit() int64 {
	limit := int64(a.host.client.MaxResponseBodySize)
	if own := a.req.MaxResponseBytes(); limit <= 0 || own > 0 && own < limit {
		limit = own
	}
	return limit
}

// isZipped reports whether the body is compressed and nobody else knows.
func (a *attempt) isZipped(header http.Header) bool {
	return a.offersGzip && strings.EqualFold(header.Get("Content-Encoding"), "gzip")
}

// unzip decodes a body, and makes header that of the decoded one, as net/http
// does.
func unzip(r io.Reader, header http.Header, limit int64) ([]byte, error) {
	header.Del("Content-Encoding")
	header.Del("Content-Length")
	z, err := gzip.NewReader(r)
	if errors.Is(err, io.EOF) {
		return []byte{}, nil // nothing was compressed to nothing
	}
	if err != nil {
		return nil, err
	}
	return backend.ReadBody(z, limit)
}
