package backendtest

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

func timeoutCases() []testCase {
	return []testCase{
		{"Timeout/WhileConnecting", timeoutWhileConnecting},
		{"Timeout/BeforeTheAnswer", timeoutBeforeTheAnswer},
		{"Timeout/WithinTheBody", timeoutWithinTheBody},
		{"Timeout/TheEarlierCounts", timeoutTheEarlierCounts},
		{"Timeout/ConnectionSurvives", timeoutConnectionSurvives},
	}
}

const (
	// soon is a time limit that passes while a server is silent.
	soon = 50 * time.Millisecond
	// later leaves time for what happens before a server falls silent.
	later = 250 * time.Millisecond
)

// limits are the two ways to limit the time of a request.
func (t *trial) limits(d time.Duration) map[string]func(req backend.Request) (context.Context, context.CancelFunc, backend.Request) {
	return map[string]func(backend.Request) (context.Context, context.CancelFunc, backend.Request){
		"Request.Timeout": func(req backend.Request) (context.Context, context.CancelFunc, backend.Request) {
			return context.WithoutCancel(t.Context()), func() {}, req.WithTimeout(d)
		},
		"the context's deadline": func(req backend.Request) (context.Context, context.CancelFunc, backend.Request) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			return ctx, cancel, req
		},
	}
}

func timeoutWhileConnecting(t *trial) {
	for name, limit := range t.limits(soon) {
		srv, _ := t.mute()
		b := t.open()
		ctx, cancel, req := limit(srv.post("/"))
		failed := b.failure(ctx, req, name+" passed while a connection was being made", t.notSent()...)
		cancel()
		t.checkEnded(failed, context.DeadlineExceeded)
	}
}

func timeoutBeforeTheAnswer(t *trial) {
	for name, limit := range t.limits(soon) {
		b := t.open()
		for n := range 2 {
			received := make(chan struct{}, 1)
			srv := t.serve(func(w *wire) {
				if _, alive := w.next(); alive {
					received <- struct{}{}
					w.gone()
				}
			})
			ctx, cancel, req := limit(srv.both("/")[n])
			res, err := b.send(ctx, req)
			cancel()
			t.checkEnded(t.asTimeout(res, err, name, received, backend.Unknown), context.DeadlineExceeded)
		}
	}
}

// asTimeout expects an outcome if the server got as far as reached says. On a
// machine that is busy the time may pass before.
func (t *trial) asTimeout(res backend.Response, err error, name string, reached <-chan struct{}, outcome backend.Outcome) *backend.Error {
	t.Helper()
	select {
	case <-reached:
		return t.asFailure(res, err, name+" passed while the server was silent", outcome)
	default:
		return t.asFailure(res, err, name+" passed early", backend.NotSent, backend.Unknown, outcome)
	}
}

func timeoutWithinTheBody(t *trial) {
	for name, limit := range t.limits(later) {
		for _, status := range []int{200, 500} {
			srv, stalled := t.stalling(status)
			b := t.open()
			ctx, cancel, req := limit(srv.post("/"))
			res, err := b.send(ctx, req)
			cancel()
			failed := t.asTimeout(res, err, name, stalled, outcomes[status])
			t.checkEnded(failed, context.DeadlineExceeded)
		}
	}
}

func timeoutTheEarlierCounts(t *trial) {
	srv := t.serve(func(w *wire) {
		if _, alive := w.next(); alive {
			w.gone()
		}
	})
	b := t.open()
	for _, limits := range [][2]time.Duration{{soon, time.Hour}, {time.Hour, soon}} {
		ctx, cancel := context.WithTimeout(t.Context(), limits[0])
		why := fmt.Sprintf("the context has %s and the request %s", limits[0], limits[1])
		failed := b.failure(ctx, srv.get("/").WithTimeout(limits[1]), why, backend.Unknown, backend.NotSent)
		cancel()
		t.checkEnded(failed, context.DeadlineExceeded)
	}
}

// A limit is for one request: neither a connection nor the next request inherits it.
func timeoutConnectionSurvives(t *trial) {
	srv := t.serve(func(w *wire) {
		for {
			m, alive := w.next()
			if !alive {
				return
			}
			if m.path() == "/slow" {
				pause := time.NewTimer(2 * soon)
				<-pause.C
			}
			if !w.answer(ok) {
				return
			}
		}
	})
	b := t.open()
	res, err := b.send(t.Context(), srv.get("/quick").WithTimeout(soon))
	if err == nil {
		t.checkBody(res, "{}")
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	_, _ = b.send(ctx, srv.get("/quick"))
	cancel()
	t.checkBody(b.response(srv.get("/slow"), 200), "{}")
	t.checkBody(b.response(srv.post("/slow").WithTimeout(time.Hour), 200), "{}")
}
