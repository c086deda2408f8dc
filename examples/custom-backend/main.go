// Custom-backend sends an event through a backend of its own: one method over
// whatever can do an *http.Request. Its test proves with backendtest that the
// backend keeps the contract.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "custom-backend failed:", err)
		os.Exit(1)
	}
}

// counting is a Doer that counts, standing in for one that traces or signs.
type counting struct {
	*http.Client
	calls int
}

func (c *counting) Do(r *http.Request) (*http.Response, error) {
	c.calls++
	return c.Client.Do(r)
}

// newClient returns a client that does not follow redirects.
func newClient(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	srv, err := pushertest.Start(pushertest.ServerConfig{}) //nolint:contextcheck // it runs until Close
	if err != nil {
		return err
	}
	defer srv.Close()

	doer := &counting{Client: newClient(&http.Transport{})}
	cfg := srv.Config()
	cfg.Backend = Backend{Doer: doer}
	client, err := pusher.New(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	if _, err := client.Trigger(ctx, "my-channel", "my-event", "hello"); err != nil {
		return err
	}
	event := srv.Events()[0]
	_, err = fmt.Fprintf(out, "after %d request the server has %s on %s: %s\n", doer.calls, event.Name, event.Channel, event.Data)
	return err
}
