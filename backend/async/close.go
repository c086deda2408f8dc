package async

import (
	"context"
	"errors"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// grace is how long Close waits for calls that it has cut off, and for OnError: a
// backend returns promptly when its context ends.
const grace = time.Second

// Close takes no more calls, which fail with [ErrClosed], also those that wait for
// room; it waits until all accepted ones are done, ends the workers and closes the
// backend behind the queue, if that can be closed.
//
// When ctx ends first, what is queued fails as not sent, with ErrClosed as the
// cause, and what is under way is canceled and ends with the outcome that the
// backend gives it. A call that is not back a second later is given up, with
// outcome [backend.Unknown]. Close then returns a [*DrainError] that counts them.
//
// All futures are resolved when Close returns. OnError is told by a goroutine of
// its own of what Close has failed, one call after the other. Close waits for it
// during the second that calls under way are given, and for one more if calls were
// given up. When that is not enough, the goroutine goes on, and ends when OnError
// has returned for each of them.
//
// Close may be called more than once, at the same time too; each call waits by
// its own context and returns the same error. It must not be called by OnError.
func (b *Backend) Close(ctx context.Context) error {
	b.stopIntake()
	select {
	case <-b.ended:
	case <-ctx.Done():
		b.abort(contextError(ctx))
		if !b.endsWithin(grace) && b.abandon() {
			b.endsWithin(grace) // OnError is being told of what was given up
		}
		b.leave()
	}
	return b.closeError()
}

func (b *Backend) stopIntake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for b.waiting.n > 0 {
		it := b.waiting.pop()
		b.counts.refused.Closed++
		it.turn.err = it.notSent(ErrClosed)
		close(it.turn.come)
	}
	b.wake.Broadcast()
}

// abort fails what is queued and cancels what is under way.
func (b *Backend) abort(cause error) {
	b.mu.Lock()
	if b.over || b.aborted.Load() {
		b.mu.Unlock()
		return
	}
	b.aborted.Store(true)
	b.cause = cause
	queued := b.queued.all()
	for range queued {
		b.counts.fail(backend.NotSent)
		b.cutOff = b.cutOff.plus(backend.NotSent)
	}
	var cancels []context.CancelCauseFunc
	for it := b.running.head; it != nil; it = it.next {
		// A worker that has not made its context yet finds aborted set.
		if cancel := it.cancel.Load(); cancel != nil {
			cancels = append(cancels, *cancel)
		}
	}
	b.mu.Unlock()
	for _, cancel := range cancels {
		cancel(ErrClosed)
	}
	b.failAll(queued, func(it *item) error { return it.notSent(ErrClosed) })
}

// endsWithin waits for the end, and reports whether it has come.
func (b *Backend) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-b.ended:
		return true
	case <-timer.C:
		return false
	}
}

// abandon gives up on what has not come back, and reports whether there was any.
func (b *Backend) abandon() bool {
	b.mu.Lock()
	if b.over {
		b.mu.Unlock()
		return false
	}
	running := b.running.all()
	for _, it := range running {
		it.abandoned = true
		b.counts.fail(backend.Unknown)
		b.cutOff = b.cutOff.plus(backend.Unknown)
	}
	b.behind = b.alive
	b.mu.Unlock()
	b.failAll(running, func(it *item) error { return backend.NewError(it.op, backend.Unknown, ErrClosed) })
	return len(running) > 0
}

// leave ends the queue whatever is left to wait for.
func (b *Backend) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end()
}

// checkEnded ends the queue when nothing is left to wait for. b is locked.
func (b *Backend) checkEnded() {
	if b.alive <= b.behind && b.flushes.open == 0 {
		b.end()
	}
}

// end releases those who wait in Close. b is locked.
func (b *Backend) end() {
	if !b.over {
		b.over = true
		close(b.ended)
	}
}

func (b *Backend) closeError() error {
	err := b.release()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cutOff.Total() == 0 && b.behind == 0 {
		return err
	}
	drain := &DrainError{CutOff: b.cutOff, Busy: b.behind, Err: b.cause}
	if err != nil {
		return errors.Join(drain, err)
	}
	return drain
}
