package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestQueries(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.subscribe(t, "ada", "presence-room", "news")
	srv.subscribe(t, "grace", "presence-room", "presence-b")
	for _, test := range []struct {
		name, text, json string
		args             []string
	}{
		{
			name: "channels",
			args: []string{"channels"},
			text: "CHANNEL\nnews\npresence-b\npresence-room\n",
			json: `{"channels":{"news":{},"presence-b":{},"presence-room":{}}}` + "\n",
		},
		{
			name: "channels with counts",
			args: []string{"channels", "--prefix", "presence-", "--info", "user_count", "--info", "subscription_count"},
			text: "CHANNEL        USER_COUNT  SUBSCRIPTION_COUNT\npresence-b     1           1\npresence-room  2           2\n",
			json: `{"channels":{"presence-b":{"user_count":1,"subscription_count":1},"presence-room":{"user_count":2,"subscription_count":2}}}` + "\n",
		},
		{
			name: "no channels",
			args: []string{"channels", "--prefix", "none"},
			text: "No channel is occupied.\n",
			json: `{"channels":{}}` + "\n",
		},
		{
			name: "a channel",
			args: []string{"channel", "presence-room", "--info", "user_count,subscription_count"},
			text: "channel             presence-room\noccupied            true\nuser_count          2\nsubscription_count  2\n",
			json: `{"channel":"presence-room","occupied":true,"user_count":2,"subscription_count":2}` + "\n",
		},
		{
			name: "an empty channel",
			args: []string{"channel", "nobody"},
			text: "channel   nobody\noccupied  false\n",
			json: `{"channel":"nobody","occupied":false}` + "\n",
		},
		{
			name: "users",
			args: []string{"users", "presence-room"},
			text: "ada\ngrace\n",
			json: `{"users":[{"id":"ada"},{"id":"grace"}]}` + "\n",
		},
		{
			name: "no users",
			args: []string{"users", "presence-none"},
			text: "",
			json: `{"users":[]}` + "\n",
		},
		{
			name: "terminate",
			args: []string{"terminate", "nobody"},
			text: "Terminated the connections of nobody.\n",
			json: `{"user_id":"nobody","terminated":true}` + "\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.text, succeed(t, srv.env, test.args...))
			assert.Equal(t, test.json, succeed(t, srv.env, append(test.args, "--json")...))
		})
	}
}

func TestCachedEvent(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.subscribe(t, "", "cache-prices")
	succeed(t, srv.env, "trigger", "cache-prices", "e", `{"a":1}`)
	assert.Regexp(t, `^channel     cache-prices\noccupied    true\ncache.data  \{"a":1\}\ncache.ttl   1[78]\d\d\n$`,
		succeed(t, srv.env, "channel", "cache-prices", "--info", "cache"))
	var state channelState
	require.NoError(t, json.Unmarshal([]byte(succeed(t, srv.env, "channel", "cache-prices", "--info", "cache", "--json")), &state))
	require.NotNil(t, state.Cache)
	assert.Equal(t, `{"a":1}`, state.Cache.Data)
	assert.Positive(t, state.Cache.TTL)
}

func TestTerminateClosesConnections(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	subscriber := srv.subscribe(t, "", "news")
	auth, err := srv.client(t).AuthenticateUser(subscriber.SocketID(), pusher.User{ID: "ada"})
	require.NoError(t, err)
	require.NoError(t, subscriber.SignIn(t.Context(), auth))
	succeed(t, srv.env, "terminate", "ada")
	for err == nil {
		_, err = subscriber.Next(bounded(t))
	}
	assert.ErrorContains(t, err, "4009")
}

// hostile would clear a terminal's screen and turn text round.
const hostile = "\x1b[2J\u202eevil\u009b1m\U000e0041\n"

func TestTerminalsAreSafe(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(map[string]any{
		"users":   []map[string]string{{"id": hostile}},
		"cache":   map[string]any{"data": hostile + "👩\u200d💻 ö", "ttl": 5},
		"message": hostile,
	})
	require.NoError(t, err)
	ok := scripted(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	const safe = `\x1b[2J\u202eevil\u009b1m\U000e0041\n`

	assert.Equal(t, safe+"\n", succeed(t, ok, "users", "presence-a"))
	assert.Contains(t, succeed(t, ok, "channel", "a", "--info", "cache"), "cache.data  "+safe+"👩\u200d💻 ö\n")

	document := succeed(t, ok, "users", "presence-a", "--json")
	assert.Equal(t, `{"users":[{"id":"\u001b[2J\u202eevil\u009b1m\udb40\udc41\n"}]}`+"\n", document)
	var decoded struct{ Users []struct{ ID string } }
	require.NoError(t, json.Unmarshal([]byte(document), &decoded))
	assert.Equal(t, hostile, decoded.Users[0].ID)

	refused := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, hostile, http.StatusBadRequest)
	})
	r := execute(t, refused, "", "channels")
	assert.Equal(t, exitRefused, r.code)
	assert.Equal(t, `pusher: channels: 400 Bad Request: \x1b[2J\u202eevil\u009b1m\U000e0041`+"\n", r.stderr)
}
