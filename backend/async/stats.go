package async

import (
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Stats is what a queue has done so far and what it is doing, all at one moment:
// in each of them Accepted = Delivered + Failed + Pending and Pending = Queued +
// InFlight. What counts up never goes down. Calls of Send and submitted ones count
// alike.
type Stats struct {
	// Accepted counts calls that were taken in.
	Accepted int64
	// Delivered counts those that succeeded: the server said yes, and its answer
	// could be read.
	Delivered int64
	// Failed counts those that did not; FailedBy says what that means for them.
	// Dropped and Withdrawn are part of it.
	Failed   int64
	FailedBy Outcomes
	// Dropped counts accepted calls that made room for newer ones (DropOldest).
	Dropped int64
	// Withdrawn counts calls of Send whose context ended while they were queued.
	Withdrawn int64
	// Pending is how many accepted calls are not done.
	Pending int64
	// Queued is how many of them wait for a worker.
	Queued int64
	// InFlight is how many of them a worker is at, never more than Config.Workers.
	InFlight int64
	// Waiting is how many callers wait for room. Their calls are not accepted yet.
	Waiting int64
	// Refused counts calls that were never accepted, by reason.
	Refused Refused
	// OldestQueued is how long the oldest queued call has been waiting for a
	// worker; zero if none is.
	OldestQueued time.Duration
	// QueueTime is how long calls have waited for a worker, and SendTime how long
	// workers have been at them, retries included: sums over all calls that a
	// worker has finished.
	QueueTime, SendTime time.Duration
	// OnErrorPanics counts panics in OnError.
	OnErrorPanics int64
}

// Refused counts calls that were never accepted, by reason.
type Refused struct {
	// Full: there was no room, and the queue does not wait for any (DropNewest).
	Full int64
	// Closed: the queue was closed.
	Closed int64
	// Canceled: the caller's context had ended, or ended while it waited for room.
	Canceled int64
	// Invalid: refused before it reached the queue, see [Refuse].
	Invalid int64
}

// Total returns the sum.
func (r Refused) Total() int64 { return r.Full + r.Closed + r.Canceled + r.Invalid }

// Stats returns a snapshot.
func (b *Backend) Stats() Stats {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &b.counts
	s := Stats{
		Accepted:      c.accepted,
		Delivered:     c.delivered,
		Failed:        c.failed.Total(),
		FailedBy:      c.failed,
		Dropped:       c.dropped,
		Withdrawn:     c.withdrawn,
		Pending:       int64(b.queued.n + b.running.n),
		Queued:        int64(b.queued.n),
		InFlight:      int64(b.running.n),
		Waiting:       int64(b.waiting.n),
		Refused:       c.refused,
		QueueTime:     c.queueTime,
		SendTime:      c.sendTime,
		OnErrorPanics: c.panics,
	}
	if b.queued.n > 0 {
		s.OldestQueued = max(now-b.queued.head.accepted, 0)
	}
	return s
}

// counts is what Stats cannot read off the lists.
type counts struct {
	accepted, delivered int64
	failed              Outcomes
	dropped, withdrawn  int64
	refused             Refused
	queueTime, sendTime time.Duration
	panics              int64
}

func (c *counts) fail(outcome backend.Outcome) { c.failed = c.failed.plus(outcome) }
