package pusher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// sender carries one batch at a time. When it has done with one it takes the next
// by itself, and waits to be handed one only where there is none.
type sender struct {
	p       *Publisher
	work    chan *batch
	current *batch // guarded by the schedule's lock

	// What came of the last attempt, as the backend said it.
	req     backend.Request
	res     backend.Response
	err     error
	sending bool // between a call of the backend and its return
}

func (w *sender) run(b *batch) {
	ended := false
	defer func() {
		if !ended {
			// runtime.Goexit in the backend or in OnResult, as by t.FailNow in a test.
			w.p.workers.Go(func() { w.run(b) })
		}
	}()
	for ok := true; ok; b, ok = <-w.work {
		for b != nil {
			b = w.carry(b)
		}
	}
	ended = true
}

// carry makes an attempt at b and returns what to carry next, nil if nothing.
func (w *sender) carry(b *batch) *batch {
	p := w.p
	if b.counted {
		return p.proceed(w, b)
	}
	wait, verdict := w.attempt(b)
	switch {
	case verdict == later && p.postpone(b, wait):
		return p.proceed(w, nil)
	case verdict == singly && p.divide(b):
		return b
	}
	if p.onResult != nil || b.promised {
		if !p.count(b) {
			return p.proceed(w, b)
		}
		p.intake.letIn()
		p.report(b)
	}
	return p.proceed(w, b)
}

// verdict says how to go on after an attempt.
type verdict int

const (
	final  verdict = iota // b has its result
	later                 // another attempt, after a wait
	singly                // the events by themselves
)

func (w *sender) attempt(b *batch) (time.Duration, verdict) {
	p, c := w.p, w.p.client
	if !w.sending {
		if p.ctx.Err() != nil {
			return b.fail(notAccepted(async.ErrClosed), NotSent)
		}
		if b.call.Method == "" {
			if err := b.encode(c); err != nil {
				return b.fail(err, NotSent)
			}
			b.began = p.clock()
		}
		p.countAttempt(b)
	}
	err := w.exchange(b)
	if err == nil {
		b.failure = nil
		return 0, final
	}
	outcome := OutcomeOf(err)
	if b.size > 1 {
		_, asked := w.res.RetryAfter(c.now())
		outcome = outcomeInBatch(err, p.atomic, asked)
	}
	_, _ = b.fail(err, outcome)
	if p.ctx.Err() != nil {
		return 0, final
	}
	if wait, again := w.again(b); again {
		return wait, later
	}
	if isRefusal(err) && p.maySplit(b) {
		return 0, singly
	}
	return 0, final
}

func (p *Publisher) countAttempt(b *batch) {
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	b.attempts++
}

// exchange sends the request once and reads the answer.
func (w *sender) exchange(b *batch) error {
	c := w.p.client
	if w.sending {
		w.sending = false
		w.res, w.err = backend.Response{}, backend.NewError(publishOp, Unknown, errGoexit)
		return w.err
	}
	w.sending = true
	res, err := c.send(w.p.ctx, w, b.call)
	w.sending = false
	if err != nil {
		return err
	}
	if err := b.readContained(c, res.Body); err != nil {
		return &ResponseError{Op: publishOp, StatusCode: res.StatusCode, Err: err}
	}
	return nil
}

var errGoexit = errors.New("the backend ended its goroutine")

// Send passes a request on to the client's backend. It keeps what the policy needs
// to see, and contains a panic.
func (w *sender) Send(ctx context.Context, req backend.Request) (res backend.Response, err error) {
	w.req = req
	w.p.inFlight.Add(1)
	defer func() {
		w.p.inFlight.Add(-1)
		if v := recover(); v != nil {
			res, err = backend.Response{}, backend.NewError(publishOp, Unknown, &async.PanicError{Value: v, Stack: debug.Stack()})
		}
		w.res, w.err = res, err
	}()
	return w.p.client.backend.Send(ctx, req.WithoutRetry())
}

// again asks the policy.
func (w *sender) again(b *batch) (wait time.Duration, retry bool) {
	p := w.p
	last := backend.Attempt{
		Number:   b.attempts,
		Elapsed:  time.Duration(p.clock() - b.began),
		Now:      p.client.now(),
		Response: w.res,
		Err:      w.err,
	}
	if wait, retry = p.retry.Next(w.req, last); retry {
		b.outcome = b.outcome.Then(last.Outcome(w.req))
		b.failure.Outcome = b.outcome
	}
	return wait, retry
}

// fail gives b the result of a failed attempt.
func (b *batch) fail(err error, outcome Outcome) (time.Duration, verdict) {
	b.outcome = b.outcome.Then(outcome)
	b.failure = &PublishError{Outcome: b.outcome, Attempts: b.earlier + b.attempts, Err: err}
	return 0, final
}

// postpone puts b aside until its next attempt. Its channels stay muted.
func (p *Publisher) postpone(b *batch, wait time.Duration) bool {
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	if p.schedule.aborted || b.lost {
		return false
	}
	p.schedule.retried++
	p.schedule.retries.push(p.clock()+int64(wait), b)
	return true
}

// divide has the events of b sent singly.
func (p *Publisher) divide(b *batch) bool {
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	if p.schedule.aborted || b.lost {
		return false
	}
	p.schedule.batchSizes[1] += uint64(len(b.events))
	p.schedule.splits++
	b.split()
	return true
}

// count puts the result of b's events into the stats and makes room, or returns
// false if the events were taken away.
func (p *Publisher) count(b *batch) bool {
	p.schedule.mu.Lock()
	defer p.schedule.mu.Unlock()
	if b.lost {
		return false
	}
	p.tallyUp(b.events, b.failure)
	b.counted = true
	return true
}

// report tells whoever wants to know what became of b's events.
func (p *Publisher) report(b *batch) {
	p.resolve(b.events, b.receipt, b.failure)
	p.tell(b.events, b.receipt, b.failure)
}

// resolve resolves the futures of events.
func (*Publisher) resolve(events []*node, receipt func(i int) Receipt, failure *PublishError) {
	for i, n := range events {
		switch {
		case n.promise == nil:
		case failure != nil:
			n.promise.Resolve(Receipt{}, failure)
		default:
			n.promise.Resolve(receipt(i), nil)
		}
	}
}

// tell calls OnResult for events.
func (p *Publisher) tell(events []*node, receipt func(i int) Receipt, failure *PublishError) {
	if p.onResult == nil {
		return
	}
	for i, n := range events {
		r := PublishResult{Channel: n.channel, Name: n.name, SocketID: n.socketID, Outcome: Accepted}
		if n.extra != nil {
			r.IdempotencyKey = n.extra.idempotencyKey
		}
		if failure != nil {
			r.Err, r.Outcome = failure, failure.Outcome
		} else {
			r.Receipt = receipt(i)
		}
		p.callBack(r)
	}
}

func (p *Publisher) callBack(r PublishResult) {
	defer p.contain("PublisherConfig.OnResult")
	p.onResult(r)
}

// contain, deferred, keeps a panic in a function of the user's from ending the
// program. It is logged and counted.
func (p *Publisher) contain(name string) {
	v := recover()
	if v == nil {
		return
	}
	p.panics.Add(1)
	logger := p.client.logger
	if logger == nil {
		logger = slog.New(steadyHandler{slog.Default().Handler(), &p.panics})
	}
	logger.LogAttrs(p.ctx, slog.LevelError, "pusher: "+name+" panicked",
		slog.String("error", backend.Redact(fmt.Sprint(v))), slog.String("stack", string(debug.Stack())))
}

// proceed does what is left to do for b, if w has carried one to its result, and
// returns what w is to carry next.
func (p *Publisher) proceed(w *sender, b *batch) *batch {
	now := p.clock()
	s := &p.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	w.current = nil
	if b != nil {
		if b.lost {
			return nil
		}
		if p.finish(b) {
			w.current = b
			if p.intake.blocked.Load() != 0 {
				p.take()
				p.spread(now, false)
			}
			return b
		}
	}
	// What has not been taken yet is younger than what has: it can wait until there
	// is too little for a batch, and producers keep their lock to themselves.
	if s.readyEvents < p.maxBatch || p.intake.blocked.Load() != 0 {
		p.take()
	}
	next := p.next(now)
	w.current = next
	if next == nil && !s.stopped {
		s.idle = append(s.idle, w)
	}
	p.spread(now, false)
	return next
}

// finish parts with b's events, and reports whether b goes on to another one. The
// schedule is locked.
func (p *Publisher) finish(b *batch) bool {
	s := &p.schedule
	if !b.counted {
		p.tallyUp(b.events, b.failure)
	}
	s.settle(b.events)
	for _, n := range b.events {
		s.freeNode(n)
	}
	if b.advance() {
		return true
	}
	s.unmute(b)
	s.freeBatch(b)
	return false
}
