package fasthttp

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// pool holds the connections to one host. fasthttp's own has a goroutine that
// sleeps through Close, and makes no connection that its caller need not wait for.
//
// A connection is idle here, or with a call, or being made; open counts all of
// them. Whoever waits without a connection being made for it waits because open
// is at the limit, and every end of a connection or of a call looks whether
// somebody waits. So nobody is forgotten.
type pool struct {
	hc       *fasthttp.HostClient
	limit    int
	lifetime time.Duration // of a connection, 0 for no limit
	idleFor  time.Duration
	wait     time.Duration
	shakeFor time.Duration // how long a TLS handshake may take
	lifo     bool

	mu      sync.Mutex
	open    int
	idle    []*conn // the one that has been idle for longest first
	waiting []*waiter
	// shaking are the TLS handshakes that go on.
	shaking map[*waiter]*conn
	// expiry is set while expiring is true, which it is while connections are idle.
	expiry   *time.Timer
	expiring bool
	// closed says that nothing has been sent since Close: what becomes idle is
	// closed.
	closed bool
}

// waiter is a call in need of a connection.
type waiter struct {
	// ready gets one result unless the call gives up first.
	ready    chan made
	deadline time.Time
	// giveUp is when to wait no longer, the deadline or earlier.
	giveUp time.Time
	// served says that a connection is being made for this call.
	served bool
}

// made is a connection, or why there is none.
type made struct {
	conn *conn
	err  error
}

func newPool(hc *fasthttp.HostClient) (*pool, error) {
	p := &pool{
		hc:       hc,
		limit:    hc.MaxConns,
		lifetime: hc.MaxConnDuration,
		idleFor:  hc.MaxIdleConnDuration,
		wait:     hc.MaxConnWaitTimeout,
		shakeFor: dialTimeout,
		shaking:  map[*waiter]*conn{},
	}
	if hc.WriteTimeout > 0 {
		p.shakeFor = min(p.shakeFor, hc.WriteTimeout)
	}
	if p.limit <= 0 {
		p.limit = fasthttp.DefaultMaxConnsPerHost
	}
	if p.idleFor <= 0 {
		p.idleFor = fasthttp.DefaultMaxIdleConnDuration
	}
	switch hc.ConnPoolStrategy {
	case fasthttp.LIFO:
		p.lifo = true
	case fasthttp.FIFO:
	default:
		return nil, fasthttp.ErrConnPoolStrategyNotImpl
	}
	return p, nil
}

// acquire returns a connection ready for a request, idle or new. The caller
// releases it.
func (p *pool) acquire(ctx context.Context, deadline time.Time) (*conn, error) {
	for {
		now := time.Now()
		if !now.Before(deadline) {
			return nil, context.DeadlineExceeded
		}
		c, w, err := p.take(deadline)
		if w != nil {
			c, err = p.await(ctx, w)
		}
		if err != nil {
			return nil, err
		}
		err = c.prepare(deadline)
		isNew := c.idleSince.IsZero()
		if err == nil && (isNew || !p.isExpired(c, now) && c.isOpen()) {
			return c, nil
		}
		p.end(c)
		if isNew {
			return nil, err
		}
	}
}

// take returns an idle connection, or a waiter that will get one.
func (p *pool) take(deadline time.Time) (*conn, *waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = false
	if n := len(p.idle); n > 0 {
		i := 0
		if p.lifo {
			i = n - 1
		}
		c := p.idle[i]
		p.idle = slices.Delete(p.idle, i, i+1)
		return c, nil, nil
	}
	if p.open >= p.limit && p.wait <= 0 {
		return nil, nil, fasthttp.ErrNoFreeConns
	}
	w := &waiter{ready: make(chan made, 1), deadline: deadline}
	p.waiting = append(p.waiting, w)
	p.serveLocked()
	w.giveUp = deadline
	if !w.served {
		w.giveUp = within(deadline, p.wait)
	}
	return nil, w, nil
}

// serveLocked has a connection made for the first call that has none coming, if
// there may be another.
func (p *pool) serveLocked() {
	if p.open >= p.limit {
		return
	}
	for _, w := range p.waiting {
		if !w.served {
			w.served = true
			p.open++
			go p.connect(w)
			return
		}
	}
}

// connect makes a connection in a goroutine of its own, which goes on when the
// call gives up: where connecting takes longer than any call, all would fail. The
// connection goes to w, to another call if another one came to w first, or is
// kept.
func (p *pool) connect(w *waiter) {
	c, err := dial(p.hc, max(time.Until(w.deadline), dialTimeout))
	if err == nil {
		if err = p.handshake(c, w); err != nil {
			c.abort()
			c = nil
		}
	}
	p.mu.Lock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		w.ready <- made{c, err}
		if err != nil {
			p.open--
			p.serveLocked()
		}
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if err != nil {
		p.forget()
		return
	}
	p.release(c, true)
}

// handshake makes c ready for requests.
func (p *pool) handshake(c *conn, w *waiter) error {
	if err := c.SetDeadline(time.Now().Add(p.shakeFor)); err != nil {
		return err
	}
	p.mu.Lock()
	p.shaking[w] = c
	p.interruptLocked()
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.shaking, w)
	}()
	return c.handshake()
}

// interruptLocked ends the handshakes that nobody waits for, once the pool is
// closed.
func (p *pool) interruptLocked() {
	if !p.closed {
		return
	}
	for w, c := range p.shaking {
		if !slices.Contains(p.waiting, w) {
			c.interrupt()
		}
	}
}

// await waits for what w gets, as long as the call may take.
func (p *pool) await(ctx context.Context, w *waiter) (*conn, error) {
	timer := time.NewTimer(time.Until(w.giveUp))
	defer timer.Stop()
	var err error
	select {
	case m := <-w.ready:
		return m.conn, m.err
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = context.DeadlineExceeded
		if w.giveUp.Before(w.deadline) {
			err = fasthttp.ErrNoFreeConns
		}
	}
	p.leave(w)
	return nil, err
}

// leave takes w out of the queue, and back what it may have got meanwhile.
func (p *pool) leave(w *waiter) {
	p.mu.Lock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.interruptLocked()
	}
	p.mu.Unlock()
	if i >= 0 {
		return
	}
	if m := <-w.ready; m.conn != nil {
		p.release(m.conn, true)
	}
}

// release takes a connection back after a request, to hand it to the call that
// has waited longest, or to keep it.
func (p *pool) release(c *conn, keep bool) {
	c.idleSince = time.Now()
	switch {
	case !keep:
		c.abort()
		p.forget()
	case p.isExpired(c, c.idleSince) || !p.put(c):
		p.end(c)
	}
}

// put hands c on or keeps it, unless the pool is closed.
func (p *pool) put(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		w := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		p.interruptLocked()
		w.ready <- made{conn: c}
		return true
	}
	if p.closed {
		return false
	}
	p.idle = append(p.idle, c)
	if !p.expiring {
		p.expireIn(p.idleFor)
	}
	return true
}

// end closes a connection that no request is on.
func (p *pool) end(c *conn) {
	c.close()
	p.forget()
}

// forget makes room for another connection after one is closed.
func (p *pool) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.serveLocked()
}

func (p *pool) isExpired(c *conn, now time.Time) bool {
	return p.lifetime > 0 && now.Sub(c.created) > p.lifetime ||
		!c.idleSince.IsZero() && now.Sub(c.idleSince) > p.idleFor
}

// expire closes what has been idle for too long.
func (p *pool) expire() {
	p.mu.Lock()
	now := time.Now()
	n := 0
	for n < len(p.idle) && p.isExpired(p.idle[n], now) {
		n++
	}
	expired := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	p.expiring = false
	if len(p.idle) > 0 {
		p.expireIn(p.idleFor - now.Sub(p.idle[0].idleSince) + 1)
	}
	p.mu.Unlock()
	for _, c := range expired {
		p.end(c)
	}
}

func (p *pool) expireIn(d time.Duration) {
	p.expiring = true
	if p.expiry == nil {
		p.expiry = time.AfterFunc(d, p.expire)
		return
	}
	p.expiry.Reset(d)
}

// close closes idle connections.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.interruptLocked()
	idle := p.idle
	p.idle = nil
	if p.expiring {
		p.expiry.Stop()
		p.expiring = false
	}
	p.mu.Unlock()
	for _, c := range idle {
		p.end(c)
	}
}
