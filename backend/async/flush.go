package async

import (
	"context"
	"fmt"
)

// Flush waits until all calls that were accepted before are done: their futures
// are resolved, and OnError has been told. What is accepted afterwards does not
// keep it. It returns nil whatever became of the calls, and an error that unwraps
// to ctx's if ctx ends first; the calls go on. A closed queue can be flushed.
func (b *Backend) Flush(ctx context.Context) error {
	b.mu.Lock()
	done := b.flushes.seal()
	b.mu.Unlock()
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done:
		return nil
	default:
		return fmt.Errorf("flush: %w", contextError(ctx))
	}
}

// ledger knows which calls are not done yet, by epoch: each Flush ends one, so
// that it need not wait for those that come after.
type ledger struct {
	oldest *epoch // that is not done, or the current one
	sealed *epoch // the one before the current, nil if there was none
	now    *epoch // that calls enter
	open   int    // calls in all epochs
}

type epoch struct {
	open int
	done chan struct{} // closed when this epoch and all before it are done
	next *epoch
}

func newLedger() ledger {
	first := new(epoch)
	return ledger{oldest: first, now: first}
}

func (l *ledger) enter(it *item) {
	it.epoch = l.now
	l.now.open++
	l.open++
}

// leave counts it as done, once.
func (l *ledger) leave(it *item) {
	if it.epoch == nil {
		return
	}
	it.epoch.open--
	it.epoch = nil
	l.open--
	for l.oldest != l.now && l.oldest.open == 0 {
		close(l.oldest.done)
		l.oldest = l.oldest.next
	}
}

// seal ends the epoch and returns what is closed when it is done, nil if it is.
func (l *ledger) seal() <-chan struct{} {
	if l.open == 0 {
		return nil
	}
	if l.now.open > 0 {
		l.now.done = make(chan struct{})
		l.sealed, l.now.next = l.now, new(epoch)
		l.now = l.now.next
	}
	return l.sealed.done
}
