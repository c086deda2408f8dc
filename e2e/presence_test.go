package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// members is what pusher-js knows of a presence channel.
func members(me string, ids ...string) arguments {
	all := map[string]any{}
	for _, id := range ids {
		all[id] = arguments{"name": names[id]}
	}
	return arguments{"count": len(ids), "me": member(me), "members": all}
}

func member(id string) arguments {
	return arguments{"id": id, "info": arguments{"name": names[id]}}
}

// TestPresence has a user come twice and go twice: the others see one coming, with
// the first connection, and one going, with the last.
func TestPresence(t *testing.T) {
	t.Parallel()
	const channel = "presence-room"
	a := newApp(t)
	ada := a.connect(t, "ada")
	requireSame(t, members("ada", "ada"), ada.subscribe(t, channel))

	first := a.connect(t, "zoë")
	requireSame(t, members("zoë", "ada", "zoë"), first.subscribe(t, channel))
	ada.expect(t, channel, "pusher:member_added", member("zoë"))
	second := a.connect(t, "zoë")
	requireSame(t, members("zoë", "ada", "zoë"), second.subscribe(t, channel))

	lech := a.connect(t, "lech")
	requireSame(t, members("lech", "ada", "zoë", "lech"), lech.subscribe(t, channel))
	for _, s := range []*subscriber{ada, first, second} {
		s.expect(t, channel, "pusher:member_added", member("lech"))
	}
	requireSame(t, members("ada", "ada", "zoë", "lech"), ada.do(t, "members", arguments{"channel": channel}))

	users, err := a.client.ChannelUsers(deadline(t), channel)
	require.NoError(t, err)
	require.Len(t, users.Users, 3)

	first.do(t, "unsubscribe", arguments{"channel": channel})
	first.subscribe(t, "my-channel") // the server has seen the first connection leave
	lech.do(t, "disconnect", nil)
	ada.expect(t, channel, "pusher:member_removed", member("lech"))
	second.do(t, "disconnect", nil)
	ada.expect(t, channel, "pusher:member_removed", member("zoë"))
	requireSame(t, members("ada", "ada"), ada.do(t, "members", arguments{"channel": channel}))
	first.quiet(t, channel)
}
