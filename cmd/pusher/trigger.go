package main

import (
	"bytes"
	"context"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

const triggerDescription = `Sends DATA, a text that is sent as it is, usually JSON, as EVENT to the
subscribers of CHANNEL, which may be several with commas between them. DATA "-"
is read from standard input, without a newline at its end.

With --channel or --user there is no argument CHANNEL, with --batch no argument
at all.

  pusher trigger my-channel my-event '{"hello":"world"}'
  pusher trigger news,sports goal '{"team":"B"}'
  pusher trigger --user ada notice '"Your order is on its way"'
  pusher trigger --batch events.jsonl`

func (a *app) triggerCommand() *cli.Command {
	return a.command(command{
		name: "trigger", usage: "Send events to channels or a user",
		args:        "[CHANNEL] [EVENT] [DATA]",
		description: triggerDescription,
		flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "channel", Usage: "`CHANNEL` to send to, commas and all; may be repeated"},
			&cli.StringFlag{Name: "user", Usage: "`ID` of a signed-in user to send to"},
			&cli.StringFlag{Name: "batch", Usage: "send the events in `FILE`, one JSON object a line, - for standard input"},
			&cli.StringFlag{Name: "socket-id", Usage: "`ID` of the connection that does not get the event"},
			&cli.StringSliceFlag{Name: "info", Usage: "print these `ATTRIBUTES` of the channels: user_count, subscription_count"},
			&cli.StringFlag{Name: "idempotency-key", Usage: "`KEY` by which servers that support it drop a second copy"},
			&cli.BoolFlag{Name: "no-limits", Usage: "leave limits on data and names to the server"},
		}, serverFlags()...),
		run: func(ctx context.Context, in *invocation) error {
			if in.IsSet("batch") {
				return in.triggerBatch(ctx)
			}
			return in.trigger(ctx)
		},
	})
}

func (in *invocation) trigger(ctx context.Context) error {
	channels, event, data, err := in.triggerArgs()
	if err != nil {
		return err
	}
	// What is wrong with the configuration is said before input is waited for.
	return in.withClient(func(client *pusher.Client) error {
		if data == "-" {
			content, err := in.read(ctx, data)
			if err != nil {
				return err
			}
			data = string(bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r")))
		}
		return in.send(ctx, client, channels, event, data)
	}, in.limits)
}

// triggerArgs takes the arguments apart. For a user there are no channels.
func (in *invocation) triggerArgs() (channels []string, event, data string, err error) {
	args, channels := in.args, in.StringSlice("channel")
	switch {
	case len(channels) > 0 && in.IsSet("user"):
		return nil, "", "", usageErrorf("--channel and --user exclude each other")
	case len(channels) == 0 && !in.IsSet("user"):
		if len(args) != 3 {
			return nil, "", "", usageErrorf("want CHANNEL EVENT DATA, got %d arguments", len(args))
		}
		channels, args = strings.Split(args[0], ","), args[1:]
	}
	if len(args) != 2 {
		return nil, "", "", usageErrorf("with --channel or --user want EVENT DATA, got %d arguments", len(args))
	}
	return channels, args[0], args[1], nil
}

// send makes the call that fits, and prints what became of the event on each
// channel.
func (in *invocation) send(ctx context.Context, client *pusher.Client, channels []string, event, data string) error {
	options := in.triggerOptions()
	switch len(channels) {
	case 0:
		user := in.String("user")
		result, err := client.SendToUser(ctx, user, event, data, options...)
		if err != nil {
			return err
		}
		channel := pusher.UserChannel(user)
		return in.showSent([]sentEvent{newSent(channel, event, result.Channels[channel], nil)})
	case 1:
		result, err := client.Trigger(ctx, channels[0], event, data, options...)
		if err != nil {
			return err
		}
		return in.showSent([]sentEvent{newSent(channels[0], event, result.Channels[channels[0]], nil)})
	}
	result, err := client.Broadcast(ctx, channels, event, data, options...)
	if len(result.Channels) == 0 {
		return err
	}
	sent := make([]sentEvent, len(result.Channels))
	for i, channel := range result.Channels {
		sent[i] = newSent(channel.Channel, event, channel.Info, channel.Err)
	}
	if showErr := in.showSent(sent); err == nil {
		err = showErr
	}
	return err
}

func (in *invocation) triggerOptions() []pusher.TriggerOption {
	var options []pusher.TriggerOption
	if in.IsSet("socket-id") {
		options = append(options, pusher.ExcludeSocket(in.String("socket-id")))
	}
	if in.IsSet("info") {
		options = append(options, pusher.WithInfo(in.attributes()...))
	}
	if in.IsSet("idempotency-key") {
		options = append(options, pusher.WithIdempotencyKey(in.String("idempotency-key")))
	}
	return options
}

func (in *invocation) limits(cfg *pusher.Config) {
	if in.Bool("no-limits") {
		cfg.Limits = pusher.Limits{DataBytes: -1, ChannelName: -1, EventName: -1}
	}
}

// sentEvent is what became of one event on one channel.
type sentEvent struct {
	Channel string `json:"channel"`
	Event   string `json:"event"`
	// Outcome is one of those of [pusher.OutcomeOf], in words.
	Outcome           string `json:"outcome"`
	UserCount         *int   `json:"user_count,omitempty"`
	SubscriptionCount *int   `json:"subscription_count,omitempty"`
	Error             string `json:"error,omitempty"`
}

func newSent(channel, event string, info pusher.ChannelInfo, err error) sentEvent {
	sent := sentEvent{
		Channel: channel, Event: event, Outcome: pusher.OutcomeOf(err).String(),
		UserCount: info.UserCount, SubscriptionCount: info.SubscriptionCount,
	}
	if err != nil {
		sent.Error = err.Error()
	}
	return sent
}

func (in *invocation) showSent(sent []sentEvent) error {
	document := struct {
		Events []sentEvent `json:"events"`
	}{sent}
	return in.show(document, func(t *table) {
		users, subscriptions := false, false
		for _, event := range sent {
			users = users || event.UserCount != nil
			subscriptions = subscriptions || event.SubscriptionCount != nil
		}
		t.row(withCounts([]string{"CHANNEL", "EVENT", "OUTCOME"}, users, subscriptions, "USER_COUNT", "SUBSCRIPTION_COUNT")...)
		for _, event := range sent {
			cells := []string{event.Channel, event.Event, event.Outcome}
			t.row(withCounts(cells, users, subscriptions, count(event.UserCount), count(event.SubscriptionCount))...)
		}
	})
}

// withCounts appends the cells for those counts that any row has.
func withCounts(cells []string, users, subscriptions bool, userCount, subscriptionCount string) []string {
	if users {
		cells = append(cells, userCount)
	}
	if subscriptions {
		cells = append(cells, subscriptionCount)
	}
	return cells
}
