package fasthttp

import (
	"bufio"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

// checkHead fails if the method or a header field could not be sent as it is.
func checkHead(req backend.Request) error {
	if method := req.Method(); method != "" && !isToken(method) {
		return fmt.Errorf("invalid method %q", method)
	}
	for name, values := range req.Header() {
		if !isToken(name) {
			return fmt.Errorf("invalid header field name %q", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, isControl) {
				return fmt.Errorf("invalid value of header field %s", name) // which may be a secret
			}
		}
	}
	return nil
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// writeRequest writes head and body. What bufio reports late, Flush reports too.
func (a *attempt) writeRequest(w *bufio.Writer) error {
	body := a.req.Body()
	_, _ = w.WriteString(method(a.req))
	_ = w.WriteByte(' ')
	_, _ = w.WriteString(a.target.path)
	_, _ = w.WriteString(" HTTP/1.1\r\nHost: ")
	_, _ = w.WriteString(a.target.host)
	_, _ = w.WriteString("\r\n")
	header := a.req.Header()
	userAgent := a.host.userAgent
	if values, given := header["User-Agent"]; given {
		userAgent = strings.Join(values, " ")
	}
	if userAgent != "" {
		writeField(w, "User-Agent", userAgent)
	}
	if len(body) > 0 || announcesEmptyBody(a.req) {
		_, _ = w.WriteString("Content-Length: ")
		_, _ = w.Write(strconv.AppendInt(w.AvailableBuffer(), int64(len(body)), 10))
		_, _ = w.WriteString("\r\n")
	}
	var some [16]string
	names := some[:0]
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if isOurs(name) {
			continue
		}
		for _, value := range header[name] {
			writeField(w, name, value)
		}
	}
	if a.offersGzip {
		writeField(w, "Accept-Encoding", "gzip")
	}
	_, _ = w.WriteString("\r\n")
	_, _ = w.Write(body)
	return w.Flush()
}

func writeField(w *bufio.Writer, name, value string) {
	_, _ = w.WriteString(name)
	_, _ = w.WriteString(": ")
	_, _ = w.WriteString(textproto.TrimString(value))
	_, _ = w.WriteString("\r\n")
}

func method(req backend.Request) string {
	if m := req.Method(); m != "" {
		return m
	}
	return http.MethodGet
}

// announcesEmptyBody reports whether the method leads a server to expect a body
// (RFC 9110, section 8.6).
func announcesEmptyBody(req backend.Request) bool {
	switch req.Method() {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return true
	default:
		return false
	}
}

// isOurs reports whether a header field is written already, or says how the
// request is framed or where it goes, which is not for the caller to say. net/http
// leaves out the same ones.
func isOurs(name string) bool {
	switch len(name) {
	case len("Host"):
		return strings.EqualFold(name, "Host")
	case len("User-Agent"):
		return name == "User-Agent"
	case len("Trailer"):
		return strings.EqualFold(name, "Trailer")
	case len("Content-Length"):
		return strings.EqualFold(name, "Content-Length")
	case len("Transfer-Encoding"):
		return strings.EqualFold(name, "Transfer-Encoding")
	default:
		return false
	}
}

// offersGzip reports whether an answer may come compressed without the caller's
// knowing, as net/http has it.
func offersGzip(req backend.Request) bool {
	header := req.Header()
	return header["Accept-Encoding"] == nil && header["Range"] == nil && req.Method() != http.MethodHead
}

// asksToClose reports whether the request says that no other will follow.
func asksToClose(req backend.Request) bool {
	for _, value := range req.Header()["Connection"] {
		if strings.Contains(strings.ToLower(value), "close") {
			return true
		}
	}
	return false
}
