package pusher_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// webhookRequest returns a webhook's request under docKey and the signature that
// it should have.
func webhookRequest(method, body string) *http.Request {
	r := httptest.NewRequest(method, "/webhooks", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Pusher-Key", docKey)
	r.Header.Set("X-Pusher-Signature", hmacHex(docSecret, body))
	return r
}

func TestWebhookHandler(t *testing.T) {
	t.Parallel()
	const body = `{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"a"}]}`
	errApp := errors.New("queue is full")
	for name, tt := range map[string]struct {
		request func() *http.Request
		err     error
		status  int
		calls   int
		log     string
	}{
		"good":            {func() *http.Request { return webhookRequest("POST", body) }, nil, 200, 1, ""},
		"callback fails":  {func() *http.Request { return webhookRequest("POST", body) }, errApp, 500, 1, errApp.Error()},
		"1 MiB":           {func() *http.Request { return webhookRequest("POST", body+strings.Repeat(" ", 1<<20-len(body))) }, nil, 200, 1, ""},
		"over 1 MiB":      {func() *http.Request { return webhookRequest("POST", body+strings.Repeat(" ", 1<<20-len(body)+1)) }, nil, 413, 0, ""},
		"GET":             {func() *http.Request { return webhookRequest("GET", body) }, nil, 405, 0, ""},
		"PUT":             {func() *http.Request { return webhookRequest("PUT", body) }, nil, 405, 0, ""},
		"no JSON":         {func() *http.Request { return webhookRequest("POST", "hello") }, nil, 400, 0, pusher.ErrWebhookBody.Error()},
		"empty body":      {func() *http.Request { return webhookRequest("POST", "") }, nil, 400, 0, pusher.ErrWebhookBody.Error()},
		"too old":         {func() *http.Request { return webhookRequest("POST", `{"time_ms":1600000000000}`) }, nil, 401, 0, pusher.ErrWebhookStale.Error()},
		"no key":          {func() *http.Request { return without("X-Pusher-Key", body) }, nil, 401, 0, pusher.ErrWebhookKey.Error()},
		"no signature":    {func() *http.Request { return without("X-Pusher-Signature", body) }, nil, 401, 0, pusher.ErrWebhookSignature.Error()},
		"wrong signature": {func() *http.Request { return forged(body) }, nil, 401, 0, pusher.ErrWebhookSignature.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			client, _ := setup(t, logged(&log), func(c *pusher.Config) { c.WebhookMaxAge = 300e9 })
			calls := 0
			w := httptest.NewRecorder()
			client.WebhookHandler(func(_ context.Context, hook pusher.Webhook) error {
				calls++
				if len(hook.Events) != 1 || hook.Events[0].Channel != "a" {
					t.Errorf("callback got %v", hook)
				}
				return tt.err
			}).ServeHTTP(w, tt.request())
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.calls, calls)
			if tt.status == http.StatusMethodNotAllowed {
				require.Equal(t, "POST", w.Header().Get("Allow"))
			}
			if tt.status == http.StatusInternalServerError || tt.status == http.StatusOK {
				require.Empty(t, w.Body.String())
			}
			require.Contains(t, log.String(), tt.log)
			require.Equal(t, tt.log == "", log.Len() == 0)
			for _, text := range []string{w.Body.String(), log.String()} {
				require.NotContains(t, text, docSecret)
				require.NotRegexp(t, `[0-9a-fA-F]{64}`, text)
			}
		})
	}
}

func without(header, body string) *http.Request {
	r := webhookRequest(http.MethodPost, body)
	r.Header.Del(header)
	return r
}

func forged(body string) *http.Request {
	r := webhookRequest(http.MethodPost, body)
	r.Header.Set("X-Pusher-Signature", hmacHex("guess", body))
	return r
}

// The server forgets a webhook when it gets a 2xx, so none may be sent before the
// callback is done.
func TestWebhookHandler_answersAfterTheCallback(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	w := httptest.NewRecorder()
	seen := false
	handler := client.WebhookHandler(func(context.Context, pusher.Webhook) error {
		seen = w.Body.Len() > 0 || w.Flushed || len(w.Header()) > 0
		return errors.New("down")
	})
	handler.ServeHTTP(w, webhookRequest(http.MethodPost, `{"events":[]}`))
	require.False(t, seen, "answered before the callback")
	require.Equal(t, http.StatusInternalServerError, w.Code)
}

func TestWebhookHandler_passesContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	client, _ := setup(t)
	var got any
	handler := client.WebhookHandler(func(ctx context.Context, _ pusher.Webhook) error {
		got = ctx.Value(key{})
		return nil
	})
	r := webhookRequest(http.MethodPost, `{"events":[]}`)
	handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), key{}, "value")))
	require.Equal(t, "value", got)
}

func TestWebhookHandler_bodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(io.ErrUnexpectedEOF))
	w := httptest.NewRecorder()
	client.WebhookHandler(func(context.Context, pusher.Webhook) error {
		t.Error("called for half a webhook")
		return nil
	}).ServeHTTP(w, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
}

func TestWebhookHandler_panicIsLeftToNetHTTP(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	handler := client.WebhookHandler(func(context.Context, pusher.Webhook) error { panic("boom") })
	require.PanicsWithValue(t, "boom", func() {
		handler.ServeHTTP(httptest.NewRecorder(), webhookRequest(http.MethodPost, `{"events":[]}`))
	})
}
