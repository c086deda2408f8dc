package pushertest

import (
	"slices"
	"sync"
	"time"
)

// webhookQueue holds the events that are to be sent, in order. Adding never waits.
type webhookQueue struct {
	cfg WebhookConfig
	// names are those of the events to send.
	names []string
	// wake has a token when something was added.
	wake chan struct{}

	mu    sync.Mutex
	ready []WebhookEvent
	// since is when the oldest of ready came.
	since time.Time
	// delayed are ordered by when they are due, since all wait equally long.
	delayed []*delayedHook
	// absent has those of delayed that a return would undo.
	absent map[presenceKey]*delayedHook
}

// presenceKey names a channel, or a user on it.
type presenceKey struct{ channel, userID string }

type delayedHook struct {
	event  WebhookEvent
	due    time.Time
	undone bool
}

func newWebhookQueue(cfg WebhookConfig, counts bool) *webhookQueue {
	names := cfg.Events
	if len(names) == 0 {
		names = []string{occupiedHook, vacatedHook, memberAddedHook, memberRemovedHook, clientEventHook, cacheMissHook}
		if counts {
			names = append(names, subscriptionCountHook)
		}
	}
	return &webhookQueue{cfg: cfg, names: names, wake: make(chan struct{}, 1), absent: map[presenceKey]*delayedHook{}}
}

// add takes an event in. It reports false if it is lost.
func (q *webhookQueue) add(e WebhookEvent) bool {
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ripenLocked(now)
	key := presenceKey{e.Channel, e.UserID}
	var kept bool
	switch e.Name {
	case vacatedHook, memberRemovedHook:
		if q.cfg.Delay <= 0 {
			kept = q.pushLocked(e, now)
			break
		}
		if kept = len(q.delayed) < q.cfg.MaxPending; kept {
			d := &delayedHook{event: e, due: now.Add(q.cfg.Delay)}
			q.delayed = append(q.delayed, d)
			q.absent[key] = d
		}
	case occupiedHook, memberAddedHook:
		if d, ok := q.absent[key]; ok {
			d.undone = true
			delete(q.absent, key)
			return true
		}
		kept = q.pushLocked(e, now)
	default:
		kept = q.pushLocked(e, now)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return kept
}

func (q *webhookQueue) pushLocked(e WebhookEvent, now time.Time) bool {
	if !slices.Contains(q.names, e.Name) {
		return true
	}
	if len(q.ready) >= q.cfg.MaxPending {
		return false
	}
	if len(q.ready) == 0 {
		q.since = now
	}
	q.ready = append(q.ready, e)
	return true
}

// ripenLocked makes the delayed events ready whose time has come, as far as there is
// room for them: they have been taken in, so they are not lost.
func (q *webhookQueue) ripenLocked(now time.Time) {
	for len(q.delayed) > 0 && len(q.ready) < q.cfg.MaxPending && (q.delayed[0].undone || !q.delayed[0].due.After(now)) {
		d := q.delayed[0]
		q.delayed[0] = nil
		q.delayed = q.delayed[1:]
		if d.undone {
			continue
		}
		delete(q.absent, presenceKey{d.event.Channel, d.event.UserID})
		q.pushLocked(d.event, d.due)
	}
}

// take returns the events of the next webhook. If it is not time for one, it
// returns none and how long to wait for something to be added, negative for ever.
func (q *webhookQueue) take(now time.Time) (batch []WebhookEvent, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ripenLocked(now)
	switch left := q.since.Add(q.cfg.Linger).Sub(now); {
	case len(q.ready) >= min(q.cfg.MaxBatch, q.cfg.MaxPending), len(q.ready) > 0 && left <= 0:
		n := min(len(q.ready), q.cfg.MaxBatch)
		batch = slices.Clone(q.ready[:n])
		q.ready = q.ready[n:]
		return batch, 0
	case len(q.ready) > 0 && len(q.delayed) > 0:
		return nil, min(left, q.delayed[0].due.Sub(now))
	case len(q.ready) > 0:
		return nil, left
	case len(q.delayed) > 0:
		return nil, q.delayed[0].due.Sub(now)
	}
	return nil, -1
}
