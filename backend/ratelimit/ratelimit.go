// Package ratelimit holds requests back to a rate, so that an app stays below a
// server's limit instead of running into it.
//
// One limiter may serve several clients, and other work too: the limit is shared.
// It is a package of its own because it needs golang.org/x/time/rate, which users
// of the SDK do not otherwise compile.
package ratelimit

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"

	"github.com/seed-588517f9/pusher-go/backend"
)

// New returns a middleware that waits for its turn at limiter before each
// request. The wait ends with ctx and is not part of [backend.Request.Timeout]. A
// request whose turn would come after ctx's deadline fails at once, one for which
// the limiter's burst is too small always; both are [*backend.Error]s of outcome
// [backend.NotSent]. A batch of events is one request, and so are all attempts of
// a backend that retries. Without a limiter nothing waits.
func New(limiter *rate.Limiter) backend.Middleware {
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Inf, 0)
	}
	return func(next backend.Backend) backend.Backend {
		return backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
			if err := limiter.Wait(ctx); err != nil {
				return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, cause(ctx, limiter, err))
			}
			return next.Send(ctx, req)
		})
	}
}

// cause tells apart the two errors that the limiter has no names for: the turn
// would come too late, and it can never come.
func cause(ctx context.Context, limiter *rate.Limiter, err error) error {
	if _, ok := ctx.Deadline(); ok && ctx.Err() == nil && limiter.Burst() > 0 {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}
