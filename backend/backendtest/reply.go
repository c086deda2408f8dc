package backendtest

import (
	"fmt"
	"net/http"
	"strings"
)

// always answers every request with raw.
func always(raw string) func(w *wire) {
	return func(w *wire) {
		for {
			if _, alive := w.next(); !alive || !w.answer(raw) {
				return
			}
		}
	}
}

// each answers every request with what answer returns.
func each(answer func(m message) string) func(w *wire) {
	return func(w *wire) {
		for {
			if m, alive := w.next(); !alive || !w.answer(answer(m)) {
				return
			}
		}
	}
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

// reply returns an answer with that status, those header lines and that body.
func reply(status int, body string, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, reason(status))
	for _, line := range lines {
		b.WriteString(line + "\r\n")
	}
	if hasBody(status) {
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	} else {
		b.WriteString("\r\n")
	}
	return b.String()
}

// hasBody reports whether answers with that status have a body (RFC 9110, section
// 6.4.1).
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func reason(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Unheard Of"
}

// chunked returns an answer whose body comes in these chunks, with these lines
// after the last.
func chunked(status int, chunks []string, trailers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nTransfer-Encoding: chunked\r\n\r\n", status, reason(status))
	for _, chunk := range chunks {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(chunk), chunk)
	}
	b.WriteString("0\r\n")
	for _, line := range trailers {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}
