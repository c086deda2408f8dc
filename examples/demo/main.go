// Demo runs the SDK's main job from end to end in one process: it starts a
// Channels server on a loopback port, subscribes to it over WebSockets, triggers
// events of every kind, queries channels, authorizes subscriptions and validates a
// webhook, and prints each step with what arrived. Then it does the same with
// every other backend.
//
// It ends by itself, with status 0 only if everything arrived as it was sent.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	steps := out
	var summary strings.Builder
	for _, b := range backends {
		arrived, err := play(ctx, steps, b.open())
		if err != nil {
			return fmt.Errorf("over %s: %w", b.name, err)
		}
		fmt.Fprintf(&summary, "\n%-10s all %d messages arrived as they were sent", b.name+":", arrived)
		steps = io.Discard
	}
	_, err := fmt.Fprintln(out, summary.String())
	return err
}

// play sends everything over one backend, to a server of its own, and returns how
// many messages arrived.
func play(ctx context.Context, out io.Writer, b backend.Backend) (arrived int, err error) {
	srv, err := pushertest.Start(pushertest.ServerConfig{}) //nolint:contextcheck // it runs until Close
	if err != nil {
		return 0, err
	}
	defer srv.Close()
	cfg := srv.Config()
	cfg.Backend = b
	client, err := pusher.New(cfg)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	d := &demo{client: client, srv: srv, out: out}
	d.sayf("A Channels server runs at %s, in this process.", srv.URL())
	for _, step := range []func(context.Context) error{
		d.subscribe, d.single, d.multi, d.batch, d.encrypted, d.user, d.broadcast, d.query, d.authorize, d.webhook,
	} {
		if err := step(ctx); err != nil {
			return 0, err
		}
	}
	return d.arrived, nil
}
