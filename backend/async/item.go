package async

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// item is what the queue knows of a call. It is on one list at a time: that of
// callers who wait for room, that of calls which wait for a worker, or that of
// calls under way. Whoever takes it off the last one, under the queue's lock, and
// nobody else, resolves it.
type item struct {
	prev, next *item
	on         *list

	op       string
	ctx      context.Context //nolint:containedctx // the caller's, carried to the worker
	detached bool            // the caller's cancellation does not reach the work
	work     work
	epoch    *epoch // nil unless accepted and not settled
	accepted time.Duration
	begun    time.Duration
	cancel   atomic.Pointer[context.CancelCauseFunc]
	turn     *turn // nil unless the caller waits for room

	abandoned bool // Close has given it up and settles it; the worker may be at it still
}

// work is the part of a call that knows the type of its result.
type work interface {
	// perform carries the call out and resolves it.
	perform(ctx context.Context, b *Backend)
	// fail resolves a call that is not going to be performed, and reports whether
	// anybody waits for it.
	fail(err error) (awaited bool)
}

// turn tells a caller who waits for room that it has come, or why not.
type turn struct {
	come chan struct{}
	err  error
}

// notSent returns the error of a call that the queue fails itself. It is not made
// by [backend.NewError], which looks for signed URLs: there are none in what the
// queue says, and refusing a call is to be cheaper than sending it.
func (it *item) notSent(err error) error {
	return &backend.Error{Op: it.op, Outcome: backend.NotSent, Err: err}
}

// list is a queue of items of which any can be taken out.
type list struct {
	head, tail *item
	n          int
}

func (l *list) push(it *item) {
	it.on, it.prev = l, l.tail
	if l.tail == nil {
		l.head = it
	} else {
		l.tail.next = it
	}
	l.tail = it
	l.n++
}

// pop takes out the oldest, nil if there is none.
func (l *list) pop() *item {
	it := l.head
	if it != nil {
		l.remove(it)
	}
	return it
}

// remove takes out it, and reports whether it was there.
func (l *list) remove(it *item) bool {
	if it.on != l {
		return false
	}
	if it.prev == nil {
		l.head = it.next
	} else {
		it.prev.next = it.next
	}
	if it.next == nil {
		l.tail = it.prev
	} else {
		it.next.prev = it.prev
	}
	it.prev, it.next, it.on = nil, nil, nil
	l.n--
	return true
}

// all takes out everything.
func (l *list) all() []*item {
	items := make([]*item, 0, l.n)
	for l.head != nil {
		items = append(items, l.pop())
	}
	return items
}
