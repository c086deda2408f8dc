package pushertest_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	client := newClient(t, srv)
	ctx := deadline(t)
	require.Empty(t, srv.Requests())
	srv.Inject(
		pushertest.Fault{Status: 500, AfterAccepting: true, Times: 1},
		pushertest.Fault{Latency: 1, Times: 1},
		pushertest.Fault{Reset: true, Times: 1},
	)
	_, err := client.TriggerMulti(ctx, []string{"a", "b"}, "e", "d", pusher.WithIdempotencyKey("k"))
	require.ErrorIs(t, err, pusher.ErrServer)
	_, err = client.TriggerBatch(ctx, []pusher.Event{{Channel: "a", Name: "e", Data: "d"}, {Channel: "b", Name: "f", Data: "g"}})
	require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
	_, err = client.Channel(ctx, "presence-a", pusher.UserCount)
	require.NoError(t, err)
	require.Equal(t, 400, post("/events", "[]").send(t, srv).status)
	subscribed(t, srv, "c", "") // is no request to the API

	requests := srv.Requests()
	lines := make([]string, len(requests))
	for i, r := range requests {
		lines[i] = r.String()
	}
	assert.Equal(t, []string{
		"1: POST /apps/1001/events: accepted, answered 500",
		"2: POST /apps/1001/batch_events: not accepted, not answered",
		"3: GET /apps/1001/channels/presence-a: accepted, answered 200",
		"4: POST /apps/1001/events: not accepted, answered 400",
	}, lines)
	assert.Equal(t, srv.Events(), requests[0].Events())
	assert.Equal(t, "k", requests[0].Events()[1].IdempotencyKey)
	assert.Equal(t, []pushertest.Event{{Channel: "a", Name: "e", Data: "d"}, {Channel: "b", Name: "f", Data: "g"}}, requests[1].Events())
	assert.Nil(t, requests[2].Events())
	assert.Nil(t, requests[3].Events())
	assert.Equal(t, "user_count", requests[2].Query.Get("info"))
	assert.Equal(t, "[]", requests[3].Body)
	assert.Contains(t, requests[0].Header.Get("Content-Type"), "application/json")
	require.Len(t, requests[1].Faults, 2)
	assert.True(t, requests[1].Faults[1].Reset)
	assert.Empty(t, requests[2].Faults)
}

func TestKeep(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config           pushertest.ServerConfig
		sent             int
		events, requests int // the latest that are kept
	}{
		"default":  {pushertest.ServerConfig{}, 1_010, 1_010, 1_000},
		"some":     {pushertest.ServerConfig{KeepEvents: 3, KeepRequests: 7}, 20, 3, 7},
		"one":      {pushertest.ServerConfig{KeepEvents: 1, KeepRequests: 1}, 20, 1, 1},
		"not full": {pushertest.ServerConfig{KeepEvents: 21, KeepRequests: 21}, 20, 20, 20},
		"none":     {pushertest.ServerConfig{KeepEvents: -1, KeepRequests: -1}, 20, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t, test.config)
			client := newClient(t, srv)
			for i := range test.sent {
				_, err := client.Trigger(t.Context(), "c", "e", strconv.Itoa(i))
				require.NoError(t, err)
			}
			events := srv.Events()
			require.Len(t, events, test.events)
			for i, e := range events {
				require.Equal(t, strconv.Itoa(test.sent-test.events+i), e.Data)
			}
			requests := srv.Requests()
			require.Len(t, requests, test.requests)
			for i, r := range requests {
				require.Equal(t, test.sent-test.requests+i+1, r.Number)
				require.Equal(t, 200, r.Status)
			}
		})
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{KeepEvents: 2, KeepRequests: 2})
	for range 3 {
		trigger(t, srv, "c", "e", "old")
	}
	trigger(t, srv, "cache-c", "e", "old")
	srv.Forget()
	assert.Empty(t, srv.Events())
	assert.Empty(t, srv.Requests())

	for range 3 {
		trigger(t, srv, "c", "e", "new")
	}
	assert.Equal(t, []pushertest.Event{{Channel: "c", Name: "e", Data: "new"}, {Channel: "c", Name: "e", Data: "new"}}, srv.Events())
	assert.Equal(t, 7, srv.Requests()[1].Number)
	assert.Equal(t, "old", next(t, subscribed(t, srv, "cache-c", "")).Data, "a cached event is the channel's")
}
