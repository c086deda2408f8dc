package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// authorize asks the SDK's own endpoint for an authorization, as a browser would.
func (d *demo) authorize(ctx context.Context) error {
	d.title("ChannelAuthHandler: the endpoint that browsers ask")
	handler := d.client.ChannelAuthHandler(func(_ *http.Request, req pusher.AuthRequest) (pusher.Decision, error) {
		if req.Channel == "private-admin" {
			return pusher.Deny(), nil
		}
		return pusher.Allow(), nil
	})
	for _, ask := range []struct {
		channel string
		status  int
	}{
		{private, http.StatusOK},
		{"private-admin", http.StatusForbidden},
		{public, http.StatusBadRequest}, // it needs no authorization
	} {
		form := url.Values{"socket_id": {d.sub.SocketID()}, "channel_name": {ask.channel}}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/pusher/auth", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != ask.status {
			return fmt.Errorf("the endpoint answers %d for %s, want %d", w.Code, ask.channel, ask.status)
		}
		d.sayf("  answered   %d for %s", w.Code, ask.channel)
	}
	return nil
}

// webhook validates a genuine webhook and refuses a tampered one.
func (d *demo) webhook(context.Context) error {
	d.title("Webhook: what the server tells the app")
	const body = `{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"news"}]}`
	cfg := d.srv.Config()
	mac := hmac.New(sha256.New, []byte(cfg.Secret))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set("X-Pusher-Key", cfg.Key)
	header.Set("X-Pusher-Signature", hex.EncodeToString(mac.Sum(nil)))
	hook, err := d.client.Webhook(header, []byte(body))
	if err != nil {
		return err
	}
	d.sayf("  genuine    %s %s", hook.Events[0].Name, hook.Events[0].Channel)
	_, err = d.client.Webhook(header, []byte(strings.Replace(body, "news", "mews", 1)))
	if !errors.Is(err, pusher.ErrWebhookSignature) {
		return fmt.Errorf("a tampered webhook was not refused: %w", err)
	}
	d.sayf("  tampered   refused: %v", err)
	return nil
}
