package pushertest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestClientEvents(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	for _, test := range []struct{ channel, senderID, userID string }{
		{"private-a", "", ""},
		{"presence-a", `{"user_id":"1"}`, "1"},
	} {
		sender := subscribed(t, srv, test.channel, test.senderID)
		receiver := subscribed(t, srv, test.channel, strings.Replace(test.senderID, "1", "2", 1))
		if test.userID != "" {
			next(t, sender) // member_added
		}
		require.NoError(t, sender.Send(deadline(t), test.channel, "client-e", map[string]int{"x": 1}))
		require.NoError(t, sender.Send(deadline(t), test.channel, "client-e", "text"))
		for _, data := range []string{`{"x":1}`, "text"} {
			assert.Equal(t, pushertest.Message{Event: "client-e", Channel: test.channel, Data: data, UserID: test.userID}, next(t, receiver))
		}
		nothingMore(t, sender)
	}
	assert.Empty(t, srv.Events())
}

func TestClientEventsAreNotCached(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sender := subscribed(t, srv, "private-cache-a", "")
	require.NoError(t, sender.Send(deadline(t), "private-cache-a", "client-e", "d"))
	require.NoError(t, sender.Ping(deadline(t)))
	assert.Equal(t, "pusher:cache_miss", next(t, subscribed(t, srv, "private-cache-a", "")).Event)
}

func TestClientEventRefusals(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sub := subscribed(t, srv, "private-a", "")
	require.NoError(t, sub.Subscribe(deadline(t), "public"))
	other := subscribed(t, srv, "private-a", "")
	require.NoError(t, other.Subscribe(deadline(t), "public"))
	for name, test := range map[string]struct {
		channel, event string
		data           any
	}{
		"public":         {"public", "client-e", "d"},
		"not subscribed": {"private-b", "client-e", "d"},
		"no prefix":      {"private-a", "e", "d"},
		"long name":      {"private-a", "client-" + strings.Repeat("x", 200), "d"},
		"long data":      {"private-a", "client-e", strings.Repeat("x", 10_241)},
	} {
		require.NoError(t, sub.Send(deadline(t), test.channel, test.event, test.data), name)
		assert.Equal(t, "pusher:error", next(t, sub).Event, name)
	}
	nothingMore(t, other)
	require.Error(t, sub.Send(deadline(t), "private-a", "client-e", func() {}))
}

func TestClientEventRate(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: clock.Now})
	sub, other := subscribed(t, srv, "private-a", ""), subscribed(t, srv, "private-a", "")
	send := func(n int) {
		for range n {
			require.NoError(t, sub.Send(deadline(t), "private-a", "client-e", "d"))
		}
		require.NoError(t, sub.Ping(deadline(t)))
	}
	send(11)
	refused := next(t, sub)
	assert.Equal(t, "pusher:error", refused.Event)
	assert.Contains(t, refused.Data, `"code":4301`)
	clock.Advance(999 * time.Millisecond)
	send(1)
	assert.Contains(t, next(t, sub).Data, `"code":4301`)
	clock.Advance(time.Millisecond)
	send(10)
	nothingMore(t, sub)
	for range 20 {
		assert.Equal(t, "client-e", next(t, other).Event)
	}
	nothingMore(t, other)
}
