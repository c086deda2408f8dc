package pusher

import (
	"math"
	"time"
)

// spread gives every free sender the batch that it should send now, and sets when
// to look again. woken says that the dispatcher does it.
func (p *Publisher) spread(now int64, woken bool) {
	s := &p.schedule
	for !s.stopped && p.isFree() {
		b := p.next(now)
		if b == nil {
			break
		}
		p.hand(b)
	}
	p.arm(now, woken)
}

// hand gives b to a free sender.
func (p *Publisher) hand(b *batch) {
	s := &p.schedule
	if last := len(s.idle) - 1; last >= 0 {
		w := s.idle[last]
		s.idle = s.idle[:last]
		w.current = b
		w.work <- b
		return
	}
	w := &sender{p: p, work: make(chan *batch, 1), current: b}
	s.senders = append(s.senders, w)
	p.workers.Go(func() { w.run(b) })
}

// arm has the dispatcher woken when there may be something to send. While all
// senders are busy there is not: the first to finish looks by itself.
func (p *Publisher) arm(now int64, woken bool) {
	s := &p.schedule
	if !p.isFree() || s.stopped {
		p.armIntake(alarm{false, math.MaxInt, math.MaxInt}, woken)
		return
	}
	var (
		at      int64 = math.MaxInt64
		entries       = 1
		raw           = math.MaxInt
	)
	switch {
	case len(s.ready) > 0:
		at = s.ready.top().value.head.at + p.linger
		entries = p.maxBatch - s.readyEvents
		raw = p.maxBatchBytes - p.bodySize(s.readySize)
	case s.active && p.linger > 0:
		// While events keep coming, the next one need not wake anybody: somebody
		// looks before it has lingered.
		at = now + p.linger
		entries, raw = p.maxBatch, p.maxBatchBytes
	}
	if len(s.retries) > 0 {
		at = min(at, s.retries.top().key)
	}
	if at < math.MaxInt64 && (s.timerAt == 0 || at < s.timerAt) {
		s.timerAt = max(at, 1)
		s.timer.Reset(time.Duration(at - now))
	}
	p.armIntake(alarm{true, entries, raw}, woken)
}

// armIntake sets when producers wake the dispatcher, unless that is how it is set.
// It goes off once, and is set again by the dispatcher, which then was woken.
func (p *Publisher) armIntake(a alarm, woken bool) {
	if a == p.schedule.alarm && !woken {
		return
	}
	p.schedule.alarm = a
	if p.intake.arm(a) {
		p.ring()
	}
}

// ring wakes the dispatcher.
func (p *Publisher) ring() {
	select {
	case p.bell <- struct{}{}:
	default:
	}
}

// dispatch hands out what becomes due while senders are free.
func (p *Publisher) dispatch() {
	for {
		ticked := false
		select {
		case <-p.bell:
		case <-p.schedule.timer.C:
			ticked = true
		case <-p.quit:
			p.schedule.timer.Stop()
			return
		}
		p.schedule.mu.Lock()
		if ticked {
			p.schedule.timerAt = 0
			p.schedule.active = false
		}
		p.take()
		p.spread(p.clock(), true)
		p.schedule.mu.Unlock()
	}
}

// isFree reports whether a sender has nothing to do, or could be started.
func (p *Publisher) isFree() bool {
	return len(p.schedule.idle) > 0 || len(p.schedule.senders) < p.maxInFlight
}
