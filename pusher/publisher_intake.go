package pusher

import (
	"container/list"
	"context"
	"math"
	"sync"
	"sync/atomic"

	"github.com/seed-588517f9/pusher-go/backend/async"
)

// intake is where producers put entries: one slice, which whoever schedules swaps
// for the other one, and the bounds of everything that the publisher holds. Its
// lock is the only one that producers take. It may be taken under the schedule's,
// never the other way round.
type intake struct {
	p *Publisher

	// released counts what has left the publisher, its events and their bytes. It
	// is written without the lock, so that senders do not stand in producers' way.
	released struct {
		events, bytes atomic.Int64
	}
	// blocked is how many callers wait for room.
	blocked atomic.Int64

	mu      sync.Mutex
	entries []entry // accepted, not taken yet
	raw     int     // their bytes
	since   int64   // when the first of them came
	// accepted counts what ever came in; it may not pass the limits, which move
	// with what is known to be released.
	accepted, acceptedBytes int64
	limit, limitBytes       int64
	alarm                   alarm
	urgent                  int64     // the events up to this one leave without lingering
	waiting                 list.List // of *waiter, first come first
	closed                  bool
}

// alarm says when producers wake the dispatcher: when so many entries have come
// in, or bytes.
type alarm struct {
	free         bool // a sender is: otherwise there is no use in it
	entries, raw int
}

// waiter is a caller who waits for room.
type waiter struct {
	entry entry
	ready chan struct{} // closed when the entry is accepted, or err set
	err   error
}

// preallocated is how many entries the two slices have room for from the start. A
// larger buffer grows to its size once.
const preallocated = 16 << 10

func (in *intake) init(p *Publisher) {
	in.p = p
	in.entries = make([]entry, 0, min(p.maxEvents, preallocated))
	in.limit, in.limitBytes = p.maxEvents, p.maxBytes
	in.alarm = alarm{free: true, entries: 1, raw: math.MaxInt}
}

// put accepts e, waiting for room while ctx allows.
func (in *intake) put(ctx context.Context, e *entry) error {
	size := int64(e.raw)
	in.mu.Lock()
	if in.blocked.Load() != 0 || in.closed || !in.fits(size) {
		return in.wait(ctx, e)
	}
	in.accept(e, size)
	wake := in.enough()
	in.mu.Unlock()
	if wake {
		in.p.ring()
	}
	return nil
}

// tryPut accepts e if that needs no waiting.
func (in *intake) tryPut(e *entry) error {
	size := int64(e.raw)
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		in.p.refused.closed.Add(1)
		return notAccepted(async.ErrClosed)
	}
	if in.blocked.Load() != 0 || !in.fits(size) {
		wake := in.press()
		in.mu.Unlock()
		if wake {
			in.p.ring()
		}
		in.p.refused.full.Add(1)
		return notAccepted(async.ErrQueueFull)
	}
	in.accept(e, size)
	wake := in.enough()
	in.mu.Unlock()
	if wake {
		in.p.ring()
	}
	return nil
}

// fits reports whether there is room for an event of size bytes.
func (in *intake) fits(size int64) bool {
	if in.accepted < in.limit && in.acceptedBytes+size <= in.limitBytes {
		return true
	}
	in.limit = bound(in.released.events.Load(), in.p.maxEvents)
	in.limitBytes = bound(in.released.bytes.Load(), in.p.maxBytes)
	return in.accepted < in.limit && in.acceptedBytes+size <= in.limitBytes
}

// bound returns how far the count of what was accepted may go.
func bound(released, most int64) int64 {
	if most > math.MaxInt64-released {
		return math.MaxInt64
	}
	return released + most
}

func (in *intake) accept(e *entry, size int64) {
	if len(in.entries) == 0 {
		in.since = in.p.clock()
	}
	in.entries = append(in.entries, *e)
	in.raw += int(size)
	in.accepted++
	in.acceptedBytes += size
}

// enough reports whether the dispatcher is to be woken for what has come in. It
// says so once.
func (in *intake) enough() bool {
	if in.accepted >= in.limit && !in.fits(0) {
		return in.press()
	}
	if len(in.entries) < in.alarm.entries && in.raw < in.alarm.raw {
		return false
	}
	in.alarm.entries, in.alarm.raw = math.MaxInt, math.MaxInt
	return true
}

// press has everything that is here leave without lingering, since there is no
// room for more. It reports whether the dispatcher is to be woken for that.
func (in *intake) press() bool {
	if in.urgent >= in.accepted {
		return false
	}
	in.urgent = in.accepted
	return in.alarm.free
}

// wait queues up for room. The intake is locked when it is called, and not when it
// returns.
func (in *intake) wait(ctx context.Context, e *entry) error {
	if in.closed {
		in.mu.Unlock()
		in.p.refused.closed.Add(1)
		return notAccepted(async.ErrClosed)
	}
	w := &waiter{entry: *e, ready: make(chan struct{})}
	place := in.waiting.PushBack(w)
	in.blocked.Add(1)
	wake := in.press()
	// What was released before blocked was raised, nobody has told this waiter.
	wake = in.admit() || wake
	in.mu.Unlock()
	if wake {
		in.p.ring()
	}
	select {
	case <-w.ready:
		return w.err
	case <-ctx.Done():
	}
	in.mu.Lock()
	select {
	case <-w.ready:
		in.mu.Unlock()
		return w.err
	default:
	}
	in.waiting.Remove(place)
	in.blocked.Add(-1)
	wake = in.admit() // smaller ones behind it
	in.mu.Unlock()
	if wake {
		in.p.ring()
	}
	in.p.refused.canceled.Add(1)
	return notAccepted(ctx.Err())
}

// admit lets in those who wait, as far as there is room, and reports whether the
// dispatcher is to be woken.
func (in *intake) admit() (wake bool) {
	for place := in.waiting.Front(); place != nil; place = in.waiting.Front() {
		w := place.Value.(*waiter) //nolint:forcetypeassert // the list holds nothing else
		size := int64(w.entry.raw)
		if !in.fits(size) {
			return in.press() || wake
		}
		in.accept(&w.entry, size)
		wake = in.enough() || wake
		in.waiting.Remove(place)
		in.blocked.Add(-1)
		close(w.ready)
	}
	return wake
}

// release makes room: events of that many bytes in all have left.
func (in *intake) release(events, bytes int64) {
	in.released.events.Add(events)
	in.released.bytes.Add(bytes)
}

// letIn is admit for those who have released something and hold no lock.
func (in *intake) letIn() {
	if in.blocked.Load() == 0 {
		return
	}
	in.mu.Lock()
	wake := in.admit()
	in.mu.Unlock()
	if wake {
		in.p.ring()
	}
}

// take swaps the entries for an empty slice, after letting in who waits. That sets
// the alarm off without waking anybody, since somebody is here.
func (in *intake) take(empty []entry) (entries []entry, since, urgent int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.blocked.Load() != 0 {
		in.admit()
		in.p.schedule.alarm = alarm{} // to be set again
	}
	if len(in.entries) == 0 {
		return empty, 0, in.urgent
	}
	entries = in.entries
	in.entries, in.raw = empty, 0
	return entries, in.since, in.urgent
}

// arm sets how much is to come in before the dispatcher is woken. It reports
// whether that much is there already, or something that is not to linger: nobody
// was woken for that while all senders were busy.
func (in *intake) arm(a alarm) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.alarm = a
	if len(in.entries) == 0 {
		return false
	}
	return a.free && in.urgent > in.accepted-int64(len(in.entries)) || in.enough()
}

// rush has everything accepted so far leave without lingering, and returns how
// many events that is, counted from the first.
func (in *intake) rush() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.urgent = in.accepted
	return in.accepted
}

// close ends the intake; whoever waits for room is told.
func (in *intake) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	for place := in.waiting.Front(); place != nil; place = in.waiting.Front() {
		w := place.Value.(*waiter) //nolint:forcetypeassert // the list holds nothing else
		in.waiting.Remove(place)
		in.blocked.Add(-1)
		in.p.refused.closed.Add(1)
		w.err = notAccepted(async.ErrClosed)
		close(w.ready)
	}
}
