package e2e_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// sdks are the official server SDKs.
var sdks = []struct {
	name, program, script string
}{
	{"Node", "node", "clients/sdk.js"},
	{"Python", ".venv/bin/python", "clients/sdk.py"},
}

// eachSDK runs a test with each official SDK, connected to an app of its own.
func eachSDK(t *testing.T, test func(t *testing.T, a *app, sdk *process)) {
	t.Helper()
	eachSDKOf(t, pushertest.ServerConfig{}, test)
}

// eachSDKOf gives each SDK a server of its own, configured so.
func eachSDKOf(t *testing.T, server pushertest.ServerConfig, test func(t *testing.T, a *app, sdk *process)) {
	t.Helper()
	for _, s := range sdks {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(".venv"); s.name == "Python" && err != nil {
				t.Skip("the official Python SDK is not installed: make e2e says why")
			}
			a := newAppOf(t, server)
			sdk := start(t, s.program, s.script)
			cfg := a.srv.Config()
			sdk.do(t, "connect", arguments{
				"app": cfg.AppID, "key": cfg.Key, "secret": cfg.Secret, "host": cfg.Host, "port": cfg.Port,
				"master": cfg.EncryptionMasterKeyBase64,
			})
			test(t, a, sdk)
		})
	}
}

func TestSDKsTrigger(t *testing.T) {
	t.Parallel()
	eachSDK(t, func(t *testing.T, a *app, sdk *process) {
		ada, zoe := a.connect(t, "ada"), a.connect(t, "zoë")
		for _, channel := range channels {
			ada.subscribe(t, channel)
			if isCache(channel) {
				ada.expect(t, channel, "pusher:cache_miss", arguments{})
			}
		}
		zoe.subscribe(t, "my-channel")
		for _, channel := range channels {
			for _, data := range []any{"zażółć 🐙", arguments{"text": "你好", "n": 1}} {
				sdk.do(t, "trigger", arguments{"channels": []string{channel}, "event": "news", "data": data})
				ada.expect(t, channel, "news", data)
			}
		}
		sdk.do(t, "trigger", arguments{
			"channels": []string{"my-channel", "presence-room"}, "event": "several", "data": "x", "exclude": ada.socketID,
		})
		var batch []arguments
		for _, channel := range channels {
			batch = append(batch, arguments{"channel": channel, "name": "batched", "data": arguments{"to": channel}})
		}
		sdk.do(t, "trigger_batch", arguments{"batch": batch})
		for _, channel := range channels {
			ada.expect(t, channel, "batched", arguments{"to": channel})
		}
		zoe.expect(t, "my-channel", "news", "zażółć 🐙")
		zoe.expect(t, "my-channel", "news", arguments{"text": "你好", "n": 1})
		zoe.expect(t, "my-channel", "several", "x")

		ada.signIn(t)
		sdk.do(t, "send_to_user", arguments{"user": "ada", "event": "hello", "data": "dzień dobry"})
		ada.expect(t, "user", "hello", "dzień dobry")
	})
}

func TestSDKsAreRefused(t *testing.T) {
	t.Parallel()
	eachSDK(t, func(t *testing.T, _ *app, sdk *process) {
		const reason = "user_count"
		answer := sdk.try(t, "channels", arguments{"info": "user_count"})
		require.Contains(t, answer.Error, reason)
		answer = sdk.try(t, "channel", arguments{"channel": "my-channel", "info": "user_count"})
		require.Contains(t, answer.Error, reason)
	})
}

func TestSDKsQuery(t *testing.T) {
	t.Parallel()
	eachSDK(t, func(t *testing.T, a *app, sdk *process) {
		ada := a.connect(t, "ada")
		for _, channel := range []string{"my-channel", "presence-room", "presence-cache-room"} {
			ada.subscribe(t, channel)
		}
		for _, query := range []struct {
			command string
			args    arguments
			want    any
		}{
			{"channels", arguments{}, arguments{"channels": arguments{
				"my-channel": arguments{}, "presence-room": arguments{}, "presence-cache-room": arguments{},
			}}},
			{"channels", arguments{"prefix": "presence-r", "info": "user_count"}, arguments{"channels": arguments{
				"presence-room": arguments{"user_count": 1},
			}}},
			{"channel", arguments{"channel": "my-channel", "info": "subscription_count"}, arguments{
				"occupied": true, "subscription_count": 1,
			}},
			{"channel", arguments{"channel": "presence-cache-room", "info": "user_count,cache"}, arguments{
				"occupied": true, "user_count": 1, "cache": nil,
			}},
			{"channel", arguments{"channel": "empty-channel"}, arguments{"occupied": false}},
			{"users", arguments{"channel": "presence-room"}, arguments{"users": []arguments{{"id": "ada"}}}},
		} {
			requireSame(t, query.want, sdk.do(t, query.command, query.args))
		}
	})
}

// TestSDKsAuthorize has the server accept what each SDK has signed.
func TestSDKsAuthorize(t *testing.T) {
	t.Parallel()
	eachSDK(t, func(t *testing.T, a *app, sdk *process) {
		ctx := deadline(t)
		s, err := a.srv.Subscriber(ctx)
		require.NoError(t, err)
		t.Cleanup(s.Close)
		user := arguments{"id": "ada", "user_info": arguments{"name": "Zoë 🦊"}}
		var signed pusher.UserAuth
		require.NoError(t, json.Unmarshal(sdk.do(t, "authenticate", arguments{"socket": s.SocketID(), "user": user}), &signed))
		require.NoError(t, s.SignIn(ctx, signed))

		for _, channel := range []string{"private-room", "private-encrypted-room", "presence-room"} {
			args := arguments{"socket": s.SocketID(), "channel": channel}
			if channel == "presence-room" {
				args["member"] = arguments{"user_id": "zoë", "user_info": arguments{"name": "Zoë 🦊"}}
			}
			var theirs pusher.ChannelAuth
			require.NoError(t, json.Unmarshal(sdk.do(t, "authorize", args), &theirs))
			require.NoError(t, s.Subscribe(ctx, channel, theirs), channel)
			if channel != "presence-room" {
				ours, err := a.client.AuthorizeChannel(s.SocketID(), channel, nil)
				require.NoError(t, err)
				assert.Equal(t, ours, theirs)
			}
		}
		require.Equal(t, []string{"zoë"}, s.Members("presence-room"))
		users, err := a.client.ChannelUsers(ctx, "presence-room")
		require.NoError(t, err)
		require.Len(t, users.Users, 1)
	})
}

// TestSDKsTerminate leaves the Python SDK out: it forgets the app in the path, and
// no server knows what it asks.
func TestSDKsTerminate(t *testing.T) {
	t.Parallel()
	eachSDK(t, func(t *testing.T, a *app, sdk *process) {
		ada := a.connect(t, "ada")
		ada.signIn(t)
		answer := sdk.try(t, "terminate", arguments{"user": "ada"})
		if sdk.name == "sdk.py" {
			require.Contains(t, answer.Error, "404")
			ada.quiet(t, "connection")
			return
		}
		require.Empty(t, answer.Error)
		requireUnauthorized(t, ada)
	})
}
