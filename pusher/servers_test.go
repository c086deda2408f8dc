package pusher_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// One test a row of the table "Where servers differ".

func one(t *testing.T, c *pusher.Client) error {
	t.Helper()
	_, err := c.Trigger(t.Context(), "a", "e", "x")
	return err
}

func TestServers_soketi200WithError(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, row := range []struct {
		body     string
		status   int
		sentinel error
	}{
		{`{"error":"The app key is invalid","code":401}`, 401, pusher.ErrUnauthorized},
		{`{"error":"too large","code":413}`, 413, pusher.ErrPayloadTooLarge},
		{`{"error":"busy","code":503}`, 503, pusher.ErrServer},
	} {
		w.body = row.body
		var api *pusher.APIError
		err := one(t, client)
		require.ErrorAs(t, err, &api, row.body)
		require.ErrorIs(t, err, row.sentinel)
		require.Equal(t, row.status, api.StatusCode)
		require.Equal(t, pusher.Rejected, pusher.OutcomeOf(err))
	}
	for _, success := range []string{`{"code":401}`, `{"error":null,"code":401}`, `{"error":"note","code":200}`, `{"channels":{"a":{"error":"x","code":500}}}`} {
		w.body = success
		require.NoError(t, one(t, client), success)
	}
}

func TestServers_okTrueIsSuccess(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"ok":true}`
	require.NoError(t, one(t, client))
	_, err := client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e"}})
	require.NoError(t, err)
	require.NoError(t, client.TerminateUserConnections(t.Context(), "u"))
}

func TestServers_reverbBatchObject(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"batch":{}}`
	result, err := client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", Data: "x"}})
	require.NoError(t, err)
	require.Empty(t, result.Events)
}

func TestServers_reverbEmptyChannelArray(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, body := range []string{`{"channels":[]}`, `{"channels": [ ] }`, `{"channels":{}}`, `{}`, `{"channels":null}`} {
		w.body = body
		list, err := client.Channels(t.Context(), pusher.ChannelsQuery{})
		require.NoError(t, err, body)
		require.NotNil(t, list.Channels)
		require.Empty(t, list.Channels)
	}
	w.body = `{"channels":["a"]}`
	_, err := client.Channels(t.Context(), pusher.ChannelsQuery{})
	var unreadable *pusher.ResponseError
	require.ErrorAs(t, err, &unreadable, "a list with something in it is not a map")
}

func TestServers_emptyBodyIsSuccess(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, status := range []int{200, 202, 204} {
		for _, body := range []string{"", " \n"} {
			w.status, w.body = status, body
			require.NoError(t, one(t, client))
		}
	}
}

func TestServers_reverb404OfUnoccupiedChannel(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.status = 404
	_, err := client.ChannelUsers(t.Context(), "presence-a")
	require.ErrorIs(t, err, pusher.ErrNotFound)
	var api *pusher.APIError
	require.ErrorAs(t, err, &api)
	require.Equal(t, "{}", string(api.Body))
}

func TestServers_errorBodies(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, row := range []struct {
		status        int
		body, message string
		sentinel      error
	}{
		{400, "Missing required param: name\n", "Missing required param: name", pusher.ErrBadRequest},
		{403, `{"error":"app disabled","code":403}`, "app disabled", pusher.ErrForbidden},
		{413, `{"error":"too large","code":"PAYLOAD","status":413}`, "too large", pusher.ErrPayloadTooLarge},
		{422, `{"name":["is required"],"data":["is required","must be a string"]}`, "data: is required; data: must be a string; name: is required", pusher.ErrBadRequest},
		{422, `{"message":"invalid","errors":{"name":["x"]}}`, "invalid", pusher.ErrBadRequest},
		{422, `{"errors":{"name":["x"]}}`, "name: x", pusher.ErrBadRequest},
		{500, "<html><body>oops</body></html>", "the answer is an HTML page; is Host the API's?", pusher.ErrServer},
		{502, "", "", pusher.ErrServer},
		{429, strings.Repeat("é", 2000), strings.Repeat("é", 256) + "…", pusher.ErrRateLimited},
		{400, "{\"error\":\"bad \xff byte\"}", "bad � byte", pusher.ErrBadRequest},
	} {
		w.status, w.body = row.status, row.body
		err := one(t, client)
		var api *pusher.APIError
		require.ErrorAs(t, err, &api)
		require.ErrorIs(t, err, row.sentinel)
		require.Equal(t, row.message, api.Message)
		require.Equal(t, row.body, string(api.Body))
		require.Contains(t, err.Error(), "trigger: ")
		for _, other := range []error{pusher.ErrBadRequest, pusher.ErrUnauthorized, pusher.ErrForbidden, pusher.ErrNotFound, pusher.ErrPayloadTooLarge, pusher.ErrRateLimited, pusher.ErrServer} {
			if !errors.Is(other, row.sentinel) {
				require.NotErrorIs(t, err, other)
			}
		}
	}
	w.status, w.body = 400, strings.Repeat("x", 100_000)
	var api *pusher.APIError
	require.ErrorAs(t, one(t, client), &api)
	require.Len(t, api.Body, 16<<10, "the kept body is capped")
}

func TestServers_anyAppID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"app-1", "APP_2", "3"} {
		client, w := setup(t, func(c *pusher.Config) { c.AppID = id })
		require.NoError(t, one(t, client))
		require.Equal(t, "/apps/"+id+"/events", w.last(t).call.Path)
	}
}

func TestServers_pathPrefixSignedOrNot(t *testing.T) {
	t.Parallel()
	for _, unsigned := range []bool{false, true} {
		client, w := setup(t, func(c *pusher.Config) {
			c.Host, c.PathPrefix, c.UnsignedPathPrefix = "h.example", "/ws", unsigned
		})
		require.NoError(t, one(t, client))
		got := w.last(t)
		require.True(t, strings.HasPrefix(got.url, "https://h.example/ws/apps/1001/events?"), "it is sent either way")
		if unsigned {
			require.Equal(t, "/apps/1001/events", got.call.Path, "and signed without")
		} else {
			require.Equal(t, "/ws/apps/1001/events", got.call.Path, "and signed with")
		}
	}
}

func TestServers_retryAfter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status int
		header string
		body   string
		want   time.Duration
	}{
		{429, "2", "", 2 * time.Second},
		{503, "0.25", "", 250 * time.Millisecond},
		{503, "Tue, 14 Nov 2023 22:13:30 GMT", "", 10 * time.Second},
		{503, "999999999", "", time.Hour},
		{500, "2", "", 0},
		{400, "2", "", 0},
		{200, "", `{"error":"slow down","code":429}`, 0},
		{200, "1.5", `{"error":"slow down","code":429}`, 1500 * time.Millisecond},
	} {
		client, w := setup(t)
		w.status, w.body, w.header = row.status, row.body, http.Header{"Retry-After": {row.header}}
		var api *pusher.APIError
		require.ErrorAs(t, one(t, client), &api)
		require.Equal(t, row.want, api.RetryAfter, row.header)
	}
	client, w := setup(t)
	w.header = http.Header{"Retry-After": {"0.5"}}
	require.NoError(t, one(t, client), "soketi sends it with successes")
}

func TestServers_idempotencyKeys(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	require.NoError(t, one(t, client))
	require.NotContains(t, string(w.last(t).call.Body), "idempotency", "none is made up")

	_, err := client.Trigger(t.Context(), "a", "e", "x", pusher.WithIdempotencyKey("k-1"))
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"e","channels":["a"],"data":"x","idempotency_key":"k-1"}`, string(w.last(t).call.Body))
	require.False(t, w.last(t).call.Idempotent)

	_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", Data: "x", IdempotencyKey: "k-2"}}, pusher.WithIdempotencyKey("k-3"))
	require.NoError(t, err)
	got := w.last(t).call
	require.JSONEq(t, `{"batch":[{"channel":"a","name":"e","data":"x","idempotency_key":"k-2"}]}`, string(got.Body))
	require.Equal(t, "k-3", got.Header.Get("X-Idempotency-Key"))
	require.NoError(t, one(t, client))
	require.Empty(t, w.last(t).call.Header.Get("X-Idempotency-Key"), "the shared header stays clean")
}

func TestServers_channelUsersWithNumericIDs(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"users":[{"id":"1"},{"id":2,"extra":true}],"more":1}`
	list, err := client.ChannelUsers(t.Context(), "presence-a")
	require.NoError(t, err)
	require.Equal(t, []pusher.UserRef{{ID: "1"}, {ID: "2"}}, list.Users)
}

func TestServers_clockSkewFromDate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		date string
		skew time.Duration
		text string
	}{
		{"Tue, 14 Nov 2023 22:13:20 GMT", 0, ""},
		{"Tue, 14 Nov 2023 21:58:20 GMT", 15 * time.Minute, "the local clock is 15m0s ahead of the server's"},
		{"Tue, 14 Nov 2023 22:28:20 GMT", -15 * time.Minute, "the local clock is 15m0s behind the server's"},
		{"nonsense", 0, ""},
	} {
		client, w := setup(t)
		w.status, w.body, w.header = 401, "Timestamp expired", http.Header{"Date": {row.date}}
		err := one(t, client)
		var api *pusher.APIError
		require.ErrorAs(t, err, &api)
		require.Equal(t, row.skew, api.ClockSkew)
		if row.text == "" {
			require.NotContains(t, err.Error(), "clock")
		} else {
			require.Contains(t, err.Error(), row.text)
		}
	}
}

func TestServers_connectionClose(t *testing.T) {
	t.Parallel()
	srv := newHTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte(`{"ok":true}`))
	})
	client := srv.client(t)
	for range 20 {
		_, err := client.Trigger(context.Background(), "a", "e", "x")
		require.NoError(t, err)
	}
}

func TestServers_batchInfoIndexForIndex(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"batch":[{"user_count":1},{},{"subscription_count":3,"new":[]}]}`
	result, err := client.TriggerBatch(t.Context(), []pusher.Event{
		{Channel: "presence-a", Name: "e", Info: []pusher.Attribute{pusher.UserCount}},
		{Channel: "b", Name: "e"},
		{Channel: "c", Name: "e", Info: []pusher.Attribute{pusher.SubscriptionCount}},
	})
	require.NoError(t, err)
	require.Len(t, result.Events, 3)
	require.Equal(t, 1, *result.Events[0].UserCount)
	require.Nil(t, result.Events[1].UserCount)
	require.Equal(t, 3, *result.Events[2].SubscriptionCount)
	require.JSONEq(t, `{"batch":[{"channel":"presence-a","name":"e","data":"null","info":"user_count"},
		{"channel":"b","name":"e","data":"null"},{"channel":"c","name":"e","data":"null","info":"subscription_count"}]}`, string(w.last(t).call.Body))
}

// PHP says [] for an empty object.
func TestServers_emptyListsForEmptyObjects(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.body = `{"channels":{"a":[],"presence-b":{"user_count":2}}}`
	result, err := client.TriggerMulti(t.Context(), []string{"a", "presence-b"}, "e", "x", pusher.WithInfo(pusher.UserCount))
	require.NoError(t, err)
	require.Nil(t, result.Channels["a"].UserCount)
	require.Equal(t, 2, *result.Channels["presence-b"].UserCount)
	w.body = `{"batch":[[],{"user_count":3}]}`
	batch, err := client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e"}, {Channel: "presence-b", Name: "e"}})
	require.NoError(t, err)
	require.Len(t, batch.Events, 2)
	require.Equal(t, 3, *batch.Events[1].UserCount)
	w.body = `{"occupied":true,"cache":[]}`
	state, err := client.Channel(t.Context(), "cache-a", pusher.CacheData)
	require.NoError(t, err)
	require.Nil(t, state.Cache)
	w.body = `{"occupied":true,"cache":{"data":"x","ttl":60}}`
	state, err = client.Channel(t.Context(), "cache-a", pusher.CacheData)
	require.NoError(t, err)
	require.Equal(t, &pusher.CachedEvent{Data: "x", TTL: time.Minute}, state.Cache)
}
