package pusher_test

import (
	"context"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// both is a call made by the client and by its queue.
type both struct {
	now   func(context.Context, *pusher.Client) (any, error)
	later func(context.Context, *pusher.AsyncClient) (any, error)
}

// wait makes the result of a future look like that of a call.
func wait[T any](ctx context.Context, f *async.Future[T]) (any, error) {
	value, err := f.Wait(ctx)
	return value, err
}

// plain does the same for a call.
func plain[T any](value T, err error) (any, error) { return value, err }

// bare does it for a call that returns an error only.
func bare(err error) (any, error) { return struct{}{}, err }

// everyCall makes each networked call. channel and user are valid or not.
func everyCall(channel, user, path string) map[string]both {
	options := []pusher.TriggerOption{pusher.WithIdempotencyKey("key-1"), pusher.WithInfo(pusher.SubscriptionCount)}
	data := map[string]int{"n": 1}
	events := []pusher.Event{{Channel: channel, Name: "e", Data: data}, {Channel: channel, Name: "f", Data: "x"}}
	query := pusher.ChannelsQuery{Prefix: "presence-"}
	attribute := pusher.UserCount
	if path == "" {
		attribute = "no attribute"
		query.Attributes = []pusher.Attribute{attribute}
	}
	return map[string]both{
		"Trigger": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.Trigger(ctx, channel, "e", data, options...))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.Trigger(ctx, channel, "e", data, options...))
			},
		},
		"TriggerMulti": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.TriggerMulti(ctx, []string{channel, "b"}, "e", data, options...))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.TriggerMulti(ctx, []string{channel, "b"}, "e", data, options...))
			},
		},
		"TriggerBatch": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.TriggerBatch(ctx, events, options...))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.TriggerBatch(ctx, events, options...))
			},
		},
		"Broadcast": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.Broadcast(ctx, []string{channel, "b", channel}, "e", data, options...))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.Broadcast(ctx, []string{channel, "b", channel}, "e", data, options...))
			},
		},
		"SendToUser": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.SendToUser(ctx, user, "e", data, options...))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.SendToUser(ctx, user, "e", data, options...))
			},
		},
		"Channels": {
			func(ctx context.Context, c *pusher.Client) (any, error) { return plain(c.Channels(ctx, query)) },
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.Channels(ctx, query))
			},
		},
		"Channel": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.Channel(ctx, channel, attribute))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.Channel(ctx, channel, attribute))
			},
		},
		"ChannelUsers": {
			func(ctx context.Context, c *pusher.Client) (any, error) { return plain(c.ChannelUsers(ctx, channel)) },
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.ChannelUsers(ctx, channel))
			},
		},
		"TerminateUserConnections": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return bare(c.TerminateUserConnections(ctx, user))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.TerminateUserConnections(ctx, user))
			},
		},
		"Get": {
			func(ctx context.Context, c *pusher.Client) (any, error) {
				return plain(c.Get(ctx, path, map[string]string{"Limit": "1"}))
			},
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.Get(ctx, path, map[string]string{"Limit": "1"}))
			},
		},
		"Post": {
			func(ctx context.Context, c *pusher.Client) (any, error) { return plain(c.Post(ctx, path, nil, data)) },
			func(ctx context.Context, a *pusher.AsyncClient) (any, error) {
				return wait(ctx, a.Post(ctx, path, nil, data))
			},
		},
	}
}

func ping() both {
	return both{
		func(ctx context.Context, c *pusher.Client) (any, error) { return bare(c.Ping(ctx)) },
		func(ctx context.Context, a *pusher.AsyncClient) (any, error) { return wait(ctx, a.Ping(ctx)) },
	}
}
