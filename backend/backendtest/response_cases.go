package backendtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

func responseCases() []testCase {
	return []testCase{
		{"Response/EveryStatus", responseEveryStatus},
		{"Response/Header", responseHeader},
		{"Response/Informational", responseInformational},
		{"Response/SwitchingProtocols", responseSwitchingProtocols},
		{"Response/RedirectNotFollowed", responseRedirectNotFollowed},
		{"Response/BeforeTheBodyWasRead", responseBeforeTheBodyWasRead},
		{"Response/Owned", responseOwned},
	}
}

func responseEveryStatus(t *trial) {
	srv := t.serve(each(func(m message) string {
		status, _ := strconv.Atoi(strings.TrimPrefix(m.path(), "/"))
		body := "body of " + strconv.Itoa(status)
		if status == http.StatusResetContent {
			body = "" // RFC 9110, section 15.3.6
		}
		return reply(status, body, "X-Status: "+strconv.Itoa(status))
	}))
	b := t.open()
	sent := 0
	for status := 200; status <= 599; status++ {
		want := ""
		if hasBody(status) && status != http.StatusResetContent {
			want = "body of " + strconv.Itoa(status)
		}
		for _, req := range srv.both("/" + strconv.Itoa(status)) {
			res := b.response(req, status)
			t.checkBody(res, want)
			t.checkHeader(res, "X-Status", strconv.Itoa(status))
			sent++
		}
	}
	srv.checkArrivals(sent, "no status makes a backend send again by itself")
}

func responseHeader(t *trial) {
	srv := t.serve(always(reply(200, "{}", "Set-Cookie: a=1; Path=/", "X-Several: one, two", "x-lower-case: Value",
		"Set-Cookie: b=2; HttpOnly", "X-Several: three", "Content-Type: application/json; charset=utf-8", "X-Empty:", "Server: odd/1.0")))
	res := t.open().response(srv.post("/"), 200)
	t.checkHeader(res, "Set-Cookie", "a=1; Path=/", "b=2; HttpOnly")
	t.checkHeader(res, "X-Several", "one, two", "three")
	t.checkHeader(res, "X-Lower-Case", "Value")
	t.checkHeader(res, "Content-Type", "application/json; charset=utf-8")
	t.checkHeader(res, "Server", "odd/1.0")
	t.checkHeader(res, "X-Empty", "")
	t.checkHeader(res, "X-Missing")
}

func responseInformational(t *trial) {
	for _, before := range []string{
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n",
	} {
		srv := t.serve(always(before + ok))
		b := t.open()
		for _, req := range slices.Concat(srv.both("/"), srv.both("/again")) {
			res := b.response(req, 200)
			t.checkBody(res, "{}")
		}
	}
}

// A server that switches protocols, which nobody asked for, leaves a connection
// behind that never ends.
func responseSwitchingProtocols(t *trial) {
	if !t.suite.strict {
		t.Skip("skipped: backendtest.Strict is not given")
	}
	srv := t.serve(func(w *wire) {
		if _, alive := w.next(); alive {
			w.answer("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			w.gone()
		}
	})
	b := t.open()
	for _, req := range srv.both("/") {
		if res, err := b.send(t.Context(), req); err == nil && (res.StatusCode != http.StatusSwitchingProtocols || len(res.Body) > 0) {
			t.Errorf("101 is a Response without a body, or an error; it is %d with %s", res.StatusCode, excerpt(res.Body))
		}
	}
}

func responseRedirectNotFollowed(t *trial) {
	other := t.serve(always(ok))
	srv := t.serve(each(func(m message) string {
		if status, err := strconv.Atoi(strings.Trim(m.path(), "/so")); err == nil {
			target := "/target"
			if strings.HasPrefix(m.path(), "/o") {
				target = other.base + target
			}
			return reply(status, "moved", "Location: "+target)
		}
		return ok
	}))
	b := t.open()
	sent := 0
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{"/s/", "/o/"} {
			for _, req := range srv.both(to + strconv.Itoa(status)) {
				res, err := b.send(t.Context(), req)
				sent++
				if err != nil {
					t.Fatalf("a redirect is a Response; Send returned the error: %s", clip(err.Error()))
				}
				if res.StatusCode != status {
					t.Fatalf("no redirect is followed, since that would carry a signed request elsewhere;"+
						" the answer to a %s was %d and Send returned %d", req.Method(), status, res.StatusCode)
				}
				t.checkBody(res, "moved")
				if location := res.Header.Get("Location"); !strings.HasSuffix(location, "/target") {
					t.Errorf("Response.Header has the answer's Location; it is %q", location)
				}
			}
		}
	}
	srv.checkArrivals(sent, "no redirect is followed on the same server")
	other.checkArrivals(0, "no redirect is followed to another server")
}

// Servers refuse what is too large as soon as they have seen its Content-Length.
func responseBeforeTheBodyWasRead(t *trial) {
	srv := t.serve(func(w *wire) {
		if _, alive := w.head(); alive {
			w.answer(reply(413, "too large", "Connection: close"))
		}
	})
	res := t.open().response(srv.postBody("/", make([]byte, 1<<20)), 413)
	t.checkBody(res, "too large")
}

// What a Response holds is its receiver's: later ones do not write over it, and
// writing into it does no harm.
func responseOwned(t *trial) {
	const count = 50
	srv := t.serve(each(func(m message) string {
		return reply(200, "body of "+m.path(), "X-Path: "+m.path())
	}))
	b := t.open()
	responses := make([]backend.Response, count)
	for i := range responses {
		responses[i] = b.response(srv.post(fmt.Sprintf("/%03d", i)), 200)
		if i > 0 && i%10 == 0 {
			clear(responses[i].Body)
			clear(responses[i].Header)
		}
	}
	for i, res := range responses {
		if i > 0 && i%10 == 0 {
			continue
		}
		path := fmt.Sprintf("/%03d", i)
		if want := "body of " + path; string(res.Body) != want || res.Header.Get("X-Path") != path {
			t.Fatalf("a Response belongs to who received it; after later sends the body %q became %s, the header %q became %q",
				want, excerpt(res.Body), path, res.Header.Get("X-Path"))
		}
	}
}
