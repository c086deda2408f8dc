package backendtest

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

func requestCases() []testCase {
	return []testCase{
		{"Request/Target", requestTarget},
		{"Request/Header", requestHeader},
		{"Request/Body", requestBody},
		{"Request/NothingAdded", requestNothingAdded},
		{"Request/NoInjectedHeader", requestNoInjectedHeader},
		{"Request/OnKeptConnection", requestOnKeptConnection},
	}
}

// paths are request paths that clients like to tidy up. The signature covers each
// of them as it is.
var paths = []string{
	"/apps/4/events",
	"/apps/4/channels/presence-a,b;c=d@e.f_g-h/users",
	"/apps/4/channels/a%3Db%2C%2f%41%7e%20",
	"/apps/4/../5/./channels",
	"/prefix//apps/4/channels//",
	"/apps/4/events/",
	"/",
	"/apps/4/channels/a:b+c*(d)'!$&",
}

func requestTarget(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	for _, path := range paths {
		for _, req := range srv.both(path) {
			t.sendAndCheck(b, srv, req)
		}
	}
}

func requestHeader(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	for _, header := range []http.Header{
		nil,
		{"X-Pusher-Library": {"pusher-go 1.0.0"}},
		{"Content-Type": {"application/json"}, "X-Pusher-Library": {"pusher-go 1.0.0"}},
		{"Content-Type": {"application/json; charset=UTF-8"}, "Accept": {"application/json"}, "User-Agent": {"my app/1.0 (x; y)"}},
		{"X-Quoted": {`"a,b"; c=d, e  f`}, "X-Empty": {""}, "X-Several": {"first", "second, third"}},
		{"Cookie": {"a=b; c=d"}, "Authorization": {"Bearer token"}, "Referer": {"http://example.com/"}, "X-Idempotency-Key": {"1"}},
	} {
		for _, call := range []backend.Call{
			{Method: http.MethodGet, Path: "/", Header: header, Idempotent: true},
			{Method: http.MethodPost, Path: "/", Header: header, Body: []byte("{}")},
		} {
			t.sendAndCheck(b, srv, srv.request(call))
		}
	}
}

func requestBody(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, body := range [][]byte{
		nil,
		{},
		[]byte(`{"name":"my-event"}`),
		[]byte("{\"data\":\"\u00fc \u2603 \U0001f600\"}\r\n\r\n"),
		every,
		bytes.Repeat([]byte("0123456789abcdef"), 1<<16),
	} {
		for _, header := range []http.Header{nil, {"Content-Type": {"application/json"}}} {
			t.sendAndCheck(b, srv, srv.request(backend.Call{Method: http.MethodPost, Path: "/", Header: header, Body: body}))
		}
	}
}

// uncalled are header fields that mean something and are nobody's business but
// the caller's.
var uncalled = []string{
	"Content-Type", "Content-Encoding", "Transfer-Encoding", "Cookie", "Authorization", "Proxy-Authorization",
	"Referer", "Origin", "Expect", "Idempotency-Key", "X-Idempotency-Key", "Upgrade", "Te", "Trailer", "Range",
}

func requestNothingAdded(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	for _, call := range []backend.Call{
		{Method: http.MethodGet, Path: "/", Idempotent: true},
		{Method: http.MethodPost, Path: "/"},
		{Method: http.MethodPost, Path: "/", Body: []byte("{}")},
		{Method: http.MethodPost, Path: "/", Body: []byte("a=b&c=d")},
	} {
		t.sendAndCheck(b, srv, srv.request(call))
	}
}

func requestNoInjectedHeader(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	for _, value := range []string{"a\r\nX-Injected: b", "a\nX-Injected: b", "a\r\n\r\nGET /injected HTTP/1.1\r\n\r\n"} {
		_, err := b.send(t.Context(), srv.post("/").WithHeader("X-Broken", value))
		for _, m := range srv.arrived() {
			if m.get("X-Injected") != "" || m.path() == "/injected" {
				t.Errorf("the line breaks in a header's value, %q, are to end nothing; they brought %s %s %q (error: %v)",
					value, m.method, m.path(), m.fields, err)
			}
		}
	}
}

func requestOnKeptConnection(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	for _, path := range paths {
		t.sendAndCheck(b, srv, srv.postBody(path, bytes.Repeat([]byte(path), 10)))
		t.sendAndCheck(b, srv, srv.request(backend.Call{Method: http.MethodPost, Path: path}))
		t.sendAndCheck(b, srv, srv.get(path).WithHeader("X-Path", path))
	}
}

// sendAndCheck sends req and compares what arrives with what was asked for.
func (t *trial) sendAndCheck(b *subject, srv *server, req backend.Request) {
	t.Helper()
	before := len(srv.arrived())
	t.checkBody(b.response(req, http.StatusOK), "{}")
	messages := srv.arrived()[before:]
	if len(messages) != 1 {
		t.Fatalf("a request is sent once; %d arrived of %s", len(messages), req)
	}
	t.checkMessage(messages[0], srv, req)
}

// checkMessage compares what arrived with what was asked for.
func (t *trial) checkMessage(m message, srv *server, req backend.Request) {
	t.Helper()
	if m.method != req.Method() {
		t.Errorf("the method is sent as it is, %q; %q arrived", req.Method(), m.method)
	}
	if targets := srv.targets(); !slices.Contains(targets, m.target) {
		t.Errorf("the request target is sent byte for byte, or the signature is wrong:\n want %q\n got  %q", targets[len(targets)-1], m.target)
	}
	if m.proto != "HTTP/1.1" {
		t.Errorf("requests are HTTP/1.1 where nothing else was agreed; %q arrived", m.proto)
	}
	if _, host, _ := strings.Cut(srv.base, "://"); !slices.Equal(m.values("Host"), []string{host}) {
		t.Errorf("there is one Host, %q; %q arrived", host, m.values("Host"))
	}
	t.checkFields(m, req)
	if !bytes.Equal(m.body, req.Body()) {
		t.Errorf("the body is sent byte for byte: %s; %s arrived", excerpt(req.Body()), excerpt(m.body))
	}
	t.checkLength(m, req)
}

func (t *trial) checkFields(m message, req backend.Request) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(req.Header())) {
		if got := m.values(name); !slices.Equal(got, req.Header()[name]) {
			t.Errorf("header %s is sent as it is, %q; %q arrived", name, req.Header()[name], got)
		}
	}
	for _, name := range uncalled {
		if _, asked := req.Header()[name]; !asked && slices.ContainsFunc(m.fields, func(f [2]string) bool { return strings.EqualFold(f[0], name) }) {
			t.Errorf("no header %s is sent that was not asked for; it arrived as %q", name, m.get(name))
		}
	}
	for _, field := range m.fields {
		if canonical := http.CanonicalHeaderKey(field[0]); canonical != field[0] {
			t.Errorf("header names are sent in their canonical form, %q; %q arrived", canonical, field[0])
		}
	}
}

func (t *trial) checkLength(m message, req backend.Request) {
	t.Helper()
	if m.chunked {
		return // reported as a header that was not asked for
	}
	want := []string{strconv.Itoa(len(req.Body()))}
	got := m.values("Content-Length")
	if req.Method() == http.MethodGet && len(req.Body()) == 0 && len(got) == 0 {
		return
	}
	if !slices.Equal(got, want) {
		t.Errorf("a %s with a body of %s bytes has one Content-Length of that; %q arrived", req.Method(), want[0], got)
	}
}
