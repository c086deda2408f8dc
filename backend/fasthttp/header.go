package fasthttp

import (
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"
)

// headerOf returns h as net/http has it: without what framed the body, and
// independent of fasthttp's buffers. All names and values share one string, all
// lists of values one array.
func headerOf(h *fasthttp.ResponseHeader) http.Header {
	fields, size := 0, 0
	for name, value := range h.All() {
		fields++
		size += len(name) + len(value)
	}
	var text strings.Builder
	text.Grow(size)
	for name, value := range h.All() {
		text.Write(name)
		text.Write(value)
	}
	header := make(http.Header, fields)
	values := make([]string, 0, fields)
	rest := text.String()
	for n, v := range h.All() {
		name, value := rest[:len(n)], rest[len(n):len(n)+len(v)]
		rest = rest[len(n)+len(v):]
		if name == "Transfer-Encoding" || name == "Trailer" {
			continue
		}
		if have, again := header[name]; again {
			header[name] = append(have, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return header
}
