package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// service takes messages for rooms and publishes them.
type service struct {
	publisher *pusher.Publisher
	listener  net.Listener
	drain     time.Duration
}

func newService(ctx context.Context, client *pusher.Client, o options) (*service, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.address)
	if err != nil {
		return nil, err
	}
	publisher, err := client.Publisher(pusher.PublisherConfig{})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &service{publisher: publisher, listener: listener, drain: o.drain}, nil
}

// run serves until ctx ends, or serving fails, and then shuts down within drain:
// first the HTTP server, so that nobody publishes any more, then the publisher.
func (s *service) run(ctx context.Context) error {
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-failed:
	}

	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
	defer cancel()
	// Half of it: a request that hangs must not take the time that the events need.
	// Shutdown waits for connections without a request too, for 5 seconds, so that
	// running out of time does not mean that there was one.
	handlers, cancelHandlers := context.WithTimeout(deadline, s.drain/2)
	defer cancelHandlers()
	if server.Shutdown(handlers) != nil {
		failure = errors.Join(failure, server.Close())
	}
	serving.Wait()
	return errors.Join(failure, s.publisher.Close(deadline))
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rooms/{room}", s.message)
	return mux
}

// message publishes the request's body to its room.
func (s *service) message(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 10<<10))
	if err != nil {
		http.Error(w, "the message could not be read, or is too long", http.StatusBadRequest)
		return
	}
	// TryEnqueue never waits, so that a slow Channels server cannot slow the
	// service down. Enqueue(r.Context(), …) would wait for room instead.
	err = s.publisher.TryEnqueue(pusher.Event{Channel: "room-" + r.PathValue("room"), Name: "message", Data: body})
	var invalid *pusher.ValidationError
	switch {
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
	case errors.As(err, &invalid):
		http.Error(w, invalid.Error(), http.StatusBadRequest)
	case errors.Is(err, async.ErrQueueFull):
		w.Header().Set("Retry-After", "1")
		http.Error(w, "there are too many messages", http.StatusServiceUnavailable)
	default: // async.ErrClosed: the request has outlasted the shutdown
		http.Error(w, "the service is stopping", http.StatusServiceUnavailable)
	}
}
