package pusher

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// Publisher turns single events into batches, for code that must not wait for the
// network: a request handler hands over an event in well under a microsecond, and
// senders in the background deliver it. Make one for the life of the program, with
// [Client.Publisher]; all methods are safe for concurrent use.
//
// An event is accepted when Enqueue, TryEnqueue or Publish returns no error: it was
// checked, its data was copied or encoded, and there was room for it. From then on
// it has exactly one result, which goes to the future of Publish, to OnResult and
// into the stats. Nothing is written to disk: what is held when the process dies
// is lost, so call Close before it ends.
//
// A batch leaves when a sender is free and it is full, or its oldest event has
// waited for Linger, or there is no room for another event, or on Flush and Close.
// Whether events are accepted in order at the server is up to [Order], what is
// sent again up to PublisherConfig.Retry.
//
// A batch that the server refuses (400, 413, 422) may have been accepted in part.
// Its events are sent again singly where that cannot duplicate any, because
// AtomicBatches says so, or where it is acceptable: the policy is
// [backend.AtLeastOnce], or every event of the batch has an idempotency key. Else
// all of them fail with the outcome [Unknown].
type Publisher struct {
	client *Client
	settings

	start    time.Time // what the publisher's clock counts from
	intake   intake
	schedule schedule

	ctx      context.Context //nolint:containedctx // of all requests: callers' contexts end before they do
	cancel   context.CancelCauseFunc
	bell     chan struct{} // wakes the dispatcher
	quit     chan struct{} // ends it
	ended    chan struct{} // closed when every goroutine has ended
	workers  sync.WaitGroup
	refused  refusals
	inFlight atomic.Int64
	panics   atomic.Uint64
}

// Publisher returns a publisher that sends through the client's backend. Each has
// its own buffer and senders. It fails with a [*ValidationError] that names the
// field of cfg. Close it to end its goroutines.
func (c *Client) Publisher(cfg PublisherConfig) (*Publisher, error) {
	set, err := cfg.settings(&c.limits)
	if err != nil {
		return nil, err
	}
	p := &Publisher{
		settings: set,
		start:    time.Now(),
		bell:     make(chan struct{}, 1),
		quit:     make(chan struct{}),
		ended:    make(chan struct{}),
	}
	p.client = c.steady(&p.panics)
	if onRetry := set.retry.OnRetry; onRetry != nil {
		p.retry.OnRetry = func(r backend.Retry) {
			defer p.contain("RetryPolicy.OnRetry")
			onRetry(r)
		}
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	p.intake.init(p)
	p.schedule.init(p)
	p.workers.Go(p.dispatch)
	return p, nil
}

// Enqueue hands over an event to be sent and forgotten: what becomes of it goes to
// OnResult and into the stats. The data is the caller's to change again when
// Enqueue returns.
//
// If there is no room, Enqueue waits for some; callers that wait are let in first
// come, first served. ctx ends that wait, and nothing else: not the sending, and
// its values are not carried. Enqueue fails with a [*ValidationError] if the event
// or its data is not valid, and else with a [*backend.Error] whose outcome is
// [NotSent], which unwraps to ctx's error, or to async.ErrClosed after Close.
func (p *Publisher) Enqueue(ctx context.Context, event Event) error {
	var e entry
	if err := p.prepare(&e, &event); err != nil {
		return err
	}
	return p.intake.put(ctx, &e)
}

// TryEnqueue is [Publisher.Enqueue] without waiting: where there is no room, or
// others wait for some, it fails with a [*backend.Error] that unwraps to
// async.ErrQueueFull.
func (p *Publisher) TryEnqueue(event Event) error {
	var e entry
	if err := p.prepare(&e, &event); err != nil {
		return err
	}
	return p.intake.tryPut(&e)
}

// Publish is [Publisher.Enqueue] with a future for the event's result: a [Receipt]
// or a [*PublishError]. The future is resolved in every case, also when Close gives
// up on the event.
func (p *Publisher) Publish(ctx context.Context, event Event) (*async.Future[Receipt], error) {
	var e entry
	if err := p.prepare(&e, &event); err != nil {
		return nil, err
	}
	e.promise = new(async.Promise[Receipt])
	if err := p.intake.put(ctx, &e); err != nil {
		return nil, err
	}
	return e.promise.Future(), nil
}

// op names the publisher's calls, batched or not.
const publishOp = "publish"

// notAccepted returns the error of an event that was not accepted.
func notAccepted(cause error) error { return backend.NewError(publishOp, NotSent, cause) }

// clock returns the time in nanoseconds since the publisher was made.
func (p *Publisher) clock() int64 { return int64(time.Since(p.start)) }
