// Prometheus publishes some events to a Channels server in the same process and
// serves what became of them at /metrics, until it is interrupted:
//
//	go run . -addr 127.0.0.1:9090
//
// Package metrics beside it holds the collectors. They are made to be copied. The
// example is a module of its own, so that users of the SDK compile nothing of
// Prometheus.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/examples/prometheus/metrics"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func main() {
	address := flag.String("addr", "127.0.0.1:9090", "where to serve /metrics")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, func(url string) { fmt.Println("metrics are at", url) }); err != nil {
		log.Print(err)
		os.Exit(1) //nolint:gocritic // the process ends, and the signals with it
	}
}

// run serves the metrics at address until ctx ends. ready is told their URL, once
// there is something to see.
func run(ctx context.Context, address string, ready func(url string)) (err error) {
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
	publisher, err := client.Publisher(pusher.PublisherConfig{})
	if err != nil {
		return err
	}
	queue := client.Async(async.Config{}) //nolint:contextcheck // the queue outlives the caller's context, until Close
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, publisher.Close(closing), queue.Close(closing))
	}()

	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.Publisher(publisher.Stats), metrics.AsyncClient(queue.Stats))
	if err := work(ctx, publisher, queue); err != nil {
		return err
	}
	return serve(ctx, address, registry, ready)
}

// work makes the numbers move.
func work(ctx context.Context, publisher *pusher.Publisher, queue *pusher.AsyncClient) error {
	for i := range 100 {
		event := pusher.Event{Channel: "room-" + strconv.Itoa(i%10), Name: "tick", Data: i}
		if err := publisher.Enqueue(ctx, event); err != nil {
			return err
		}
	}
	queue.Trigger(ctx, "room-1", "tick", "from the queue")
	return errors.Join(publisher.Flush(ctx), queue.Flush(ctx))
}

func serve(ctx context.Context, address string, registry *prometheus.Registry, ready func(url string)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ready("http://" + listener.Addr().String() + "/metrics")
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(closing), ended(<-served))
}

// ended returns why a server did not end as it was told to.
func ended(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
