package pushertest_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// Everything that the SDK sends and signs, the server's own reading of the
// protocol accepts.
func TestServerAndClient(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]pushertest.ServerConfig{
		"plain":           {},
		"signed prefix":   {AppID: "app-1", PathPrefix: "/realtime/"},
		"unsigned prefix": {Key: "k", Secret: "s", PathPrefix: "a/b", UnsignedPathPrefix: true},
		"other time":      {Now: newClock().Now},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t, config)
			client := newClient(t, srv)
			ctx := deadline(t)
			require.NoError(t, client.Ping(ctx))

			sub := connect(t, srv)
			member := &pusher.Member{UserID: "zoë", UserInfo: map[string]string{"name": "<Zoë>"}}
			for channel, member := range map[string]*pusher.Member{
				"private-a": nil, "private-encrypted-a": nil, "private-encrypted-cache-a": nil, "presence-a": member,
			} {
				auth, err := client.AuthorizeChannel(sub.SocketID(), channel, member)
				require.NoError(t, err)
				require.NoError(t, sub.Subscribe(ctx, channel, auth))
			}
			assert.Equal(t, "pusher:cache_miss", next(t, sub).Event)
			user, err := client.AuthenticateUser(sub.SocketID(), pusher.User{ID: "7"})
			require.NoError(t, err)
			require.NoError(t, sub.SignIn(ctx, user))

			_, err = client.Trigger(ctx, "private-encrypted-a", "sealed", "for our eyes")
			require.NoError(t, err)
			_, err = client.TriggerMulti(ctx, []string{"private-a", "presence-a"}, "multi", map[string]string{"q": "a&b=c <é>"})
			require.NoError(t, err)
			_, err = client.TriggerBatch(ctx, []pusher.Event{
				{Channel: "private-encrypted-cache-a", Name: "batched", Data: "sealed too"}, {Channel: "private-a", Name: "batched", Data: "plain"},
			})
			require.NoError(t, err)
			_, err = client.SendToUser(ctx, "7", "direct", "hello")
			require.NoError(t, err)
			for _, want := range []pushertest.Message{
				{Channel: "private-encrypted-a", Event: "sealed", Data: "for our eyes"},
				{Channel: "private-a", Event: "multi", Data: `{"q":"a&b=c <é>"}`},
				{Channel: "presence-a", Event: "multi", Data: `{"q":"a&b=c <é>"}`},
				{Channel: "private-encrypted-cache-a", Event: "batched", Data: "sealed too"},
				{Channel: "private-a", Event: "batched", Data: "plain"},
				{Channel: "#server-to-user-7", Event: "direct", Data: "hello"},
			} {
				assert.Equal(t, want, next(t, sub))
			}

			list, err := client.Channels(ctx, pusher.ChannelsQuery{Prefix: "presence-", Attributes: []pusher.Attribute{pusher.UserCount}})
			require.NoError(t, err)
			assert.Equal(t, 1, *list.Channels["presence-a"].UserCount)
			state, err := client.Channel(ctx, "private-a", pusher.SubscriptionCount)
			require.NoError(t, err)
			assert.Equal(t, 1, *state.SubscriptionCount)
			users, err := client.ChannelUsers(ctx, "presence-a")
			require.NoError(t, err)
			assert.Equal(t, []pusher.UserRef{{ID: "zoë"}}, users.Users)

			require.NoError(t, client.TerminateUserConnections(ctx, "7"))
			_, err = sub.Next(ctx)
			var closed *pushertest.ConnectionError
			require.ErrorAs(t, err, &closed)
			assert.Equal(t, 4009, closed.Code)
		})
	}
}

func TestServerRefusesTheClient(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	for name, test := range map[string]struct {
		edit func(*pusher.Config)
		want error
	}{
		"secret": {func(c *pusher.Config) { c.Secret = "other" }, pusher.ErrUnauthorized},
		"key":    {func(c *pusher.Config) { c.Key = "other" }, pusher.ErrUnauthorized},
		"app":    {func(c *pusher.Config) { c.AppID = "other" }, pusher.ErrNotFound},
		"prefix": {func(c *pusher.Config) { c.PathPrefix = "/other" }, pusher.ErrNotFound},
		"clock":  {func(c *pusher.Config) { c.Now = func() time.Time { return time.Unix(0, 0) } }, pusher.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := srv.Config()
			test.edit(&cfg)
			client, err := pusher.New(cfg)
			require.NoError(t, err)
			defer client.Close()
			require.ErrorIs(t, client.Ping(deadline(t)), test.want)
		})
	}
}

// Behind another server, such as one with TLS, signatures hold just as well.
func TestServerHandlerIsMountable(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	outer := httptest.NewServer(srv.Handler())
	defer outer.Close()
	at, err := url.Parse(outer.URL)
	require.NoError(t, err)
	cfg := srv.Config()
	cfg.Port, err = strconv.Atoi(at.Port())
	require.NoError(t, err)
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Ping(deadline(t)))
}

// fakeTB stands in for a test that ends when told to.
type fakeTB struct {
	cleanups []func()
	fatal    string
}

func (f *fakeTB) Helper()                      {}
func (f *fakeTB) Cleanup(c func())             { f.cleanups = append(f.cleanups, c) }
func (f *fakeTB) Fatalf(s string, args ...any) { f.fatal = fmt.Sprintf(s, args...) }

func TestNewServerClosesWithTheTest(t *testing.T) {
	t.Parallel()
	var tb fakeTB
	srv := pushertest.NewServer(&tb)
	sub := connect(t, srv)
	require.Len(t, tb.cleanups, 1)
	require.Empty(t, tb.fatal)
	tb.cleanups[0]()
	_, err := sub.Next(deadline(t))
	var closed *pushertest.ConnectionError
	require.ErrorAs(t, err, &closed)
}
