package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReconnect breaks a connection: pusher-js makes another, with a new socket id,
// signs in and has every channel authorized again.
func TestReconnect(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	line := newLine(t, strings.TrimPrefix(a.srv.URL(), "http://"))
	s := connect(t, line.url(), a.web, "ada")
	s.signIn(t)
	s.subscribe(t, "private-encrypted-cache-room")
	s.expect(t, "private-encrypted-cache-room", "pusher:cache_miss", arguments{})
	s.subscribe(t, "presence-room")
	before := s.socketID

	line.cut()
	_, err := a.client.Trigger(deadline(t), "private-encrypted-cache-room", "news", "meanwhile")
	require.NoError(t, err)
	n := s.next(t, "connection")
	require.Equal(t, "error", n.Event)
	require.Contains(t, string(n.Data), `"code":1006`)
	require.Equal(t, "connecting", s.next(t, "connection").Event)
	s.connected(t)
	require.NotEqual(t, before, s.socketID)
	s.expect(t, "presence-room", "pusher:subscription_succeeded", members("ada", "ada"))
	s.expect(t, "private-encrypted-cache-room", "pusher:subscription_succeeded", arguments{})
	s.expect(t, "private-encrypted-cache-room", "news", "meanwhile")
	require.Equal(t, "pusher:signin_success", s.next(t, "user").Event)
	require.Equal(t, "pusher_internal:subscription_succeeded", s.next(t, "user").Event)
	_, err = a.client.SendToUser(deadline(t), "ada", "hello", "again")
	require.NoError(t, err)
	s.expect(t, "user", "hello", "again")
}
