package pusher

import (
	"math"
	"sync"
	"time"
)

// schedule decides what is sent when. Events wait in lanes, one a channel; a lane
// with a batch in flight is muted, and so its events stay in order also through
// retries. Its lock is taken by the dispatcher and by senders, never by producers.
type schedule struct {
	mu          sync.Mutex
	lanes       map[string]*lane // that hold events or are muted
	ready       minHeap[*lane]   // not muted, with events, the oldest first
	readyEvents int
	readySize   int // what those take in a batch
	queued      int // events in all lanes
	queuedRaw   int64
	retries     minHeap[*batch] // that wait for their next attempt, by its time
	senders     []*sender       // all that were started
	idle        []*sender
	spare       []entry // the slice that the intake does not have
	taken       int64   // events ever taken from the intake
	urgent      int64   // up to this one they do not linger
	draining    bool    // Close was called: nothing lingers
	aborted     bool    // Close gave up: nothing is begun
	stopped     bool
	timer       *time.Timer
	timerAt     int64 // when it fires, 0 if it is not set
	active      bool  // the timer ticks although nothing waits for it
	alarm       alarm // that the intake was last given
	freeNodes   *node
	freeBatches []*batch
	freeLanes   []*lane
	drain
	tally
}

// lane is the queue of a channel.
type lane struct {
	channel    string
	head, tail *node
	count      int
	size       int
	muted      bool
}

// node is an event that was taken from the intake.
type node struct {
	entry

	seq  int64 // its place in the order of acceptance, from 1
	at   int64 // when it came, or a little before
	size int   // what it takes in a batch
	next *node
}

func (s *schedule) init(p *Publisher) {
	s.lanes = make(map[string]*lane)
	s.spare = make([]entry, 0, min(p.maxEvents, preallocated))
	s.batchSizes = make([]uint64, p.maxBatch+1)
	s.timer = time.NewTimer(math.MaxInt64)
	s.timer.Stop()
	s.finished = make(chan struct{})
}

// take moves what has come in to the lanes.
func (p *Publisher) take() {
	s := &p.schedule
	entries, since, urgent := p.intake.take(s.spare)
	s.urgent = max(s.urgent, urgent)
	if len(entries) == 0 {
		return
	}
	for i := range entries {
		s.taken++
		n := s.newNode()
		n.entry, n.seq, n.at = entries[i], s.taken, since
		n.size = n.batchSize()
		s.queue(n, p.unordered)
	}
	clear(entries)
	s.spare = entries[:0]
	s.active = true
}

func (s *schedule) queue(n *node, unordered bool) {
	l := s.laneOf(n, unordered)
	if l.head == nil {
		l.head = n
	} else {
		l.tail.next = n
	}
	l.tail = n
	l.count++
	l.size += n.size
	s.queued++
	s.queuedRaw += int64(n.raw)
	if l.muted {
		return
	}
	s.readyEvents++
	s.readySize += n.size
	if l.count == 1 {
		s.ready.push(n.seq, l)
	}
}

func (s *schedule) laneOf(n *node, unordered bool) *lane {
	key := n.channel
	if unordered {
		key = "" // one for all, never muted
	}
	l := s.lanes[key]
	if l == nil {
		l = s.newLane(key)
		s.lanes[key] = l
	}
	return l
}

// due reports whether a batch of what is ready is to leave now.
func (p *Publisher) due(now int64) bool {
	if len(p.schedule.ready) == 0 {
		return false
	}
	if p.schedule.draining || p.schedule.readyEvents >= p.maxBatch || p.bodySize(p.schedule.readySize) >= p.maxBatchBytes {
		return true
	}
	oldest := p.schedule.ready.top()
	return oldest.key <= p.schedule.urgent || now-oldest.value.head.at >= p.linger
}

// bodySize is the size of a batch's body whose entries take size, commas included.
func (*Publisher) bodySize(size int) int { return len(batchOpen) + size - len(`,`) + len(batchClose) }

// next returns the batch that is to be sent now, nil if there is none.
func (p *Publisher) next(now int64) *batch {
	s := &p.schedule
	if s.aborted {
		return nil
	}
	if len(s.retries) > 0 && s.retries.top().key <= now {
		return s.retries.pop()
	}
	if !p.due(now) {
		return nil
	}
	b := s.newBatch()
	size := 0
	for len(s.ready) > 0 && len(b.events) < p.maxBatch {
		l := s.ready.top().value
		moved, movedSize := 0, 0
		for l.head != nil && len(b.events) < p.maxBatch {
			n := l.head
			if len(b.events) > 0 && p.bodySize(size+n.size) > p.maxBatchBytes {
				break
			}
			l.head, n.next = n.next, nil
			b.add(n)
			size += n.size
			moved++
			movedSize += n.size
			s.queuedRaw -= int64(n.raw)
		}
		if moved == 0 {
			break
		}
		s.queued -= moved
		s.leave(l, moved, movedSize, b, p.unordered)
	}
	s.batchSizes[len(b.events)]++
	s.active = true
	return b
}

// leave accounts for events that went from the top lane into b, and mutes it.
func (s *schedule) leave(l *lane, moved, movedSize int, b *batch, unordered bool) {
	if unordered {
		s.readyEvents -= moved
		s.readySize -= movedSize
		l.count -= moved
		l.size -= movedSize
		if l.count > 0 {
			s.ready.rekey(l.head.seq)
			return
		}
		s.ready.pop()
		s.drop(l)
		return
	}
	s.readyEvents -= l.count
	s.readySize -= l.size
	l.count -= moved
	l.size -= movedSize
	l.muted = true
	s.ready.pop()
	b.lanes = append(b.lanes, l)
}

// unmute lets the channels of b have their next batch.
func (s *schedule) unmute(b *batch) {
	for _, l := range b.lanes {
		l.muted = false
		if l.head == nil {
			s.drop(l)
			continue
		}
		s.readyEvents += l.count
		s.readySize += l.size
		s.ready.push(l.head.seq, l)
	}
}

func (s *schedule) newNode() *node {
	n := s.freeNodes
	if n == nil {
		slab := make([]node, 64)
		for i := range slab[1:] {
			slab[i+1].next = s.freeNodes
			s.freeNodes = &slab[i+1]
		}
		return &slab[0]
	}
	s.freeNodes, n.next = n.next, nil
	return n
}

func (s *schedule) freeNode(n *node) {
	*n = node{next: s.freeNodes}
	s.freeNodes = n
}

func (s *schedule) newLane(channel string) *lane {
	if last := len(s.freeLanes) - 1; last >= 0 {
		l := s.freeLanes[last]
		s.freeLanes = s.freeLanes[:last]
		l.channel = channel
		return l
	}
	return &lane{channel: channel}
}

// drop forgets a lane that is empty and not muted.
func (s *schedule) drop(l *lane) {
	delete(s.lanes, l.channel)
	*l = lane{}
	s.freeLanes = append(s.freeLanes, l)
}
