package fasthttp

import (
	"errors"
	"strings"
)

// target is a URL taken apart. Its parts are those of the URL, byte for byte:
// fasthttp's own URI would cut and rewrite them.
type target struct {
	tls  bool
	host string
	// path is what is asked of the server: path and query.
	path string
}

var (
	errScheme = errors.New("the URL begins neither with http:// nor with https://")
	errHost   = errors.New("the URL's host is missing or has characters that a host cannot have")
	errPath   = errors.New("the URL has a space or a control character")
)

func parseTarget(url string) (target, error) {
	var t target
	scheme, rest, ok := strings.Cut(url, "://")
	switch {
	case ok && strings.EqualFold(scheme, "https"):
		t.tls = true
	case !ok || !strings.EqualFold(scheme, "http"):
		return t, errScheme
	}
	t.host, t.path = rest, "/"
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		t.host, t.path = rest[:i], rest[i:]
	}
	t.host = strings.TrimSuffix(t.host, ":") // an empty port is none
	if !isHost(t.host) {
		return t, errHost
	}
	t.path, _, _ = strings.Cut(t.path, "#") // stays with the client (RFC 9110, section 7.1)
	if !strings.HasPrefix(t.path, "/") {
		t.path = "/" + t.path
	}
	for i := range len(t.path) {
		if c := t.path[i]; c <= ' ' || c == 0x7f {
			return t, errPath
		}
	}
	return t, nil
}

// isHost reports whether s can be a name or an address, with or without a port.
// A comma would make several hosts of it to fasthttp, "@" a password.
func isHost(s string) bool {
	if s == "" || s[0] == ':' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && !strings.ContainsRune("-._:[]", rune(c)) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
