package pusher

import (
	"runtime/debug"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// batch is a request's worth of events on its way. The sender that carries it owns
// it, but for what the schedule's lock guards, since Close may take the events
// away from a sender that does not come back.
type batch struct {
	events   []*node // of the present request; guarded
	rest     []*node // to be sent singly after that, the batch having been refused; guarded
	lanes    []*lane // that are muted until all is done; guarded
	counted  bool    // the result of events is in the stats; guarded
	lost     bool    // the events were taken away; guarded
	promised bool    // one of the events has a future

	after <-chan struct{} // closed when OnResult may be told, nil if it may at once

	all      []*node       // events and rest, and those before
	call     backend.Call  // without a method if it is still to be built
	began    int64         // when the first attempt at the request was made
	attempts int           // at the request; guarded
	earlier  int           // attempts at the batch, before its events were sent singly; guarded
	size     int           // of the request, in events
	outcome  Outcome       // of all attempts so far
	prior    Outcome       // of those before the events were sent singly; guarded
	infos    []ChannelInfo // of events, if asked for
	failure  *PublishError // nil if the events were delivered
}

func (b *batch) add(n *node) {
	b.all = append(b.all, n)
	b.events = b.all
	b.promised = b.promised || n.promise != nil
}

// encode builds the call from the events.
func (b *batch) encode(c *Client) error {
	s := newScratch()
	defer s.release()
	b.size = len(b.events)
	path := c.batchPath
	body := s.body
	var err error
	if b.size == 1 {
		path = c.eventsPath
		body, err = b.events[0].appendTrigger(body, c, s)
	} else {
		body, err = b.appendEntries(body, c, s)
	}
	if err != nil {
		return err
	}
	body, err = s.finish(body, c.limits.RequestBytes)
	if err != nil {
		return err
	}
	b.call = c.post(publishOp, path, body)
	return nil
}

func (b *batch) appendEntries(dst []byte, c *Client, s *scratch) ([]byte, error) {
	dst = append(dst, batchOpen...)
	for i, n := range b.events {
		if i > 0 {
			dst = append(dst, ',')
		}
		text, err := n.text(c, s)
		if err != nil {
			return dst, err
		}
		o := n.options()
		dst = appendBatchEntry(dst, n.channel, n.name, text, &o)
	}
	return append(dst, batchClose...), nil
}

func (e *entry) appendTrigger(dst []byte, c *Client, s *scratch) ([]byte, error) {
	text, err := e.text(c, s)
	if err != nil {
		return dst, err
	}
	o := e.options()
	return appendTrigger(dst, []string{e.channel}, e.name, text, &o), nil
}

// text returns e's data as it is sent, in memory of s until its next use.
func (e *entry) text(c *Client, s *scratch) ([]byte, error) {
	s.data.Reset()
	s.data.WriteString(e.data)
	if isEncrypted(e.channel) {
		return c.seal(s, "data", e.channel, s.data.Bytes())
	}
	return s.data.Bytes(), nil
}

// readContained is read, with a panic of the user's codec as an error.
func (b *batch) readContained(c *Client, body []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &async.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return b.read(c, body)
}

// read sets infos from the body of a success.
func (b *batch) read(c *Client, body []byte) error {
	if b.size > 1 {
		result, err := decodeBatch(c, body)
		b.infos = result.Events
		return err
	}
	result, err := decodeTrigger(c, body)
	if len(result.Channels) > 0 {
		b.infos = []ChannelInfo{result.Channels[b.events[0].channel]}
	}
	return err
}

// receipt is what the event at i gets.
func (b *batch) receipt(i int) Receipt {
	r := Receipt{Attempts: b.earlier + b.attempts, BatchSize: b.size}
	if i < len(b.infos) {
		r.Info = b.infos[i]
	}
	return r
}

// maySplit reports whether the events may be sent singly after the server has
// refused them together.
func (p *Publisher) maySplit(b *batch) bool {
	if len(b.events) == 1 {
		return false
	}
	if p.retry.Delivery == backend.AtLeastOnce || p.atomic && b.outcome != Unknown {
		return true
	}
	for _, n := range b.events {
		if n.extra == nil || n.extra.idempotencyKey == "" {
			return false
		}
	}
	return true
}

// split turns the batch into its first event, to be followed by the rest. The
// schedule is locked.
func (b *batch) split() {
	b.rest = b.events[1:]
	b.events = b.events[:1:1]
	b.earlier, b.prior = b.attempts, b.outcome
	b.begin()
}

// advance goes on to the next event of a batch that was split, or returns false.
// The schedule is locked.
func (b *batch) advance() bool {
	if len(b.rest) == 0 {
		return false
	}
	b.events, b.rest = b.rest[:1:1], b.rest[1:]
	b.begin()
	return true
}

// begin makes ready for the first attempt at another request.
func (b *batch) begin() {
	b.call, b.attempts, b.outcome = backend.Call{}, 0, b.prior
	b.counted, b.failure, b.infos = false, nil, nil
}

func (s *schedule) newBatch() *batch {
	if last := len(s.freeBatches) - 1; last >= 0 {
		b := s.freeBatches[last]
		s.freeBatches = s.freeBatches[:last]
		return b
	}
	return &batch{outcome: NotSent}
}

func (s *schedule) freeBatch(b *batch) {
	clear(b.lanes)
	clear(b.all)
	*b = batch{all: b.all[:0], lanes: b.lanes[:0], outcome: NotSent}
	s.freeBatches = append(s.freeBatches, b)
}
