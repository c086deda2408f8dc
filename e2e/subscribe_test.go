package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSubscribeNeedsTheEndpointsConsent(t *testing.T) {
	t.Parallel()
	s := newApp(t).connect(t, "")
	s.subscribe(t, "my-channel")
	for _, channel := range []string{"private-room", "presence-room", "private-encrypted-room"} {
		s.ask(t, channel)
		n := s.next(t, channel)
		require.Equal(t, "pusher:subscription_error", n.Event)
		requireRefusal(t, n, "AuthError", 403)
	}
}

// TestSubscribeNeedsTheServersConsent authorizes with another app's secret.
func TestSubscribeNeedsTheServersConsent(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	cfg := a.srv.Config()
	cfg.Secret = "that of another app"
	s := connect(t, a.srv.URL(), newWeb(t, newClient(t, cfg)), "ada")
	for _, channel := range []string{"private-room", "presence-room", "private-encrypted-room"} {
		s.ask(t, channel)
		n := s.next(t, channel)
		require.Equal(t, "pusher:subscription_error", n.Event)
		requireRefusal(t, n, "AuthError", 401)
	}
	s.subscribe(t, "my-channel")
}

func requireRefusal(t *testing.T, n notice, kind string, status int) {
	t.Helper()
	var refusal struct {
		Type   string
		Error  string
		Status int
	}
	require.NoError(t, json.Unmarshal(n.Data, &refusal))
	require.Equal(t, kind, refusal.Type)
	require.NotEmpty(t, refusal.Error)
	require.Equal(t, status, refusal.Status)
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	s := a.connect(t, "ada")
	s.subscribe(t, "left-channel")
	s.subscribe(t, "my-channel")
	s.do(t, "unsubscribe", arguments{"channel": "left-channel"})
	s.subscribe(t, "later-channel")
	state, err := a.client.Channel(deadline(t), "left-channel")
	require.NoError(t, err)
	require.False(t, state.Occupied)
	_, err = a.client.TriggerMulti(deadline(t), []string{"left-channel", "my-channel"}, "news", "fresh")
	require.NoError(t, err)
	s.expect(t, "my-channel", "news", "fresh")
	s.quiet(t, "left-channel")
}

// TestCacheChannels subscribes before and after an event.
func TestCacheChannels(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{
		"cache-prices", "private-cache-prices", "private-encrypted-cache-prices", "presence-cache-prices",
	} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			early := a.connect(t, "ada")
			early.subscribe(t, channel)
			early.expect(t, channel, "pusher:cache_miss", arguments{})
			for _, price := range []string{"1 €", "2 €"} {
				_, err := a.client.Trigger(deadline(t), channel, "price", price)
				require.NoError(t, err)
				early.expect(t, channel, "price", price)
			}
			late := a.connect(t, "ada")
			late.subscribe(t, channel)
			late.expect(t, channel, "price", "2 €")
			_, err := a.client.Trigger(deadline(t), channel, "price", "3 €")
			require.NoError(t, err)
			late.expect(t, channel, "price", "3 €")
		})
	}
}
