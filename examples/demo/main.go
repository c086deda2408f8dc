// Demo runs the SDK's main job from end to end in one process: it starts a
// Channels server on a loopback port, subscribes to it over WebSockets, triggers
// events of every kind, queries channels, authorizes subscriptions and validates a
// webhook, and prints each step with what arrived.
//
// It ends by itself, with status 0 only if everything arrived as it was sent.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	srv, err := pushertest.Start(pushertest.ServerConfig{}) //nolint:contextcheck // it runs until Close
	if err != nil {
		return err
	}
	defer srv.Close()
	client, err := pusher.New(srv.Config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	d := &demo{client: client, srv: srv, out: out}
	fmt.Fprintf(out, "A Channels server runs at %s, in this process.\n", srv.URL())
	for _, step := range []func(context.Context) error{
		d.subscribe, d.single, d.multi, d.batch, d.encrypted, d.user, d.broadcast, d.query, d.authorize, d.webhook,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nAll %d messages arrived as they were sent.\n", d.arrived)
	return nil
}
