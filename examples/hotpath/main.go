// Hotpath is a web service that publishes an event for each request, without
// making the request wait for it, and that loses none when it is stopped.
//
//	PUSHER_URL=https://KEY:SECRET@api-eu.pusher.com/apps/APP_ID go run ./examples/hotpath
//	curl -i -d 'hello' http://127.0.0.1:8080/rooms/1
//
// The message goes to channel room-1 as event "message". SIGTERM or SIGINT ends
// it: it accepts no more connections, finishes the requests that it has, sends the
// events that they handed over, and prints what became of all of them. What is not
// sent when -drain has passed is counted by outcome, and the exit status is 1.
//
// Without PUSHER_URL it starts a Channels server in the same process, which
// remembers every event, and prints at the end how many arrived there. To see it
// under load:
//
//	go run ./examples/hotpath -load 3s
//
// sends requests from the same process and stops the service in the middle of
// them, as SIGTERM would. Or from another shell, with
// https://github.com/rakyll/hey and a SIGTERM of your own:
//
//	hey -z 10s -m POST -d hello http://127.0.0.1:8080/rooms/1
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Getenv(pusher.DefaultURLVariable), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hotpath:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	address     string
	drain, load time.Duration
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("hotpath", flag.ContinueOnError)
	flags.StringVar(&o.address, "addr", "127.0.0.1:8080", "where to listen")
	flags.DurationVar(&o.drain, "drain", 10*time.Second, "how long shutting down may take")
	flags.DurationVar(&o.load, "load", 0, "send requests for that long, then stop; not with PUSHER_URL")
	return o, flags.Parse(args)
}

// run serves until ctx ends and then shuts down. url is the value of PUSHER_URL.
// The error is nil only if every event was delivered that was accepted.
func run(ctx context.Context, args []string, url string, out io.Writer) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.load > 0 && url != "" {
		return errors.New("-load is for the server in this process only: unset PUSHER_URL")
	}
	client, srv, err := connect(url) //nolint:contextcheck // the server runs until Close
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, client.Close())
		if srv != nil {
			srv.Close()
		}
	}()
	s, err := newService(ctx, client, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "listening on http://%s\n", s.listener.Addr())
	if o.load > 0 {
		err = s.runUnderLoad(ctx, o.load, out)
	} else {
		err = s.run(ctx)
	}
	report(out, s.publisher.Stats())
	if srv != nil {
		reportArrived(out, s.publisher.Stats(), len(srv.Events()))
	}
	return err
}

// connect returns a client of the app at url, or of a server in this process.
func connect(url string) (*pusher.Client, *pushertest.Server, error) {
	if url != "" {
		client, err := pusher.FromURL(url)
		return client, nil, err
	}
	srv, err := pushertest.Start(pushertest.ServerConfig{KeepRequests: -1})
	if err != nil {
		return nil, nil, err
	}
	client, err := pusher.New(srv.Config())
	if err != nil {
		srv.Close()
		return nil, nil, err
	}
	return client, srv, nil
}
