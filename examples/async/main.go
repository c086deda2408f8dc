// Async makes calls without waiting for the server, against a Channels server in
// the same process, and prints what happened: calls side by side, queries side by
// side, failures, and a queue that is closed while its server is slow.
//
// It ends by itself, with status 0 only if everything happened as it should.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "async failed:", err)
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

	t := &tour{srv: srv, out: out, unattended: make(chan error, 1)}
	t.queue = client.Async(async.Config{Workers: 4, OnError: t.onError}) //nolint:contextcheck // the queue outlives the caller's context, until Close
	for _, step := range []func(context.Context) error{t.futures, t.queries, t.failures, t.shutdown} {
		if err := step(ctx); err != nil {
			return errors.Join(err, t.queue.Close(ctx))
		}
	}
	return nil
}
