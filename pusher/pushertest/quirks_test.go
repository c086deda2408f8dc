package pushertest_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// flavored starts a server with a flavor's answers, and the SDK for it. App ids of
// any text, as self-hosted servers have, and a path prefix go with all of them.
func flavored(t *testing.T, cfg pushertest.ServerConfig) (*pusher.Client, *pushertest.Server) {
	t.Helper()
	cfg.AppID, cfg.PathPrefix = "app-1", "/realtime"
	srv := pushertest.NewServer(t, cfg)
	return newClient(t, srv), srv
}

// stranger is a client with a wrong secret.
func stranger(t *testing.T, srv *pushertest.Server) *pusher.Client {
	t.Helper()
	cfg := srv.Config()
	cfg.Secret = "wrong"
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// What every flavor must do, through whatever form its answers have.
func TestFlavors(t *testing.T) {
	t.Parallel()
	for _, flavor := range pushertest.Flavors() {
		t.Run(flavor.String(), func(t *testing.T) {
			t.Parallel()
			client, srv := flavored(t, pushertest.ServerConfig{Flavor: flavor, Limits: pushertest.ServerLimits{DataBytes: 100}})
			ctx := deadline(t)
			require.NoError(t, client.Ping(ctx))
			list, err := client.Channels(ctx, pusher.ChannelsQuery{})
			require.NoError(t, err)
			assert.Empty(t, list.Channels)

			_, err = client.Trigger(ctx, "a", "e", "1")
			require.NoError(t, err)
			_, err = client.TriggerBatch(ctx, []pusher.Event{{Channel: "a", Name: "e", Data: "2"}, {Channel: "b", Name: "e", Data: "3"}})
			require.NoError(t, err)
			require.NoError(t, client.TerminateUserConnections(ctx, "nobody"))
			assert.Len(t, srv.Events(), 3)

			sub := connect(t, srv)
			auth, err := client.AuthorizeChannel(sub.SocketID(), "presence-a", &pusher.Member{UserID: "1"})
			require.NoError(t, err)
			require.NoError(t, sub.Subscribe(ctx, "presence-a", auth))
			var refused *pushertest.SubscriptionError
			require.ErrorAs(t, sub.Subscribe(ctx, "private-a"), &refused)
			assert.Equal(t, 401, refused.Status)
			result, err := client.Trigger(ctx, "presence-a", "e", "4", pusher.WithInfo(pusher.UserCount))
			require.NoError(t, err)
			assert.Equal(t, 1, *result.Channels["presence-a"].UserCount)
			batch, err := client.TriggerBatch(ctx, []pusher.Event{
				{Channel: "presence-a", Name: "e", Data: "5", Info: []pusher.Attribute{pusher.UserCount}}, {Channel: "a", Name: "e"},
			})
			require.NoError(t, err)
			assert.Equal(t, 1, *batch.Events[0].UserCount)
			users, err := client.ChannelUsers(ctx, "presence-a")
			require.NoError(t, err)
			assert.Len(t, users.Users, 1)
			state, err := client.Channel(ctx, "presence-a", pusher.UserCount)
			require.NoError(t, err)
			assert.True(t, state.Occupied)

			srv.Forget()
			_, err = stranger(t, srv).Trigger(ctx, "a", "e", "d")
			require.ErrorIs(t, err, pusher.ErrUnauthorized)
			var api *pusher.APIError
			require.ErrorAs(t, err, &api)
			assert.Contains(t, api.Message, "auth_signature")
			assert.NotContains(t, api.Message, "{")
			_, err = client.Trigger(ctx, "a", "e", string(make([]byte, 101)))
			require.ErrorIs(t, err, pusher.ErrPayloadTooLarge)
			_, err = client.Channels(ctx, pusher.ChannelsQuery{Attributes: []pusher.Attribute{"colour"}})
			require.ErrorIs(t, err, pusher.ErrBadRequest)
			assert.Equal(t, pusher.Rejected, pusher.OutcomeOf(err))
			assert.Empty(t, srv.Events())
		})
	}
}

// The bytes of each row of the table of differences, and what the SDK makes of them.
func TestQuirkBodies(t *testing.T) {
	t.Parallel()
	soketi, reverb, sockudo := pushertest.Soketi.Quirks(), pushertest.Reverb.Quirks(), pushertest.Sockudo.Quirks()
	const good, bad = `{"name":"e","channel":"a","data":"d"}`, `{"name":"","channel":"a","data":"d"}`
	path := func(p string) string { return "/apps/1001" + p }
	list := request{method: "GET", path: path("/channels")}
	users := request{method: "GET", path: path("/channels/presence-a/users")}
	batch := request{method: "POST", path: path("/batch_events"), body: `{"batch":[` + good + `]}`}
	event := func(body string) request { return request{method: "POST", path: path("/events"), body: body} }
	terminate := request{method: "POST", path: path("/users/1/terminate_connections"), body: "{}"}
	const reason = "name must be 1 to 200 characters and not begin with pusher: or pusher_internal:"
	for name, test := range map[string]struct {
		quirks  pushertest.Quirks
		request request
		status  int
		body    string
	}{
		"success":                 {pushertest.Quirks{}, event(good), 200, `{}`},
		"success, soketi":         {soketi, event(good), 200, `{"ok":true}`},
		"success, sockudo":        {sockudo, event(good), 200, `{"ok":true}`},
		"batch":                   {pushertest.Quirks{}, batch, 200, `{}`},
		"batch, soketi":           {soketi, batch, 200, `{"ok":true}`},
		"batch, Reverb":           {reverb, batch, 200, `{"batch":{}}`},
		"trigger, Reverb":         {reverb, event(good), 200, `{}`},
		"terminate, soketi":       {soketi, terminate, 200, `{"ok":true}`},
		"empty":                   {pushertest.Quirks{EmptyBody: true}, event(good), 200, ``},
		"empty batch, 202":        {pushertest.Quirks{EmptyBody: true, Status202: true}, batch, 202, ``},
		"202":                     {pushertest.Quirks{Status202: true}, terminate, 202, `{}`},
		"no channels":             {pushertest.Quirks{}, list, 200, `{"channels":{}}`},
		"no channels, Reverb":     {reverb, list, 200, `{"channels":[]}`},
		"no users":                {pushertest.Quirks{}, users, 200, `{"users":[]}`},
		"no users, Reverb":        {reverb, users, 404, `{}`},
		"refusal":                 {pushertest.Quirks{}, event(bad), 400, reason},
		"refusal, soketi":         {soketi, event(bad), 200, `{"code":400,"error":"` + reason + `"}`},
		"refusal, Reverb":         {reverb, event(bad), 422, `{"name":["` + reason + `"]}`},
		"refusal, sockudo":        {sockudo, event(bad), 400, `{"code":"BAD_REQUEST","error":"` + reason + `","status":400}`},
		"numbers, real statuses":  {pushertest.Quirks{ErrorBody: pushertest.ErrorNumber}, event(bad), 400, `{"code":400,"error":"` + reason + `"}`},
		"unknown app, soketi":     {soketi, request{method: "GET", path: "/apps/other/channels"}, 200, `{"code":404,"error":"the app is unknown"}`},
		"not of a field, Reverb":  {reverb, event("[]"), 400, "the body is not a JSON object in UTF-8"},
		"MD5 of nothing":          {pushertest.Quirks{}, withEmptyMD5(list), 200, `{"channels":{}}`},
		"MD5 of nothing, Reverb":  {reverb, withEmptyMD5(list), 401, "body_md5 must be absent where there is no body"},
		"MD5 of nothing, sockudo": {sockudo, withEmptyMD5(list), 401, `{"code":"UNAUTHORIZED","error":"body_md5 must be absent where there is no body","status":401}`},
		"batch of nothing Reverb": {reverb, request{method: "POST", path: path("/batch_events"), body: `{"batch":[]}`}, 422, `{"batch":["batch must be an array of events"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t, pushertest.ServerConfig{Quirks: test.quirks})
			res := test.request.send(t, srv)
			assert.Equal(t, test.status, res.status)
			assert.Equal(t, test.body, res.body)
			assert.Equal(t, test.status, srv.Requests()[0].Status)
		})
	}
}

func withEmptyMD5(r request) request {
	r.edit = func(q url.Values) { q.Set("body_md5", "d41d8cd98f00b204e9800998ecf8427e") }
	return r
}

func TestQuirksInTheSDK(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	for name, quirks := range map[string]pushertest.Quirks{
		"empty": {EmptyBody: true}, "empty, 202": {EmptyBody: true, Status202: true}, "202": {Status202: true},
	} {
		client, srv := flavored(t, pushertest.ServerConfig{Quirks: quirks})
		_, err := client.Trigger(ctx, "a", "e", "d")
		require.NoError(t, err, name)
		_, err = client.TriggerBatch(ctx, []pusher.Event{{Channel: "a", Name: "e"}})
		require.NoError(t, err, name)
		require.NoError(t, client.TerminateUserConnections(ctx, "1"), name)
		assert.Len(t, srv.Events(), 2, name)
	}

	reverb, srv := flavored(t, pushertest.ServerConfig{Flavor: pushertest.Reverb})
	assert.True(t, srv.Config().UnsignedPathPrefix)
	pushertest.NewServer(t, pushertest.ServerConfig{Flavor: pushertest.Flavor(pushertest.Hosted.String())})
	_, err := reverb.ChannelUsers(ctx, "presence-a")
	require.ErrorIs(t, err, pusher.ErrNotFound)
	var api *pusher.APIError
	require.ErrorAs(t, err, &api)
	assert.JSONEq(t, "{}", string(api.Body))
	_, err = reverb.Post(ctx, "/events", nil, `{"name":"","channel":"a","data":"d"}`)
	require.ErrorIs(t, err, pusher.ErrBadRequest)
	require.ErrorContains(t, err, "name: name must be")
	_, err = reverb.Trigger(ctx, "a", "e", string(make([]byte, 9_990)))
	require.ErrorIs(t, err, pusher.ErrPayloadTooLarge)
}

// With and without "Connection: close", the SDK leaves no connection behind.
func TestQuirkCloseConnections(t *testing.T) {
	t.Parallel()
	client, srv := flavored(t, pushertest.ServerConfig{Flavor: pushertest.Soketi})
	for range 50 {
		_, err := client.Trigger(deadline(t), "a", "e", "d")
		require.NoError(t, err)
	}
	res := request{method: "GET", path: "/realtime/apps/app-1/channels"}.send(t, srv)
	assert.Equal(t, 200, res.status, res.body)
	req, err := http.NewRequestWithContext(deadline(t), http.MethodGet, srv.URL(), nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.True(t, answer.Close)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	limit := pushertest.RateLimit{Requests: 2, Per: 1500 * time.Millisecond}
	for _, flavor := range pushertest.Flavors() {
		t.Run(flavor.String(), func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			srv := pushertest.NewServer(t, pushertest.ServerConfig{Flavor: flavor, RateLimit: limit, Now: clock.Now})
			client := newClient(t, srv)
			for range 2 {
				_, err := client.Trigger(deadline(t), "a", "e", "d")
				require.NoError(t, err, "Retry-After on a success means nothing")
			}
			_, err := client.Trigger(deadline(t), "a", "e", "d")
			require.ErrorIs(t, err, pusher.ErrRateLimited)
			assert.Equal(t, pusher.Rejected, pusher.OutcomeOf(err))
			var api *pusher.APIError
			require.ErrorAs(t, err, &api)
			wait := 2 * time.Second
			if flavor == pushertest.Soketi {
				wait = 0
			}
			assert.Equal(t, wait, api.RetryAfter)
			clock.Advance(limit.Per - 1)
			_, err = client.Trigger(deadline(t), "a", "e", "d")
			require.ErrorIs(t, err, pusher.ErrRateLimited)
			clock.Advance(1)
			_, err = client.Trigger(deadline(t), "a", "e", "d")
			require.NoError(t, err)
			assert.Len(t, srv.Events(), 3)

			list := get("/channels").send(t, srv)
			assert.Equal(t, 200, list.status)
			if flavor == pushertest.Soketi {
				assert.Equal(t, "1.5", list.header.Get("Retry-After"))
				assert.Equal(t, 200, get("/channels").send(t, srv).status)
			} else {
				assert.Empty(t, list.header.Get("Retry-After"))
				assert.Equal(t, 429, get("/channels").send(t, srv).status)
			}
		})
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	clock := newClock()
	client, srv := flavored(t, pushertest.ServerConfig{Flavor: pushertest.Sockudo, Now: clock.Now})
	ctx := deadline(t)
	send := func(key string) {
		_, err := client.Trigger(ctx, "presence-a", "e", key, pusher.WithIdempotencyKey(key), pusher.WithInfo(pusher.UserCount))
		require.NoError(t, err)
	}
	batch := func(key string, events ...pusher.Event) {
		result, err := client.TriggerBatch(ctx, events, pusher.WithIdempotencyKey(key), pusher.WithInfo(pusher.SubscriptionCount))
		require.NoError(t, err)
		require.Len(t, result.Events, len(events))
	}
	send("k1")
	send("k1")
	send("k2")
	_, err := client.TriggerMulti(ctx, []string{"a", "b"}, "e", "several", pusher.WithIdempotencyKey("k3"))
	require.NoError(t, err)
	assert.Len(t, srv.Events(), 4)

	srv.Forget()
	batch("b1", pusher.Event{Channel: "a", Name: "e", Data: "1"}, pusher.Event{Channel: "a", Name: "e", Data: "2"})
	batch("b1", pusher.Event{Channel: "a", Name: "e", Data: "1"}, pusher.Event{Channel: "a", Name: "e", Data: "2"})
	batch("b2", pusher.Event{Channel: "a", Name: "e", Data: "dropped", IdempotencyKey: "k1"}, pusher.Event{Channel: "a", Name: "e", Data: "3"})
	var data []string
	for _, event := range srv.Events() {
		data = append(data, event.Data)
	}
	assert.Equal(t, []string{"1", "2", "3"}, data)

	clock.Advance(2 * time.Minute)
	srv.Forget()
	send("k1")
	assert.Len(t, srv.Events(), 1, "a key does not live for ever")

	hosted, plain := flavored(t, pushertest.ServerConfig{})
	for range 2 {
		_, err := hosted.Trigger(ctx, "a", "e", "d", pusher.WithIdempotencyKey("k"))
		require.NoError(t, err)
	}
	assert.Len(t, plain.Events(), 2, "hosted Channels does not know them")
}

// A second attempt while the first is being answered is told to come back.
func TestIdempotencyKeyInProgress(t *testing.T) {
	t.Parallel()
	client, srv := flavored(t, pushertest.ServerConfig{Flavor: pushertest.Sockudo})
	ctx := deadline(t)
	srv.Inject(pushertest.Fault{Latency: time.Hour, AfterAccepting: true, Times: 1})
	first, give := make(chan error, 1), make(chan struct{})
	go func() {
		held, cancel := contextUntil(ctx, give)
		defer cancel()
		_, err := client.Trigger(held, "a", "e", "d", pusher.WithIdempotencyKey("k"))
		first <- err
	}()
	_, err := srv.WaitForEvents(ctx, 1)
	require.NoError(t, err)
	_, err = client.Trigger(ctx, "a", "e", "d", pusher.WithIdempotencyKey("k"))
	require.ErrorIs(t, err, pusher.ErrServer)
	var api *pusher.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, 503, api.StatusCode)
	assert.Equal(t, time.Second, api.RetryAfter)
	assert.Contains(t, api.Message, "in progress")

	close(give)
	require.Error(t, <-first)
	require.NoError(t, srv.WaitUntil(ctx, func() bool {
		_, err = client.Trigger(ctx, "a", "e", "d", pusher.WithIdempotencyKey("k"))
		return err == nil
	}))
	assert.Len(t, srv.Events(), 1)
}

func TestBatchWithABadEvent(t *testing.T) {
	t.Parallel()
	for flavor, accepted := range map[pushertest.Flavor]int{
		pushertest.Hosted: 0, pushertest.Soketi: 0, pushertest.Reverb: 0, pushertest.Sockudo: 2,
	} {
		client, srv := flavored(t, pushertest.ServerConfig{Flavor: flavor, Limits: pushertest.ServerLimits{DataBytes: 5}})
		_, err := client.TriggerBatch(deadline(t), []pusher.Event{
			{Channel: "a", Name: "e", Data: "1"}, {Channel: "a", Name: "e", Data: "2"},
			{Channel: "a", Name: "e", Data: "too long"}, {Channel: "a", Name: "e", Data: "3"},
		})
		require.ErrorIs(t, err, pusher.ErrPayloadTooLarge, flavor)
		assert.Len(t, srv.Events(), accepted, flavor)
	}
}

func TestSubscriptionErrorAsError(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Flavor: pushertest.Reverb})
	ws := dialRaw(t, srv.WebSocketURL())
	readRaw(t, ws)
	writeRaw(t, ws, `{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"x"}}`)
	assert.Contains(t, readRaw(t, ws), `{"event":"pusher:error","data":"{\"code\":4009,`)

	sub := connect(t, srv)
	require.NoError(t, sub.Subscribe(deadline(t), "a"))
	var refused *pushertest.SubscriptionError
	require.ErrorAs(t, sub.Subscribe(deadline(t), "private-a"), &refused)
	assert.Equal(t, "private-a", refused.Channel)
	require.NoError(t, sub.Ping(deadline(t)))
}
