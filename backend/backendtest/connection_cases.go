package backendtest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-588517f9/pusher-go/backend"
)

func connectionCases() []testCase {
	return []testCase{
		{"Connection/Reused", connectionReused},
		{"Connection/CloseObeyed", connectionCloseObeyed},
		{"Connection/StaleAfterClose", func(t *trial) { connectionStale(t, (*wire).closeWrite) }},
		{"Connection/StaleAfterReset", func(t *trial) { connectionStale(t, (*wire).reset) }},
		{"Connection/ClosedOnRequest", func(t *trial) { connectionEndsOnRequest(t, func(*wire) {}) }},
		{"Connection/ResetOnRequest", func(t *trial) { connectionEndsOnRequest(t, (*wire).reset) }},
		{"Connection/IdempotencyKey", connectionIdempotencyKey},
		{"Close/IdleConnections", closeIdleConnections},
		{"Close/UsableAfterwards", closeUsableAfterwards},
		{"Close/WhileSending", closeWhileSending},
	}
}

func connectionReused(t *trial) {
	answers := []string{
		ok, reply(200, ""), reply(204, ""), reply(304, ""), reply(301, "moved", "Location: /"), reply(404, "not found"),
		reply(429, "slow down"), reply(500, strings.Repeat("x", 100_000)), reply(503, "down", "Retry-After: 0"),
		chunked(200, []string{"{", "}"}), chunked(500, nil), chunked(200, []string{"{}"}, "X-Trailer: 1"),
		"HTTP/1.1 100 Continue\r\n\r\n" + ok, reply(200, "{}", "Connection: keep-alive"),
	}
	srv := t.serve(each(func(m message) string {
		i, _ := strconv.Atoi(strings.TrimPrefix(m.path(), "/"))
		return answers[i]
	}))
	b := t.open()
	sent := 0
	for i := range answers {
		for _, req := range srv.both("/" + strconv.Itoa(i)) {
			if _, err := b.send(t.Context(), req); err != nil {
				t.Fatalf("a complete answer is a Response; Send returned: %s", clip(err.Error()))
			}
			sent++
			if n := srv.connections(); n != 1 {
				t.Fatalf("calls one after the other use one connection; after %d there are %d, the last answer being %s",
					sent, n, excerpt([]byte(answers[max(i-1, 0)])))
			}
		}
	}
	srv.checkArrivals(sent, "every request is sent once")
}

// The server waits for the client to close, as it may.
func connectionCloseObeyed(t *trial) {
	for _, answer := range []string{
		reply(200, "{}", "Connection: close"),
		reply(500, "failed", "Connection: close"),
		"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
	} {
		closed := make(chan bool, 4)
		srv := t.serve(func(w *wire) {
			if _, alive := w.next(); alive && w.answer(answer) {
				closed <- w.leaves()
			}
		})
		b := t.open()
		for n := range 3 {
			if _, err := b.send(t.Context(), srv.both("/")[n%2]); err != nil {
				t.Fatalf("an answer with Connection: close is a Response; Send returned: %s", clip(err.Error()))
			}
			if !<-closed {
				t.Fatalf("after an answer that says that the connection closes the client closes it; it did not within %s: %q",
					t.suite.patience, answer)
			}
		}
		if n := srv.connections(); n != 3 {
			t.Errorf("after Connection: close each request has a connection of its own; 3 requests had %d", n)
		}
	}
}

// connectionStale lets a kept connection die between two calls. Whether the
// backend has noticed when it sends is chance.
func connectionStale(t *trial, die func(w *wire)) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		died := make(chan struct{})
		srv := t.serve(func(w *wire) {
			for {
				if _, alive := w.next(); !alive || !w.answer(ok) {
					return
				}
				if w.n == 1 {
					die(w)
					close(died)
					// What comes over the dead connection counts, but is not answered.
					for w.n == 1 {
						if _, alive := w.next(); !alive {
							return
						}
					}
				}
			}
		})
		b := t.open()
		b.response(srv.post("/first"), 200)
		<-died
		t.checkStale(b, srv, srv.with(method, "/second"))
		t.checkBody(b.response(srv.get("/third"), 200), "{}")
	}
}

// connectionEndsOnRequest lets a kept connection die upon the second request.
func connectionEndsOnRequest(t *trial, die func(w *wire)) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		srv := t.serve(dyingSecond(die))
		b := t.open()
		b.response(srv.get("/first"), 200)
		t.checkStale(b, srv, srv.with(method, "/second"))
		t.checkBody(b.response(srv.get("/third"), 200), "{}")
	}
}

// dyingSecond answers until the second request on the first connection.
func dyingSecond(die func(w *wire)) func(w *wire) {
	return func(w *wire) {
		for i := 0; ; i++ {
			if _, alive := w.next(); !alive {
				return
			}
			if w.n == 1 && i == 1 {
				die(w)
				return
			}
			w.answer(ok)
		}
	}
}

// connectionIdempotencyKey sends what net/http, for one, takes for a request that
// it may repeat by itself.
func connectionIdempotencyKey(t *trial) {
	bodies := []string{"{}"}
	if t.suite.strict { // every call of the SDK has a body, and so most backends are safe
		bodies = append(bodies, "")
	}
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		for _, body := range bodies {
			srv := t.serve(dyingSecond(func(*wire) {}))
			b := t.open()
			b.response(srv.get("/first"), 200)
			t.checkStale(b, srv, srv.postBody("/second", []byte(body)).WithHeader(name, "key"))
		}
	}
}

// checkStale sends req, as the second request, over a connection that is dead or
// dying.
func (t *trial) checkStale(b *subject, srv *server, req backend.Request) {
	t.Helper()
	res, err := b.send(t.Context(), req)
	arrived := 0
	for _, m := range srv.arrived() {
		if m.path() == "/second" {
			arrived++
		}
	}
	if err != nil {
		failed := t.asFailure(res, err, "the kept connection had died", backend.Unknown, backend.NotSent)
		if failed.Outcome == backend.NotSent && arrived > 0 {
			t.Errorf("not sent means that nothing left the process; the request arrived and the outcome is %q", failed.Outcome)
		}
	}
	if req.Method() == http.MethodPost && arrived > 1 {
		t.Errorf("a POST is not sent again, since it may have been carried out the first time; it arrived %d times", arrived)
	}
	if req.Method() == http.MethodGet && arrived > 2 {
		t.Errorf("a GET is repeated once at most when its connection is dead; it arrived %d times", arrived)
	}
}

// needCloser skips the case for backends without Close.
func (t *trial) needCloser(b *subject) io.Closer {
	t.Helper()
	closer, found := b.Backend.(io.Closer)
	if !found {
		t.Skip("skipped: the backend is no io.Closer")
	}
	return closer
}

func closeIdleConnections(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	closer := t.needCloser(b)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, req := range srv.both("/") {
				_, _ = b.send(t.Context(), req)
			}
		})
	}
	wg.Wait()
	for n := range 2 {
		if err := closer.Close(); err != nil {
			t.Errorf("Close returns nil, also the second time; call %d returned %v", n+1, err)
		}
		if open, none := srv.awaitNone(); !none {
			t.Fatalf("Close closes idle connections; %s later %d are open", t.suite.patience, open)
		}
	}
}

func closeUsableAfterwards(t *trial) {
	srv := t.serve(always(ok))
	b := t.open()
	closer := t.needCloser(b)
	for n := range 3 {
		for _, req := range srv.both("/" + strconv.Itoa(n)) {
			t.checkBody(b.response(req, 200), "{}")
		}
		if err := closer.Close(); err != nil {
			t.Errorf("Close returns nil; it returned %v", err)
		}
	}
}

// Close is for idle connections; it ends no Send.
func closeWhileSending(t *trial) {
	received, answer := make(chan struct{}, 8), make(chan struct{})
	defer close(answer)
	srv := t.serve(func(w *wire) {
		for m, alive := w.next(); alive; m, alive = w.next() {
			if m.path() == "/held" {
				received <- struct{}{}
				<-answer
			}
			if !w.answer(ok) {
				return
			}
		}
	})
	b := t.open()
	closer := t.needCloser(b)
	for _, req := range srv.both("/held") {
		b.closeWhileHeld(closer, req, received, answer)
	}
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for n := range 25 {
				if res, err := b.send(t.Context(), srv.post(fmt.Sprint("/", n))); err == nil && res.StatusCode != http.StatusOK {
					t.Errorf("Close while others send leaves their answers as they are; one became %d", res.StatusCode)
				}
			}
		})
	}
	senders.Go(func() {
		for range 25 {
			_ = closer.Close()
		}
	})
	senders.Wait()
	for _, req := range srv.both("/after") {
		t.checkBody(b.response(req, 200), "{}")
	}
}

// closeWhileHeld sends req to a server that has received it, and answers after Close.
func (b *subject) closeWhileHeld(closer io.Closer, req backend.Request, received <-chan struct{}, answer chan<- struct{}) {
	b.t.Helper()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		if _, err := b.send(b.t.Context(), req); err != nil {
			b.t.Errorf("Close ends no Send; one that was waiting for its answer returned: %s", clip(err.Error()))
		}
	}()
	select {
	case <-received:
		_ = closer.Close()
	case <-returned:
	}
	select {
	case answer <- struct{}{}:
	case <-returned:
	}
	<-returned
}
