package pusher_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func encryptedNames(n int) []string {
	channels := names(n)
	for i := range channels {
		channels[i] = "private-encrypted-" + channels[i]
	}
	return channels
}

func TestBroadcast_cutsIntoCallsTheServerTakes(t *testing.T) {
	t.Parallel()
	client, srv := server(t)
	channels := append(names(250), encryptedNames(23)...)
	channels = append(channels, "c0", pusher.UserChannel("7")) // one twice, one user
	result, err := client.Broadcast(t.Context(), channels, "e", map[string]int{"x": 1})
	require.NoError(t, err)
	require.Len(t, result.Channels, 274, "a channel named twice is told once")
	require.Equal(t, "c0", result.Channels[0].Channel)
	require.Equal(t, pusher.UserChannel("7"), result.Channels[273].Channel)

	got := map[string]int{}
	for _, e := range srv.Events() {
		got[e.Channel]++
		if strings.HasPrefix(e.Channel, "private-encrypted-") {
			require.Contains(t, e.Data, "ciphertext")
		} else {
			require.JSONEq(t, `{"x":1}`, e.Data)
		}
	}
	require.Len(t, got, 274)
	for channel, count := range got {
		require.Equal(t, 1, count, channel)
	}
}

func TestBroadcast_tellsOfEachChannel(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	failing := errors.New("down")
	client, _ := setup(t, func(c *pusher.Config) {
		c.Limits.Channels = 2
		c.Backend = backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
			switch calls.Add(1) {
			case 1:
				return backend.Response{StatusCode: 200, Body: []byte(`{"channels":{"c0":{"subscription_count":5}}}`)}, nil
			case 2:
				return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, failing)
			default:
				return backend.Response{StatusCode: 200, Body: []byte(`{"batch":[{"subscription_count":9}]}`)}, nil
			}
		})
	})
	channels := append(names(4), "private-encrypted-a")
	result, err := client.Broadcast(t.Context(), channels, "e", "x", pusher.WithInfo(pusher.SubscriptionCount))
	var failed *pusher.BroadcastError
	require.ErrorAs(t, err, &failed)
	require.ErrorIs(t, err, failing)
	require.Len(t, failed.Failed, 2)
	require.Equal(t, 5, failed.Total)
	require.Contains(t, err.Error(), "failed on 2 of 5 channels, first c2")
	require.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
	require.Len(t, result.Channels, 5)
	require.Equal(t, 5, *result.Channels[0].Info.SubscriptionCount)
	require.NoError(t, result.Channels[1].Err)
	require.Error(t, result.Channels[2].Err)
	require.Error(t, result.Channels[3].Err)
	require.Equal(t, 9, *result.Channels[4].Info.SubscriptionCount)
}

func TestBroadcast_mixedOutcomesAreUnknown(t *testing.T) {
	t.Parallel()
	err := &pusher.BroadcastError{Failed: []pusher.ChannelResult{
		{Err: &pusher.APIError{StatusCode: 400}}, {Err: &pusher.ValidationError{}},
	}}
	require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
}

func TestBroadcast_keepsTheRequestLimit(t *testing.T) {
	t.Parallel()
	client, w := setup(t, func(c *pusher.Config) { c.Limits.RequestBytes = 10_000 })
	channels := names(100)
	for i := range channels {
		channels[i] = strings.Repeat("x", 190) + strconv.Itoa(i)
	}
	channels = append(channels, encryptedNames(10)...)
	result, err := client.Broadcast(t.Context(), channels, "e", strings.Repeat("d", 3_000))
	require.NoError(t, err)
	require.Len(t, result.Channels, 110)
	require.Greater(t, w.count(), 4)
	reached := map[string]bool{}
	for _, s := range w.sent {
		require.LessOrEqual(t, len(s.call.Body), 10_000)
		var body struct {
			Channels []string
			Batch    []struct{ Channel string }
		}
		require.NoError(t, json.Unmarshal(s.call.Body, &body))
		for _, c := range body.Channels {
			reached[c] = true
		}
		for _, e := range body.Batch {
			reached[e.Channel] = true
		}
	}
	require.Len(t, reached, 110)
	_, err = client.Broadcast(t.Context(), []string{"a"}, "e", strings.Repeat(`"`, 6_000))
	requireInvalid(t, err, "request")
}

func TestBroadcast_numbersIdempotencyKeys(t *testing.T) {
	t.Parallel()
	client, w := setup(t, func(c *pusher.Config) { c.Limits.Channels = 1 })
	_, err := client.Broadcast(t.Context(), []string{"a", "b", "private-encrypted-c"}, "e", "x", pusher.WithIdempotencyKey("k"))
	require.NoError(t, err)
	require.Contains(t, string(w.sent[0].call.Body), `"idempotency_key":"k-1"`)
	require.Contains(t, string(w.sent[1].call.Body), `"idempotency_key":"k-2"`)
	require.Equal(t, "k-3", w.sent[2].call.Header.Get("X-Idempotency-Key"))
}
