package backend

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Header returns a middleware that calls set on a copy of each request's header,
// to add what the way to the server needs: a trace context from ctx, a token for
// a gateway. Headers are not part of the signature, so any field may be set. set
// is called by several goroutines at once.
func Header(set func(ctx context.Context, h http.Header)) Middleware {
	return func(next Backend) Backend {
		return Func(func(ctx context.Context, req Request) (Response, error) {
			h := req.call.Header.Clone()
			if h == nil {
				h = http.Header{}
			}
			set(ctx, h)
			req.call.Header = h
			return next.Send(ctx, req)
		})
	}
}

// Log returns a middleware that writes a record for each request: a success at
// level Info, anything else at Warn, with the operation, sizes, duration and status,
// where no answer came with outcome and cause instead, and never a query or a payload.
// Outside a backend that retries it writes one record for all attempts; what happens
// between them is told to [RetryPolicy.OnRetry]. A nil logger means [slog.Default], looked up for each
// record.
func Log(logger *slog.Logger) Middleware {
	return func(next Backend) Backend {
		return Func(func(ctx context.Context, req Request) (Response, error) {
			start := time.Now()
			res, err := next.Send(ctx, req)
			record(ctx, logger, req, res, err, time.Since(start))
			return res, err
		})
	}
}

func record(ctx context.Context, logger *slog.Logger, req Request, res Response, err error, took time.Duration) {
	if logger == nil {
		logger = slog.Default()
	}
	level, status := slog.LevelInfo, 0
	if err == nil {
		status = res.EffectiveStatus()
	}
	if status < 200 || status > 299 {
		level = slog.LevelWarn
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.Any("request", req),
		slog.Int("status", status),
		slog.Int("received_bytes", len(res.Body)),
		slog.Duration("duration", took),
	}
	attempts := res.Attempts
	if err != nil {
		// A backend of the user's may return any error.
		outcome := Unknown
		if failure, ok := errors.AsType[*Error](err); ok {
			outcome, attempts = failure.Outcome, failure.Attempts
		}
		attrs = append(attrs, slog.String("outcome", outcome.String()), slog.String("error", Redact(err.Error())))
	}
	if attempts > 1 {
		attrs = append(attrs, slog.Int("attempts", attempts))
	}
	logger.LogAttrs(ctx, level, "pusher request", attrs...)
}
