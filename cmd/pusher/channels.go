package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func (a *app) channelsCommand() *cli.Command {
	return a.command(command{
		name: "channels", usage: "List the occupied channels",
		description: "  pusher channels --prefix presence- --info user_count",
		flags: append([]cli.Flag{
			&cli.StringFlag{Name: "prefix", Usage: "only channels whose names begin with `TEXT`"},
			&cli.StringSliceFlag{Name: "info", Usage: "print these `ATTRIBUTES`: user_count (needs --prefix presence-), subscription_count"},
		}, serverFlags()...),
		run: func(ctx context.Context, in *invocation) error {
			return in.withClient(func(client *pusher.Client) error { return in.channels(ctx, client) })
		},
	})
}

func (in *invocation) channels(ctx context.Context, client *pusher.Client) error {
	query := pusher.ChannelsQuery{Prefix: in.String("prefix"), Attributes: in.attributes()}
	list, err := client.Channels(ctx, query)
	if err != nil {
		return err
	}
	type info struct {
		UserCount         *int `json:"user_count,omitempty"`
		SubscriptionCount *int `json:"subscription_count,omitempty"`
	}
	document := struct {
		Channels map[string]info `json:"channels"`
	}{make(map[string]info, len(list.Channels))}
	for name, state := range list.Channels {
		document.Channels[name] = info(state)
	}
	return in.show(document, func(t *table) {
		if len(list.Channels) == 0 {
			t.row("No channel is occupied.")
			return
		}
		users := slices.Contains(query.Attributes, pusher.UserCount)
		subscriptions := slices.Contains(query.Attributes, pusher.SubscriptionCount)
		t.row(withCounts([]string{"CHANNEL"}, users, subscriptions, "USER_COUNT", "SUBSCRIPTION_COUNT")...)
		for _, name := range slices.Sorted(maps.Keys(list.Channels)) {
			state := list.Channels[name]
			t.row(withCounts([]string{name}, users, subscriptions, count(state.UserCount), count(state.SubscriptionCount))...)
		}
	})
}

func (a *app) channelCommand() *cli.Command {
	return a.command(command{
		name: "channel", usage: "Show the state of a channel",
		args:        "CHANNEL",
		description: "  pusher channel cache-prices --info subscription_count,cache",
		flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "info", Usage: "print these `ATTRIBUTES`: user_count (presence channels), subscription_count, cache (cache channels)"},
		}, serverFlags()...),
		run: func(ctx context.Context, in *invocation) error {
			return in.withClient(func(client *pusher.Client) error { return in.channel(ctx, client) })
		},
	})
}

// cachedEvent is what a cache channel keeps, in the HTTP API's words.
type cachedEvent struct {
	Data string `json:"data"`
	// TTL is in seconds.
	TTL int `json:"ttl"`
}

// channelState is the state of a channel, in the HTTP API's words.
type channelState struct {
	Channel           string       `json:"channel"`
	Occupied          bool         `json:"occupied"`
	UserCount         *int         `json:"user_count,omitempty"`
	SubscriptionCount *int         `json:"subscription_count,omitempty"`
	Cache             *cachedEvent `json:"cache,omitempty"`
}

func (in *invocation) channel(ctx context.Context, client *pusher.Client) error {
	name := in.args[0]
	state, err := client.Channel(ctx, name, in.attributes()...)
	if err != nil {
		return err
	}
	document := channelState{
		Channel: name, Occupied: state.Occupied,
		UserCount: state.UserCount, SubscriptionCount: state.SubscriptionCount,
	}
	if state.Cache != nil {
		document.Cache = &cachedEvent{Data: state.Cache.Data, TTL: int(state.Cache.TTL.Seconds())}
	}
	return in.show(document, func(t *table) {
		t.row("channel", name)
		t.row("occupied", strconv.FormatBool(document.Occupied))
		if document.UserCount != nil {
			t.row("user_count", count(document.UserCount))
		}
		if document.SubscriptionCount != nil {
			t.row("subscription_count", count(document.SubscriptionCount))
		}
		if document.Cache != nil {
			t.row("cache.data", document.Cache.Data)
			t.row("cache.ttl", strconv.Itoa(document.Cache.TTL))
		}
	})
}
