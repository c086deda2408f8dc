package pusher

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// steadyHandler contains the panics of a handler, which would end the program when
// it is a sender that logs. They are counted.
type steadyHandler struct {
	slog.Handler

	panics *atomic.Uint64
}

// steady returns c with a logger that does not panic.
func (c *Client) steady(panics *atomic.Uint64) *Client {
	if c.logger == nil {
		return c
	}
	clone := *c
	clone.logger = slog.New(steadyHandler{c.logger.Handler(), panics})
	return &clone
}

func (h steadyHandler) Enabled(ctx context.Context, level slog.Level) bool {
	defer h.contain()
	return h.Handler.Enabled(ctx, level)
}

func (h steadyHandler) Handle(ctx context.Context, record slog.Record) error {
	defer h.contain()
	return h.Handler.Handle(ctx, record)
}

func (h steadyHandler) contain() {
	if recover() != nil {
		h.panics.Add(1)
	}
}
