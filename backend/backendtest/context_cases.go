package backendtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

func contextCases() []testCase {
	return []testCase{
		{"Context/EndedBefore", contextEndedBefore},
		{"Context/CanceledWhileConnecting", contextCanceledWhileConnecting},
		{"Context/CanceledBeforeTheAnswer", contextCanceledBeforeTheAnswer},
		{"Context/CanceledWithinTheBody", contextCanceledWithinTheBody},
	}
}

func contextEndedBefore(t *trial) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	for _, warm := range []bool{false, true} {
		srv := t.serve(always(ok))
		b := t.open()
		before := 0
		if warm {
			b.response(srv.get("/"), 200)
			before = 1
		}
		for want, ctx := range map[error]context.Context{context.Canceled: canceled, context.DeadlineExceeded: expired} {
			for _, req := range append(srv.both("/"), srv.post("/").WithTimeout(time.Hour)) {
				failed := b.failure(ctx, req, "the context had ended before Send", backend.NotSent)
				t.checkEnded(failed, want)
			}
		}
		srv.checkArrivals(before, "nothing is sent once the context has ended")
	}
}

// checkEnded reports an error that does not tell that the context, or the time,
// has ended.
func (t *trial) checkEnded(failed *backend.Error, want error) {
	t.Helper()
	t.checkIs(failed, want)
	if timeout := errors.Is(want, context.DeadlineExceeded); failed.Timeout() != timeout {
		t.Errorf("Error.Timeout is %t where the cause is %q; it is %t for: %s", timeout, want, failed.Timeout(), clip(failed.Error()))
	}
}

// far are contexts that can be canceled: without a deadline, and with one that is
// far away.
func (t *trial) far() []func() (context.Context, context.CancelFunc) {
	return []func() (context.Context, context.CancelFunc){
		func() (context.Context, context.CancelFunc) {
			return context.WithCancel(context.WithoutCancel(t.Context()))
		},
		func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), time.Hour) },
	}
}

// sendCanceled sends req and cancels as soon as moment comes.
func (b *subject) sendCanceled(ctx context.Context, cancel context.CancelFunc, req backend.Request, moment <-chan struct{}) (backend.Response, error) {
	b.t.Helper()
	defer cancel()
	type result struct {
		res backend.Response
		err error
	}
	returned := make(chan result, 1)
	go func() {
		res, err := b.send(ctx, req)
		returned <- result{res, err}
	}()
	select {
	case <-moment:
		cancel()
	case r := <-returned:
		return r.res, r.err
	}
	r := <-returned
	return r.res, r.err
}

// mute returns a server that takes connections for TLS and never says a word, and
// a channel that receives when a client has said hello.
func (t *trial) mute() (*server, <-chan struct{}) {
	t.Helper()
	hello := make(chan struct{}, 1)
	return t.serveConns("https", func(w *wire) {
		if _, err := w.r.ReadByte(); err == nil {
			hello <- struct{}{}
			w.gone()
		}
	}, nil), hello
}

func contextCanceledWhileConnecting(t *trial) {
	for _, bounded := range t.far() {
		srv, hello := t.mute()
		b := t.open()
		for _, req := range append(srv.both("/"), srv.get("/").WithTimeout(time.Hour)) {
			ctx, cancel := bounded()
			res, err := b.sendCanceled(ctx, cancel, req, hello)
			failed := t.asFailure(res, err, "the context was canceled while a connection was being made", t.notSent()...)
			t.checkEnded(failed, context.Canceled)
		}
	}
}

func contextCanceledBeforeTheAnswer(t *trial) {
	for _, part := range []string{"", "HTTP/1.1 200 OK\r\nContent-Le"} {
		for _, bounded := range t.far() {
			received := make(chan struct{}, 1)
			srv := t.serve(func(w *wire) {
				if _, alive := w.next(); alive {
					w.answer(part)
					received <- struct{}{}
					w.gone()
				}
			})
			b := t.open()
			for _, req := range append(srv.both("/"), srv.get("/").WithTimeout(time.Hour)) {
				ctx, cancel := bounded()
				res, err := b.sendCanceled(ctx, cancel, req, received)
				failed := t.asFailure(res, err, "the context was canceled between the request and its answer", backend.Unknown)
				t.checkEnded(failed, context.Canceled)
			}
			srv.checkArrivals(3, "a request whose context was canceled is sent once")
		}
	}
}

// stalling returns a server that answers with that status and stops within the
// body, and a channel that receives when it has. It sends so much before that the
// client must have read the start of it.
func (t *trial) stalling(status int) (*server, <-chan struct{}) {
	t.Helper()
	const size = 1 << 20 // more than the socket buffers on the way, the server's being small
	stalled := make(chan struct{}, 1)
	return t.serve(func(w *wire) {
		w.shrinkWriteBuffer()
		if _, alive := w.next(); alive && w.answer(fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n", status, reason(status), size+1)) {
			if w.answer(strings.Repeat("x", size)) {
				stalled <- struct{}{}
			}
			w.gone()
		}
	}), stalled
}

func contextCanceledWithinTheBody(t *trial) {
	for _, status := range []int{200, 500} {
		for _, bounded := range t.far() {
			srv, stalled := t.stalling(status)
			b := t.open()
			for _, req := range srv.both("/") {
				ctx, cancel := bounded()
				res, err := b.sendCanceled(ctx, cancel, req, stalled)
				failed := t.asFailure(res, err, fmt.Sprintf("the context was canceled within the body of a %d", status), outcomes[status])
				t.checkEnded(failed, context.Canceled)
				t.checkStatus(failed, status)
			}
		}
	}
}
