package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientEvents(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	ada, zoe := a.connect(t, "ada"), a.connect(t, "zoë")
	for channel, sender := range map[string]string{"private-room": "", "presence-room": "zoë"} {
		ada.subscribe(t, channel, "client-typing")
		zoe.subscribe(t, channel, "client-typing")
		if sender != "" {
			ada.expect(t, channel, "pusher:member_added", member("zoë"))
		}
		for _, data := range []any{arguments{"text": "żółw 🐢"}, "text", []int{1, 2}} {
			zoe.do(t, "trigger", arguments{"channel": channel, "event": "client-typing", "data": data})
			n := ada.next(t, channel)
			require.Equal(t, "client-typing", n.Event)
			requireSame(t, data, n.Data)
			require.Equal(t, sender, n.Sender)
		}
		_, err := a.client.Trigger(deadline(t), channel, "news", "after")
		require.NoError(t, err)
		zoe.expect(t, channel, "news", "after") // and not what zoë sent
	}
}

func TestClientEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	s := a.connect(t, "ada")
	s.subscribe(t, "my-channel")
	s.do(t, "trigger", arguments{"channel": "my-channel", "event": "client-typing", "data": arguments{}})
	requireError(t, s, nil)

	s.subscribe(t, "private-room")
	for range 20 {
		s.do(t, "trigger", arguments{"channel": "private-room", "event": "client-typing", "data": arguments{}})
	}
	requireError(t, s, 4301)

	_, err := a.client.Trigger(deadline(t), "my-channel", "news", "still connected")
	require.NoError(t, err)
	s.expect(t, "my-channel", "news", "still connected")
}

// requireError requires the next notice of the connection to be a pusher:error.
func requireError(t *testing.T, s *subscriber, code any) {
	t.Helper()
	n := s.next(t, "connection")
	require.Equal(t, "error", n.Event)
	var failure struct {
		Type string
		Data struct {
			Code    any
			Message string
		}
	}
	require.NoError(t, json.Unmarshal(n.Data, &failure))
	require.Equal(t, "PusherError", failure.Type)
	require.EqualValues(t, code, failure.Data.Code)
	require.NotEmpty(t, failure.Data.Message)
}
