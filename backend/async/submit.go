package async

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Submit queues req and returns the future of its answer. It returns as soon as
// req is accepted or refused: under [Block], when there is room or ctx ends.
//
// A refused call is a future that has failed, with outcome [backend.NotSent] and
// [ErrQueueFull], [ErrClosed] or ctx's error as its cause. ctx governs no more than
// that: once req is accepted, only ctx's values count. What is called with a
// context that has ended is refused.
//
// As with any backend, an answer is no error whatever its status, so OnError is
// not told of it; [Stats] counts a failure.
func (b *Backend) Submit(ctx context.Context, req backend.Request) *Future[backend.Response] {
	return Submit(ctx, b, req.Op(), sendRequest(req))
}

// Submit queues work and returns the future of its result, just as
// [Backend.Submit] does for a request. op names it in errors.
//
// A worker calls run once, with the values of ctx and the backend behind the queue
// to send with, as often as it takes: that is one call to the queue, on one
// worker. run returns its result, what it means for the call (of interest if it
// failed, and counted in [Stats]; [backend.Accepted] with a nil error is success),
// and its error, which the future gets as it is. The context ends when Close has
// run out of time; run is to return promptly then. A panic in run, or a call of
// [runtime.Goexit], fails the future.
//
// [runtime.Goexit]: https://pkg.go.dev/runtime#Goexit
func Submit[T any](
	ctx context.Context, b *Backend, op string, run func(context.Context, backend.Backend) (T, backend.Outcome, error),
) *Future[T] {
	s := newSubmission(ctx, op, run)
	if err := b.admit(ctx, &s.item); err != nil {
		b.report(err, s.fail(err))
	}
	return s.promise.Future()
}

// Refuse returns a future that has failed with err, for work that turned out to be
// invalid before it reached the queue. It is counted in [Stats] as refused, and
// reported to Config.OnError.
func Refuse[T any](b *Backend, err error) *Future[T] {
	b.mu.Lock()
	b.counts.refused.Invalid++
	b.mu.Unlock()
	var p Promise[T]
	var none T
	_, awaited := p.resolve(none, err)
	b.report(err, awaited)
	return p.Future()
}

// submission is a call whose result is a T.
type submission[T any] struct {
	item
	promise Promise[T]
	run     func(context.Context, backend.Backend) (T, backend.Outcome, error)
}

func newSubmission[T any](
	ctx context.Context, op string, run func(context.Context, backend.Backend) (T, backend.Outcome, error),
) *submission[T] {
	s := &submission[T]{item: item{op: op, ctx: ctx, detached: true}, run: run}
	s.work = s
	return s
}

func (s *submission[T]) perform(ctx context.Context, b *Backend) {
	var value T
	var outcome backend.Outcome
	var err error
	returned := false
	// Deferred, so that it happens whatever run does.
	defer func() {
		if !returned {
			cause := errGoexit
			if p := recover(); p != nil {
				cause = &PanicError{Value: p, Stack: debug.Stack()}
			}
			outcome, err = backend.Unknown, backend.NewError(s.op, backend.Unknown, cause)
		}
		s.run, s.ctx = nil, nil // whoever keeps the future need not keep the payload
		if b.claim(&s.item, outcome, err) {
			_, awaited := s.promise.resolve(value, err)
			b.report(err, awaited)
		}
	}()
	value, outcome, err = s.run(ctx, b.inner)
	returned = true
}

func (s *submission[T]) fail(err error) (awaited bool) {
	if !s.abandoned { // if it is, they are the worker's
		s.run, s.ctx = nil, nil
	}
	var none T
	_, awaited = s.promise.resolve(none, err)
	return awaited
}

var errGoexit = errors.New("the goroutine was ended by runtime.Goexit")

// sendRequest is the work of sending req.
func sendRequest(req backend.Request) func(context.Context, backend.Backend) (backend.Response, backend.Outcome, error) {
	return func(ctx context.Context, b backend.Backend) (backend.Response, backend.Outcome, error) {
		res, err := b.Send(ctx, req)
		return res, outcomeOf(res, err), err
	}
}

// outcomeOf returns what a backend's answer means for the call.
func outcomeOf(res backend.Response, err error) backend.Outcome {
	if err != nil {
		if failure, ok := errors.AsType[*backend.Error](err); ok {
			return failure.Outcome
		}
		return backend.Unknown
	}
	switch status := res.EffectiveStatus(); {
	case status < http.StatusOK:
		return backend.Unknown
	case status <= 299:
		return backend.Accepted
	default:
		return backend.Rejected
	}
}
