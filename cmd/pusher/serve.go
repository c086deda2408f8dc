package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

const (
	defaultServeHost = "127.0.0.1"
	defaultServePort = 8090
	// stopGrace is how long requests may take to finish when the server stops.
	stopGrace = 5 * time.Second
)

func (a *app) serveCommand() *cli.Command {
	return a.command(command{
		name: "serve", usage: "Run a Channels server for development",
		description: `Runs a Channels server until it is interrupted, for one app, without an
account. Clients and SDKs of every language can use it. It keeps everything in
memory and is made for development and tests, not for production.

Its console, a page at /, shows connections, channels, API calls, events and
webhooks as they happen, and triggers events. It listens on loopback, unless
--host says otherwise: the console asks for no password.

It takes nothing from PUSHER_ variables: they name the app of another server.`,
		flags: []cli.Flag{
			&cli.StringFlag{Name: "host", Value: defaultServeHost, Usage: "`ADDRESS` to listen on; others than loopback let other machines in"},
			&cli.IntFlag{Name: "port", Value: defaultServePort, Usage: "`PORT` to listen on; 0 for any that is free"},
			&cli.StringFlag{Name: "app-id", Value: pushertest.DefaultAppID, Usage: "the app's `ID`"},
			&cli.StringFlag{Name: "key", Value: pushertest.DefaultKey, Usage: "the app's `KEY`"},
			&cli.StringFlag{Name: "secret", Value: pushertest.DefaultSecret, Usage: "the app's `SECRET`"},
			&cli.StringFlag{Name: "flavor", Value: pushertest.Hosted.String(), Usage: "answer as `SERVER` does: " + flavorNames()},
			&cli.IntFlag{Name: "rate-limit", Usage: "refuse more than `N` API requests a second", HideDefault: true},
			&cli.BoolFlag{Name: "subscription-counts", Usage: "tell subscribers how many they are"},
			&cli.StringFlag{Name: "webhook-url", Usage: "send webhooks to `URL`"},
			&cli.DurationFlag{Name: "webhook-delay", Value: 3 * time.Second, Usage: "how long webhooks wait for a channel or a user to come back; 0 for not at all"},
			&cli.BoolFlag{Name: "no-console", Usage: "serve no console"},
		},
		run: func(ctx context.Context, in *invocation) error { return in.serve(ctx) },
	})
}

func (in *invocation) serve(ctx context.Context) error {
	app := in.serverConfig()
	if err := in.checkServe(app); err != nil {
		return err
	}
	channels, err := pushertest.Start(app) //nolint:contextcheck // it runs until Close
	if err != nil {
		return err
	}
	defer channels.Close()
	host := in.String("host")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(in.Int("port"))))
	if err != nil {
		return &usageError{text: "serve: " + err.Error(), hint: "Choose another address with --host or --port; --port 0 takes any that is free.", err: err}
	}
	server := &http.Server{
		Handler: channels.Handler(),
		// WebSocket connections leave these behind when they begin.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(in.stderr, "pusher: ", 0),
	}
	if !in.Bool("no-console") {
		page, err := newConsole(channels, app, host)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		defer page.close()
		server.Handler = page.handler(server.Handler)
		server.RegisterOnShutdown(page.close)
	}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(listener) }()
	err = in.announce(listener.Addr(), app, !in.Bool("no-console"))
	if err == nil {
		select {
		case err = <-serving:
			return fmt.Errorf("serve: %w", err)
		case <-ctx.Done():
		}
	}
	stop(ctx, server)
	channels.Close()
	<-serving //nolint:errcheck // that it was stopped
	return err
}

// serverConfig is of a server without a port of its own that remembers nothing, so
// that it may run for long.
func (in *invocation) serverConfig() pushertest.ServerConfig {
	cfg := pushertest.ServerConfig{
		AppID: in.String("app-id"), Key: in.String("key"), Secret: in.String("secret"),
		InMemory:           true,
		Flavor:             pushertest.Flavor(in.String("flavor")),
		RateLimit:          pushertest.RateLimit{Requests: in.Int("rate-limit")},
		SubscriptionCounts: in.Bool("subscription-counts"),
		Webhooks:           pushertest.WebhookConfig{URL: in.String("webhook-url"), Delay: in.Duration("webhook-delay")},
		KeepEvents:         -1, KeepRequests: -1, KeepDeliveries: -1,
	}
	if cfg.Flavor == pushertest.Flavor(pushertest.Hosted.String()) {
		cfg.Flavor = pushertest.Hosted
	}
	if cfg.Webhooks.Delay == 0 {
		cfg.Webhooks.Delay = -1 // the zero value is the default
	}
	return cfg
}

// checkServe lets the SDK check what its users will have to write.
func (in *invocation) checkServe(app pushertest.ServerConfig) error {
	switch webhook, err := url.Parse(app.Webhooks.URL); {
	case app.AppID == "" || app.Key == "" || app.Secret == "":
		return usageErrorf("--app-id, --key and --secret must not be empty")
	case !slices.Contains(pushertest.Flavors(), app.Flavor):
		return usageErrorf("--flavor must be one of %s", flavorNames())
	case in.Int("rate-limit") < 0 || in.Duration("webhook-delay") < 0:
		return usageErrorf("--rate-limit and --webhook-delay must not be negative")
	case app.Webhooks.URL != "" && (err != nil || webhook.Host == "" || webhook.Scheme != "http" && webhook.Scheme != "https"):
		return usageErrorf("--webhook-url must be an absolute http or https URL")
	}
	_, err := pusher.New(pusher.Config{AppID: app.AppID, Key: app.Key, Secret: app.Secret, Port: in.Int("port")})
	if validation, ok := errors.AsType[*pusher.ValidationError](err); ok {
		return &usageError{text: validation.Error(), hint: usageHint, err: err}
	}
	return err
}

func flavorNames() string {
	flavors := pushertest.Flavors()
	names := make([]string, 0, len(flavors))
	for _, flavor := range flavors {
		names = append(names, flavor.String())
	}
	return strings.Join(names, ", ")
}

// stop lets requests finish, for a while.
func stop(ctx context.Context, server *http.Server) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}
