package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// documented are the credentials of the signatures in the protocol's documentation.
// (https://pusher.com/docs/channels/library_auth_reference/auth-signatures/)
var documented = env{"PUSHER_KEY": "278d425bdf160c739803", "PUSHER_SECRET": "7ad3773142a6692b25b8"}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	const (
		private  = "278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
		presence = "278d425bdf160c739803:4c6d8fc42a207ba96a0779844171b0bb819d96ffceef9609f5cce596ab17a800"
		signedIn = "278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
	)
	for _, test := range []struct {
		name, text, json string
		args             []string
	}{
		{
			name: "private",
			args: []string{"authorize", "1234.1234", "private-foobar"},
			text: "auth  " + private + "\n",
			json: `{"auth":"` + private + `"}` + "\n",
		},
		{
			name: "presence",
			args: []string{"authorize", "1234.1234", "presence-foobar", "--user-id", "10", "--user-info", `{"name":"Mr. Channels"}`},
			text: "auth          " + presence + "\nchannel_data  " + `{"user_id":"10","user_info":{"name":"Mr. Channels"}}` + "\n",
			json: `{"auth":"` + presence + `","channel_data":"{\"user_id\":\"10\",\"user_info\":{\"name\":\"Mr. Channels\"}}"}` + "\n",
		},
		{
			name: "user",
			args: []string{"authenticate", "1234.1234", "12345"},
			text: "auth       " + signedIn + "\nuser_data  " + `{"id":"12345"}` + "\n",
			json: `{"auth":"` + signedIn + `","user_data":"{\"id\":\"12345\"}"}` + "\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.text, succeed(t, documented, test.args...))
			assert.Equal(t, test.json, succeed(t, documented, append(test.args, "--json")...))
		})
	}
}

func TestAuthorizationsAreAccepted(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	subscriber := srv.subscribe(t, "")
	for _, args := range [][]string{
		{"private-encrypted-vault"},
		{"presence-room", "--user-id", "ada"},
		{"private-a"},
	} {
		var auth pusher.ChannelAuth
		document := succeed(t, srv.env, append([]string{"authorize", "--json", subscriber.SocketID()}, args...)...)
		require.NoError(t, json.Unmarshal([]byte(document), &auth))
		require.NoError(t, subscriber.Subscribe(t.Context(), args[0], auth))
	}
	var auth pusher.UserAuth
	document := succeed(t, srv.env, "authenticate", "--json", subscriber.SocketID(), "ada",
		"--user-info", `"Ada"`, "--watch", "grace", "--watch", "linus")
	require.NoError(t, json.Unmarshal([]byte(document), &auth))
	assert.JSONEq(t, `{"id":"ada","user_info":"Ada","watchlist":["grace","linus"]}`, auth.UserData)
	require.NoError(t, subscriber.SignIn(t.Context(), auth))

	document = succeed(t, srv.env, "authorize", "--json", subscriber.SocketID(), "presence-signed-in", "--signed-in")
	var signedIn pusher.ChannelAuth
	require.NoError(t, json.Unmarshal([]byte(document), &signedIn))
	assert.NotEmpty(t, signedIn.Auth)
	assert.Empty(t, signedIn.ChannelData)
}

func TestAuthorizeShowsTheSharedSecret(t *testing.T) {
	t.Parallel()
	e := env{"PUSHER_KEY": "k", "PUSHER_SECRET": "s", "PUSHER_ENCRYPTION_MASTER_KEY_BASE64": testMasterKey}
	assert.Regexp(t, `^auth           k:[0-9a-f]{64}\nshared_secret  [A-Za-z0-9+/]{43}=\n$`,
		succeed(t, e, "authorize", "1.2", "private-encrypted-a"))
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"a bad socket id", "invalid socket_id", []string{"authorize", "12:34", "private-a"}},
		{"a public channel", "is public", []string{"authorize", "1.2", "a"}},
		{"a presence channel without a member", "Give --user-id for a presence channel, or --signed-in", []string{"authorize", "1.2", "presence-a"}},
		{"a private channel with a member", "Give --user-id for a presence channel, or --signed-in", []string{"authorize", "1.2", "private-a", "--user-id", "1"}},
		{"info without a member", "--user-info needs --user-id", []string{"authorize", "1.2", "presence-a", "--user-info", "{}"}},
		{"info that is not JSON", "--user-info is not JSON", []string{"authorize", "1.2", "presence-a", "--user-id", "1", "--user-info", "{"}},
		{"a user's info that is not JSON", "--user-info is not JSON", []string{"authenticate", "1.2", "ada", "--user-info", "Ada"}},
		{"a bad user", "invalid user", []string{"authenticate", "1.2", "a b"}},
		{"an encrypted channel without a key", "Set --encryption-master-key", []string{"authorize", "1.2", "private-encrypted-a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, documented, "", test.args...)
			assert.Equal(t, exitUsage, r.code)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, test.want)
		})
	}
}
