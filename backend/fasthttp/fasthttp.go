package fasthttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Backend sends requests with fasthttp. It is safe for concurrent use.
type Backend struct {
	client *fasthttp.Client

	mu    sync.RWMutex
	hosts map[hostKey]*host
}

var (
	_ backend.Backend = (*Backend)(nil)
	_ io.Closer       = (*Backend)(nil)
)

// New returns a backend that sends as client says. Give it a client of its own: it
// takes that over, so nothing else may use or change it any more. Nil means one
// from [NewClient].
func New(client *fasthttp.Client) *Backend {
	if client == nil {
		client = NewClient()
	}
	return &Backend{client: client, hosts: map[hostKey]*host{}}
}

// Send sends req once and reads the whole answer. It has a time limit always:
// the earliest of ctx's, the request's and 30 s, and within it the client's
// ReadTimeout and WriteTimeout.
func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	a := attempt{ctx: ctx, req: req, deadline: deadline(ctx, req), offersGzip: offersGzip(req)}
	if err := ctx.Err(); err != nil {
		return a.notSent(err)
	}
	target, err := parseTarget(req.URL())
	if err != nil {
		return a.notSent(err)
	}
	if err := checkHead(req); err != nil {
		return a.notSent(err)
	}
	a.target = target
	a.host, err = b.host(hostKey{target.tls, target.host})
	if err != nil {
		return a.notSent(err)
	}
	if a.host.client.Transport != nil {
		return a.roundTrip()
	}
	c, err := a.host.pool.acquire(ctx, a.deadline)
	if err != nil {
		return a.notSent(err)
	}
	res, keep, err := a.exchange(c)
	a.host.pool.release(c, keep)
	return res, err
}

// Close closes idle connections. The backend stays usable. A connection that is
// being made for a call that has ended is closed as soon as it is there.
func (b *Backend) Close() error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, h := range b.hosts {
		h.pool.close()
		h.client.CloseIdleConnections()
	}
	return nil
}

// maxAttempt bounds an attempt that has no limit of its own. Nothing in fasthttp
// ends otherwise when a server falls silent.
const maxAttempt = 30 * time.Second

func deadline(ctx context.Context, req backend.Request) time.Time {
	limit := maxAttempt
	if d := req.Timeout(); d > 0 && d < limit {
		limit = d
	}
	end := time.Now().Add(limit)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	return end
}

// attempt is one request on its way.
type attempt struct {
	ctx      context.Context //nolint:containedctx // lives as long as the call that it belongs to
	req      backend.Request
	target   target
	host     *host
	deadline time.Time
	// offersGzip says that the answer may come compressed.
	offersGzip bool
}

func (a *attempt) notSent(err error) (backend.Response, error) {
	return backend.Response{}, backend.NewError(a.req.Op(), backend.NotSent, contextCause(a.ctx, err))
}

func (a *attempt) unknown(err error) (backend.Response, error) {
	return backend.Response{}, backend.NewError(a.req.Op(), backend.Unknown, contextCause(a.ctx, err))
}

func (a *attempt) brokenOff(status int, err error) (backend.Response, error) {
	return backend.Response{}, backend.NewStatusError(a.req.Op(), status, contextCause(a.ctx, err))
}

// contextCause prefers the context's error to the form in which fasthttp or the
// network reports the same.
func contextCause(ctx context.Context, err error) error {
	err = unquoted(err)
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
		return ctxErr
	}
	if isTimeout(err) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool } // fasthttp.ErrTimeout is no net.Error
	return errors.As(err, &timeout) && timeout.Timeout() ||
		errors.Is(err, fasthttp.ErrDialTimeout) ||
		errors.Is(err, fasthttp.ErrTLSHandshakeTimeout)
}

// host returns what belongs to a host, made at its first use.
func (b *Backend) host(key hostKey) (*host, error) {
	b.mu.RLock()
	h := b.hosts[key]
	b.mu.RUnlock()
	if h != nil {
		return h, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if h = b.hosts[key]; h != nil {
		return h, nil
	}
	key.name = strings.Clone(key.name) // it is part of a signed URL
	h, err := newHost(b.client, key)
	if err == nil {
		b.hosts[key] = h
	}
	return h, err
}
