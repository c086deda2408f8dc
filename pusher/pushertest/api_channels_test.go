package pushertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestServerQueries(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: clock.Now})
	subscribed(t, srv, "public", "")
	subscribed(t, srv, "presence-a", `{"user_id":"1"}`)
	subscribed(t, srv, "presence-a", `{"user_id":"1"}`)
	subscribed(t, srv, "presence-a", `{"user_id":"zoë"}`)
	signedIn := connect(t, srv)
	require.NoError(t, signedIn.SignIn(deadline(t), userAuth(srv, signedIn.SocketID(), `{"id":"7"}`)))
	trigger(t, srv, "cache-full", "e", "kept")
	clock.Advance(10*time.Minute + time.Millisecond)

	for name, test := range map[string]struct {
		request request
		status  int
		answer  string
	}{
		"all channels":          {get("/channels"), 200, `{"channels":{"public":{},"presence-a":{}}}`},
		"prefix":                {get("/channels", "filter_by_prefix", "pub"), 200, `{"channels":{"public":{}}}`},
		"no such prefix":        {get("/channels", "filter_by_prefix", "x y&z"), 200, `{"channels":{}}`},
		"counted":               {get("/channels", "filter_by_prefix", "presence-", "info", "user_count,subscription_count"), 200, `{"channels":{"presence-a":{"user_count":2,"subscription_count":3}}}`},
		"subscriptions":         {get("/channels", "info", "subscription_count", "filter_by_prefix", "p"), 200, `{"channels":{"public":{"subscription_count":1},"presence-a":{"subscription_count":3}}}`},
		"users of all":          {get("/channels", "info", "user_count"), 400, "presence-"},
		"users of public":       {get("/channels", "info", "user_count", "filter_by_prefix", "pub"), 400, "presence-"},
		"cache of all":          {get("/channels", "info", "cache"), 400, "cache"},
		"unknown attribute":     {get("/channels", "info", "colour"), 400, "colour"},
		"channel":               {get("/channels/public"), 200, `{"occupied":true}`},
		"unoccupied":            {get("/channels/none"), 200, `{"occupied":false}`},
		"unoccupied, counted":   {get("/channels/presence-none", "info", "user_count,subscription_count"), 200, `{"occupied":false,"user_count":0,"subscription_count":0}`},
		"presence":              {get("/channels/presence-a", "info", "user_count,subscription_count"), 200, `{"occupied":true,"user_count":2,"subscription_count":3}`},
		"user_count of public":  {get("/channels/public", "info", "user_count"), 400, "user_count"},
		"cache":                 {get("/channels/cache-full", "info", "cache"), 200, `{"occupied":false,"cache":{"data":"kept","ttl":1200}}`},
		"empty cache":           {get("/channels/private-encrypted-cache-none", "info", "cache"), 200, `{"occupied":false,"cache":null}`},
		"cache of public":       {get("/channels/public", "info", "cache"), 400, "cache"},
		"attribute of channel":  {get("/channels/public", "info", "subscription_count,colour"), 400, "colour"},
		"invalid name":          {get("/channels/a%20b"), 400, "channel"},
		"user channel":          {get("/channels/%23server-to-user-7"), 400, "channel"},
		"users":                 {get("/channels/presence-a/users"), 200, `{"users":[{"id":"1"},{"id":"zoë"}]}`},
		"users of none":         {get("/channels/presence-none/users"), 200, `{"users":[]}`},
		"users of a public one": {get("/channels/public/users"), 400, "presence"},
		"users, invalid name":   {get("/channels/presence-a%0A/users"), 400, "channel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := test.request.send(t, srv)
			assert.Equal(t, test.status, res.status, res.body)
			if test.status == 200 {
				assert.JSONEq(t, test.answer, res.body)
			} else {
				assert.Contains(t, res.body, test.answer)
			}
		})
	}
}

func TestServerTerminates(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ctx := deadline(t)
	first, second, other := connect(t, srv), connect(t, srv), connect(t, srv)
	for sub, data := range map[*pushertest.Subscriber]string{first: `{"id":"7"}`, second: `{"id":"7"}`, other: `{"id":"8"}`} {
		require.NoError(t, sub.SignIn(ctx, userAuth(srv, sub.SocketID(), data)))
		require.NoError(t, sub.Subscribe(ctx, "presence-a", channelAuth(srv, sub.SocketID(), "presence-a", "")))
	}

	for name, r := range map[string]request{
		"with a body": post("/users/7/terminate_connections", "{}"),
		"without":     post("/users/nobody/terminate_connections", ""),
	} {
		res := r.send(t, srv)
		assert.Equal(t, 200, res.status, name)
		assert.Equal(t, "{}", res.body, name)
	}
	for _, sub := range []*pushertest.Subscriber{first, second} {
		var err error
		for err == nil {
			_, err = sub.Next(ctx)
		}
		var closed *pushertest.ConnectionError
		require.ErrorAs(t, err, &closed)
		assert.Equal(t, 4009, closed.Code)
	}
	require.NoError(t, other.Ping(ctx))
	assert.Equal(t, []string{"8"}, other.Members("presence-a"))

	assert.Equal(t, 400, post("/users/a%2Fb/terminate_connections", "{}").send(t, srv).status)
	assert.Equal(t, 400, post("/users/7/terminate_connections", "[]").send(t, srv).status)
}
