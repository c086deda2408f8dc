package pusher_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// The tests that the public Channels server-library specification names, over HTTP
// to a server that checks everything by code of its own.

func server(t *testing.T) (*pusher.Client, *pushertest.Server) {
	t.Helper()
	srv := pushertest.NewServer(t)
	client, err := pusher.New(srv.Config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client, srv
}

func TestConformance_PostBatchEvents(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	events := make([]pusher.Event, 11)
	for i := range events {
		events[i] = pusher.Event{Channel: "a", Name: "e", Data: i}
	}
	_, err := client.TriggerBatch(t.Context(), events)
	requireInvalid(t, err, "events")

	cfg := srv.Config()
	cfg.Limits.BatchEvents = -1
	unlimited, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unlimited.Close() })
	_, err = unlimited.TriggerBatch(t.Context(), events)
	require.ErrorIs(t, err, pusher.ErrBadRequest, "the server refuses it too")
	require.Empty(t, srv.Events())

	_, err = client.TriggerBatch(t.Context(), events[:10])
	require.NoError(t, err)
	require.Len(t, srv.Events(), 10)
}

func TestConformance_PostEvent(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	_, err := client.TriggerMulti(t.Context(), []string{"private-encrypted-a", "b"}, "e", "x")
	requireInvalid(t, err, "channels")
	require.Empty(t, srv.Events())
	for _, channels := range [][]string{{"private-encrypted-a"}, {"private-a"}, {"a"}, {"a", "private-b", "presence-c"}} {
		_, err := client.TriggerMulti(t.Context(), channels, "e", "x")
		require.NoError(t, err, "%v", channels)
	}
	require.Len(t, srv.Events(), 6)
}

func TestConformance_Authenticate(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	sub, err := srv.Subscriber(t.Context())
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	for channel, member := range map[string]*pusher.Member{
		"private-encrypted-a": nil,
		"presence-a":          {UserID: "1"},
		"presence-b":          {UserID: "1", UserInfo: map[string]any{"name": "Zoë <b>"}},
		"private-a":           nil,
	} {
		auth, err := client.AuthorizeChannel(sub.SocketID(), channel, member)
		require.NoError(t, err, channel)
		require.NoError(t, sub.Subscribe(t.Context(), channel, auth), channel)
	}
	_, err = client.AuthorizeChannel(sub.SocketID(), "presence-a", nil)
	requireInvalid(t, err, "member")
	_, err = client.AuthorizeChannel(sub.SocketID(), "public", nil)
	requireInvalid(t, err, "channel")
}

func TestConformance_Webhook(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	signer := crypto.NewSigner(docKey, docSecret)
	for name, event := range map[string]string{
		"ChannelOccupied": `{"name":"channel_occupied","channel":"a"}`,
		"ChannelVacated":  `{"name":"channel_vacated","channel":"a"}`,
		"ClientEvent":     `{"name":"client_event","channel":"private-a","event":"client-x","data":"{}","socket_id":"1.1"}`,
		"MemberAdded":     `{"name":"member_added","channel":"presence-a","user_id":"1"}`,
		"MemberRemoved":   `{"name":"member_removed","channel":"presence-a","user_id":"1"}`,
	} {
		body := []byte(`{"time_ms":1700000000000,"events":[` + event + `]}`)
		good := http.Header{"X-Pusher-Key": {docKey}, "X-Pusher-Signature": {signer.Sign(string(body))}}
		hook, err := client.Webhook(good, body)
		require.NoError(t, err, name)
		require.Len(t, hook.Events, 1)
		require.JSONEq(t, event, string(hook.Events[0].Raw))

		for _, row := range []struct {
			header, value string
			body          []byte
			want          error
		}{
			{"X-Pusher-Key", "wrong", body, pusher.ErrWebhookKey},
			{"X-Pusher-Key", "", body, pusher.ErrWebhookKey},
			{"X-Pusher-Signature", "wrong", body, pusher.ErrWebhookSignature},
			{"X-Pusher-Signature", "", body, pusher.ErrWebhookSignature},
			{"", "", nil, pusher.ErrWebhookSignature},
			{"X-Pusher-Signature", signer.Sign(""), nil, pusher.ErrWebhookBody},
		} {
			h := good.Clone()
			h.Del(row.header)
			if row.value != "" {
				h.Set(row.header, row.value)
			}
			_, err := client.Webhook(h, row.body)
			require.ErrorIs(t, err, row.want)
		}
	}
}

func TestConformance_GetChannelInfo(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	_, err := client.Channel(t.Context(), "a", "no_such_attribute")
	require.ErrorIs(t, err, pusher.ErrBadRequest)
	_, err = client.Channel(t.Context(), "a", pusher.UserCount)
	require.ErrorIs(t, err, pusher.ErrBadRequest, "user_count is for presence channels")
	state, err := client.Channel(t.Context(), "a", pusher.SubscriptionCount)
	require.NoError(t, err)
	require.False(t, state.Occupied)

	sub, err := srv.Subscriber(t.Context())
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	auth, err := client.AuthorizeChannel(sub.SocketID(), "presence-a", &pusher.Member{UserID: "7"})
	require.NoError(t, err)
	require.NoError(t, sub.Subscribe(t.Context(), "presence-a", auth))
	state, err = client.Channel(t.Context(), "presence-a", pusher.UserCount)
	require.NoError(t, err)
	require.True(t, state.Occupied)
	require.Equal(t, 1, *state.UserCount)
	require.Nil(t, state.SubscriptionCount)
}

func TestConformance_GetChannels(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	_, err := client.Channels(t.Context(), pusher.ChannelsQuery{Attributes: []pusher.Attribute{"no_such_attribute"}})
	require.ErrorIs(t, err, pusher.ErrBadRequest)
	_, err = client.Channels(t.Context(), pusher.ChannelsQuery{Attributes: []pusher.Attribute{pusher.UserCount}})
	require.ErrorIs(t, err, pusher.ErrBadRequest, "user_count needs a presence- prefix")
	sub, err := srv.Subscriber(t.Context())
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	require.NoError(t, sub.Subscribe(t.Context(), "a"))
	list, err := client.Channels(t.Context(), pusher.ChannelsQuery{})
	require.NoError(t, err)
	require.Contains(t, list.Channels, "a")
	list, err = client.Channels(t.Context(), pusher.ChannelsQuery{Prefix: "presence-", Attributes: []pusher.Attribute{pusher.UserCount}})
	require.NoError(t, err)
	require.Empty(t, list.Channels)
	list, err = client.Channels(t.Context(), pusher.ChannelsQuery{Prefix: "a b&x#f"})
	require.NoError(t, err, "a prefix of any characters is signed and escaped right (mistake 7)")
	require.Empty(t, list.Channels)
}

func TestConformance_GetUsers(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	_, err := client.ChannelUsers(t.Context(), "public")
	requireInvalid(t, err, "channel")
	_, err = client.Get(t.Context(), "/channels/public/users", nil)
	require.ErrorIs(t, err, pusher.ErrBadRequest, "the server refuses it too")
	sub, err := srv.Subscriber(t.Context())
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	auth, err := client.AuthorizeChannel(sub.SocketID(), "presence-a", &pusher.Member{UserID: "zoë"})
	require.NoError(t, err)
	require.NoError(t, sub.Subscribe(t.Context(), "presence-a", auth))
	list, err := client.ChannelUsers(t.Context(), "presence-a")
	require.NoError(t, err)
	require.Equal(t, []pusher.UserRef{{ID: "zoë"}}, list.Users)
}

func TestConformance_credentialsAreChecked(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	require.NoError(t, client.Ping(t.Context()))
	require.NoError(t, client.TerminateUserConnections(t.Context(), "u"))
	for _, edit := range []func(*pusher.Config){
		func(c *pusher.Config) { c.Secret = "wrong" },
		func(c *pusher.Config) { c.Key = "wrong" },
	} {
		cfg := srv.Config()
		edit(&cfg)
		bad, err := pusher.New(cfg)
		require.NoError(t, err)
		t.Cleanup(func() { _ = bad.Close() })
		require.ErrorIs(t, bad.Ping(t.Context()), pusher.ErrUnauthorized)
		_, err = bad.Trigger(t.Context(), "a", "e", "x")
		require.ErrorIs(t, err, pusher.ErrUnauthorized)
	}
	cfg := srv.Config()
	cfg.AppID = "999999"
	bad, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = bad.Close() })
	require.ErrorIs(t, bad.Ping(t.Context()), pusher.ErrNotFound)
	require.Empty(t, srv.Events())
}
