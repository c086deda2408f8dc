package pushertest

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// outgoing is a frame to send, or the code with which to close.
type outgoing struct {
	frame  []byte
	code   websocket.StatusCode
	reason string
}

// queue holds what is to be written to one connection, in order.
type queue struct {
	limit, limitBytes int
	// ready has a token while items may be waiting.
	ready chan struct{}

	mu    sync.Mutex
	items []outgoing
	bytes int
}

func newQueue(limit, limitBytes int) *queue {
	return &queue{limit: limit, limitBytes: limitBytes, ready: make(chan struct{}, 1)}
}

// push never waits. It reports false when the queue is full. One frame always
// fits, however long.
func (q *queue) push(item outgoing) bool {
	q.mu.Lock()
	full := len(q.items) >= q.limit || q.bytes > 0 && q.bytes+len(item.frame) > q.limitBytes
	if !full {
		q.items = append(q.items, item)
		q.bytes += len(item.frame)
	}
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return !full
}

// pop waits for an item, for the one goroutine that reads the queue. It reports
// false when ctx ends.
func (q *queue) pop(ctx context.Context) (outgoing, bool) {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			item := q.items[0]
			q.items[0] = outgoing{}
			q.items = q.items[1:]
			q.bytes -= len(item.frame)
			q.mu.Unlock()
			return item, ctx.Err() == nil
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return outgoing{}, false
		case <-q.ready:
		}
	}
}
