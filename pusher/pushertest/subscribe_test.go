package pushertest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/nacl/secretbox"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestSubscribeAuthorization(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	long := `{"user_id":"1","user_info":"` + strings.Repeat("x", 1000) + `"}`
	for name, test := range map[string]struct {
		channel string
		auth    func(socketID string) pusher.ChannelAuth
		refused string // the type
	}{
		"public":           {"my-channel", nil, ""},
		"public cache":     {"cache-a", nil, ""},
		"private":          {"private-a", signed(srv, "private-a", ""), ""},
		"encrypted":        {"private-encrypted-a", signed(srv, "private-encrypted-a", ""), ""},
		"presence":         {"presence-a", signed(srv, "presence-a", `{"user_id":10,"user_info":{"name":"Mr. Channels"}}`), ""},
		"presence UTF-8":   {"presence-b", signed(srv, "presence-b", `{"user_id":"zoë"}`), ""},
		"private, none":    {"private-a", nil, "AuthError"},
		"encrypted, none":  {"private-encrypted-a", nil, "AuthError"},
		"presence, none":   {"presence-a", nil, "AuthError"},
		"presence, nobody": {"presence-a", signed(srv, "presence-a", ""), "AuthError"},
		"other channel":    {"private-a", signed(srv, "private-b", ""), "AuthError"},
		"other socket": {"private-a", func(string) pusher.ChannelAuth {
			return channelAuth(srv, "1.1", "private-a", "")
		}, "AuthError"},
		"other key": {"private-a", func(id string) pusher.ChannelAuth {
			auth := channelAuth(srv, id, "private-a", "")
			auth.Auth = "x" + auth.Auth
			return auth
		}, "AuthError"},
		"other channel_data": {"presence-a", func(id string) pusher.ChannelAuth {
			auth := channelAuth(srv, id, "presence-a", `{"user_id":"1"}`)
			auth.ChannelData = `{"user_id":"2"}`
			return auth
		}, "AuthError"},
		"channel_data no JSON":    {"presence-a", signed(srv, "presence-a", `1`), "AuthError"},
		"channel_data no user_id": {"presence-a", signed(srv, "presence-a", `{"user_info":1}`), "AuthError"},
		"user_id empty":           {"presence-a", signed(srv, "presence-a", `{"user_id":""}`), "AuthError"},
		"user_id null":            {"presence-a", signed(srv, "presence-a", `{"user_id":null}`), "AuthError"},
		"user_id an object":       {"presence-a", signed(srv, "presence-a", `{"user_id":{}}`), "AuthError"},
		"user_id too long":        {"presence-a", signed(srv, "presence-a", object("user_id", strings.Repeat("x", 129))), "AuthError"},
		"channel_data too long":   {"presence-a", signed(srv, "presence-a", long), "AuthError"},
		"invalid name":            {"a b", nil, "InvalidChannel"},
		"reserved name":           {"#x", nil, "InvalidChannel"},
		"empty name":              {"", nil, "InvalidChannel"},
		"name too long":           {strings.Repeat("x", 201), nil, "InvalidChannel"},
		"user channel":            {"#server-to-user-1", nil, "AuthError"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sub := connect(t, srv)
			var authorization []pusher.ChannelAuth
			if test.auth != nil {
				authorization = append(authorization, test.auth(sub.SocketID()))
			}
			err := sub.Subscribe(deadline(t), test.channel, authorization...)
			if test.refused == "" {
				require.NoError(t, err)
				return
			}
			var refused *pushertest.SubscriptionError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.channel, refused.Channel)
			assert.Equal(t, test.refused, refused.Type)
			if test.refused == "AuthError" {
				assert.Equal(t, 401, refused.Status)
			}
			nothingMore(t, sub)
		})
	}
}

func signed(srv *pushertest.Server, channel, channelData string) func(string) pusher.ChannelAuth {
	return func(socketID string) pusher.ChannelAuth { return channelAuth(srv, socketID, channel, channelData) }
}

func TestSubscribeTwice(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sub := subscribed(t, srv, "my-channel", "")
	require.ErrorContains(t, sub.Subscribe(deadline(t), "my-channel"), "already")
	trigger(t, srv, "my-channel", "e", "once")
	assert.Equal(t, "once", next(t, sub).Data)
	nothingMore(t, sub)
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sub := subscribed(t, srv, "my-channel", "")
	require.NoError(t, sub.Unsubscribe(deadline(t), "my-channel"))
	require.NoError(t, sub.Unsubscribe(deadline(t), "never-subscribed"))
	trigger(t, srv, "my-channel", "e", "d")
	nothingMore(t, sub)
	assert.Equal(t, `{"occupied":false}`, get("/channels/my-channel").send(t, srv).body)
	require.NoError(t, sub.Subscribe(deadline(t), "my-channel"))
}

func TestPresence(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	const channel = "presence-a"
	watcher := subscribed(t, srv, channel, `{"user_id":"1","user_info":{"n":1}}`)
	assert.Equal(t, []string{"1"}, watcher.Members(channel))
	assert.Nil(t, watcher.Members("presence-other"))

	// Two connections of one user are one member.
	first := subscribed(t, srv, channel, `{"user_id":"2","user_info":{"n":2}}`)
	second := subscribed(t, srv, channel, `{"user_id":"2","user_info":{"n":2}}`)
	assert.Equal(t, pushertest.Message{
		Event: "pusher_internal:member_added", Channel: channel, Data: `{"user_id":"2","user_info":{"n":2}}`,
	}, next(t, watcher))
	nothingMore(t, watcher)
	nothingMore(t, first)
	assert.Equal(t, []string{"1", "2"}, second.Members(channel))
	assert.Equal(t, []string{"1", "2"}, watcher.Members(channel))

	first.Close()
	require.NoError(t, second.Ping(deadline(t)))
	nothingMore(t, watcher)
	require.NoError(t, second.Unsubscribe(deadline(t), channel))
	assert.Empty(t, second.Members(channel))
	assert.Equal(t, pushertest.Message{
		Event: "pusher_internal:member_removed", Channel: channel, Data: `{"user_id":"2"}`,
	}, next(t, watcher))
	assert.Equal(t, []string{"1"}, watcher.Members(channel))
}

func TestPresenceFrame(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	subscribed(t, srv, "presence-a", `{"user_id":"1"}`)
	ws := dialRaw(t, srv.WebSocketURL())
	readRaw(t, ws)
	auth := channelAuth(srv, "1002.2", "presence-a", `{"user_id":10,"user_info":{"name":"x"}}`)
	writeRaw(t, ws, object("event", "pusher:subscribe", "data", map[string]string{"channel": "presence-a", "auth": auth.Auth, "channel_data": auth.ChannelData}))
	assert.Equal(t, `{"event":"pusher_internal:subscription_succeeded","channel":"presence-a",`+
		`"data":"{\"presence\":{\"count\":2,\"hash\":{\"1\":null,\"10\":{\"name\":\"x\"}},\"ids\":[\"1\",\"10\"]}}"}`, readRaw(t, ws))
}

func TestPresenceMemberLimit(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Limits: pushertest.ServerLimits{Members: 1}})
	subscribed(t, srv, "presence-a", `{"user_id":"1"}`)
	subscribed(t, srv, "presence-a", `{"user_id":"1"}`)
	sub := connect(t, srv)
	err := sub.Subscribe(deadline(t), "presence-a", channelAuth(srv, sub.SocketID(), "presence-a", `{"user_id":"2"}`))
	var refused *pushertest.SubscriptionError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 4004, refused.Status)
}

func TestCacheChannels(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: clock.Now})
	for _, channel := range []string{"cache-a", "private-cache-a", "presence-cache-a", "private-encrypted-cache-a"} {
		data := "last"
		if strings.HasPrefix(channel, "private-encrypted-") {
			data = sealedData
		}
		channelData := ""
		if strings.HasPrefix(channel, "presence-") {
			channelData = `{"user_id":"1"}`
		}
		missed := subscribed(t, srv, channel, channelData)
		assert.Equal(t, pushertest.Message{Event: "pusher:cache_miss", Channel: channel, Data: "{}"}, next(t, missed))
		trigger(t, srv, channel, "first", data)
		trigger(t, srv, channel, "second", data)
		// The channel is empty in between, and the connection that was excluded
		// before gets the event too.
		require.NoError(t, missed.Unsubscribe(deadline(t), channel))
		late := subscribed(t, srv, channel, channelData)
		assert.Equal(t, pushertest.Message{Event: "second", Channel: channel, Data: data}, next(t, late))
		nothingMore(t, late)
	}
	clock.Advance(30 * time.Minute)
	late := subscribed(t, srv, "cache-a", "")
	assert.Equal(t, "pusher:cache_miss", next(t, late).Event)
	assert.JSONEq(t, `{"occupied":true,"cache":null}`, get("/channels/cache-a", "info", "cache").send(t, srv).body)
}

func TestNoCacheOnOtherChannels(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	trigger(t, srv, "my-cache-channel", "e", "d")
	nothingMore(t, subscribed(t, srv, "my-cache-channel", ""))
}

func TestSubscriberDecrypts(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	const channel = "private-encrypted-a"
	secret := sha256.Sum256([]byte(channel + "0123456789abcdef0123456789abcdef"))
	var nonce [24]byte
	data := object(
		"nonce", base64.StdEncoding.EncodeToString(nonce[:]),
		"ciphertext", base64.StdEncoding.EncodeToString(secretbox.Seal(nil, []byte("plain"), &nonce, &secret)),
	)
	subscribe := func(sharedSecret string) *pushertest.Subscriber {
		sub := connect(t, srv)
		auth := channelAuth(srv, sub.SocketID(), channel, "")
		auth.SharedSecret = sharedSecret
		require.NoError(t, sub.Subscribe(deadline(t), channel, auth))
		return sub
	}
	right := base64.StdEncoding.EncodeToString(secret[:])
	reader, outsider := subscribe(right), subscribe("")
	stranger, broken := subscribe(base64.StdEncoding.EncodeToString(make([]byte, 32))), subscribe("x")
	trigger(t, srv, channel, "e", data)

	assert.Equal(t, pushertest.Message{Event: "e", Channel: channel, Data: "plain"}, next(t, reader))
	assert.Equal(t, data, next(t, outsider).Data)
	for _, sub := range []*pushertest.Subscriber{stranger, broken} {
		message, err := sub.Next(deadline(t))
		require.Error(t, err)
		assert.Equal(t, data, message.Data)
	}

	sent := srv.Events()[0]
	plaintext, err := sent.Open(right)
	require.NoError(t, err)
	assert.Equal(t, "plain", plaintext)
	sent.Data = "plain"
	_, err = sent.Open(right)
	require.ErrorContains(t, err, "nonce")
}

func TestSubscriberAfterClose(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	sub := subscribed(t, srv, "my-channel", "")
	trigger(t, srv, "my-channel", "e", "kept")
	require.NoError(t, sub.Ping(deadline(t)))
	sub.Close()
	sub.Close()
	assert.Equal(t, "kept", next(t, sub).Data)
	_, err := sub.Next(deadline(t))
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorIs(t, sub.Ping(deadline(t)), net.ErrClosed)
	require.ErrorIs(t, sub.Subscribe(deadline(t), "other"), net.ErrClosed)
}
