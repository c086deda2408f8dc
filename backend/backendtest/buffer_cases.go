package backendtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/seed-588517f9/pusher-go/backend"
)

func bufferCases() []testCase {
	return []testCase{
		{"Context/CanceledWithinTheRequest", bufferOwned},
	}
}

// What a Send leaves behind when it returns early owns its buffers: requests that
// follow do not write into what is still being sent.
func bufferOwned(t *trial) {
	// More than a socket's buffers hold, or all would be sent when the context ends:
	// Linux lets a sender's grow to 4 MiB.
	const size, rounds = 8 << 20, 4
	arriving := make(chan struct{}, 1)
	drain := make(chan struct{})
	var stalled atomic.Int64
	srv := t.serve(func(w *wire) {
		w.shrinkReadBuffer()
		for {
			m, alive := w.head()
			if !alive {
				return
			}
			if m.path() != "/stall" {
				length, _ := strconv.Atoi(m.get("Content-Length"))
				w.checkPattern(m, length)
				if !w.answer(ok) {
					return
				}
				continue
			}
			stalled.Add(1)
			defer stalled.Add(-1)
			w.checkPattern(m, 8000)
			arriving <- struct{}{}
			<-drain
			w.checkPattern(m, size-8000)
			return
		}
	})
	defer func() {
		close(drain)
		poll(t.suite.patience, func() bool { return stalled.Load() == 0 })
	}()
	b := t.open()
	for round := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		res, err := b.sendCanceled(ctx, cancel, srv.patterned("/stall", round, size), arriving)
		failed := t.asFailure(res, err, "the context was canceled while the body was being sent", backend.Unknown)
		t.checkEnded(failed, context.Canceled)
	}
	t.concurrently(16, func(caller int) {
		for n := range 8 {
			_, err := b.send(t.Context(), srv.patterned("/", 100+caller*8+n, 1000+caller*1000))
			if err != nil {
				t.Errorf("sends that others were canceled before succeed; this failed: %s", clip(err.Error()))
			}
		}
	})
}

// patterned returns a request whose body consists of what its X-Pattern says.
func (s *server) patterned(path string, n, size int) backend.Request {
	pattern := fmt.Sprintf("<%06d>", n)
	body := strings.Repeat(pattern, size/len(pattern)+1)[:size]
	return s.request(backend.Call{
		Op: "trigger", Method: http.MethodPost, Path: path,
		Header: http.Header{"X-Pattern": {pattern}},
		Body:   []byte(body),
	})
}

// checkPattern reads up to n bytes of a body and compares them with its pattern.
func (w *wire) checkPattern(m message, n int) {
	pattern := m.get("X-Pattern")
	part := make([]byte, len(pattern)<<12)
	want := bytes.Repeat([]byte(pattern), 1<<12)
	for done := 0; done < n; {
		read, err := io.ReadFull(w.r, part[:min(len(part), n-done)])
		if !bytes.Equal(part[:read], want[:read]) {
			w.server.t.Errorf("a body that is being sent is not written to, also not after its Send has returned;"+
				" what arrived of one made of %q, within the %d bytes from %d, differs", pattern, read, done)
			return
		}
		if err != nil {
			return
		}
		done += read
	}
}
