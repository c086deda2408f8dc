package backendtest

import (
	"net/http"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

func proxyCases() []testCase {
	return []testCase{
		{"Proxy/Used", proxyUsed},
		{"Proxy/Refused", proxyRefused},
		{"Proxy/Gone", proxyGone},
	}
}

func proxyUsed(t *trial) {
	srv := t.serve(always(ok))
	b, proxy := t.openProxy(forward)
	for i, path := range paths {
		for _, req := range srv.both(path) {
			t.sendAndCheck(b, srv, req)
		}
		if i == 0 && len(proxy.arrived()) == 0 {
			t.Fatal("requests go through the proxy that is set; the server was asked directly")
		}
	}
	for _, m := range proxy.arrived() {
		if m.method == http.MethodConnect && strings.Contains(m.target, "?") {
			t.Errorf("a proxy that is to make a tunnel sees no signed query; it saw %q", clip(m.target))
		}
	}
	t.sendAndCheck(b, srv, srv.postBody("/", []byte(strings.Repeat("0123456789abcdef", 1<<12))))
}

// A proxy that wants a password says so to a request, and then that is the
// answer, or to the request for a tunnel, and then nothing was sent.
func proxyRefused(t *trial) {
	srv := t.serve(always(ok))
	b, _ := t.openProxy(always(reply(http.StatusProxyAuthRequired, "who are you", "Proxy-Authenticate: Basic")))
	for _, req := range srv.both("/") {
		res, err := b.send(t.Context(), req)
		switch {
		case err != nil:
			_ = t.asFailure(res, err, "the proxy refused to make a tunnel", t.notSent()...)
		case res.StatusCode != http.StatusProxyAuthRequired:
			t.Errorf("a proxy's answer to a request is the answer, 407; Send returned %d", res.StatusCode)
		}
	}
	srv.checkArrivals(0, "nothing goes around the proxy")
}

func proxyGone(t *trial) {
	srv := t.serve(always(ok))
	b, proxy := t.openProxy(forward)
	proxy.stop()
	for _, req := range srv.both("/") {
		_ = b.failure(t.Context(), req, "the proxy refused the connection", backend.NotSent)
	}
	srv.checkArrivals(0, "nothing goes around the proxy")
}
