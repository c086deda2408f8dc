package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// masterKeyVariable holds the master key for encrypted channels, beside PUSHER_URL.
const masterKeyVariable = "PUSHER_MASTER_KEY"

// channels is the app on its Channels server.
type channels struct {
	cfg    pusher.Config
	client *pusher.Client
	// local is the server in this process, nil where PUSHER_URL names another.
	local *pushertest.Server
}

// connect returns the app of PUSHER_URL, or one on a server that it starts. The
// caller must close it.
func connect(getenv func(string) string, logger *slog.Logger) (*channels, error) {
	c := &channels{}
	if address := getenv(pusher.DefaultURLVariable); address != "" {
		cfg, err := pusher.ConfigFromURL(address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pusher.DefaultURLVariable, err)
		}
		cfg.EncryptionMasterKeyBase64 = getenv(masterKeyVariable)
		c.cfg = cfg
	} else {
		srv, err := pushertest.Start(pushertest.ServerConfig{
			// The default is in everyone's source. With it, whatever reaches the port
			// could send events and authorize itself.
			Secret: rand.Text(),
			// It may run for days, and nothing here looks back.
			KeepEvents: -1, KeepRequests: -1, KeepDeliveries: -1,
		})
		if err != nil {
			return nil, err
		}
		c.local, c.cfg = srv, srv.Config()
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		c.cfg.EncryptionMasterKeyBase64 = base64.StdEncoding.EncodeToString(key)
	}
	c.cfg.Logger = logger
	client, err := pusher.New(c.cfg)
	if err != nil {
		c.stop()
		return nil, err
	}
	c.client = client
	return c, nil
}

// stop ends the server in this process, if there is one. Calling it again is
// harmless.
func (c *channels) stop() {
	if c.local != nil {
		c.local.Close()
	}
}

func (c *channels) close() error {
	err := c.client.Close()
	c.stop()
	return err
}

// encrypts reports whether there is a key for encrypted rooms.
func (c *channels) encrypts() bool { return c.cfg.EncryptionMasterKeyBase64 != "" }

// describe says what runs where.
func (c *channels) describe(out io.Writer) {
	if c.local == nil {
		fmt.Fprintf(out, "The Channels server is that of %s: %s\n", pusher.DefaultURLVariable, c.cfg.Host)
	} else {
		fmt.Fprintf(out, "A Channels server runs at %s, in this process. It sees:\n", c.local.URL())
	}
	if !c.encrypts() {
		fmt.Fprintf(out, "The vault is closed: set %s to the output of: openssl rand -base64 32\n", masterKeyVariable)
	}
}

// print prints what the server in this process sees, and closes the result when
// there is nothing more: once ctx has ended or the server is stopped.
func (c *channels) print(ctx context.Context, out io.Writer) <-chan struct{} {
	printed := make(chan struct{})
	if c.local == nil {
		close(printed)
		return printed
	}
	activities := c.local.Watch(ctx, 0)
	go func() {
		defer close(printed)
		for a := range activities {
			printActivity(out, a)
		}
	}()
	return printed
}

// printActivity prints no client event: unlike what passes through this program, its
// text is the client's own, and might be commands to the terminal.
func printActivity(out io.Writer, a pushertest.Activity) {
	switch a.Kind {
	case pushertest.ActivityEvent:
		fmt.Fprintf(out, "  %-8s %-24s %s, to %d connections\n", a.Event.Name, a.Event.Channel, a.Event.Data, a.Recipients)
	case pushertest.ActivitySubscribed:
		fmt.Fprintf(out, "  %-8s %-24s %s\n", "enters", a.Channel, a.UserID)
	case pushertest.ActivityUnsubscribed:
		fmt.Fprintf(out, "  %-8s %-24s %s\n", "leaves", a.Channel, a.UserID)
	default:
	}
}
