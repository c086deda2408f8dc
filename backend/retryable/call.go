package retryable

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/attempt"
)

// call is one request on its way through retryablehttp: the state between its
// callbacks, of which none is told all that it takes to decide.
type call struct {
	req    backend.Request
	policy backend.RetryPolicy
	relay  *attempt.Relay
	start  time.Time
	// shared says that nobody adds to the header, so that the request's own will do.
	shared bool
	// seen is how many attempts check has judged.
	seen int
	// again is set from the decision to retry to the end of the attempt that follows.
	again bool
	// wait is how long that attempt is put off.
	wait time.Duration
	// earlier is the outcome of all attempts that were followed by another.
	earlier backend.Outcome
}

// check tells the library whether the attempt just made is followed by another.
func (c *call) check(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if c.relay.Made == c.seen {
		// There was none: the library has refused to send what a hook made of the request.
		return false, err
	}
	c.seen, c.again = c.relay.Made, false
	if ctx.Err() == nil {
		c.judge(ctx, time.Now())
	}
	return c.again, nil
}

// judge asks the policy about the last attempt.
func (c *call) judge(ctx context.Context, now time.Time) {
	last := backend.Attempt{Number: c.seen, Elapsed: now.Sub(c.start), Now: now, Response: c.relay.Response}
	if failure := c.relay.Err; failure != nil {
		last.Err = failure
	}
	last.Deadline, _ = ctx.Deadline()
	if c.wait, c.again = c.policy.Next(c.req, last); c.again {
		c.earlier = c.earlier.Then(last.Outcome(c.req))
	}
}

func (c *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.wait }

func (c *call) prepare(r *http.Request) error {
	r.Header = c.header()
	return nil
}

// header returns a header for one attempt, its own if hooks or a cookie jar add to
// it, while net/http may not be done with the last attempt's.
func (c *call) header() http.Header {
	h := c.req.Header()
	if !c.shared {
		h = h.Clone()
	}
	if h == nil {
		h = http.Header{}
	}
	return h
}

// result returns what came of the call. err is what ended the loop.
func (c *call) result(err error) (backend.Response, error) {
	attempts := c.relay.Made
	if attempts == 1 {
		attempts = 0
	}
	failure := c.relay.Err
	switch {
	case c.again || c.relay.Made == 0:
		failure = backend.NewError(c.req.Op(), c.earlier, c.interrupted(err))
	case failure == nil:
		response := c.relay.Response
		response.Attempts = attempts
		response.Uncertain = c.earlier == backend.Unknown || c.earlier == backend.Accepted
		return response, nil
	default:
		failure.Outcome = c.earlier.Then(failure.Outcome)
	}
	failure.Attempts = attempts
	return backend.Response{}, failure
}

// interrupted adds to err, which came instead of an attempt, what became of the
// one before.
func (c *call) interrupted(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	switch failure := c.relay.Err; {
	case c.relay.Made == 0:
		return err
	case failure != nil:
		return fmt.Errorf("%w before a retry after: %w", err, failure.Err)
	default:
		return fmt.Errorf("%w before a retry after status %d", err, c.relay.Response.EffectiveStatus())
	}
}
