package async

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Backend is a bounded queue before another backend, and the workers that empty
// it. It is a backend itself, and takes submitted work: see [Backend.Submit] and
// [Submit]. It is safe for concurrent use.
//
// It has goroutines of its own, which [New] starts and [Backend.Close] ends.
type Backend struct {
	inner    backend.Backend
	size     int // items that may wait for a worker
	workers  int
	whenFull Overflow
	onError  func(error)
	started  time.Time
	aborted  atomic.Bool // Close has run out of time
	ended    chan struct{}
	release  func() error // closes inner, once

	mu      sync.Mutex
	wake    *sync.Cond // for workers: there is something to do, or nothing ever again
	waiting list       // callers who wait for room
	queued  list       // accepted
	running list       // accepted, a worker is at it
	busy    int        // workers that have not come back for more
	alive   int        // workers
	closed  bool
	over    bool // ended is closed
	flushes ledger
	counts  counts
	cutOff  Outcomes // failed since Close has run out of time
	behind  int      // workers that Close has left behind
	cause   error    // why Close has run out of time
}

var _ backend.Backend = (*Backend)(nil)

// New returns a queue before b and starts its workers. Nothing in cfg can be
// wrong. b's retries are part of a call: a worker is busy until b returns.
//
// The queue takes b over: [Backend.Close] closes b too, if it is an [io.Closer].
// Where b is to outlive the queue, pass backend.Func(b.Send).
//
// A client with the queue as its Config.Backend does not close it: close it
// yourself, when the client is no longer used.
func New(b backend.Backend, cfg Config) *Backend {
	if b == nil {
		b = backend.Func(nil) // fails each call, saying why
	}
	cfg = cfg.withDefaults()
	q := &Backend{
		inner:    b,
		size:     cfg.QueueSize,
		workers:  cfg.Workers,
		whenFull: cfg.WhenFull,
		onError:  cfg.OnError,
		started:  time.Now(),
		ended:    make(chan struct{}),
		alive:    cfg.Workers,
		flushes:  newLedger(),
	}
	q.wake = sync.NewCond(&q.mu)
	q.release = sync.OnceValue(func() error {
		if closer, ok := q.inner.(io.Closer); ok {
			return closer.Close()
		}
		return nil
	})
	for range cfg.Workers {
		go q.work(nil)
	}
	return q
}

// Send waits for its turn, has a worker send req, and returns the answer. ctx is
// passed on to the backend. If it ends while req is queued, req is taken out and
// Send fails with outcome [backend.NotSent]; once the backend has it, the backend
// ends it. [Config.WhenFull] applies, and Config.OnError is not told of failures.
func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	s := newSubmission(ctx, req.Op(), sendRequest(req))
	s.detached = false
	future := s.promise.Future()
	done := future.Done()
	if err := b.admit(ctx, &s.item); err != nil {
		return backend.Response{}, err
	}
	select {
	case <-done:
	case <-ctx.Done():
		b.withdraw(ctx, &s.item)
		// Taken out, or under way: then the backend returns promptly, and knows more.
		<-done
	}
	res, err, _ := future.Result()
	return res, err
}

// now is the time since the queue was made, by a clock that never jumps.
func (b *Backend) now() time.Duration { return time.Since(b.started) }
