package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestConsoleActivity(t *testing.T) {
	t.Parallel()
	none, two := 0, 2
	for _, test := range []struct {
		name string
		in   pushertest.Activity
		want consoleActivity
	}{
		{
			"a client",
			pushertest.Activity{Number: 7, Missed: 3, Kind: pushertest.ActivityDisconnected, SocketID: "1.2", UserID: "ada", Code: 1006, Reason: "gone"},
			consoleActivity{Number: 7, Missed: 3, Kind: "disconnected", SocketID: "1.2", UserID: "ada", Code: 1006, Reason: "gone"},
		},
		{
			"an event for nobody",
			pushertest.Activity{Kind: pushertest.ActivityEvent, Channel: "a", Event: pushertest.Event{Channel: "a", Name: "e", SocketID: "1.2"}},
			consoleActivity{Kind: "event", Channel: "a", Event: &consoleEvent{Name: "e", ExcludedSocketID: "1.2"}, Recipients: &none},
		},
		{
			"a client event",
			pushertest.Activity{Kind: pushertest.ActivityClientEvent, SocketID: "1.2", Channel: "a", Event: pushertest.Event{Name: "client-e", Data: "{}"}, Recipients: 2},
			consoleActivity{Kind: "client_event", SocketID: "1.2", Channel: "a", Event: &consoleEvent{Name: "client-e", Data: text{"{}", 2}}, Recipients: &two},
		},
		{
			"a request, without what signs it",
			pushertest.Activity{Kind: pushertest.ActivityRequest, AppID: "7", Request: &pushertest.Request{
				Method: http.MethodGet, Path: "/apps/7/channels", Status: 401,
				Query: url.Values{"auth_signature": {"s"}, "Auth_Key": {"k"}, "body_md5": {"m"}, "info": {"user_count"}},
			}},
			consoleActivity{Kind: "request", Request: &consoleRequest{Method: "GET", Path: "/apps/7/channels", Query: "info=user_count", Status: 401}},
		},
		{"a request without details", pushertest.Activity{Kind: pushertest.ActivityRequest}, consoleActivity{Kind: "request"}},
		{
			"a webhook that failed, without its URL",
			pushertest.Activity{Kind: pushertest.ActivityWebhook, Webhook: &pushertest.Webhook{
				Number: 4, Attempt: 2, Events: []pushertest.WebhookEvent{{Name: "channel_occupied"}, {Name: "cache_miss"}},
				Header: http.Header{"X-Pusher-Signature": {"s"}}, Body: "{}",
				Err: &url.Error{Op: "Post", URL: "http://127.0.0.1/?token=t", Err: errors.New("connection refused")},
			}},
			consoleActivity{Kind: "webhook", Webhook: &consoleWebhook{
				Number: 4, Attempt: 2, Events: []string{"channel_occupied", "cache_miss"}, Body: text{"{}", 2}, Error: "connection refused",
			}},
		},
		{
			"a webhook that arrived",
			pushertest.Activity{Kind: pushertest.ActivityWebhook, Webhook: &pushertest.Webhook{Number: 1, Attempt: 1, Status: 204}},
			consoleActivity{Kind: "webhook", Webhook: &consoleWebhook{Number: 1, Attempt: 1, Events: []string{}, Delivered: true, Status: 204}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, newConsoleActivity(test.in))
		})
	}
}

func TestConsoleText(t *testing.T) {
	t.Parallel()
	assert.Equal(t, text{"żółw", 7}, newText("żółw"))
	long := newText("x" + strings.Repeat("ż", consoleText))
	assert.Equal(t, 1+2*consoleText, long.Bytes)
	assert.Equal(t, "x"+strings.Repeat("ż", consoleText/2-1), long.Text, "it does not end within a letter")
	whole := "xy" + strings.Repeat("語", (consoleText-2)/3)
	assert.Equal(t, text{whole, len(whole) + 1}, newText(whole+"x"), "nor before one that is whole")
	assert.Len(t, newText("x"+strings.Repeat("\xff", consoleText)).Text, consoleText-3)
}
