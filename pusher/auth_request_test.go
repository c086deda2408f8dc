package pusher_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestParseAuthRequest(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]pusher.AuthRequest{
		"socket_id=1234.5678&channel_name=private-a": {
			SocketID: "1234.5678", Channel: "private-a",
			Params: url.Values{"socket_id": {"1234.5678"}, "channel_name": {"private-a"}},
		},
		"socket_id=1.2": {SocketID: "1.2", Params: url.Values{"socket_id": {"1.2"}}},
		"token=a%26b+c&channel_name=presence-%3Da%40b&socket_id=1%2E2&token=d&empty=": {
			SocketID: "1.2", Channel: "presence-=a@b",
			Params: url.Values{"token": {"a&b c", "d"}, "channel_name": {"presence-=a@b"}, "socket_id": {"1.2"}, "empty": {""}},
		},
		// Which channels are authorized is for the client to say.
		"socket_id=1.2&channel_name=public": {
			SocketID: "1.2", Channel: "public",
			Params: url.Values{"socket_id": {"1.2"}, "channel_name": {"public"}},
		},
	} {
		got, err := pusher.ParseAuthRequest([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, got)
	}
}

func TestParseAuthRequest_refuses(t *testing.T) {
	t.Parallel()
	for body, field := range map[string]string{
		"":                                      "socket_id",
		"channel_name=private-a":                "socket_id",
		"socket_id=&channel_name=private-a":     "socket_id",
		"socket_id=1&channel_name=private-a":    "socket_id",
		"socket_id=1.1%0A&channel_name=private": "socket_id",
		"socket_id=1.1:private-x":               "socket_id",
		"socket_id=+1.1":                        "socket_id",
		"SOCKET_ID=1.1":                         "socket_id",
		"socket_id=1.1&socket_id=1.1":           "socket_id",
		"socket_id=1.1&socket_id=2.2":           "socket_id",
		"socket_id=1.1&channel_name=private-a&channel_name=private-b": "channel_name",
		"socket_id=1.1&channel_name=":                                 "channel_name",
		"socket_id=1.1&channel_name=private-a%0A":                     "channel_name",
		"socket_id=1.1&channel_name=private-a:b":                      "channel_name",
		"socket_id=1.1&channel_name=../x":                             "channel_name",
		"socket_id=1.1&channel_name=%23server-to-user-1":              "channel_name",
		"socket_id=1.1&x=%zz":                                         "body",
		"socket_id=1.1;channel_name=private-a":                        "body",
		`{"socket_id":"1.1","channel_name":"private-a"}`:              "socket_id",
		"\x00\xff%": "body",
	} {
		got, err := pusher.ParseAuthRequest([]byte(body))
		requireInvalid(t, err, field)
		require.Zero(t, got, body)
	}
}

// What is parsed holds nothing of the caller's bytes, which a framework may reuse.
func TestParseAuthRequest_doesNotAlias(t *testing.T) {
	t.Parallel()
	body := []byte("socket_id=1.2&channel_name=private-a&token=abc")
	req, err := pusher.ParseAuthRequest(body)
	require.NoError(t, err)
	for i := range body {
		body[i] = 'X'
	}
	require.Equal(t, pusher.AuthRequest{
		SocketID: "1.2", Channel: "private-a",
		Params: url.Values{"socket_id": {"1.2"}, "channel_name": {"private-a"}, "token": {"abc"}},
	}, req)
}
