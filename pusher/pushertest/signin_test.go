package pushertest_test

import (
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ctx := deadline(t)
	sub, other := connect(t, srv), connect(t, srv)
	require.NoError(t, sub.SignIn(ctx, userAuth(srv, sub.SocketID(), `{"id":"7","user_info":{"name":"Ann"}}`)))
	require.NoError(t, other.SignIn(ctx, userAuth(srv, other.SocketID(), `{"id":"8"}`)))
	// Again as the same user is fine.
	require.NoError(t, sub.SignIn(ctx, userAuth(srv, sub.SocketID(), `{"id":"7","user_info":{"name":"Ann"}}`)))

	trigger(t, srv, "#server-to-user-7", "e", "for 7")
	assert.Equal(t, pushertest.Message{Event: "e", Channel: "#server-to-user-7", Data: "for 7"}, next(t, sub))
	nothingMore(t, other)
	require.ErrorContains(t, other.Subscribe(ctx, "#server-to-user-7"), "AuthError")

	// A presence channel without channel_data takes the user who is signed in.
	require.NoError(t, sub.Subscribe(ctx, "presence-a", channelAuth(srv, sub.SocketID(), "presence-a", "")))
	require.NoError(t, other.Subscribe(ctx, "presence-a", channelAuth(srv, other.SocketID(), "presence-a", "")))
	assert.Equal(t, []string{"7", "8"}, other.Members("presence-a"))
	assert.Equal(t, pushertest.Message{Event: "pusher_internal:member_added", Channel: "presence-a", Data: `{"user_id":"8"}`}, next(t, sub))
	assert.JSONEq(t, `{"users":[{"id":"7"},{"id":"8"}]}`, get("/channels/presence-a/users").send(t, srv).body)
}

func TestSignInFrame(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ws := dialRaw(t, srv.WebSocketURL())
	readRaw(t, ws)
	auth := userAuth(srv, "1001.1", `{"id":"7"}`)
	writeRaw(t, ws, object("event", "pusher:signin", "data", map[string]string{"auth": auth.Auth, "user_data": auth.UserData}))
	assert.Equal(t, `{"event":"pusher:signin_success","data":"{\"user_data\":\"{\\\"id\\\":\\\"7\\\"}\"}"}`, readRaw(t, ws))
}

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	for name, auth := range map[string]func(socketID string) pusher.UserAuth{
		"no signature": func(string) pusher.UserAuth { return pusher.UserAuth{UserData: `{"id":"7"}`} },
		"other socket": func(string) pusher.UserAuth { return userAuth(srv, "1.1", `{"id":"7"}`) },
		"other user": func(id string) pusher.UserAuth {
			return pusher.UserAuth{Auth: userAuth(srv, id, `{"id":"7"}`).Auth, UserData: `{"id":"8"}`}
		},
		"for a channel": func(id string) pusher.UserAuth {
			return pusher.UserAuth{Auth: channelAuth(srv, id, "private-a", "").Auth, UserData: "private-a"}
		},
		"no JSON":       func(id string) pusher.UserAuth { return userAuth(srv, id, `7`) },
		"no id":         func(id string) pusher.UserAuth { return userAuth(srv, id, `{"user_info":{}}`) },
		"id a number":   func(id string) pusher.UserAuth { return userAuth(srv, id, `{"id":7}`) },
		"id with slash": func(id string) pusher.UserAuth { return userAuth(srv, id, `{"id":"../7"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sub := connect(t, srv)
			err := sub.SignIn(deadline(t), auth(sub.SocketID()))
			var refused *pushertest.ConnectionError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 4009, refused.Code)
			_, err = sub.Next(deadline(t))
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 4009, refused.Code)
		})
	}
}

func TestSignInMalformed(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ws := dialRaw(t, srv.WebSocketURL())
	readRaw(t, ws)
	writeRaw(t, ws, `{"event":"pusher:signin","data":[]}`)
	assert.Contains(t, readRaw(t, ws), "malformed")
	_, _, err := ws.Read(deadline(t))
	assert.Equal(t, websocket.StatusCode(4009), websocket.CloseStatus(err))
}

func TestSignInAsAnother(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sub := connect(t, srv)
	require.NoError(t, sub.SignIn(deadline(t), userAuth(srv, sub.SocketID(), `{"id":"7"}`)))
	require.ErrorContains(t, sub.SignIn(deadline(t), userAuth(srv, sub.SocketID(), `{"id":"8"}`)), "another user")
}
