package pusher

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// drain knows how far everything is that was accepted, for Flush and Close.
type drain struct {
	settled  int64 // events of which nothing is left to do
	marks    []*mark
	before   async.Outcomes // what had failed when Close was called
	closing  bool
	closed   error         // what Close returned first
	finished chan struct{} // closed when it did
}

// mark is somebody who waits for the events up to target.
type mark struct {
	target, left int64
	done         chan struct{}
}

// Flush has everything that was accepted before the call leave without lingering,
// and waits until all of it has its result and OnResult has returned. What is
// accepted meanwhile does not hold it up. It tells nothing of failures. If ctx ends
// first, Flush returns an error that unwraps to ctx's, and the sending goes on.
func (p *Publisher) Flush(ctx context.Context) error {
	m := p.mark()
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
	}
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	left := m.left
	if left == 0 {
		return nil
	}
	p.schedule.unmark(m)
	return fmt.Errorf("flush: %d events have no result yet: %w", left, ctx.Err())
}

// mark begins to wait for all that is accepted so far.
func (p *Publisher) mark() *mark {
	s := &p.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	s.urgent = p.intake.rush()
	m := s.await(s.urgent, s.urgent-s.settled)
	if m.left > 0 {
		p.ring()
	}
	return m
}

// await begins to wait for the left events up to target that are not settled.
func (s *schedule) await(target, left int64) *mark {
	m := &mark{target: target, left: left, done: make(chan struct{})}
	if left == 0 {
		close(m.done)
		return m
	}
	s.marks = append(s.marks, m)
	return m
}

// settle accounts for events of which nothing is left to do.
func (s *schedule) settle(events []*node) {
	s.settled += int64(len(events))
	for i := 0; i < len(s.marks); i++ {
		m := s.marks[i]
		for _, n := range events {
			if n.seq <= m.target {
				m.left--
			}
		}
		if m.left == 0 {
			close(m.done)
			s.unmark(m)
			i--
		}
	}
}

func (s *schedule) unmark(m *mark) {
	for i := range s.marks {
		if s.marks[i] == m {
			s.marks = append(s.marks[:i], s.marks[i+1:]...)
			return
		}
	}
}

// stragglers is how long Close waits, after ctx has ended, for backends to return
// and for callbacks.
const stragglers = 250 * time.Millisecond

// Close takes no more events, fails the calls that wait for room with
// async.ErrClosed, and sends what is held, retries included. If ctx ends before all
// is sent it gives up: what is queued fails as [NotSent], what waits for a retry
// with the outcome of its attempts, and requests under way are cancelled and fail
// with what the backend says of them. Every future is resolved when Close returns,
// and the goroutines have ended, except where a backend or OnResult does not
// return: that holds Close up for no more than 250 ms, and then the outcome is
// [Unknown].
//
// Close returns a [*DrainError] if any event failed since it was called, or if ctx
// ended first. It does not close the client. Calling it again returns the same;
// while another call of it is under way, the context that ends first counts.
func (p *Publisher) Close(ctx context.Context) error {
	p.intake.close()
	p.beginClosing()
	m := p.mark()
	var cut error
	select {
	case <-m.done:
	case <-p.schedule.finished:
		return p.schedule.closed
	case <-ctx.Done():
		select {
		case <-m.done:
		case <-p.schedule.finished:
			return p.schedule.closed
		default:
			cut = ctx.Err()
			p.abort()
		}
	}
	p.stop()
	grace := time.NewTimer(stragglers)
	defer grace.Stop()
	select {
	case <-p.ended:
	case <-grace.C:
		p.abandon()
	}
	return p.closeResult(cut)
}

func (p *Publisher) beginClosing() {
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	if !p.schedule.closing {
		p.schedule.closing, p.schedule.draining = true, true
		p.schedule.before = p.schedule.failed
	}
}

// abort gives up on what is not under way, and cancels what is.
func (p *Publisher) abort() {
	left := p.takeBack()
	if left == nil {
		return
	}
	p.cancel(async.ErrClosed)
	p.giveUp(left)
	go func() {
		defer p.workers.Done()
		p.tellAll(left)
	}()
}

// takeBack takes all events that are not under way out of the schedule and counts
// them as failed. If it returns any, the caller is a worker.
func (p *Publisher) takeBack() []*batch {
	s := &p.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aborted || s.stopped {
		return nil
	}
	p.take()
	s.aborted = true
	queued, held := &batch{outcome: NotSent}, &batch{outcome: NotSent}
	_, _ = queued.fail(notAccepted(async.ErrClosed), NotSent)
	_, _ = held.fail(notAccepted(async.ErrClosed), NotSent)
	for len(s.ready) > 0 {
		s.ready.pop()
	}
	for _, l := range s.lanes {
		b := queued
		if l.muted {
			b = held
		}
		for n := l.head; n != nil; n = n.next {
			b.add(n)
		}
		l.head, l.tail, l.count, l.size = nil, nil, 0, 0
		if !l.muted {
			s.drop(l)
		}
	}
	s.readyEvents, s.readySize, s.queued, s.queuedRaw = 0, 0, 0, 0
	left := []*batch{queued}
	for len(s.retries) > 0 {
		left = append(left, s.retries.pop())
	}
	// Those behind a request of their channel are told of after it.
	held.after = s.await(math.MaxInt64, s.taken-s.settled-int64(len(held.events))).done
	left = append(left, held)
	for _, b := range left {
		b.lost = true
		p.tallyUp(b.events, b.failure)
		p.tallyUp(b.rest, b.restFailure())
	}
	p.workers.Add(1)
	return left
}

// restFailure is what became of the rest of a batch, of which nothing was sent
// singly yet.
func (b *batch) restFailure() *PublishError {
	return &PublishError{Outcome: b.prior, Attempts: b.earlier, Err: notAccepted(async.ErrClosed)}
}

// giveUp resolves the futures of events that were counted as failed.
func (p *Publisher) giveUp(batches []*batch) {
	for _, b := range batches {
		p.resolve(b.events, b.receipt, b.failure)
		p.resolve(b.rest, b.receipt, b.restFailure())
	}
}

// tellAll tells OnResult of them, which may take its time.
func (p *Publisher) tellAll(batches []*batch) {
	defer func() {
		if len(batches) > 0 { // runtime.Goexit in OnResult
			go p.tellAll(batches)
		}
	}()
	for len(batches) > 0 {
		b := batches[0]
		batches = batches[1:]
		p.tellOf(b)
	}
}

// tellOf tells OnResult of a batch, and settles it whatever OnResult does.
func (p *Publisher) tellOf(b *batch) {
	defer func() {
		p.schedule.mu.Lock()
		defer p.schedule.mu.Unlock()
		p.schedule.settle(b.events)
		p.schedule.settle(b.rest)
		p.schedule.unmute(b)
	}()
	if b.after != nil {
		<-b.after
	}
	p.tell(b.events, b.receipt, b.failure)
	p.tell(b.rest, b.receipt, b.restFailure())
}

// stop ends the dispatcher and the senders, those that are busy when they are done.
func (p *Publisher) stop() {
	s := &p.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	close(p.quit)
	for _, w := range s.senders {
		close(w.work)
	}
	go func() {
		p.workers.Wait()
		p.cancel(async.ErrClosed)
		close(p.ended)
	}()
}

// abandon takes their events away from senders whose backend or callback has not
// returned.
func (p *Publisher) abandon() {
	left := p.takeAway()
	p.giveUp(left)
	if len(left) > 0 {
		go p.tellAll(left)
	}
}

func (p *Publisher) takeAway() []*batch {
	s := &p.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []*batch
	for _, w := range s.senders {
		b := w.current
		if b == nil || b.lost || b.counted && len(b.rest) == 0 {
			continue
		}
		// The sender still has b, and writes to the rest of it without a lock.
		gone := &batch{rest: slices.Clone(b.rest), attempts: b.attempts, earlier: b.earlier, prior: b.prior}
		if b.counted {
			b.rest = nil
		} else {
			b.lost = true
			gone.events = b.events
			_, _ = gone.fail(backend.NewError(publishOp, Unknown, errNotReturned), Unknown)
		}
		p.tallyUp(gone.events, gone.failure)
		p.tallyUp(gone.rest, gone.restFailure())
		left = append(left, gone)
	}
	return left
}

var errNotReturned = fmt.Errorf("%w: the backend has not returned", async.ErrClosed)

func (p *Publisher) closeResult(cut error) error {
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	select {
	case <-p.schedule.finished:
		return p.schedule.closed
	default:
	}
	if failed := minus(p.schedule.failed, p.schedule.before); cut != nil || failed.Total() > 0 {
		p.schedule.closed = &DrainError{Failed: failed, Err: cut}
	}
	close(p.schedule.finished)
	return p.schedule.closed
}
