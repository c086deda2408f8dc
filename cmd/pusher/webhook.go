package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func (a *app) webhookVerifyCommand() *cli.Command {
	return a.command(command{
		name: "verify", usage: "Check a webhook's signature and print its events",
		args: "[FILE]",
		description: `FILE holds the body as it came, byte for byte; without it, standard input
is read. Exits with 1 if the webhook is not genuine. Nothing is sent.

  pusher webhook verify --signature "$SIGNATURE" body.json`,
		flags: append([]cli.Flag{
			&cli.StringFlag{Name: "signature", Usage: "value of the `HEADER` X-Pusher-Signature"},
			&cli.StringFlag{Name: "webhook-key", Usage: "value of the `HEADER` X-Pusher-Key (default: the app's key)"},
			&cli.DurationFlag{Name: "max-age", Usage: "refuse a webhook that is older; by default none is", HideDefault: true},
		}, credentialFlags()...),
		run: func(ctx context.Context, in *invocation) error {
			switch {
			case in.String("signature") == "":
				return usageErrorf("--signature is missing: it is the header X-Pusher-Signature")
			case in.IsSet("max-age") && in.Duration("max-age") <= 0:
				return usageErrorf("--max-age must be positive")
			}
			cfg, err := in.config()
			if err != nil {
				return err
			}
			key := cfg.Key
			if in.IsSet("webhook-key") {
				key = in.String("webhook-key")
			}
			return in.withClient(func(client *pusher.Client) error {
				return in.verifyWebhook(ctx, client, key)
			}, offline, func(cfg *pusher.Config) { cfg.WebhookMaxAge = in.Duration("max-age") })
		},
	})
}

// webhookEvent is an event, with what was wrong with its data.
type webhookEvent struct {
	pusher.WebhookEvent

	Error string `json:"error,omitempty"`
}

func (in *invocation) verifyWebhook(ctx context.Context, client *pusher.Client, key string) error {
	name := in.arg(0)
	if name == "" {
		name = "-"
	}
	body, err := in.read(ctx, name)
	if err != nil {
		return err
	}
	hook, err := client.ValidateWebhook(key, in.String("signature"), body)
	if err != nil {
		return err
	}
	document := struct {
		Time   *time.Time     `json:"time,omitempty"`
		Events []webhookEvent `json:"events"`
	}{Events: make([]webhookEvent, len(hook.Events))}
	if !hook.Time.IsZero() {
		at := hook.Time.UTC()
		document.Time = &at
	}
	for i, event := range hook.Events {
		document.Events[i] = webhookEvent{WebhookEvent: event}
		if event.Err != nil {
			document.Events[i].Error = event.Err.Error()
		}
	}
	return in.show(document, func(t *table) {
		made := "at an unknown time"
		if document.Time != nil {
			made = document.Time.Format(time.RFC3339Nano)
		}
		t.row("The webhook is genuine, made " + made + ".")
		if len(document.Events) > 0 {
			t.row("NAME", "CHANNEL", "DETAILS")
		}
		for _, event := range document.Events {
			t.row(event.Name, event.Channel, event.details())
		}
	})
}

// details is what only some events have, as name=value.
func (e *webhookEvent) details() string {
	var details []string
	add := func(name, value string) {
		if value != "" {
			details = append(details, name+"="+value)
		}
	}
	add("user_id", e.UserID)
	add("event", e.Event)
	add("socket_id", e.SocketID)
	if e.Name == pusher.WebhookSubscriptionCount {
		add("subscription_count", strconv.Itoa(e.SubscriptionCount))
	}
	add("data", e.Data)
	add("error", e.Error)
	if len(details) == 0 {
		return "-"
	}
	return strings.Join(details, " ")
}
