package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestChannelsAreForThoseTheyAdmit(t *testing.T) {
	t.Parallel()
	s := setup(t)
	visitors := map[string]*visitor{"nobody": s.visit(t)}
	for _, name := range []string{"ada", "alan", "mallory"} {
		visitors[name] = s.enter(t, name)
	}
	tests := []struct {
		channel string
		status  map[string]int
	}{
		{"presence-lobby", map[string]int{"ada": 200, "alan": 200, "mallory": 200, "nobody": 403}},
		{"private-team", map[string]int{"ada": 200, "alan": 200, "mallory": 403, "nobody": 403}},
		{"private-encrypted-vault", map[string]int{"ada": 200, "alan": 403, "mallory": 403, "nobody": 403}},
		{"private-other", map[string]int{"ada": 403, "nobody": 403}},
		{"presence-team", map[string]int{"ada": 403}},
		{"private-lobby", map[string]int{"ada": 403}},
		{"private-encrypted-team", map[string]int{"ada": 403}},
		{"private-TEAM", map[string]int{"ada": 403}},
		{"lobby", map[string]int{"ada": 400}},
	}
	for _, test := range tests {
		for name, want := range test.status {
			status, _ := visitors[name].form(t, "/pusher/auth", url.Values{"socket_id": {"1.2"}, "channel_name": {test.channel}})
			require.Equal(t, want, status, "%s for %s", test.channel, name)
		}
	}
}

// TestMemberIsWhoIsLoggedIn has a client claim to be somebody else.
func TestMemberIsWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	v := setup(t).enter(t, "mallory")
	claim := url.Values{"socket_id": {"1.2"}, "channel_name": {"presence-lobby"}, "user": {"ada"}, "user_id": {"ada"}}
	status, body := v.form(t, "/pusher/auth", claim)
	require.Equal(t, http.StatusOK, status)
	var auth pusher.ChannelAuth
	require.NoError(t, json.Unmarshal([]byte(body), &auth))
	require.JSONEq(t, `{"user_id":"mallory"}`, auth.ChannelData)

	delete(claim, "channel_name")
	status, body = v.form(t, "/pusher/user-auth", claim)
	require.Equal(t, http.StatusOK, status)
	var user pusher.UserAuth
	require.NoError(t, json.Unmarshal([]byte(body), &user))
	require.JSONEq(t, `{"id":"mallory"}`, user.UserData)
}

func TestSignInNeedsALogin(t *testing.T) {
	t.Parallel()
	s := setup(t)
	status, _ := s.visit(t).form(t, "/pusher/user-auth", url.Values{"socket_id": {"1.2"}})
	require.Equal(t, http.StatusForbidden, status)
}

// subscriber is a visitor's connection to Channels.
type subscriber struct {
	*pushertest.Subscriber
}

// connect subscribes to channels with what the chat authorizes, and signs in.
func (v *visitor) connect(t *testing.T, names ...string) subscriber {
	t.Helper()
	sub, err := v.srv.Subscriber(deadline(t))
	require.NoError(t, err)
	for _, channel := range names {
		status, body := v.form(t, "/pusher/auth", url.Values{"socket_id": {sub.SocketID()}, "channel_name": {channel}})
		require.Equal(t, http.StatusOK, status)
		var auth pusher.ChannelAuth
		require.NoError(t, json.Unmarshal([]byte(body), &auth))
		require.NoError(t, sub.Subscribe(deadline(t), channel, auth))
	}
	status, body := v.form(t, "/pusher/user-auth", url.Values{"socket_id": {sub.SocketID()}})
	require.Equal(t, http.StatusOK, status)
	var auth pusher.UserAuth
	require.NoError(t, json.Unmarshal([]byte(body), &auth))
	require.NoError(t, sub.SignIn(deadline(t), auth))
	return subscriber{sub}
}

// next returns the next message with this event. Others are passed over.
func (s subscriber) next(t *testing.T, event string) pushertest.Message {
	t.Helper()
	for {
		m, err := s.Next(deadline(t))
		require.NoError(t, err)
		if m.Event == event {
			return m
		}
	}
}

// quiet requires that no message with this event has been sent so far.
func (s subscriber) quiet(t *testing.T, event, marker string, mark func()) {
	t.Helper()
	mark()
	for {
		m, err := s.Next(deadline(t))
		require.NoError(t, err)
		require.NotEqual(t, event, m.Event, "%s on %s", m.Data, m.Channel)
		if m.Event == marker {
			return
		}
	}
}
