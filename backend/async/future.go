package async

import (
	"context"
	"fmt"
	"sync"
)

// Future is a result that may not be there yet. It is resolved exactly once, with
// a value or an error, also when its work is dropped or the queue is closed. It
// is safe for concurrent use, by any number of waiters. Futures come from
// [Submit], from the clients built on it, and from a [Promise].
type Future[T any] struct {
	mu       sync.Mutex
	resolved bool
	watched  bool          // Done has been called
	waiters  int           // calls of Wait under way
	done     chan struct{} // nil until somebody waits
	value    T
	err      error
}

// Done returns a channel that is closed when the future is resolved, for a
// select. Whoever asks for it is taken to look at the result too: the error of
// such a future is not reported to Config.OnError.
func (f *Future[T]) Done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watched = true
	return f.channel()
}

// channel returns done, making it if need be. f is locked.
func (f *Future[T]) channel() chan struct{} {
	if f.done == nil {
		f.done = make(chan struct{})
		if f.resolved {
			close(f.done)
		}
	}
	return f.done
}

// Wait returns the result, as soon as it is there. When ctx ends before that, Wait
// returns an error that unwraps to ctx's, and the work goes on: Wait can be called
// again. A future that is resolved returns its result also if ctx has ended.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	f.mu.Lock()
	if f.resolved {
		f.mu.Unlock()
		return f.value, f.err
	}
	done := f.channel()
	f.waiters++
	f.mu.Unlock()
	select {
	case <-done:
		return f.value, f.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiters--
	if f.resolved {
		return f.value, f.err
	}
	var none T
	return none, fmt.Errorf("wait for the result: %w", contextError(ctx))
}

// Result returns the result without waiting. ok is false if it is not there yet.
func (f *Future[T]) Result() (value T, err error, ok bool) { //nolint:revive // the pair that Wait returns, and whether there is one
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.value, f.err, f.resolved
}

// Promise makes a [Future] and resolves it. The zero value is ready for use; it
// must not be copied. Future and Promise are one allocation, and none if the
// Promise is part of something larger; the channel that waiters need is made when
// the first one comes. It is safe for concurrent use.
type Promise[T any] struct {
	future Future[T]
}

// Future returns the promise's future, the same each time. It keeps alive what
// the Promise is part of.
func (p *Promise[T]) Future() *Future[T] { return &p.future }

// Resolve gives the future its result and wakes those who wait. Only the first
// call does; it returns true, later ones return false and change nothing.
func (p *Promise[T]) Resolve(value T, err error) bool {
	first, _ := p.resolve(value, err)
	return first
}

// resolve also reports whether anybody waits for the result at this moment.
func (p *Promise[T]) resolve(value T, err error) (first, awaited bool) {
	f := &p.future
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.resolved {
		return false, false
	}
	f.resolved, f.value, f.err = true, value, err
	if f.done != nil {
		close(f.done)
	}
	return true, f.watched || f.waiters > 0
}

// contextError returns why ctx ended: an error that matches ctx.Err(), and the
// cause too, where [context.WithCancelCause] gave another.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || cause == err { //nolint:errorlint // asks whether they are the same, not alike
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
