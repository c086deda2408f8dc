package backendtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"

	"github.com/seed-588517f9/pusher-go/backend"
)

func sharingCases() []testCase {
	return []testCase{
		{"Sharing/RequestReused", sharingRequestReused},
		{"Sharing/RequestConcurrently", sharingRequestConcurrently},
		{"Sharing/ManyCallers", sharingManyCallers},
	}
}

// concurrently calls f from so many goroutines and waits for them.
func (t *trial) concurrently(callers int, f func(caller int)) {
	t.Helper()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() { f(caller) })
	}
	wg.Wait()
}

func sharingRequestReused(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	req := srv.post("/")
	for range 3 {
		t.sendAndCheck(b, srv, req)
	}
}

// A request, and the header that many requests share, may be in use by many
// callers: a backend that writes to them trips the race detector here.
func sharingRequestConcurrently(t *trial) {
	const callers, each = 8, 8
	srv := t.serve(always(ok))
	b := t.open()
	header := http.Header{"Content-Type": {"application/json"}, "X-Pusher-Library": {"pusher-go 1.0.0"}}
	post := srv.request(backend.Call{Method: http.MethodPost, Path: "/post", Header: header, Body: bytes.Repeat([]byte("0123456789"), 1000)})
	get := srv.request(backend.Call{Method: http.MethodGet, Path: "/get", Header: header, Idempotent: true})
	t.concurrently(callers, func(int) {
		for range each {
			for _, req := range []backend.Request{post, get} {
				if res, err := b.send(t.Context(), req); err != nil || res.StatusCode != http.StatusOK {
					t.Errorf("a request may be sent by several callers at once; this returned %d, %v", res.StatusCode, err)
				}
			}
		}
	})
	srv.checkArrivals(2*callers*each, "every request is sent once")
	for _, m := range srv.arrived() {
		req := post
		if m.method == http.MethodGet {
			req = get
		}
		t.checkMessage(m, srv, req)
	}
}

func sharingManyCallers(t *trial) {
	const callers, each = 256, 2
	srv := t.serve(func(w *wire) {
		for {
			m, alive := w.next()
			if !alive || !w.answer(reply(200, sum(m.body), "X-Caller: "+m.get("X-Caller"))) {
				return
			}
		}
	})
	b := t.open()
	t.concurrently(callers, func(caller int) {
		for n := range each {
			name := fmt.Sprintf("%d.%d", caller, n)
			body := bytes.Repeat([]byte(name+" "), 10+7*caller)
			res, err := b.send(t.Context(), srv.postBody("/", body).WithHeader("X-Caller", name))
			switch {
			case err != nil:
				t.Errorf("%d callers may send at once; one failed: %s", callers, clip(err.Error()))
			case string(res.Body) != sum(body) || res.Header.Get("X-Caller") != name:
				t.Errorf("each of %d callers gets the answer to its own request; caller %s got that of %q, with %s",
					callers, name, res.Header.Get("X-Caller"), excerpt(res.Body))
			}
		}
	})
	srv.checkArrivals(callers*each, "every request is sent once")
}

func sum(body []byte) string {
	digest := sha256.Sum256(body)
	return hex.EncodeToString(digest[:])
}
