package e2e_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// subscriber is a pusher-js client under Node.
type subscriber struct {
	*process

	socketID string
}

// connect returns a client that is connected, and authorized as the user. Further
// parameters of its authorizations come in pairs.
func (a *app) connect(t *testing.T, user string, params ...string) *subscriber {
	t.Helper()
	return connect(t, a.srv.URL(), a.web, user, params...)
}

func connect(t *testing.T, server string, web *web, user string, params ...string) *subscriber {
	t.Helper()
	s := &subscriber{process: start(t, "node", "clients/subscriber.js")}
	address, err := url.Parse(server)
	require.NoError(t, err)
	port, err := strconv.Atoi(address.Port())
	require.NoError(t, err)
	authorization := map[string]string{"user": user}
	for i := 0; i < len(params); i += 2 {
		authorization[params[i]] = params[i+1]
	}
	s.do(t, "connect", arguments{
		"key": pushertest.DefaultKey, "host": address.Hostname(), "port": port, "path": address.Path,
		"auth": web.URL, "params": authorization,
	})
	s.connected(t)
	return s
}

// connected returns once the client is connected, and was not until now.
func (s *subscriber) connected(t *testing.T) {
	t.Helper()
	n := s.next(t, "connection")
	require.Equal(t, "connected", n.Event, "%s", n.Data)
	require.NoError(t, json.Unmarshal(n.Data, &s.socketID))
}

// subscribe returns once the client has subscribed, with what pusher-js makes of
// the answer: the members of a presence channel. The senders of the client events
// named last are told.
func (s *subscriber) subscribe(t *testing.T, channel string, clientEvents ...string) json.RawMessage {
	t.Helper()
	s.ask(t, channel, clientEvents...)
	n := s.next(t, channel)
	require.Equal(t, "pusher:subscription_succeeded", n.Event, "on %s: %s", channel, n.Data)
	return n.Data
}

// ask subscribes without waiting for an answer.
func (s *subscriber) ask(t *testing.T, channel string, clientEvents ...string) {
	t.Helper()
	if clientEvents == nil {
		clientEvents = []string{}
	}
	s.do(t, "subscribe", arguments{"channel": channel, "senders": clientEvents})
}

// signIn returns once the client has signed in as the user, and has subscribed to
// what is sent to that user.
func (s *subscriber) signIn(t *testing.T) {
	t.Helper()
	s.do(t, "signin", nil)
	require.Equal(t, "pusher:signin_success", s.next(t, "user").Event)
	require.Equal(t, "pusher_internal:subscription_succeeded", s.next(t, "user").Event)
}
