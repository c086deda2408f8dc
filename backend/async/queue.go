package async

import (
	"context"

	"github.com/seed-588517f9/pusher-go/backend"
)

// admit accepts it, or returns why not, having counted it either way.
func (b *Backend) admit(ctx context.Context, it *item) error {
	if ctx.Err() != nil {
		b.mu.Lock()
		b.counts.refused.Canceled++
		b.mu.Unlock()
		return it.notSent(contextError(ctx))
	}
	it.accepted = b.now()
	b.mu.Lock()
	var oldest *item
	switch {
	case b.closed:
		b.counts.refused.Closed++
		b.mu.Unlock()
		return it.notSent(ErrClosed)
	case b.hasRoom():
	case b.whenFull != DropNewest && b.whenFull != DropOldest:
		it.turn = &turn{come: make(chan struct{})}
		b.waiting.push(it)
		b.mu.Unlock()
		return b.awaitTurn(ctx, it)
	case b.whenFull == DropOldest && b.queued.n > 0:
		oldest = b.queued.pop()
		b.counts.dropped++
		b.counts.fail(backend.NotSent)
	default:
		b.counts.refused.Full++
		b.mu.Unlock()
		return it.notSent(ErrQueueFull)
	}
	b.accept(it)
	b.mu.Unlock()
	if oldest != nil {
		b.fail(oldest, oldest.notSent(ErrQueueFull))
	}
	return nil
}

// hasRoom reports whether one more call may be accepted. What waits for a worker
// that is free takes no room: it is as good as begun. b is locked.
func (b *Backend) hasRoom() bool { return b.queued.n+b.busy < b.size+b.workers }

// accept puts it in the queue. b is locked.
func (b *Backend) accept(it *item) {
	b.counts.accepted++
	b.flushes.enter(it)
	b.queued.push(it)
	b.wake.Signal()
}

// awaitTurn waits until it was let in, or returns why it was not.
func (b *Backend) awaitTurn(ctx context.Context, it *item) error {
	select {
	case <-it.turn.come:
		return it.turn.err
	case <-ctx.Done():
	}
	b.mu.Lock()
	gone := b.waiting.remove(it)
	if gone {
		b.counts.refused.Canceled++
	}
	b.mu.Unlock()
	if !gone {
		return it.turn.err // its turn had come at the same moment
	}
	return it.notSent(contextError(ctx))
}

// letIn accepts those who wait for room, while there is any. It is called whenever
// there may be, so that nobody can overtake them. b is locked.
func (b *Backend) letIn() {
	for b.waiting.n > 0 && b.hasRoom() {
		it := b.waiting.pop()
		it.accepted = b.now()
		b.accept(it)
		close(it.turn.come)
	}
}

// withdraw takes it out of the queue, since ctx has ended, unless a worker has it.
func (b *Backend) withdraw(ctx context.Context, it *item) {
	b.mu.Lock()
	out := b.queued.remove(it)
	if out {
		b.counts.withdrawn++
		b.counts.fail(backend.NotSent)
		b.letIn()
	}
	b.mu.Unlock()
	if out {
		b.fail(it, it.notSent(contextError(ctx)))
	}
}

// work is a worker. left is a call that it begins by settling, nil at first.
func (b *Backend) work(left *item) {
	ended := false
	defer func() {
		if !ended { // by runtime.Goexit, in the backend or a callback
			go b.work(left)
		}
	}()
	for left = b.next(left); left != nil; left = b.next(left) {
		b.perform(left)
	}
	ended = true
}

// next settles what the worker has done and waits for more. It returns nil when
// there will be none; then the worker is counted out.
func (b *Backend) next(done *item) *item {
	b.mu.Lock()
	defer b.mu.Unlock()
	if done != nil {
		b.busy--
		if !done.abandoned {
			b.settle(done)
		}
	}
	for {
		b.letIn()
		if it := b.queued.pop(); it != nil {
			b.busy++
			b.running.push(it)
			return it
		}
		if b.closed {
			b.alive--
			b.checkEnded()
			return nil
		}
		b.wake.Wait()
	}
}

// perform has a worker carry it out, on a context that Close can end.
func (b *Backend) perform(it *item) {
	it.begun = b.now()
	ctx := it.ctx
	if it.detached {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	it.cancel.Store(&cancel)
	defer it.cancel.Store(nil) // it leads to what the caller's context holds
	if b.aborted.Load() {
		cancel(ErrClosed)
	}
	it.work.perform(ctx, b)
}

// claim takes it off the list of calls under way and counts what became of it. It
// returns false if Close has given it up before.
func (b *Backend) claim(it *item, outcome backend.Outcome, err error) bool {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running.remove(it) {
		return false
	}
	b.counts.queueTime += it.begun - it.accepted
	b.counts.sendTime += now - it.begun
	if err == nil && outcome == backend.Accepted {
		b.counts.delivered++
		return true
	}
	b.counts.fail(outcome)
	if b.aborted.Load() {
		b.cutOff = b.cutOff.plus(outcome)
	}
	return true
}

// settle lets those go who wait for it. b is locked.
func (b *Backend) settle(it *item) {
	b.flushes.leave(it)
	b.checkEnded()
}
