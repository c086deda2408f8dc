package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/fasthttp"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// backends are what events are sent through.
var backends = []struct {
	name string
	make func() backend.Backend
}{
	{"nethttp", func() backend.Backend { return nethttp.New(nil) }},
	{"fasthttp", func() backend.Backend { return fasthttp.New(nil) }},
	{"resty", func() backend.Backend { return resty.New(nil) }},
	{"retryable", func() backend.Backend { return retryable.New(nil) }},
}

// channels are one of each kind.
var channels = []string{
	"my-channel", "private-room", "presence-room", "private-encrypted-room",
	"cache-room", "private-cache-room", "private-encrypted-cache-room", "presence-cache-room",
}

func isCache(channel string) bool { return strings.Contains(channel, "cache-") }

// TestBackends sends events through each backend to a client that has subscribed
// to channels of all kinds.
func TestBackends(t *testing.T) {
	t.Parallel()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			cfg := a.srv.Config()
			cfg.Backend = b.make()
			client := newClient(t, cfg)
			s := a.connect(t, "ada")
			for _, channel := range channels {
				s.subscribe(t, channel)
				if isCache(channel) {
					s.expect(t, channel, "pusher:cache_miss", arguments{})
				}
			}
			testTrigger(t, client, s)
			testTriggerMulti(t, client, s)
			testBatch(t, client, s)
			testBroadcast(t, client, s)
			testExcluded(t, client, s)
			testSendToUser(t, client, s)
		})
	}
}

func testTrigger(t *testing.T, client *pusher.Client, s *subscriber) {
	t.Helper()
	for _, channel := range channels {
		data := []any{
			"plain text",
			"Zażółć gęślą jaźń — Ψυχή, 你好, שלום",
			"👩‍👩‍👧‍👦 🏳️‍🌈 \U0001F680",
			"</script><script>alert(\"&'\")</script>\u2028\x00\\n\n",
			arguments{"text": "naïve ☕", "n": 1.5, "list": []any{nil, true, "😀"}},
			[]string{},
			tenKilobytes(channel),
		}
		for _, d := range data {
			_, err := client.Trigger(deadline(t), channel, "news-💡", d)
			require.NoError(t, err)
		}
		for _, d := range data {
			s.expect(t, channel, "news-💡", d)
		}
	}
}

// tenKilobytes is the longest text that fits on the channel, where the limit is on
// the ciphertext of what is encrypted.
func tenKilobytes(channel string) string {
	if strings.HasPrefix(channel, "private-encrypted-") {
		return strings.Repeat("k", 7_619)
	}
	return strings.Repeat("é", 5_120)
}

func testTriggerMulti(t *testing.T, client *pusher.Client, s *subscriber) {
	t.Helper()
	several := []string{"my-channel", "private-room", "presence-room", "cache-room"}
	_, err := client.TriggerMulti(deadline(t), several, "to-several", arguments{"of": len(several)})
	require.NoError(t, err)
	for _, channel := range several {
		s.expect(t, channel, "to-several", arguments{"of": len(several)})
	}
}

func testBatch(t *testing.T, client *pusher.Client, s *subscriber) {
	t.Helper()
	events := make([]pusher.Event, 0, len(channels))
	for _, channel := range channels {
		events = append(events, pusher.Event{Channel: channel, Name: "batched", Data: arguments{"to": channel, "🎉": true}})
	}
	events = append(events, pusher.Event{Channel: "my-channel", Name: "batched", Data: tenKilobytes("my-channel")})
	_, err := client.TriggerBatch(deadline(t), events)
	require.NoError(t, err)
	for _, event := range events {
		s.expect(t, event.Channel, event.Name, event.Data)
	}
}

func testBroadcast(t *testing.T, client *pusher.Client, s *subscriber) {
	t.Helper()
	_, err := client.Broadcast(deadline(t), channels, "to-all", "hello, 世界")
	require.NoError(t, err)
	for _, channel := range channels {
		s.expect(t, channel, "to-all", "hello, 世界")
	}
}

func testExcluded(t *testing.T, client *pusher.Client, s *subscriber) {
	t.Helper()
	_, err := client.Trigger(deadline(t), "my-channel", "for-others", "hidden", pusher.ExcludeSocket(s.socketID))
	require.NoError(t, err)
	_, err = client.Trigger(deadline(t), "my-channel", "for-all", "shown")
	require.NoError(t, err)
	s.expect(t, "my-channel", "for-all", "shown")
}

func testSendToUser(t *testing.T, client *pusher.Client, s *subscriber) {
	t.Helper()
	s.signIn(t)
	_, err := client.SendToUser(deadline(t), "ada", "for-you", arguments{"text": "only you 🙈"})
	require.NoError(t, err)
	s.expect(t, "user", "for-you", arguments{"text": "only you 🙈"})
}
