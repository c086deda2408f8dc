package pusher

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

// maxWebhookBody bounds the body of a webhook: 1 MiB.
const maxWebhookBody = 1 << 20

// WebhookHandler returns the handler of the endpoint for webhooks. It answers
//
//   - 200 after handle has returned nil, and not before: the server sends a webhook
//     again, for 5 minutes, until it gets a 2xx,
//   - 401 for a key or signature that is missing or wrong, or a time that is too
//     far from now,
//   - 400 for a body that is not a webhook, 413 for one over 1 MiB,
//   - 405 for methods other than POST,
//   - 500 with an empty body if handle returns an error, which goes to
//     Config.Logger, as what is refused does at warn level.
//
// Since a webhook may come more than once, handle has to bear that. A nil handle
// panics.
func (c *Client) WebhookHandler(handle func(ctx context.Context, hook Webhook) error) http.Handler {
	if handle == nil {
		panic("pusher: nil webhook handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		body, status := readBody(w, r, maxWebhookBody)
		if status != 0 {
			http.Error(w, http.StatusText(status), status)
			return
		}
		hook, err := c.Webhook(r.Header, body)
		if err != nil {
			c.logLine(r, slog.LevelWarn, "webhook refused", err)
			status := http.StatusUnauthorized
			if errors.Is(err, ErrWebhookBody) {
				status = http.StatusBadRequest
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		if err := handle(r.Context(), hook); err != nil {
			c.logError(r, "webhook callback failed", err)
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
}
