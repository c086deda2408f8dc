package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// delivery is a webhook as it came in.
type delivery struct {
	header http.Header
	body   []byte
}

// headers are the delivery's as the SDKs take them: names in lower case.
func (d delivery) headers() map[string]string {
	headers := map[string]string{}
	for name := range d.header {
		headers[strings.ToLower(name)] = d.header.Get(name)
	}
	return headers
}

// webhooks makes servers send their webhooks here, each of one event.
type webhooks struct{ received chan delivery }

func newWebhooks() webhooks { return webhooks{make(chan delivery, 100)} }

func (w webhooks) config() pushertest.WebhookConfig {
	return pushertest.WebhookConfig{
		MaxBatch: 1,
		Events:   []string{"channel_occupied", "member_added", "client_event"},
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.received <- delivery{r.Header.Clone(), body}
		}),
	}
}

// provoke makes the server send a webhook of each of these kinds, and returns them.
func (w webhooks) provoke(t *testing.T, a *app) []delivery {
	t.Helper()
	sub, err := a.srv.Subscriber(deadline(t))
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	auth, err := a.client.AuthorizeChannel(sub.SocketID(), "presence-room", &pusher.Member{UserID: "zoë"})
	require.NoError(t, err)
	require.NoError(t, sub.Subscribe(deadline(t), "presence-room", auth))
	require.NoError(t, sub.Send(deadline(t), "presence-room", "client-typing", `{"text":"żółw 🐢"}`))
	deliveries := make([]delivery, 3)
	for i := range deliveries {
		select {
		case deliveries[i] = <-w.received:
		case <-deadline(t).Done():
			t.Fatalf("%d webhooks came, not 3", i)
		}
	}
	return deliveries
}

// events are those of a webhook, as they were sent.
func (d delivery) events(t *testing.T) (name string, events json.RawMessage) {
	t.Helper()
	var body struct{ Events []struct{ Name string } }
	require.NoError(t, json.Unmarshal(d.body, &body))
	require.Len(t, body.Events, 1)
	var raw struct{ Events json.RawMessage }
	require.NoError(t, json.Unmarshal(d.body, &raw))
	return body.Events[0].Name, raw.Events
}

var webhookKinds = []string{"channel_occupied", "member_added", "client_event"}

func TestSDKsVerifyWebhooks(t *testing.T) {
	t.Parallel()
	hooks := newWebhooks()
	eachSDKOf(t, pushertest.ServerConfig{Webhooks: hooks.config()}, func(t *testing.T, a *app, sdk *process) {
		var kinds []string
		for _, genuine := range hooks.provoke(t, a) {
			kind, sent := genuine.events(t)
			kinds = append(kinds, kind)
			var got struct{ Events json.RawMessage }
			require.NoError(t, json.Unmarshal(
				sdk.do(t, "webhook", arguments{"headers": genuine.headers(), "body": string(genuine.body)}), &got))
			require.JSONEq(t, string(sent), string(got.Events))

			forged := strings.Replace(string(genuine.body), "presence-room", "presence-rooms", 1)
			requireSame(t, nil, sdk.do(t, "webhook", arguments{"headers": genuine.headers(), "body": forged}))
		}
		require.ElementsMatch(t, webhookKinds, kinds)
	})
}

func TestWebhookHandlerVerifiesWebhooks(t *testing.T) {
	t.Parallel()
	sent := newWebhooks()
	a := newAppOf(t, pushertest.ServerConfig{Webhooks: sent.config()})
	hooks := make(chan pusher.Webhook, 1)
	a.web.mux.Handle("/pusher/webhook", a.client.WebhookHandler(func(_ context.Context, hook pusher.Webhook) error {
		hooks <- hook
		return nil
	}))
	var kinds []string
	for _, genuine := range sent.provoke(t, a) {
		require.Equal(t, http.StatusOK, post(t, a.web.URL+"/pusher/webhook", genuine))
		hook := <-hooks
		require.Len(t, hook.Events, 1)
		kinds = append(kinds, hook.Events[0].Name)
		require.Equal(t, "presence-room", hook.Events[0].Channel)
		forged := delivery{genuine.header, bytes.Replace(genuine.body, []byte("presence-room"), []byte("presence-rooms"), 1)}
		require.Equal(t, http.StatusUnauthorized, post(t, a.web.URL+"/pusher/webhook", forged))
		require.Empty(t, hooks)
	}
	require.ElementsMatch(t, webhookKinds, kinds)
}

func post(t *testing.T, url string, d delivery) int {
	t.Helper()
	req, err := http.NewRequestWithContext(deadline(t), http.MethodPost, url, bytes.NewReader(d.body))
	require.NoError(t, err)
	req.Header = d.header.Clone()
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}
