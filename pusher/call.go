package pusher

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// operation is an API call with the decoder of its answer: what every networked
// method builds, and all that is needed to carry it out later or elsewhere.
type operation[T any] struct {
	call   backend.Call
	decode func(*Client, []byte) (T, error)
}

// get returns the call of a query.
func (c *Client) get(op, path string, query map[string]string) backend.Call {
	return backend.Call{
		Op: op, Method: http.MethodGet, Path: path, Query: query, Header: c.getHeader, Idempotent: true,
	}
}

// post returns the call that sends body, which must not be empty: some servers
// want an MD5 even where there is nothing to say.
func (c *Client) post(op, path string, body []byte) backend.Call {
	return backend.Call{Op: op, Method: http.MethodPost, Path: path, Header: c.postHeader, Body: body}
}

// Request puts this client's signer, timeout and response limit on a call, such as
// one that was stored. The call's path names the app, so it must come from a
// client for the same app.
func (c *Client) Request(call backend.Call) backend.Request {
	return backend.NewRequest(call, c.signer).
		WithTimeout(c.timeout).
		WithMaxResponseBytes(int64(c.limits.ResponseBytes))
}

// do sends an operation now and decodes its answer.
func do[T any](ctx context.Context, c *Client, op operation[T]) (T, error) {
	return doOver(ctx, c, c.backend, op)
}

// doOver is do with another way to the server: the one path to the network.
func doOver[T any](ctx context.Context, c *Client, b backend.Backend, op operation[T]) (T, error) {
	res, err := c.send(ctx, b, op.call)
	if err != nil {
		var none T
		return none, err
	}
	result, err := op.decode(c, res.Body)
	if err != nil {
		return result, &ResponseError{Op: op.call.Op, StatusCode: res.StatusCode, Err: err}
	}
	return result, nil
}

// send brings the answer to a call, if it is a success.
func (c *Client) send(ctx context.Context, b backend.Backend, call backend.Call) (backend.Response, error) {
	var start time.Time
	logged := c.logger != nil && c.logger.Enabled(ctx, slog.LevelDebug)
	if logged {
		start = time.Now()
	}
	res, err := b.Send(ctx, c.Request(call))
	if err != nil {
		err = transportError(ctx, call.Op, err)
	} else if res.StatusCode < http.StatusOK {
		err = backend.NewError(call.Op, backend.Unknown, fmt.Errorf("the backend returned status %d, which is no answer", res.StatusCode))
	} else if status := res.EffectiveStatus(); status > 299 {
		err = c.apiError(call.Op, status, res)
	}
	if logged {
		c.log(ctx, call, res, err, time.Since(start))
	}
	return res, err
}

func (c *Client) log(ctx context.Context, call backend.Call, res backend.Response, err error, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("op", call.Op),
		slog.Int("status", res.StatusCode),
		slog.Duration("duration", took),
		slog.Int("sent_bytes", len(call.Body)),
		slog.Int("received_bytes", len(res.Body)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("outcome", OutcomeOf(err).String()), slog.String("error", err.Error()))
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "pusher call", attrs...)
}

// discard decodes the answer of a call that tells nothing.
func discard(*Client, []byte) (struct{}, error) { return struct{}{}, nil }
