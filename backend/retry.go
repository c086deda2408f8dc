package backend

import (
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// Delivery says what a [RetryPolicy] may risk for calls that are not idempotent,
// which are all that trigger events.
type Delivery int

const (
	// AtMostOnce, the default, sends again only what the server did not carry out,
	// by proof or by its own word: what was not sent, an effective 429, and a 503
	// with Retry-After. No event arrives twice; some may be lost.
	AtMostOnce Delivery = iota
	// AtLeastOnce sends again whatever may not have been carried out: also calls
	// without an answer, and every 5xx. No event is lost while an attempt can
	// succeed; some may arrive twice. Where the server knows idempotency keys
	// (sockudo does, hosted Channels documents none), give each event one and it
	// drops the second.
	AtLeastOnce
)

// String returns "at most once" or "at least once".
func (d Delivery) String() string {
	if d == AtLeastOnce {
		return "at least once"
	}
	return "at most once"
}

// What a [RetryPolicy] uses where it says nothing.
const (
	DefaultMaxAttempts = 5
	DefaultMaxElapsed  = 30 * time.Second
	DefaultMinBackoff  = 100 * time.Millisecond
	DefaultMaxBackoff  = 5 * time.Second
)

// RetryPolicy decides which attempts are followed by another, and when. The zero
// value is ready for use: [AtMostOnce], 5 attempts, 30 seconds. It is a value
// without state, safe for concurrent use.
//
// Whatever Delivery says, a call that is idempotent is tried again after any
// failure that another attempt could mend, one whose answer was a 2xx that could
// not be read is not unless it is idempotent, and what the server refuses for
// good (4xx but 429) is never tried again.
//
// The wait before attempt n+1 is random between nothing and the smaller of
// MinBackoff doubled n-1 times and MaxBackoff ("full jitter"), so that clients
// do not come back in step
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
// It is cut to the time that is left. Where the server asks for a longer one (see
// [Response.RetryAfter]), that is the wait, up to MaxBackoff; if so much time is not
// left, there is no other attempt.
type RetryPolicy struct {
	// Delivery is what may be risked for calls that are not idempotent. Default:
	// [AtMostOnce].
	Delivery Delivery
	// MaxAttempts is how many attempts are made in all. Default: 5; negative: no
	// limit. One means no retries.
	MaxAttempts int
	// MaxElapsed is how long after the first attempt began another may begin.
	// Default: 30 s; negative: no limit.
	MaxElapsed time.Duration
	// MinBackoff bounds the wait after the first attempt; the bound doubles with
	// each further one. Default: 100 ms; negative: no wait unless the server asks
	// for one.
	MinBackoff time.Duration
	// MaxBackoff bounds every wait, also what a server asks for with Retry-After.
	// Default: 5 s; negative: [MaxRetryAfter], which is the most that it can be.
	MaxBackoff time.Duration
	// OnRetry is told of each retry before the wait. It is called by the goroutine
	// that sends, so it delays the retry; calls for different requests run side by
	// side. Default: none.
	OnRetry func(Retry)
}

// Retry describes an attempt that failed and will be followed by another.
type Retry struct {
	// Request is what is being sent.
	Request Request
	// Attempt is the number of the attempt that failed, from 1.
	Attempt int
	// Wait is how long the next one is put off.
	Wait time.Duration
	// StatusCode is the effective status of the answer, 0 if there was none.
	StatusCode int
	// Err is why there was no answer, nil if there was one.
	Err error
}

// Attempt is what came of one attempt.
type Attempt struct {
	// Number counts the attempts at this request, from 1.
	Number int
	// Elapsed is how long ago the first attempt began.
	Elapsed time.Duration
	// Now is the time, to which a Retry-After date is relative.
	Now time.Time
	// Deadline is when nobody waits for an answer any more: the caller's context's.
	// Zero means that there is no such time. No attempt is put off beyond it.
	Deadline time.Time
	// Response is the answer, if Err is nil.
	Response Response
	// Err is the [*Error] of an attempt without an answer. Any other error counts
	// as one of outcome [Unknown].
	Err error
}

// Outcome returns what the attempt at req means once another has followed it. It is
// that of Err or of the answer, except that a 5xx is no proof then: a gateway may say
// 504 of what was carried out behind it, and the later answer hides that. So a 5xx to a
// call that is not idempotent counts as [Unknown], unless it is a 503 with
// Retry-After.
func (a Attempt) Outcome(req Request) Outcome {
	status, outcome := a.Response.EffectiveStatus(), Rejected
	if a.Err != nil {
		failure, ok := errors.AsType[*Error](a.Err)
		if !ok {
			return Unknown
		}
		status, outcome = failure.StatusCode, failure.Outcome
	} else if _, asked := a.Response.RetryAfter(a.Now); asked && status == http.StatusServiceUnavailable {
		return Rejected
	}
	if status >= 500 && !req.Idempotent() {
		return Unknown
	}
	return outcome
}

// Next returns how long to wait before the next attempt at req, or false if there
// is to be none: the attempt succeeded, failed for good, or was the last one. Whoever
// waits ends the wait when the caller's context ends. When Next returns true it
// has called OnRetry.
func (p RetryPolicy) Next(req Request, a Attempt) (wait time.Duration, retry bool) {
	if req.RetryDisabled() || !p.worthwhile(req, a) {
		return 0, false
	}
	p = p.withDefaults()
	if p.MaxAttempts > 0 && a.Number >= p.MaxAttempts {
		return 0, false
	}
	left := p.left(a)
	if left < 0 {
		return 0, false
	}
	wait = p.backoff(a.Number, left)
	if asked, ok := a.Response.RetryAfter(a.Now); ok && a.Err == nil {
		wait = min(max(asked, wait), p.MaxBackoff)
	}
	if wait > left {
		return 0, false
	}
	if p.OnRetry != nil {
		event := Retry{Request: req, Attempt: a.Number, Wait: wait, Err: a.Err}
		if a.Err == nil {
			event.StatusCode = a.Response.EffectiveStatus()
		}
		p.OnRetry(event)
	}
	return wait, true
}

// worthwhile reports whether another attempt may succeed and may be made.
func (p RetryPolicy) worthwhile(req Request, a Attempt) bool {
	again := req.Idempotent() || p.Delivery == AtLeastOnce
	if a.Err == nil && a.Response.Uncertain && !again {
		return false // an attempt that was made below may have succeeded
	}
	if a.Err == nil {
		switch status := a.Response.EffectiveStatus(); status {
		case http.StatusTooManyRequests:
			return true
		case http.StatusServiceUnavailable:
			_, asked := a.Response.RetryAfter(a.Now)
			return asked || again
		default:
			return status >= 500 && again
		}
	}
	var failure *Error
	if !errors.As(a.Err, &failure) {
		return again
	}
	switch failure.Outcome {
	case NotSent:
		var untrusted *tls.CertificateVerificationError
		return !errors.As(failure, &untrusted)
	case Accepted:
		return req.Idempotent() && !errors.Is(failure, ErrResponseTooLarge)
	case Rejected:
		return again && (failure.StatusCode >= 500 || failure.StatusCode == http.StatusTooManyRequests)
	default:
		return again
	}
}

// left returns how long the next attempt may be put off, negative if there is to be
// none.
func (p RetryPolicy) left(a Attempt) time.Duration {
	var left time.Duration = math.MaxInt64
	if p.MaxElapsed >= 0 {
		left = p.MaxElapsed - a.Elapsed
	}
	if !a.Deadline.IsZero() {
		left = min(left, a.Deadline.Sub(a.Now)-1)
	}
	return left
}

// backoff returns a random wait after that attempt, no longer than left.
func (p RetryPolicy) backoff(attempt int, left time.Duration) time.Duration {
	bound := min(p.MinBackoff, p.MaxBackoff)
	for n := 1; n < attempt && bound > 0 && bound < p.MaxBackoff; n++ {
		bound = min(2*bound, p.MaxBackoff)
	}
	if bound = min(bound, left); bound <= 0 {
		return 0
	}
	return rand.N(bound + 1) //nolint:gosec // spreads load, protects nothing
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = DefaultMaxAttempts
	}
	for _, limit := range []struct {
		value        *time.Duration
		defaultValue time.Duration
	}{
		{&p.MaxElapsed, DefaultMaxElapsed},
		{&p.MinBackoff, DefaultMinBackoff},
		{&p.MaxBackoff, DefaultMaxBackoff},
	} {
		if *limit.value == 0 {
			*limit.value = limit.defaultValue
		}
	}
	if p.MaxBackoff < 0 || p.MaxBackoff > MaxRetryAfter {
		p.MaxBackoff = MaxRetryAfter
	}
	return p
}
