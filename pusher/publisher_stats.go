package pusher

import (
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// PublisherStats is what a [Publisher] has done and holds, at one moment. Numbers
// of events and requests count from the beginning unless they say "now".
//
// Accepted is Delivered + Failed.Total() + Pending in every snapshot.
type PublisherStats struct {
	// Accepted counts the events that Enqueue, TryEnqueue or Publish took.
	Accepted int64
	// Delivered counts those that the server accepted.
	Delivered int64
	// Failed counts those that failed, by what that means for the event. Those with
	// outcome Accepted arrived, and the server's answer could not be read.
	Failed async.Outcomes
	// FailedFor counts the same events by the reason of the last error.
	FailedFor FailureReasons
	// Pending is how many events have no result now, queued or in flight.
	Pending int64
	// Refused counts the calls that were not accepted, by reason.
	Refused RefusalReasons

	// Queued is how many of the pending events wait for their first request now,
	// QueuedBytes their bytes as PublisherConfig.MaxBytes counts them.
	Queued, QueuedBytes int64
	// InFlight is how many of the pending events have been given to a sender now,
	// those that wait for a retry included, InFlightBytes their bytes.
	InFlight, InFlightBytes int64
	// OldestQueued is how long the oldest queued event has waited by now, or up to
	// Linger longer than it has. Zero if there is none.
	OldestQueued time.Duration
	// Blocked is how many calls wait for room now.
	Blocked int64

	// Requests is how many requests are under way now. Never more than
	// PublisherConfig.MaxInFlight.
	Requests int64
	// Waiting is how many requests wait for their retry now.
	Waiting int64
	// Retries counts the requests that were sent again, or wait for it.
	Retries int64
	// Splits counts the batches that were refused and whose events were then sent
	// singly.
	Splits int64
	// BatchSizes counts requests by their events: BatchSizes[10] is how many had
	// ten. A retry is not another one.
	BatchSizes []uint64
	// Panics counts the panics in OnResult, Retry.OnRetry and the handler of
	// Config.Logger.
	Panics uint64
}

// FailureReasons counts failed events by why the last attempt failed.
type FailureReasons struct {
	// Rejected: the server said no, with a status below 500 that is not 429.
	Rejected int64
	// RateLimited: an effective 429.
	RateLimited int64
	// ServerError: a status of 500 and above.
	ServerError int64
	// Timeout: no answer within Config.Timeout.
	Timeout int64
	// Transport: no answer for another reason.
	Transport int64
	// Unreadable: a success whose answer could not be read.
	Unreadable int64
	// Closed: Close gave up, before or during the request.
	Closed int64
	// Other: the event could not be encrypted.
	Other int64
}

// RefusalReasons counts calls that were not accepted.
type RefusalReasons struct {
	// Invalid: a ValidationError.
	Invalid int64
	// Full: TryEnqueue found no room.
	Full int64
	// Canceled: the context ended while the call waited for room.
	Canceled int64
	// Closed: the call came after Close, or waited for room at that moment.
	Closed int64
}

type refusals struct {
	invalid, full, canceled, closed atomic.Int64
}

// tally counts results, under the schedule's lock.
type tally struct {
	delivered     int64
	failed        async.Outcomes
	failedFor     FailureReasons
	finishedBytes int64
	retried       int64
	splits        int64
	batchSizes    []uint64
}

// tallyUp counts events that have their result, and makes room for others. The
// schedule is locked.
func (p *Publisher) tallyUp(events []*node, failure *PublishError) {
	var raw int64
	for _, n := range events {
		raw += int64(n.raw)
	}
	count := int64(len(events))
	t := &p.schedule.tally
	t.finishedBytes += raw
	if failure == nil {
		t.delivered += count
	} else {
		*outcomeOf(&t.failed, failure.Outcome) += count
		*p.reasonOf(failure.Err) += count
	}
	p.intake.release(count, raw)
}

func outcomeOf(o *async.Outcomes, outcome Outcome) *int64 {
	switch outcome {
	case NotSent:
		return &o.NotSent
	case Rejected:
		return &o.Rejected
	case Accepted:
		return &o.Accepted
	default:
		return &o.Unknown
	}
}

func minus(a, b async.Outcomes) async.Outcomes {
	return async.Outcomes{
		NotSent:  a.NotSent - b.NotSent,
		Rejected: a.Rejected - b.Rejected,
		Accepted: a.Accepted - b.Accepted,
		Unknown:  a.Unknown - b.Unknown,
	}
}

func (p *Publisher) reasonOf(err error) *int64 {
	r := &p.schedule.failedFor
	var (
		api        *APIError
		unreadable *ResponseError
		transport  *backend.Error
	)
	switch {
	case errors.As(err, &api) && api.StatusCode == http.StatusTooManyRequests:
		return &r.RateLimited
	case errors.As(err, &api) && api.StatusCode >= http.StatusInternalServerError:
		return &r.ServerError
	case errors.As(err, &api):
		return &r.Rejected
	case errors.As(err, &unreadable):
		return &r.Unreadable
	case errors.Is(err, async.ErrClosed), p.ctx.Err() != nil:
		return &r.Closed
	case isTimeout(err):
		return &r.Timeout
	case errors.As(err, &transport):
		return &r.Transport
	default:
		return &r.Other
	}
}

// Stats returns a snapshot, consistent in itself.
func (p *Publisher) Stats() PublisherStats {
	s, in := &p.schedule, &p.intake
	s.mu.Lock()
	defer s.mu.Unlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	now := p.clock()
	pending := in.accepted - s.delivered - s.failed.Total()
	queued := int64(s.queued + len(in.entries))
	queuedBytes := s.queuedRaw + int64(in.raw)
	return PublisherStats{
		Accepted:  in.accepted,
		Delivered: s.delivered,
		Failed:    s.failed,
		FailedFor: s.failedFor,
		Pending:   pending,
		Refused: RefusalReasons{
			Invalid:  p.refused.invalid.Load(),
			Full:     p.refused.full.Load(),
			Canceled: p.refused.canceled.Load(),
			Closed:   p.refused.closed.Load(),
		},
		Queued:        queued,
		QueuedBytes:   queuedBytes,
		InFlight:      pending - queued,
		InFlightBytes: in.acceptedBytes - s.finishedBytes - queuedBytes,
		OldestQueued:  p.oldest(now),
		Blocked:       in.blocked.Load(),
		Requests:      p.inFlight.Load(),
		Waiting:       int64(len(s.retries)),
		Retries:       s.retried,
		Splits:        s.splits,
		BatchSizes:    slices.Clone(s.batchSizes),
		Panics:        p.panics.Load(),
	}
}

// oldest returns how long the oldest queued event has waited. Both locks are held.
func (p *Publisher) oldest(now int64) time.Duration {
	since := now
	if len(p.intake.entries) > 0 {
		since = p.intake.since
	}
	for _, l := range p.schedule.lanes {
		if l.head != nil {
			since = min(since, l.head.at)
		}
	}
	return time.Duration(now - since)
}
